"""kill -9 at each journal write of every product, at random times under faults, and inside the verbs that write.

CERTFERRY_SEED is where the random kills begin (1); a failure names the seed of its own."""
import concurrent.futures
import os
import random
import re
import subprocess
import time

from lib import ROOT, by_state, edges_equal_store, equal, poll, read, true, world
from test_crash import WHEN, changes, killed_at, needs_killer

PRODUCTS = re.findall(r"^PRODUCT\((\w+)\)", read(os.path.join(ROOT, "src/cloud/products.def")), re.M)
SAMPLE = ("aliyun_apig", "tencent_clb", "aws_nlb", "huawei_waf")
HOLDS = ("lose-names", "no-rollback", "managed", "partial")
COMMITS_MAX = 120
# Products that show a change within 10 or 15 s: that long a write of which nothing is known is waited for.
QUICK, SOAK = "aliyun/oss,aliyun/slb,aliyun/esa", "aliyun/oss,aliyun/slb,aliyun/esa,aliyun/alb,huawei/elb"
SOME = ",".join(f"{kind}=0.01" for kind in ("throttle", "lost", "slow", "malformed"))
ALL = ",".join(f"{kind}=0.01" for kind in ("throttle", "500", "reset", "lost", "slow", "malformed", "echo"))
QUICK_KILLS, SOAK_KILLS = 30, 500  # of each of two kinds
QUICK_WORLDS, SOAK_WORLDS = 5, 10  # at once, as most of the time is waiting
SEED = int(os.environ.get("CERTFERRY_SEED", "1"))


class Rounds:
    """Certificate after certificate onto the same resources: one round a kill."""

    def __init__(self, parts, *selection):
        self.simulator, self.ferry, self.certificates = parts
        self.selection = selection
        self.count, self.wanted, self.compared, self.seconds = 0, None, 0, 0
        self.ferry.any("resource", "sync", *selection)
        self.accept = [word for hold in HOLDS for word in ("--accept", hold)] if selection else []
        for _ in range(2):  # the first round finds what later ones do not: other owners' certificates, HTTPS off
            self.begin()
            started = time.monotonic()
            self.ferry.run("task", "submit", self.task, "--yes")
            self.seconds = time.monotonic() - started
        self.wanted = changes(self.simulator, self.since)
        true(self.wanted, "something is changed")
        self.compared = self.check("undisturbed")

    def begin(self):
        self.count += 1
        new, name = self.certificates.leaf(), f"new{self.count}"
        self.ferry.run("cert", "import", "--cert", new.full, "--key", new.key, "--name", name)
        self.ferry.any("task", "create", "--cert", name, "--no-sync", *self.selection, *self.accept)
        self.task = self.ferry.last_task()
        self.since = len(self.simulator.calls())

    def go_on(self):
        """What a user does after the crash: resume; or, if the task had not begun, submit again."""
        if self.ferry.task(self.task)["task"]["state"] == "editing":
            return ["task", "submit", self.task, "--yes"]
        return ["task", "resume", self.task]

    def check(self, what):
        task = self.ferry.task(self.task)
        true(task["deployments"], f"{what}: deployments")
        equal(by_state(task), {"success": len(task["deployments"])}, f"{what}: states {[d['cause'] for d in task['deployments']]}")
        equal(task["task"]["state"], "success", f"{what}: the task's state")
        got = changes(self.simulator, self.since)
        equal({k: (self.wanted[k], got[k]) for k in self.wanted | got if self.wanted[k] != got[k]}, {},
              f"{what}: changes (wanted, got)")
        compared = edges_equal_store(self.ferry, self.simulator)
        true(compared >= self.compared, f"{what}: {compared} edges compared, not {self.compared}")
        return compared


def commits_of(product, when, first, step):
    """Kills one world's rounds at the commits first, first + step, ... Tells at how many."""
    cloud, code = product.split("_", 1)[0], product.replace("_", "/", 1)
    with world("--each", 1, "--settle-ms", 20, clouds=(cloud,), services=()) as parts:
        rounds = Rounds(parts, "--product", code)
        for number in range(first, COMMITS_MAX, step):
            rounds.begin()
            done = rounds.ferry.any("task", "submit", rounds.task, "--yes", environment=killed_at(number, when))
            what = f"killed {when} commit {number}"
            true(done.code in (0, -9), f"{what}: exit code {done.code}: {done.err}")
            if done.code == -9:
                rounds.ferry.run(*rounds.go_on())
            rounds.check(what)
            if done.code == 0:
                return number
    raise AssertionError("the work does not end")


def every_commit(product, whens, starts, step):
    """Several worlds at once, as most of the time a write of which nothing is known is waited for."""
    needs_killer()
    with concurrent.futures.ThreadPoolExecutor(len(whens) * len(starts)) as pool:
        running = [pool.submit(commits_of, product, when, first, step) for when in whens for first in starts]
        for done in concurrent.futures.as_completed(running):
            true(done.result() > 3, f"only {done.result()} commits")


def of_product(product):
    def quick():
        every_commit(product, ("before",), (1, 2), 3)

    def soak():
        every_commit(product, ("before", "after"), (1, 2, 3), 3)
    return quick, soak


for _product in PRODUCTS:
    _quick, globals()[f"soak_kill_at_every_commit_of_{_product}"] = of_product(_product)
    if _product in SAMPLE:
        globals()[f"test_kill_at_commits_of_{_product}"] = _quick


def kill_after(process, seconds):
    """True when it was still at work."""
    try:
        process.communicate(timeout=seconds)
        return False
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return True


def killed_commands(rounds, chance):
    """One round of commands, each of which may die; the last one lives. Tells how many died."""
    rounds.begin()
    words, kills = ["task", "submit", rounds.task, "--yes"], 0
    while kills < 3 and kill_after(rounds.ferry.start(*words), chance.uniform(0, rounds.seconds)):
        words, kills = rounds.go_on(), kills + 1
    rounds.ferry.run(*rounds.go_on())
    return kills


def killed_servers(rounds, chance):
    """The same for the server, which goes on by itself when it is started again."""
    rounds.begin()
    ferry, kills = rounds.ferry, 0
    final = ("success", "error", "cancelled")
    for last in (False, False, True):
        if os.path.exists(os.path.join(ferry.data, "socket")):
            os.unlink(os.path.join(ferry.data, "socket"))
        with ferry.serve(killed=not last) as server:
            ferry.any(*rounds.go_on())
            if last:
                poll("the task is final", lambda: ferry.task(rounds.task)["task"]["state"] in final, 120)
            elif kill_after(server, chance.uniform(0, rounds.seconds)):
                kills += 1
    return kills


def kills_in_one_world(one_round, wanted, services, faults, seed):
    with world("--each", 3, "--settle-ms", 50, "--slow-ms", 100, "--fault", faults, "--random-seed", seed,
               clouds={s.split("/")[0] for s in services.split(",")}, services=("--services", services)) as parts:
        rounds, kills = Rounds(parts), 0
        while kills < wanted:
            number = seed * 100000 + rounds.count
            kills += one_round(rounds, random.Random(number))
            rounds.check(f"CERTFERRY_SEED={SEED}, seed {seed}, round {rounds.count}, {kills} kills")


def random_kills(one_round, wanted, worlds, services, faults, seed):
    each = -(-wanted // worlds)
    with concurrent.futures.ThreadPoolExecutor(worlds) as pool:
        running = [pool.submit(kills_in_one_world, one_round, each, services, faults, seed + n) for n in range(worlds)]
        for done in concurrent.futures.as_completed(running):
            done.result()


def test_random_kills_of_commands():
    random_kills(killed_commands, QUICK_KILLS, QUICK_WORLDS, QUICK, SOME, SEED * 1000)


def test_random_kills_of_the_server():
    random_kills(killed_servers, QUICK_KILLS, QUICK_WORLDS, QUICK, SOME, SEED * 1000 + 100)


def soak_random_kills_of_commands():
    random_kills(killed_commands, SOAK_KILLS, SOAK_WORLDS, SOAK, ALL, SEED * 1000 + 200)


def soak_random_kills_of_the_server():
    random_kills(killed_servers, SOAK_KILLS, SOAK_WORLDS, SOAK, ALL, SEED * 1000 + 300)


def killed_verb(ferry, when, words, feed=None, again=(0,), step=1):
    """The verb dies at its first, second, ... commit; each time it is repeated and must be taken, or be done already."""
    for number in range(1, COMMITS_MAX, step):
        done = ferry.any(*words(number), feed=feed, environment=killed_at(number, when))
        if done.code != -9:
            equal(done.code, 0, f"{words(number)}: {done.err}")
            return number
        repeated = ferry.any(*words(number), feed=feed)
        true(repeated.code in again, f"{words(number)} killed {when} commit {number}, then repeated: {repeated.code}: {repeated.err}")
    raise AssertionError("the work does not end")


def known(ferry):
    """The inventory without what differs from run to run."""
    return sorted((r["product"], r["region"], r["vendor_id"], r["https"], str(r["slots"])) for r in ferry.rows("resource", "list"))


def test_kill_within_import():
    needs_killer()
    with world("--each", 1, clouds=()) as (_, ferry, certificates):
        for when in WHEN:
            leaves = {}

            def importing(number, when=when, leaves=leaves):
                leaf = leaves.setdefault(number, certificates.leaf())
                return ["cert", "import", "--cert", leaf.full, "--key", leaf.key, "--name", f"{when}-{number}"]

            killed_verb(ferry, when, importing, again=(0, 1))
            for number, leaf in leaves.items():
                mine = [c for c in ferry.rows("cert", "list") if c["name"] == f"{when}-{number}"]
                equal([c["fingerprint"] for c in mine], [leaf.fingerprint], "imported once")


def test_kill_within_sync_and_create():
    needs_killer()
    with world("--domains", 24, clouds=("tencent",)) as (_, ferry, certificates):
        ferry.run("resource", "sync")
        new, whole, tasks = certificates.leaf(), known(ferry), 0
        ferry.run("cert", "import", "--cert", new.full, "--key", new.key, "--name", "new")
        for when in WHEN:
            killed_verb(ferry, when, lambda _: ["resource", "sync"], step=3)
            equal(known(ferry), whole, f"the inventory after a sync killed {when} a commit")
            killed_verb(ferry, when, lambda _: ["task", "create", "--cert", "new", "--no-sync"], again=(0, 2))
            listed = ferry.rows("task", "list")
            true(len(listed) > tasks, "a task was made")
            tasks, counts = len(listed), {len(ferry.task(t["id"])["deployments"]) for t in listed}
            true(len(counts) == 1 and 0 not in counts, f"a task has its whole plan: {counts}")


def test_kill_within_adding_an_access():
    needs_killer()
    with world("--each", 1, clouds=()) as (simulator, ferry, _):
        access = next(a for a in simulator.ready["accesses"] if a["cloud"] == "aliyun")
        for when in WHEN:
            def adding(number, when=when):
                return ["access", "add", "--cloud", "aliyun", "--name", f"{when}-{number}", "--key-id", access["key_id"],
                        "--secret-file", "-", "--gateway", simulator.gateway]

            last = killed_verb(ferry, when, adding, feed=access["secret"].encode(), again=(0, 1))
            for number in range(1, last + 1):
                ferry.run("access", "check", f"{when}-{number}")


def test_kill_within_delete():
    """A task that is half deleted would be one whose deployments nobody sees."""
    needs_killer()
    with world("--domains", 12, clouds=("aliyun",)) as (_, ferry, certificates):
        ferry.deploy(certificates.leaf())
        certificate, whole = ferry.rows("cert", "list")[0]["id"], len(ferry.task(ferry.last_task())["deployments"])
        for when in WHEN:
            for number in range(1, COMMITS_MAX):
                ferry.any("task", "create", "--cert", certificate, "--no-sync")
                task = ferry.last_task()
                done = ferry.any("task", "delete", task, "--yes", environment=killed_at(number, when))
                left = [t for t in ferry.rows("task", "list") if t["id"] == task]
                true(not left or len(ferry.task(task)["deployments"]) == whole, f"killed {when} commit {number}")
                if done.code == 0:
                    equal(left, [], "deleted")
                    break
