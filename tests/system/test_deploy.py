"""What is served: before, after, after rollback; and rollback that takes back only its own."""
from lib import by_state, edges_equal_store, equal, leaf_at, openssl_at, true, under, world


def leaf_or_none(edge, name):
    try:
        return leaf_at(edge, name)
    except OSError:  # HTTPS is off there
        return None


def served(simulator):
    return {key: leaf_or_none(r["edge"], under(r["domain"])) for key, r in simulator.resources.items() if r["edge"]}


def test_outside_sees_old_new_and_old_again():
    with world("--domains", 40, "--settle-ms", 200) as (simulator, ferry, certificates):
        before, new = served(simulator), certificates.leaf()
        task = ferry.deploy(new)
        equal(by_state(task), {"success": len(task["deployments"])}, "states")
        true(all(d["verdict"] == "verified" for d in task["deployments"]), "every deployment is verified")
        products = {d["product"] for d in task["deployments"]}
        equal(products, {r["product"] for r in simulator.ready["resources"]}, "each product is deployed to")
        touched = {(d["product"], d["vendor_id"]) for d in task["deployments"]}
        for key in touched:
            r = simulator.resources[key]
            equal(openssl_at(r["edge"], under(r["domain"])), new.fingerprint, f"openssl s_client at {key} after")
        after = served(simulator)
        equal([k for k in before if k not in touched and after[k] != before[k]], [], "what no deployment names is as it was")
        edges_equal_store(ferry, simulator)
        ferry.run("task", "rollback", task["task"]["id"], "--yes")
        again = served(simulator)
        equal({k: v for k, v in again.items() if v != before[k]}, {}, "everything is served as before")
        for key in list(touched)[:6]:
            r = simulator.resources[key]
            equal(openssl_at(r["edge"], under(r["domain"])), before[key], f"openssl s_client at {key} after rollback")
        edges_equal_store(ferry, simulator)


def test_edge_that_refuses_is_delivered_not_verified():
    with world("--domains", 12, clouds=()) as (simulator, _, _):
        chosen = {r["product"]: r["id"] for r in simulator.ready["resources"]}
    refused = [option for i in chosen.values() for option in ("--refuse-edge", i)]
    with world("--domains", 12, *refused) as (simulator, ferry, certificates):
        done = ferry.run("deploy", "--cert-file", (new := certificates.leaf()).full, "--key-file", new.key, "--yes")
        task = ferry.task(ferry.last_task())
        equal(by_state(task), {"success": len(task["deployments"])}, "states")
        rows = {(d["product"], d["vendor_id"]): d["verdict"] for d in task["deployments"]}
        for (product, i), verdict in rows.items():
            equal(verdict, "not verified" if chosen[product] == i else "verified", f"verdict of {product} {i}")
        true("not verified" in rows.values(), "one of them was deployed to")
        true("delivered, not verified" in done.out, "the summary says so: " + done.out)
        true("delivered, not verified" in ferry.run("task", "show", task["task"]["id"]).out, "task show says so")


def test_rollback_of_the_first_of_two_is_a_conflict():
    with world("--domains", 12) as (simulator, ferry, certificates):
        a, b = certificates.leaf(), certificates.leaf(days=100)
        first, second = ferry.deploy(a), ferry.deploy(b)
        equal(by_state(first), {"success": len(first["deployments"])}, "the first")
        equal(by_state(second), {"success": len(second["deployments"])}, "the second")
        calls = len(simulator.calls())
        ferry.run("task", "rollback", first["task"]["id"], "--yes", code=1)
        equal([c for c in simulator.calls()[calls:] if c["outcome"] in ("changed", "same")], [], "writes of the rollback")
        first = ferry.task(first["task"]["id"])
        equal(by_state(first), {"rollback_error": len(first["deployments"])}, "states after the rollback")
        equal({d["cause"]["kind"] for d in first["deployments"]}, {"conflict"}, "causes")
        for d in first["deployments"]:
            r = simulator.resources[(d["product"], d["vendor_id"])]
            equal(leaf_at(r["edge"], under(r["domain"])), b.fingerprint, f"{d['title']} serves the second")


def test_two_deployments_on_one_sni_listener_roll_back_alone():
    with world("--domains", 60) as (simulator, ferry, certificates):
        sni = [p["code"] for p in ferry.json("product", "list")["items"] if p["capabilities"]["sni"]]
        ferry.run("resource", "sync")
        tried = 0
        for row in ferry.rows("resource", "list"):
            if row["product"] not in sni or "sni" not in [s["slot"] for s in row["slots"]] or row["managed_by"]:
                continue
            default = next(s for s in row["slots"] if s["slot"] == "default")["domains"][0]
            entry = next(s for s in row["slots"] if s["slot"] == "sni")["domains"][0]
            edge = simulator.resources[(row["product"], row["vendor_id"])]["edge"]
            before = leaf_at(edge, None), leaf_at(edge, entry)
            a, b = certificates.leaf(default), certificates.leaf(entry)
            first = ferry.deploy(a, "--resource", row["vendor_id"])
            second = ferry.deploy(b, "--resource", row["vendor_id"])
            equal([len(first["deployments"]), len(second["deployments"])], [1, 1], "one deployment each")
            equal((leaf_at(edge, None), leaf_at(edge, entry)), (a.fingerprint, b.fingerprint), "both are served")
            ferry.run("task", "rollback", first["task"]["id"], "--yes")
            equal((leaf_at(edge, None), leaf_at(edge, entry)), (before[0], b.fingerprint), "the second's stays")
            ferry.run("task", "rollback", second["task"]["id"], "--yes")
            equal((leaf_at(edge, None), leaf_at(edge, entry)), before, "all is as before")
            tried += 1
        true(tried, "there is a listener with an SNI entry")


def test_default_and_entry_of_one_listener_by_one_certificate():
    with world("--domains", 60) as (simulator, ferry, certificates):
        ferry.run("resource", "sync")
        rows = [r for r in ferry.rows("resource", "list")
                if "sni" in [s["slot"] for s in r["slots"]] and "default" in [s["slot"] for s in r["slots"]] and not r["managed_by"]]
        true(rows, "there is a listener with an SNI entry")
        for row in rows:
            names = sorted({n for s in row["slots"] for n in s["domains"]})
            edge = simulator.resources[(row["product"], row["vendor_id"])]["edge"]
            before = [leaf_at(edge, n) for n in (None, *names)]
            new = certificates.leaf(*names)
            task = ferry.deploy(new, "--resource", row["vendor_id"])
            equal([leaf_at(edge, n) for n in (None, *names)], [new.fingerprint] * (1 + len(names)), f"{row['title']} after")
            ferry.run("task", "rollback", task["task"]["id"], "--yes")
            equal([leaf_at(edge, n) for n in (None, *names)], before, f"{row['title']} after rollback")
            edges_equal_store(ferry, simulator)


def test_first_certificate_and_its_rollback():
    """A domain of aliyun/cdn without HTTPS: named, it gets its first certificate; rolled back, HTTPS is off again."""
    with world("--domains", 84, clouds=("aliyun",)) as (simulator, ferry, certificates):
        ferry.run("resource", "sync")
        row = next(r for r in ferry.rows("resource", "list") if r["product"] == "aliyun/cdn" and not r["https"])
        new = certificates.leaf()
        task = ferry.deploy(new, "--resource", row["vendor_id"], "--accept", "no-rollback")
        equal([d["state"] for d in task["deployments"]], ["success"], "states")
        edge = simulator.resources[("aliyun/cdn", row["vendor_id"])]["edge"]
        equal(leaf_at(edge, row["vendor_id"]), new.fingerprint, "its first certificate")
        ferry.run("task", "rollback", task["task"]["id"], "--yes")
        true("SslProtocol" in simulator.writes()[-1]["fields"], f"SslProtocol off again: {simulator.writes()[-1]}")
        ferry.run("resource", "sync")
        equal(next(r for r in ferry.rows("resource", "list") if r["id"] == row["id"])["https"], False, "HTTPS")
        try:
            leaf_at(edge, row["vendor_id"])
        except OSError:
            return
        raise AssertionError("the edge still serves TLS")
