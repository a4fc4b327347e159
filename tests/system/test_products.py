"""What is the same for every product: first contact, owners, a region that fails, what is told of it."""
import json
import os
import tempfile

from lib import SIMULATOR, by_state, equal, shell, true, under, world, write

TASK_KEYS = ("code", "cloud", "title", "capabilities", "apis", "operations", "limits", "never_tried_on")


def notes(view, kind):
    return [n["title"] for n in view["task"]["notes"] if n["kind"] == kind]


def test_first_contact_goes_to_one_resource_first():
    with world("--domains", 30, "--settle-ms", 400) as (simulator, ferry, certificates):
        ferry.run("resource", "sync")
        new = certificates.leaf()
        view = ferry.json("deploy", "--cert-file", new.full, "--key-file", new.key, "--dry-run")
        codes = sorted({d["product"] for d in view["deployments"]})
        equal(sorted(notes(view, "first_contact")), codes, "the preview names each product")
        text = ferry.run("deploy", "--cert-file", new.full, "--key-file", new.key, "--dry-run").out
        true("never tried on this access" in text, "people read it: " + text)
        never = {p["code"]: p["never_tried_on"] for p in ferry.json("product", "list")["items"]}
        true(all(never[code] == [code.split("/")[0]] for code in codes), f"product list says so: {never}")
        since = len(simulator.calls())
        task = ferry.deploy(new)
        equal(by_state(task), {"success": len(task["deployments"])}, "states")
        services = {}
        for call in simulator.writes(since):
            services.setdefault((call["cloud"], call["service"]), []).append(call)
        many = 0
        for (cloud, service), calls in services.items():
            first = calls[0]["resource"]
            others = [c["time_ms"] for c in calls if c["resource"] != first]
            if others:
                many += 1
                true(min(others) - calls[0]["time_ms"] >= 350, f"{cloud} {service}: the rest waits until the first is served")
        true(many >= 2, "products with several resources")
        never = {p["code"]: p["never_tried_on"] for p in ferry.json("product", "list")["items"]}
        true(all(never[code] == [] for code in codes), "now they were tried")
        again = certificates.leaf()
        view = ferry.json("deploy", "--cert-file", again.full, "--key-file", again.key, "--dry-run")
        equal(notes(view, "first_contact"), [], "and never again is one alone")


def small_store(folder):
    """Classic load balancers whose account may have five certificates more in IAM than there are."""
    seed = json.loads(shell(SIMULATOR, "--services", "aws/elb,aws/cloudfront,huawei/waf", "--domains", "90", "--print-seed"))
    held = [o for o in seed["objects"] if o["kind"] == "iam.certificate"]
    true(held, f"{ {o['kind'] for o in seed['objects']} }")
    quota = {**held[0], "kind": "@iam.quota", "scope": "", "id": "certificates", "fields": {"n": str(len(held) + 5)}}
    seed["objects"].append(quota)
    return len(held), write(os.path.join(folder, "seed.json"), json.dumps(seed))


def test_limits_are_told_before_anything_is_brought():
    """IAM has five places left: what would be the sixth is held, and the reason says so; no store is asked while planning."""
    with tempfile.TemporaryDirectory() as folder:
        used, seed = small_store(folder)
        with world("--seed", seed, "--settle-ms", 20) as (simulator, ferry, certificates):
            ferry.run("resource", "sync")
            hosts = [r["domain"] for r in simulator.ready["resources"] if r["product"] == "aws/clb"][:14]
            words = ["--product", "aws/clb", "--accept", "lose-names", "--accept", "partial"]
            for i, host in enumerate(hosts):
                leaf = certificates.leaf(under(host))
                ferry.run("cert", "import", "--cert", leaf.full, "--key", leaf.key, "--name", f"c{i}")
                words += ["--cert", f"c{i}"]
            since = len(simulator.calls())
            view = ferry.json("task", "create", *words, code=2)
            equal([c for c in simulator.calls()[since:] if c["service"] in ("iam", "acm")], [], "calls while planning")
            told = [n["text"] for n in view["task"]["notes"] if n["kind"] == "room" and n["title"] == "iam"]
            true(told and "; 5 of " in told[0], f"the note: {told}")
            held = [d for d in view["deployments"] if "full" in d["holds"]]
            equal(len(held), len(view["deployments"]) - 5, f"held, where {told}")
            true(held and all(f"iam holds {used} of {used + 5} certificates" in d["reason"] for d in held), f"{held[:1]}")
            text = ferry.any("task", "preview", view["task"]["id"]).out
            true(f"5 of {used + 5} places are free" in text, "people read it: " + text)
            ferry.any("task", "submit", view["task"]["id"], "--yes")
            equal(by_state(ferry.task(view["task"]["id"]))["success"], 5, "what there was room for")
            view = ferry.json("task", "create", *words, code=2)
            told = [n["text"] for n in view["task"]["notes"] if n["kind"] == "room" and n["title"] == "iam"]
            true(told and f"brings 0 certificates there; 0 of {used + 5}" in told[0], f"what we brought since counts: {told}")
            new = certificates.leaf()
            view = ferry.json("deploy", "--cert-file", new.full, "--key-file", new.key, "--product", "huawei/waf", "--product", "aws/cloudfront", "--dry-run")
            told = {n["title"]: n["text"] for n in view["task"]["notes"] if n["kind"] == "room"}
            true("of 2500 places are free" in told["acm:us-east-1"] and "of 5000 imports" in told["acm:us-east-1"], f"{told}")
            true(any("does not tell how many" in text for title, text in told.items() if title.startswith("waf:")), f"{told}")


def test_product_list_tells_what_each_can():
    with world("--domains", 6, clouds=()) as (_, ferry, _):
        items = ferry.json("product", "list")["items"]
        for item in items:
            equal(sorted(item), sorted(TASK_KEYS), item["code"])
            true(item["apis"] and item["operations"], f"{item['code']} has an API")
            true(any(o["write"] for o in item["operations"]), f"{item['code']} can be written to")
            true(item["limits"]["settles_within_seconds"] > 0, f"{item['code']} settles")
        text = ferry.run("product", "list").out
        true(all(i["code"] in text and i["title"] in text for i in items), "people see them all")


def test_what_others_manage_waits_for_a_word():
    with world("--services", "aws/elbv2,huawei/elb", "--domains", 110) as (_, ferry, certificates):
        ferry.run("resource", "sync")
        owned = {(r["product"], r["vendor_id"]): r["managed_by"] for r in ferry.rows("resource", "list") if r["managed_by"]}
        true(owned, "something is managed by others")
        new = certificates.leaf()
        words = ("deploy", "--cert-file", new.full, "--key-file", new.key, "--dry-run")
        view = ferry.json(*words)
        chosen = {(d["product"], d["vendor_id"]) for d in view["deployments"]}
        equal(chosen & set(owned), set(), "none of it is preselected")
        left = [n["text"] for n in view["task"]["notes"] if n["kind"] == "left_out"]
        true(any(owner in text and "--accept managed" in text for owner in owned.values() for text in left), f"the owner is named: {left}")
        view = ferry.json(*words, "--accept", "managed")
        rows = [d for d in view["deployments"] if (d["product"], d["vendor_id"]) in owned]
        true(rows, "accepted, they are in the plan")
        true(all("managed" in d["holds"] and owned[(d["product"], d["vendor_id"])] in d["reason"] for d in rows), "and named")


def test_a_failing_region_is_told_and_the_rest_is_listed():
    with world("--domains", 60, clouds=()) as (simulator, ferry, _):
        ferry.connect(simulator)
        ferry.run("resource", "sync")
        listed = ferry.rows("resource", "list")
        regions = sorted({r["region"] for r in listed if r["product"] == "aliyun/alb"})
        true(len(regions) > 1, "several regions")
    with world("--domains", 60, "--deny-region", regions[-1], clouds=()) as (simulator, ferry, _):
        ferry.connect(simulator)
        result = ferry.run("resource", "sync", code=2)
        true(regions[-1] in result.err, "the region is named: " + result.err)
        there = {(r["product"], r["region"], r["vendor_id"]) for r in ferry.rows("resource", "list")}
        wanted = {(r["product"], r["region"], r["vendor_id"]) for r in listed if r["region"] != regions[-1]}
        equal(wanted - there, set(), "all else is listed")
