"""Pushes from Huawei Cloud's certificate service to its other services."""
import json

from lib import equal, true, world
from test_crash import killed_at, needs_killer

SERVICES = ("--services", "huawei/cdn,huawei/elb,huawei/waf")
TWO = ("--region", "cn-north-4", "--region", "cn-east-3")


def pushes(simulator):
    return [c for c in simulator.calls() if c["action"] == "BatchPushCertificate"]


def create(ferry, product, *words, **more):
    return ferry.any("push", "create", "--cert", "new", "--access", "huawei", "--product", product, *words, **more)


def bring(ferry, certificates):
    new = certificates.leaf()
    ferry.run("cert", "import", "--cert", new.full, "--key", new.key, "--name", "new")
    return new


def test_R121_R127_R131_R132_a_certificate_is_pushed_and_told_what_to_do_next():
    with world("--domains", 12, *SERVICES, clouds=("huawei",)) as (simulator, ferry, certificates):
        bring(ferry, certificates)
        for product, regions, advice in (("huawei/elb", TWO, "HTTPS listener"), ("huawei/waf", TWO[:2], "update it there"), ("huawei/cdn", (), "HTTPS settings")):
            told = create(ferry, product, *regions)
            equal(told.code, 4, "asks first: " + told.err)
            true("cannot be undone" in told.out and "--yes" in told.err, told.out + told.err)
            told = create(ferry, product, *regions, "--yes")
            equal(told.code, 0, told.out + told.err)
            true(advice in told.out and "does not switch HTTPS on" in told.out, told.out)
        equal(len(pushes(simulator)), 3, "one call each, and none before the word")
        imports = [c for c in simulator.calls() if c["action"] == "ImportCertificate" and c["service"] == "scm"]
        equal(len(imports), 1, "brought once")
        listed = ferry.json("push", "list")["items"]
        equal([(p["product"], p["region"]) for p in listed[:2]], [("huawei/cdn", None), ("huawei/waf", "cn-north-4")], "newest first")
        equal({(p["product"], p["region"]) for p in listed[2:]}, {("huawei/elb", "cn-north-4"), ("huawei/elb", "cn-east-3")}, "the first two")
        equal({p["state"] for p in listed}, {"success"}, "states")
        true("copy" in ferry.run("push", "show", listed[1]["id"]).out, "one record")
        equal(ferry.json("push", "list", "--cert", "new")["items"], listed, "of one certificate")


def test_R124_R133_what_is_there_is_refused_and_a_failing_region_harms_no_other():
    with world("--domains", 12, *SERVICES, clouds=("huawei",)) as (simulator, ferry, certificates):
        bring(ferry, certificates)
        told = create(ferry, "huawei/elb", "--region", "cn-north-4", "--region", "nowhere-1", "--yes", "--json")
        equal(told.code, 2, told.out + told.err)
        equal([(p["region"], p["state"]) for p in json.loads(told.out)["items"]], [("cn-north-4", "success"), ("nowhere-1", "error")], "results")
        told = create(ferry, "huawei/elb", "--region", "cn-north-4", "--yes")
        equal(told.code, 4, told.err)
        true("already" in told.err, told.err)
        told = create(ferry, "huawei/elb", *TWO, "--yes")
        true("cn-east-3" in told.out and "pushed to 1 of 1" in told.out, told.out)
        equal(len(pushes(simulator)), 2, "what is there is not sent again")
        told = create(ferry, "huawei/obs", "--region", "cn-north-4", "--yes")
        true("huawei/waf, huawei/elb or huawei/cdn" in told.err, told.err)
        told = create(ferry, "huawei/waf", *[w for i in range(11) for w in ("--region", f"cn-north-{i}")], "--yes")
        true(told.code == 1 and "at most 10" in told.err, told.err)
        ferry.run("access", "update", "huawei", "--read-only")
        told = create(ferry, "huawei/waf", *TWO, "--yes")
        true(told.code == 1 and "read-only" in told.err, told.err)


def test_R124_a_push_that_was_killed_is_not_sent_twice():
    """kill -9 at every journal write of a push, before and after it: the next one finds out what happened."""
    needs_killer()
    for when in ("before", "after"):
        for number in range(1, 40):
            with world("--domains", 12, *SERVICES, clouds=("huawei",)) as (simulator, ferry, certificates):
                bring(ferry, certificates)
                done = create(ferry, "huawei/elb", *TWO, "--yes", environment=killed_at(number, when))
                if done.code >= 0:
                    equal(done.code, 0, done.err)
                    break
                again = create(ferry, "huawei/elb", *TWO, "--yes")
                true(again.code in (0, 4), f"{number} {when}: {again.code} {again.out} {again.err}")
                true(len(pushes(simulator)) <= 1, f"{number} {when}: sent twice")
                states = {p["state"] for p in ferry.json("push", "list")["items"]}
                equal(states, {"success"} if pushes(simulator) else {"unknown"}, f"{number} {when}: states, {again.err}")
        true(3 < number < 39, f"{number} journal writes")
