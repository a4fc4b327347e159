"""Quota and owners: what a deployment costs, when it is refused before it acts, and where the units go in the end."""
from lib import by_state, equal, true, world

PICKED = ("--product", "aliyun/cdn")


def balance(ferry, owner=None):
    item = next(i for i in ferry.json("quota", "show")["items"] if i["owner_name"] == owner)
    return tuple(item[k] for k in ("available", "held", "used"))


def imported(ferry, certificate, *options):
    answer = ferry.json("cert", "import", "--cert", certificate.full, "--key", certificate.key, *options)
    return answer["certificate"]["id"]


def resources_of(task):
    return {d["resource"] for d in task["deployments"]}


def sums(ferry, task):
    quota = ferry.task(task)["task"]["quota"]
    return quota["held"], quota["used"], quota["returned"]


def test_R51_R52_preview_tells_and_submit_is_refused():
    with world("--domains", 24, clouds=("aliyun",)) as (simulator, ferry, certificates):
        ferry.run("resource", "sync")
        cert = imported(ferry, certificates.leaf())
        view = ferry.json("deploy", "--cert", cert, *PICKED, "--dry-run")
        units = view["quota"]["units"]
        equal((view["quota"]["limited"], view["quota"]["missing"]), (False, 0), "a new store limits nothing")
        equal(units, len({d["resource"] for d in view["deployments"] if d["charged"]}), "a unit for each resource")
        true(units > 2, "there is something to deploy to")
        ferry.run("quota", "grant", "--count", units - 1, "--note", "too small")
        view = ferry.json("deploy", "--cert", cert, *PICKED, "--dry-run", code=4)
        equal((view["quota"]["units"], view["quota"]["missing"], view["quota"]["available"]), (units, 1, units - 1), "the figures")
        true("quota grant --count 1" in view["quota"]["advice"], "and what to do: " + view["quota"]["advice"])
        told = ferry.run("task", "create", "--cert", cert, *PICKED, "--no-sync", code=4)
        true(f"quota: {units} of the {units - 1} left" in told.out, "people are told, too: " + told.out[-400:])
        task, calls = ferry.last_task(), len(simulator.calls())
        refused = ferry.run("task", "submit", task, "--yes", code=4)
        true("quota grant --count 1" in refused.err, "the refusal says what to do: " + refused.err)
        equal(ferry.task(task)["task"]["state"], "editing", "nothing happened to the task")
        equal(simulator.calls()[calls:], [], "no cloud was asked")
        equal(balance(ferry), (units - 1, 0, 0), "nothing is held")
        ferry.run("deploy", "--cert", cert, *PICKED, "--yes", "--no-sync", code=4)
        equal(len(ferry.json("task", "list")["items"]), 1, "deploy made no task")
        ferry.run("quota", "grant", "--count", 1)
        ferry.run("task", "submit", task, "--yes")
        equal(balance(ferry), (0, 0, units), "all of it is used")


def test_R49_R50_R54_success_uses_failure_returns_rollback_keeps():
    with world("--domains", 24, clouds=("aliyun",)) as (simulator, ferry, certificates):
        ferry.run("quota", "grant", "--count", 100)
        task = ferry.deploy(certificates.leaf(), *PICKED)
        units, number = len(resources_of(task)), task["task"]["id"]
        equal(balance(ferry), (100 - units, 0, units), "success uses")
        equal(sums(ferry, number), (0, units, 0), "the task says so")
        ferry.run("task", "rollback", number, "--yes")
        equal(balance(ferry), (100 - units, 0, units), "a rollback gives nothing back")
        statement = ferry.json("quota", "statement", number)
        equal(sorted(e["kind"] for e in statement["items"]), ["hold"] * units + ["use"] * units, "the statement")
        again = ferry.deploy(certificates.leaf(), *PICKED)
        equal(balance(ferry), (100 - 2 * units, 0, 2 * units), "another task costs anew")
        third = ferry.json("deploy", "--cert", again["deployments"][0]["certificate"], *PICKED, "--yes")
        equal(by_state(third), {"success": units}, "what is bound already succeeds")
        equal(balance(ferry), (100 - 2 * units, 0, 2 * units), "and costs nothing")
        ferry.run("task", "delete", number, "--yes")
        equal(ferry.json("quota", "statement", number)["used"], units, "a deleted task leaves its statement")
        equal(balance(ferry), (100 - 2 * units, 0, 2 * units), "and its costs")
        total = ferry.json("quota", "show")["items"][0]
        equal((total["bought"], total["total"]), (100, 100), "bought and total")
        ferry.run("quota", "revoke", "--count", 100, code=1)
        ferry.run("quota", "revoke", "--count", 100 - 2 * units)
        equal(balance(ferry)[0], 0, "taken back")
        ferry.run("quota", "revoke", "--all")
        equal(ferry.json("quota", "show")["items"][0]["limited"], False, "nothing is limited again")


def test_R49_failures_return_and_a_retry_costs_once():
    with world("--domains", 24, clouds=()) as (simulator, _, _):
        denied = next(r["id"] for r in simulator.ready["resources"] if r["product"] == "aliyun/cdn" and r["domain"].startswith("r"))
    with world("--domains", 24, "--deny", denied, clouds=("aliyun",)) as (simulator, ferry, certificates):
        ferry.run("quota", "grant", "--count", 100)
        task = ferry.deploy(certificates.leaf(), *PICKED, code=2)
        units, number = len(resources_of(task)), task["task"]["id"]
        equal(by_state(task)["error"], 1, "one is denied")
        equal(balance(ferry), (100 - units + 1, 0, units - 1), "the failed resource's unit came back")
        equal(sums(ferry, number), (0, units - 1, 1), "the task says so")
        ferry.run("task", "retry", number, code=2)
        equal(balance(ferry), (100 - units + 1, 0, units - 1), "a retry holds one and gives it back, and the others cost once")
        equal(sums(ferry, number), (0, units - 1, 2), "the task says so")


def test_R98_R46_owners_share_within_an_entity_only():
    with world("--domains", 24, clouds=()) as (simulator, ferry, certificates):
        ferry.run("owner", "add", "--name", "shop", "--entity", "Example Ltd")
        access = next(a for a in simulator.ready["accesses"] if a["cloud"] == "aliyun")
        ferry.run("access", "add", "--cloud", "aliyun", "--name", "theirs", "--owner", "shop", "--key-id", access["key_id"],
                  "--secret-file", "-", "--gateway", simulator.gateway, "--calls-per-second", 500, feed=access["secret"].encode())
        leaf = certificates.leaf()
        mine = imported(ferry, leaf)
        refused = ferry.run("deploy", "--cert", mine, *PICKED, "--yes", code=3)
        true("certferry cert import --owner shop" in refused.out, "R98 says what to do: " + refused.out[-600:])
        theirs = imported(ferry, leaf, "--owner", "shop")
        true(theirs != mine, "the same certificate, once for each owner")
        view = ferry.json("deploy", "--cert", theirs, *PICKED, "--dry-run")
        true(view["quota"]["units"] > 0, "what they uploaded costs")
        for owner in ("default", "shop"):
            ferry.run("owner", "update", owner, "--entity", "Example Ltd", "--verified-by", "papers")
        view = ferry.json("deploy", "--cert", mine, *PICKED, "--dry-run")
        true(view["task"]["deployments"]["total"] > 0, "within one verified entity it is shared")
        equal(view["quota"]["units"], 0, "and costs nothing")
        ferry.run("quota", "grant", "--count", 2, "--owner", "shop")
        view = ferry.json("deploy", "--cert", theirs, *PICKED, "--owner", "shop", "--dry-run", code=4)
        equal((view["quota"]["owner_name"], view["quota"]["available"]), ("shop", 2), "their tasks draw from their budget")
        true("--owner shop" in view["quota"]["advice"], view["quota"]["advice"])
        row = next(d for d in view["deployments"])
        ferry.run("deploy", "--cert", theirs, "--owner", "shop", "--resource", row["resource"], "--yes")
        equal(balance(ferry, "shop"), (1, 0, 1), "one of two is used")
        ferry.run("owner", "delete", "shop", code=1)
        equal(ferry.run("owner", "delete", "default", code=1).code, 1, "the default owner stays")
