"""What is the same for every product: first contact, owners, a region that fails, what is told of it."""
from lib import by_state, equal, true, world

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
