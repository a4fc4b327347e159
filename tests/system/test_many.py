"""Many at once: a wrong secret, one load balancer's many listeners, several command lines and a server on one store."""
import contextlib
import json
import os
import re
import signal
import time
import tempfile

from lib import Simulator, by_state, edges_equal_store, equal, poll, shell, true, world, write
import lib

BUSY = re.compile(r"IncorrectStatus|Conflict|Busy|Locked|InProgress|ResourceInUse|Concurrent|ELB\.1015|\.409", re.I)


def test_wrong_secret_means_at_most_three_calls():
    """With its key replaced by a wrong one before 500 deployments begin, and with a wrong one from the start."""
    with world("--domains", 620) as (simulator, ferry, certificates):
        new = certificates.leaf()
        ferry.run("cert", "import", "--cert", new.full, "--key", new.key, "--name", "new")
        ferry.any("task", "create", "--cert", "new")
        task = ferry.last_task()
        true(len(ferry.task(task)["deployments"]) >= 500, "500 deployments")
        simulator.stop()
        # The account's owner gave its keys new secrets: what was right is wrong now.
        seed = json.loads(shell(lib.SIMULATOR, *lib.SERVICES, "--domains", "620", "--print-seed"))
        for o in seed["objects"]:
            if o["kind"] == "@access":
                o["fields"]["secret"] = "0" * len(o["fields"]["secret"])
        changed = Simulator(simulator.folder, "--seed", write(os.path.join(simulator.folder, "seed.json"), json.dumps(seed)), name="changed")
        try:
            for access in changed.ready["accesses"]:
                ferry.run("access", "update", access["cloud"], "--gateway", changed.gateway)
            ferry.run("task", "submit", task, "--yes", code=1)
            after = ferry.task(task)
            equal(by_state(after), {"error": len(after["deployments"])}, "states")
            equal({d["cause"]["kind"] for d in after["deployments"]}, {"credential"}, "causes")
            calls = changed.calls()
            equal([c for c in calls if c["outcome"] != "refused"], [], "calls that were not refused")
            for access in changed.ready["accesses"]:
                count = sum(c["access"] == access["key_id"] for c in calls)
                true(1 <= count <= 3, f"{access['cloud']}: {count} calls")
            suspended = {a["state"] for a in ferry.json("access", "list")["items"]}
            true("ok" not in suspended and len(suspended) == 1, f"states of the accesses: {suspended}")
        finally:
            changed.stop()


LISTENERS = {  # kind: product, field of the load balancer, of the port, of the protocol
    "alb.listener": ("aliyun/alb", "LoadBalancerId", "ListenerPort", "ListenerProtocol"),
    "elb.listener": ("huawei/elb", "loadbalancer_id", "protocol_port", "protocol"),
    "elbv2.listener": ("aws/alb", "LoadBalancerArn", "Port", "Protocol"),
}


def one_load_balancer(folder):
    """A seed in which each product that has load balancers has one, with 50 HTTPS listeners."""
    seed = json.loads(shell(lib.SIMULATOR, *lib.SERVICES, "--domains", "1600", "--print-seed"))
    kept, first, count = [], {}, {}
    for o in seed["objects"]:
        if o["kind"] not in LISTENERS:
            kept.append(o)
            continue
        _, balancer, port, protocol = LISTENERS[o["kind"]]
        if o["fields"].get(protocol) != "HTTPS":
            continue
        scope, at = first.setdefault(o["kind"], (o["scope"], o["fields"][balancer]))
        if o["scope"] != scope or count.get(o["kind"], 0) == 50:
            continue
        count[o["kind"]] = count.get(o["kind"], 0) + 1
        o["fields"][balancer], o["fields"][port] = at, str(8000 + count[o["kind"]])
        kept.append(o)
    equal(count, {kind: 50 for kind in LISTENERS}, "listeners in the seed")
    return write(os.path.join(folder, "one.json"), json.dumps({"objects": kept}))


def test_fifty_listeners_of_one_load_balancer_are_never_busy():
    with tempfile.TemporaryDirectory() as folder:
        seed = one_load_balancer(folder)
        with world("--seed", seed, "--settle-ms", 100) as (simulator, ferry, certificates):
            products = [product for product, *_ in LISTENERS.values()]
            task = ferry.deploy(certificates.leaf(), *[w for p in products for w in ("--product", p)])
            equal(by_state(task), {"success": len(task["deployments"])}, "states")
            for product in products:
                here = {d["vendor_id"] for d in task["deployments"] if d["product"] == product}
                true(len(here) >= 40, f"{product}: {len(here)} listeners of 50 match")
            equal([c for c in simulator.calls() if BUSY.search(c.get("code") or "")], [], "busy answers")
            ferry.run("task", "rollback", task["task"]["id"], "--yes")
            equal([c for c in simulator.calls() if BUSY.search(c.get("code") or "")], [], "busy answers of the rollback")


def each_slot_changed_once(simulator, tasks):
    """Each slot has one deployment that changed it, and no other deployment wrote to it; what came too late to a slot that
    its plan had seen otherwise is told as a conflict."""
    winners, changed = {}, {}
    for d in (d for task in tasks for d in task["deployments"]):
        if d["state"] == "error":
            equal(d["cause"]["kind"], "conflict", f"cause of {d['title']} {d['slot']}: {d['cause']}")
        else:
            equal(d["state"], "success", f"state of {d['title']} {d['slot']}")
            if not d["already_bound"]:
                slot = d["product"], d["vendor_id"], d["slot"]
                winners[slot] = winners.get(slot, 0) + 1
    equal({slot: n for slot, n in winners.items() if n != 1}, {}, "deployments that changed a slot")
    for c in simulator.writes():
        true(c["outcome"] == "changed", f"a write that changed nothing: {c}")
        key = c["resource"], c["action"]
        changed[key] = changed.get(key, 0) + 1
    slots = {}
    for _, resource, _ in winners:
        slots[resource] = slots.get(resource, 0) + 1
    equal({key: n for key, n in changed.items() if n > slots.get(key[0], 0)}, {}, "changes beyond the slots deployed to")
    equal(set(slots), {resource for resource, _ in changed}, "resources changed")


def at_once(ferry, deployed):
    running = [ferry.start("deploy", "--cert-file", c.full, "--key-file", c.key, "--yes", "--wait") for c in deployed]
    lists = [ferry.start("task", "list", "--json") for _ in range(4)]
    for process in lists:
        done = ferry.finish(process)
        equal(done.code, 0, "task list: " + done.err)
        json.loads(done.out)
    codes = [ferry.finish(process).code for process in running]
    tasks = [ferry.task(t["id"]) for t in ferry.rows("task", "list")]
    equal(len(tasks), len(deployed), "tasks")
    return codes, tasks


def test_server_and_command_lines_are_one_engine():
    with world("--domains", 60, "--settle-ms", 100) as (simulator, ferry, certificates):
        new, other = certificates.leaf(), certificates.leaf(days=120)
        with ferry.serve():
            codes, tasks = at_once(ferry, (new, new, other))
            true(set(codes) <= {0, 1, 2}, f"exit codes {codes}")
        each_slot_changed_once(simulator, tasks)
        edges_equal_store(ferry, simulator)


def test_the_same_deployment_twice_at_once_is_done_once():
    for served in (False, True):
        with world("--domains", 60, "--settle-ms", 100) as (simulator, ferry, certificates):
            new = certificates.leaf()
            with ferry.serve() if served else contextlib.nullcontext():
                codes, tasks = at_once(ferry, (new, new))
            equal(codes, [0, 0], f"exit codes (server: {served})")
            equal([by_state(t) for t in tasks], [{"success": len(t["deployments"])} for t in tasks], "states")
            each_slot_changed_once(simulator, tasks)
            edges_equal_store(ferry, simulator)


def test_two_deployments_at_once_without_a_server():
    with world("--domains", 60, "--settle-ms", 100) as (simulator, ferry, certificates):
        _, tasks = at_once(ferry, (certificates.leaf(), certificates.leaf(days=120)))
        each_slot_changed_once(simulator, tasks)
        edges_equal_store(ferry, simulator)


def interrupt(which, simulator_options=("--settle-ms", 400)):
    with world("--domains", 60, *simulator_options) as (simulator, ferry, certificates):
        new = certificates.leaf()
        process = ferry.start("deploy", "--cert-file", new.full, "--key-file", new.key, "--yes")
        poll("some changes", lambda: len(simulator.writes()) >= 5)
        process.send_signal(which)
        done = ferry.finish(process, 30)
        equal(done.code, 2, f"exit code: {done.out[-300:]} {done.err[-600:]}")
        task = ferry.last_task()
        true(str(task) in done.out and f"task resume {task}" in done.err, f"tells the task's id: {done.out[-300:]} {done.err}")
        states = by_state(ferry.task(task))
        true(set(states) <= {"success", "pending", "processing"} and states["success"] < sum(states.values()), f"stopped in the middle: {states}")
        ferry.run("task", "resume", task)
        after = ferry.task(task)
        equal(by_state(after), {"success": len(after["deployments"])}, "states at last")
        each_slot_changed_once(simulator, [after])
        edges_equal_store(ferry, simulator)


def test_interrupt_and_resume():
    interrupt(signal.SIGINT)


def test_terminate_and_resume():
    interrupt(signal.SIGTERM)


def test_told_to_stop_it_ends_in_five_seconds_though_the_cloud_hangs():
    with world("--domains", 60, "--settle-ms", 400) as (simulator, ferry, certificates):
        new = certificates.leaf()
        process = ferry.start("deploy", "--cert-file", new.full, "--key-file", new.key, "--yes")
        poll("some changes", lambda: len(simulator.writes()) >= 5)
        simulator.process.send_signal(signal.SIGSTOP)
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        try:
            done = ferry.finish(process, 30)
        finally:
            simulator.process.send_signal(signal.SIGCONT)
        took = time.monotonic() - begun
        true(took < 5, f"took {took:.1f} s: {done.err[-300:]}")
        ferry.run("task", "resume", ferry.last_task())
        after = ferry.task(ferry.last_task())
        equal(by_state(after), {"success": len(after["deployments"])}, "states at last")
        each_slot_changed_once(simulator, [after])


def test_a_server_stopped_in_the_middle_goes_on_when_started_again():
    with world("--domains", 60, "--settle-ms", 400) as (simulator, ferry, certificates):
        new = certificates.leaf()
        with ferry.serve():
            done = ferry.run("deploy", "--cert-file", new.full, "--key-file", new.key, "--yes")
            true("task" in done.err, done.err)
            poll("some changes", lambda: len(simulator.writes()) >= 5)
        task = ferry.last_task()
        with ferry.serve():
            ferry.any("task", "resume", task)
            ferry.run("task", "wait", task)
            after = ferry.task(task)
        equal(by_state(after), {"success": len(after["deployments"])}, "states")
        each_slot_changed_once(simulator, [after])


def test_a_store_has_one_server():
    with world("--domains", 12) as (_, ferry, _):
        with ferry.serve() as server:
            second = ferry.run("serve", code=1)
            true(str(server.pid) in second.err, f"names the owner: {second.err}")


def test_a_killed_server_leaves_no_lock():
    with world("--domains", 12) as (_, ferry, _):
        process = ferry.start("serve", "--listen", "off", stdout=-3, stderr=-3)
        poll("the server listens", lambda: os.path.exists(os.path.join(ferry.data, "socket")))
        process.kill()
        process.wait()
        ferry.run("task", "list")
        with ferry.serve():
            ferry.run("task", "list")
