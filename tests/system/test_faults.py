"""Clouds that fail: what can be waited out is waited out, and what cannot is told as it was."""
from lib import by_state, edges_equal_store, equal, true, world

KINDS = ("throttle", "500", "reset", "lost", "slow", "malformed", "echo")
QUICK, FULL = 210, 620  # generated resources, of which about 19 in 20 match


def causes_match(task, calls, denied):
    """Each failed deployment names what the log shows for its resource, and none fails without it."""
    for d in task["deployments"]:
        mine = {c.get("code") for c in calls if c.get("fault") == "denied" and c["resource"] == d["vendor_id"]}
        if d["state"] == "success":
            true(d["vendor_id"] not in denied or d["already_bound"], f"{d['title']} is denied and succeeds")
            continue
        equal(d["state"], "error", f"state of {d['title']}")
        true(mine, f"{d['product']} {d['title']} failed without a sticky fault: {d['cause']}")
        equal(d["cause"]["kind"], "permission", f"cause of {d['title']}: {d['cause']}")
        true(d["cause"]["code"] in mine, f"{d['title']}: cause {d['cause']}, log {mine}")


def with_faults(domains, faults, *options, denied_of_each=0, minimum=0.9):
    denied = set()
    if denied_of_each:
        with world("--domains", domains, clouds=()) as (simulator, _, _):
            for product in {r["product"] for r in simulator.ready["resources"]}:
                mine = [r["id"] for r in simulator.ready["resources"] if r["product"] == product and r["domain"].startswith("r")]
                denied.update(mine[2:2 + denied_of_each])
    deny = [word for i in sorted(denied) for word in ("--deny", i)]
    with world("--domains", domains, "--fault", faults, *options, *deny) as (simulator, ferry, certificates):
        new = certificates.leaf()
        done = ferry.any("deploy", "--cert-file", new.full, "--key-file", new.key, "--yes", seconds=600)
        task, calls = ferry.task(ferry.last_task()), simulator.calls()
        true(len(task["deployments"]) >= minimum * domains, f"{len(task['deployments'])} deployments of {domains}: {done.err}")
        causes_match(task, calls, denied)
        states = by_state(task)
        equal(done.code, 2 if states["error"] else 0, f"exit code with {states}")
        # An entry that went, as the default serves its names, is a deployment without a slot to look at.
        true(edges_equal_store(ferry, simulator) >= 0.8 * len(task["deployments"]), "the edges were compared")
        wanted = {kind.split("=")[0] for kind in faults.split(",")}
        met = {c["fault"] for c in calls if c.get("fault")} | ({"clock"} & wanted)
        true(wanted <= met, f"faults met: {met}")
        return task


def all_kinds(domains, *options):
    with_faults(domains, ",".join(f"{kind}={0.2 / len(KINDS):.5f}" for kind in KINDS), "--settle-ms", 100, *options,
                denied_of_each=2)


def test_R95_R102_transient_faults_together():
    all_kinds(QUICK, "--slow-ms", 300)


def test_clock_shifted():
    with_faults(60, "clock=1")


def of_kind(kind):
    def quick():
        with_faults(40, f"{kind}=0.2", "--slow-ms", 300, denied_of_each=1)

    def soak():
        with_faults(FULL, f"{kind}=0.2", "--settle-ms", 300, denied_of_each=2)
    return quick, soak


for _kind in KINDS:
    globals()[f"test_fault_{_kind}_alone"], globals()[f"soak_fault_{_kind}_alone"] = of_kind(_kind)


def soak_transient_faults_together():
    all_kinds(FULL)


def soak_clock_shifted():
    with_faults(FULL, "clock=1")
