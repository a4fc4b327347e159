"""Tasks as people handle them, from the first look to the last deletion."""
import collections
import json

from lib import equal, leaf_at, true, under, world

SMALL = ("--domains", 24, "--services", "aliyun/cdn,tencent/cdn")
CLOUDS = ("aliyun", "tencent")


def bring(ferry, certificates, *names):
    new = certificates.leaf(*names)
    ferry.run("cert", "import", "--cert", new.full, "--key", new.key, "--name", "new")
    return new


def create(ferry, *words):
    return json.loads(ferry.any("task", "create", "--cert", "new", *words, "--json").out)


def test_R44_what_is_picked_by_hand_has_to_match():
    with world(*SMALL, clouds=("aliyun",)) as (simulator, ferry, certificates):
        bring(ferry, certificates, "www.nowhere.example")
        picked = next(r for r in simulator.ready["resources"] if r["product"] == "aliyun/cdn")
        told = ferry.run("deploy", "--cert", "new", "--resource", picked["id"], "--yes", code=3)
        true("matches: 0" in told.out, told.out)
        equal(simulator.writes(), [], "writes")


def test_R64_a_tasks_name_has_at_most_63_characters():
    with world(*SMALL, clouds=("aliyun",)) as (_, ferry, certificates):
        bring(ferry, certificates)
        told = ferry.run("task", "create", "--cert", "new", "--name", "证" * 64, code=1)
        true("63 characters" in told.err, told.err)
        equal(create(ferry, "--name", "证" * 63)["task"]["name"], "证" * 63, "name")


def test_R75_resources_are_discovered_when_a_task_is_made():
    with world(*SMALL, clouds=("aliyun",)) as (simulator, ferry, certificates):
        bring(ferry, certificates)
        equal(ferry.rows("resource", "list"), [], "nothing is known before")
        made = create(ferry)
        known = {r["vendor_id"] for r in ferry.rows("resource", "list")}
        equal(known, {r["id"] for r in simulator.ready["resources"] if r["product"] == "aliyun/cdn"}, "what is known after")
        true(made["task"]["deployments"]["total"] > 0, "and planned with")


def test_R78_R104_a_task_is_changed_until_it_is_submitted():
    with world(*SMALL, clouds=("aliyun",)) as (_, ferry, certificates):
        bring(ferry, certificates)
        task = create(ferry)["task"]["id"]
        ids = sorted({row["resource"] for row in ferry.task(task)["deployments"]})
        true(len(ids) > 2, f"resources: {ids}")

        def change(*words):
            view = json.loads(ferry.any("task", "update", task, *words, "--json").out)
            return view, sorted({row["resource"] for row in view["deployments"]})

        equal(change("--exclude", ids[0])[1], ids[1:], "without the one left out")
        equal(change("--resource", ids[1], "--resource", ids[2])[1], ids[1:3], "those named alone")
        selection = change("--allow-expiring", "--no-verify")[0]["task"]["selection"]
        equal((selection["allow_expiring"], selection["verify"], selection["exclude"]), (True, False, [str(ids[0])]), "what was not named stays")
        equal(change("--replaces", "new")[1], [], "none holds it yet")
        other = create(ferry, "--resource", str(ids[1]))["task"]["id"]
        ferry.any("task", "submit", other, "--yes")
        told = ferry.run("task", "update", other, "--exclude", ids[1], code=1)
        true("only a task that was not submitted can be changed" in told.err, told.err)


def test_R82_R87_a_task_spans_products_and_its_preview_counts_each():
    with world(*SMALL, clouds=CLOUDS) as (_, ferry, certificates):
        bring(ferry, certificates)
        made = create(ferry)
        counted = collections.Counter(d["product"] for d in made["deployments"])
        equal(set(counted), {"aliyun/cdn", "tencent/cdn"}, "products")
        equal(made["products"], dict(counted), "counts")
        equal(made["task"]["deployments"]["total"], sum(counted.values()), "total")
        told = ferry.any("task", "preview", made["task"]["id"]).out
        true(f"matches: {sum(counted.values())}\n" in told, told[-300:])
        for product, count in counted.items():
            true(any(line.split()[:2] == [product, str(count)] for line in told.split("\n")), f"{product} {count}: {told}")


def test_R103_tasks_are_listed_by_state_newest_first():
    with world(*SMALL, clouds=("aliyun",)) as (_, ferry, certificates):
        bring(ferry, certificates)
        made = [create(ferry, "--no-sync" if i else "--sync")["task"]["id"] for i in range(3)]
        ferry.any("task", "submit", made[1], "--yes")
        equal([t["id"] for t in ferry.json("task", "list")["items"]], made[::-1], "newest first")
        equal([t["id"] for t in ferry.json("task", "list", "--state", "editing")["items"]], [made[2], made[0]], "by state")
        equal([t["id"] for t in ferry.json("task", "list", "--state", "success")["items"]], [made[1]], "by state")


def test_R105_R107_a_task_that_was_rolled_back_says_so():
    with world(*SMALL, clouds=("aliyun",)) as (simulator, ferry, certificates):
        new = bring(ferry, certificates)
        made = create(ferry)["task"]["id"]
        ferry.any("task", "submit", made, "--yes")
        task = ferry.task(made)
        true(not task["task"]["rolled_back"], "not yet")
        one = next(d for d in task["deployments"] if d["state"] == "success" and not d["no_rollback"])
        edge = next(r for r in simulator.ready["resources"] if r["id"] == one["vendor_id"])
        equal(leaf_at(edge["edge"], under(edge["domain"])), new.fingerprint, "served after")
        ferry.run("task", "rollback", made, one["id"], "--yes")
        task = ferry.task(made)
        true(task["task"]["rolled_back"] and task["task"]["state"] == "success", f"{task['task']}")
        true("(rolled back)" in ferry.run("task", "show", made).out, "for people")
        true(leaf_at(edge["edge"], under(edge["domain"])) != new.fingerprint, "what was served before is served again")


def test_R111_to_R114_tasks_are_deleted_for_good_and_deployments_stay():
    with world(*SMALL, clouds=("aliyun",)) as (simulator, ferry, certificates):
        new = bring(ferry, certificates)
        done, edited = create(ferry)["task"]["id"], create(ferry, "--no-sync")["task"]["id"]
        ferry.any("task", "submit", done, "--yes")
        equal(ferry.run("task", "delete", done, edited, code=4).out, "", "asked first")
        equal(len(ferry.rows("task", "list")), 2, "tasks")
        told = ferry.run("task", "delete", done, 12345, edited, "--yes", code=2)
        true("12345" in told.err, told.err)
        equal(ferry.rows("task", "list"), [], "tasks")
        ferry.run("task", "show", done, code=1)
        edge = next(r for r in simulator.ready["resources"] if r["product"] == "aliyun/cdn" and r["domain"].startswith("r"))
        equal(leaf_at(edge["edge"], under(edge["domain"])), new.fingerprint, "still served")
