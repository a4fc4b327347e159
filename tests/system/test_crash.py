"""kill -9 at every journal write in turn: nothing is lost, nothing is done twice, and nothing but the certificate changes."""
import collections
import os
import re

from lib import KILLER, Skip, by_state, edges_equal_store, equal, leaf_at, true, under, world

WHEN = ("before", "torn", "after")
CERTIFICATE_FIELD = re.compile(r"cert|ssl|tls_container|sni_container|^Extensions$|^tls\.(crt|key)$|@own$", re.I)
COMMITS_MAX = 400
# Where sending a certificate again is answered with what is there: no second upload, no change.
CERTIFICATE_STORES = ("cas", "ssl", "acm", "iam", "scm")


def needs_killer():
    if not os.path.exists(KILLER):
        raise Skip(f"needs {KILLER}")
    if any(name.endswith("SAN_OPTIONS") for name in os.environ) and "asan" in KILLER:
        raise Skip("a preloaded library and AddressSanitizer exclude each other")


def killed_at(number, when):
    return {"LD_PRELOAD": KILLER, "CERTFERRY_KILL_AT": str(number), "CERTFERRY_KILL_WHEN": when}


def changes(simulator, since=0):
    """What was changed, how often; uploads by what they are, as their ids are the cloud's choice."""
    lines = [c for c in simulator.calls()[since:] if c.get("fault") != "reset"  # which did not act
             if c["outcome"] == "changed" or (c["outcome"] == "same" and c["service"] not in CERTIFICATE_STORES)]
    for c in lines:
        true(c["fields"] in (["created"], ["deleted"]) or all(CERTIFICATE_FIELD.search(f) for f in c["fields"]),
             f"changes more than the certificate: {c}")
    return collections.Counter((c["cloud"], c["service"], c["action"], c["region"], c["outcome"],
                                "" if c["fields"] == ["created"] else c["resource"]) for c in lines)


def chosen(simulator):
    """A few resources of each product, among them one with an SNI entry where there is one."""
    words, count = [], collections.Counter()
    for r in simulator.ready["resources"]:
        if count[r["product"]] < 3 and r["domain"].startswith(("r", "s")):
            count[r["product"]] += 1
            words += ["--resource", r["id"]]
    return words


class Story:
    """One store and one simulator, up to the moment when a task is to be submitted or rolled back."""

    def __init__(self, simulator, ferry, certificates, rollback):
        self.simulator, self.ferry = simulator, ferry
        new = certificates.leaf()
        ferry.run("cert", "import", "--cert", new.full, "--key", new.key, "--name", "new")
        ferry.any("task", "create", "--cert", "new", "--sync", *chosen(simulator))
        self.task = ferry.last_task()
        self.verb = ["rollback"] if rollback else ["submit"]
        if rollback:
            ferry.run("task", "submit", self.task, "--yes")
        self.since = len(simulator.calls())
        self.certificate, self.rollback = new, rollback

    def go_on(self):
        """What a user does after the crash: resume; or, if the task had not begun, the same command again."""
        state = self.ferry.task(self.task)
        begun = state["task"]["state"] != "editing"
        if self.rollback:
            begun = by_state(state)["success"] < len(state["deployments"])
        return ["task", "resume", self.task] if begun else ["task", *self.verb, self.task, "--yes"]

    def check(self, wanted, what):
        task = self.ferry.task(self.task)
        good = "rollback_success" if self.rollback else "success"
        equal(by_state(task), {good: len(task["deployments"])}, f"{what}: states")
        got = changes(self.simulator, self.since)
        equal({k: (wanted[k], got[k]) for k in wanted | got if wanted[k] != got[k]}, {}, f"{what}: changes (wanted, got)")
        true(edges_equal_store(self.ferry, self.simulator), f"{what}: edges")
        for d in task["deployments"]:
            r = self.simulator.resources[(d["product"], d["vendor_id"])]
            served = leaf_at(r["edge"], under(d["names"][0]))
            equal(served == self.certificate.fingerprint, not self.rollback, f"{what}: {d['title']} serves the new one")




def undisturbed(rollback):
    with world("--domains", 44, "--settle-ms", 20) as parts:
        story = Story(*parts, rollback)
        story.ferry.run("task", *story.verb, story.task, "--yes")
        wanted = changes(story.simulator, story.since)
        true(wanted, "something is changed")
        story.check(wanted, "undisturbed")
        return wanted


def kill_at(number, when, rollback, wanted):
    """False when the work was done before its commit of that number."""
    what = f"killed {when} commit {number}"
    with world("--domains", 44, "--settle-ms", 20) as parts:
        story = Story(*parts, rollback)
        done = story.ferry.any("task", *story.verb, story.task, "--yes", environment=killed_at(number, when))
        if done.code == 0:
            return False
        equal(done.code, -9, f"{what}: exit code: {done.err}")
        story.ferry.run(*story.go_on())
        story.check(wanted, what)
        return True


def every(when, rollback, step):
    needs_killer()
    wanted, number = undisturbed(rollback), 1
    while kill_at(number, when, rollback, wanted):
        number += step
        true(number < COMMITS_MAX, "the work ends")
    true(number > 2 * step, f"only {number} commits")


def test_kill_before_each_commit():
    every("before", False, 5)


def test_kill_after_each_commit():
    every("after", False, 5)


def test_kill_within_a_commit():
    every("torn", False, 11)


def test_kill_during_rollback():
    every("after", True, 6)


def soak_kill_at_every_commit():
    for when in WHEN:
        every(when, False, 1)


def soak_kill_at_every_commit_of_a_rollback():
    for when in WHEN:
        every(when, True, 1)


def soak_kill_again_and_again():
    """Each restart dies, too, some commits later; it comes to an end all the same."""
    needs_killer()
    for rollback in (False, True):
        wanted = undisturbed(rollback)
        for distance in (3, 4, 5, 7, 10):
            with world("--domains", 44, "--settle-ms", 20) as parts:
                story = Story(*parts, rollback)
                words = ["task", *story.verb, story.task, "--yes"]
                for _ in range(COMMITS_MAX):
                    done = story.ferry.any(*words, environment=killed_at(distance, "after"))
                    if done.code == 0:
                        break
                    causes = [d["cause"] for d in story.ferry.task(story.task)["deployments"] if d["cause"]]
                    equal(done.code, -9, f"killed at every {distance}th commit: {causes} {done.err}")
                    words = story.go_on()
                true(done.code == 0, f"ends with a kill at every {distance}th commit")
                story.check(wanted, f"killed at every {distance}th commit")
