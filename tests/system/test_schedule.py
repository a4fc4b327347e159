"""When and how far a task runs: at a time, within windows, wave by wave; paused, resumed, cancelled, deleted."""
import datetime
import time

from lib import by_state, edges_equal_store, equal, poll, true, world

SMALL = ("--domains", 8, "--services", "aliyun/cdn")
UTC = datetime.timezone.utc


def in_seconds(seconds):
    return datetime.datetime.fromtimestamp(int(time.time()) + seconds, UTC).isoformat()


def shut_window():
    """An hour of every day that is half a day away."""
    begin = datetime.datetime.now(UTC) + datetime.timedelta(hours=12)
    return f"{begin:%H:%M}-{begin + datetime.timedelta(hours=1):%H:%M}"


def planned(ferry, certificates, *options):
    new = certificates.leaf()
    ferry.run("cert", "import", "--cert", new.full, "--key", new.key, "--name", "c" + new.fingerprint[:12])
    ferry.any("task", "create", "--cert", "c" + new.fingerprint[:12], *options)
    return ferry.last_task()


def state(ferry, task):
    return ferry.task(task)["task"]["state"]


def final(ferry, task):
    poll(f"task {task} is final", lambda: state(ferry, task) in ("success", "error", "cancelled"), 60)
    return ferry.task(task)


def test_R67_at_a_custom_time_the_server_starts_the_task():
    with world(*SMALL, clouds=("aliyun",)) as (simulator, ferry, certificates):
        task = planned(ferry, certificates)
        with ferry.serve():
            at = in_seconds(10)
            told = ferry.run("task", "submit", task, "--yes", "--at", at)
            true("waits for its time" in told.err, told.err)
            shown = ferry.task(task)
            equal((shown["task"]["state"], shown["task"]["waits_for"]), ("pending", "time"), "R92: queued")
            equal(shown["task"]["next"], shown["task"]["start_at"], "when it goes on")
            true("waits for its time: goes on at" in ferry.run("task", "show", task).out, "people are told, too")
            equal(len(simulator.writes()), 0, "nothing is written before")
            shown = final(ferry, task)
            equal(shown["task"]["state"], "success", "the outcome")
            true(all(d["started"] >= shown["task"]["start_at"] for d in shown["deployments"] if not d["already_bound"]), "none began before")
        true(edges_equal_store(ferry, simulator) > 0, "edges were compared")


def test_R67_without_a_server_a_time_is_refused_and_cron_starts_what_is_due():
    with world(*SMALL, clouds=("aliyun",)) as (simulator, ferry, certificates):
        task = planned(ferry, certificates)
        for words in (("--at", in_seconds(3600)), ("--window", shut_window())):
            told = ferry.run("task", "submit", task, "--yes", *words, code=4)
            true("certferry serve" in told.err and "task run-due" in told.err, told.err)
        equal(state(ferry, task), "editing", "nothing was done")
        at = time.time() + 3
        told = ferry.run("task", "submit", task, "--yes", "--run-due", "--at", in_seconds(4))
        true("waits for its time" in told.err, told.err)
        told = ferry.run("task", "run-due")
        if time.time() < at:
            true("no task is due" in told.err, told.err)
            equal(len(simulator.writes()), 0, "nothing is written before")
        poll("the time has come", lambda: time.time() > at + 2)
        true("success" in ferry.run("task", "run-due").out, "run-due tells the outcome")
        equal(state(ferry, task), "success", "R68: due after each restart")
        true("no task is due" in ferry.run("task", "run-due").err, "not twice")


def test_R68_a_past_time_starts_at_once_and_says_so():
    with world(*SMALL, clouds=("aliyun",)) as (_, ferry, certificates):
        task = planned(ferry, certificates)
        with ferry.serve():
            told = ferry.run("task", "submit", task, "--yes", "--wait", "--at", "2024-02-29T12:00:00+08:00")
            true("has passed: the task starts at once" in told.err, told.err)
            equal(state(ferry, task), "success", "the outcome")


def test_R67_local_times_that_are_never_or_twice_are_said():
    with world(*SMALL, clouds=("aliyun",)) as (_, ferry, certificates):
        year = datetime.date.today().year + 1
        forward = max(d for d in range(25, 32) if datetime.date(year, 3, d).weekday() == 6)
        tasks = [planned(ferry, certificates, "--allow-expiring") for _ in range(2)]
        with ferry.serve():
            told = ferry.any("task", "submit", tasks[0], "--yes", "--at", f"{year}-03-{forward} 02:30", "--time-zone", "Europe/Berlin")
            true("does not exist in Europe/Berlin" in told.err or "at the time of the task" in told.err, told.err)
            for words in (("--at", "soon"), ("--at", "2027-01-01 02:00", "--time-zone", "Mars/Base"), ("--window", "sometimes"),
                          ("--canary", "some"), ("--rollback-on", "error")):
                told = ferry.run("task", "submit", tasks[1], "--yes", *words, code=1)
                true(words[1] in told.err or "Mars/Base" in told.err, told.err)
            equal(state(ferry, tasks[1]), "editing", "nothing was done")


def test_canary_first_and_the_rest_when_it_is_good():
    with world("--domains", 24, "--services", "aliyun/cdn,tencent/cdn", clouds=("aliyun", "tencent")) as (simulator, ferry, certificates):
        new = certificates.leaf()
        shown = ferry.deploy(new, "--canary", 2, "--wave", "30%", "--rollback-on", "contradicted")
        equal(shown["task"]["state"], "success", "the outcome")
        of = lambda wave: [d for d in shown["deployments"] if d["wave"] == wave]  # noqa: E731
        equal({d["product"] for d in of(1)}, {"aliyun/cdn", "tencent/cdn"}, "one of each product first")
        true(len(of(1)) == 2 and of(2) and of(3), f"waves: {[d['wave'] for d in shown['deployments']]}")
        for wave in (2, 3):
            true(min(d["started"] for d in of(wave)) >= max(d["finished"] for d in of(wave - 1)), f"wave {wave} waited")
        true(edges_equal_store(ferry, simulator) > 0, "edges were compared")


def test_a_bad_canary_pauses_the_task():
    with world(*SMALL, "--deny", "*", clouds=("aliyun",)) as (_, ferry, certificates):
        new = certificates.leaf()
        told = ferry.run("deploy", "--cert-file", new.full, "--key-file", new.key, "--yes", "--canary", 1, code=2)
        true("paused: wave 1: 1 of 1 deployments failed" in told.err, told.err)
        task = ferry.last_task()
        shown = ferry.task(task)
        states = by_state(shown)
        equal((states["error"], shown["task"]["state"], shown["task"]["waits_for"]), (1, "processing", "resume"), "stopped")
        true(states["planned"] > 0, f"the rest waits: {states}")
        true("(paused)" in ferry.run("task", "list").out, "the list says so")
        told = ferry.run("task", "run-due")
        true("no task is due" in told.err, told.err)
        ferry.run("task", "retry", task, code=2)
        equal(by_state(ferry.task(task))["error"], 1, "tried again, judged again")
        ferry.run("task", "resume", task, code=1)
        equal(by_state(ferry.task(task))["planned"], 0, "resume goes on")
        equal(state(ferry, task), "error", "R91")


def test_R111_R112_windows_pause_cancel_and_delete_in_bulk():
    with world(*SMALL, clouds=("aliyun",)) as (simulator, ferry, certificates):
        first, second, third = (planned(ferry, certificates) for _ in range(3))
        with ferry.serve():
            told = ferry.run("task", "submit", first, "--yes", "--window", shut_window(), "--time-zone", "UTC")
            true("waits for its window: goes on at" in told.err and "(UTC)" in told.err, told.err)
            equal(ferry.task(first)["task"]["state"], "pending", "it waits")
            true("paused:" in ferry.run("task", "pause", first).out, "paused")
            equal(ferry.task(first)["task"]["waits_for"], "resume", "for a resume")
            ferry.run("task", "wait", first, code=2)
            ferry.run("task", "resume", first)
            equal(ferry.task(first)["task"]["waits_for"], "window", "for its window again")
            told = ferry.run("task", "delete", second, first, third, code=4)
            true("--yes" in told.err, told.err)
            told = ferry.run("task", "delete", second, first, third, "--yes", code=2)  # R114, C6: waiting ones stay
            true("cancel it" in told.err, told.err)
            equal([t["id"] for t in ferry.json("task", "list")["items"]], [first], "the others are gone")
            ferry.run("task", "cancel", first)
            equal(state(ferry, first), "cancelled", "cancelled whole")
            ferry.run("task", "delete", first, "--yes")
        equal(len(simulator.writes()), 0, "nothing was ever written")


def test_R103_tasks_are_listed_by_state_and_type():
    with world("--domains", 12, "--services", "aliyun/cdn,tencent/cdn", clouds=("aliyun", "tencent")) as (_, ferry, certificates):
        here, beyond = planned(ferry, certificates, "--product", "aliyun"), planned(ferry, certificates)
        listed = lambda *words: [t["id"] for t in ferry.json("task", "list", *words)["items"]]  # noqa: E731
        equal(listed(), [beyond, here], "newest first")
        equal((listed("--type", "user"), listed("--type", "cloud")), ([here], [beyond]), "by type")
        equal((listed("--state", "editing", "--type", "user"), listed("--state", "pending")), ([here], []), "by state")
        ferry.run("task", "list", "--type", "other", code=1)
