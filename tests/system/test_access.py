"""Accesses whose keys end: of a role, of a machine, of a command."""
import json
import os

import lib
from lib import by_state, edges_equal_store, equal, shell, true, world, write
from test_crash import killed_at, needs_killer

ROLES = {
    "aliyun": "acs:ram::1234567890123456:role/certferry",
    "tencent": "qcs::cam::uin/100012345678:roleName/certferry",
    "aws": "arn:aws:iam::123456789012:role/certferry",
    "huawei": "iam::fedcba9876543210fedcba9876543210:agency:certferry",
}


def add(ferry, simulator, name, *words, code=0, **more):
    return ferry.run("access", "add", "--name", name, "--gateway", simulator.gateway, "--calls-per-second", 500, *words, code=code, **more)


def test_a_deployment_goes_on_while_keys_of_roles_end():
    """Keys that last four seconds are renewed on the way; what they were is in no output."""
    with world("--domains", 60, "--settle-ms", 1500, "--session-seconds", 4, clouds=()) as (simulator, ferry, certificates):
        for a in simulator.ready["accesses"]:
            add(ferry, simulator, a["cloud"], "--cloud", a["cloud"], "--key-id", a["key_id"], "--secret-file", "-",
                "--role", ROLES[a["cloud"]], "--external-id", "certferry-trial", feed=a["secret"].encode())
        task = ferry.deploy(certificates.leaf())
        equal(by_state(task), {"success": len(task["deployments"])}, "states")
        edges_equal_store(ferry, simulator)
        calls = simulator.calls()
        own = {a["key_id"] for a in simulator.ready["accesses"]}
        equal({c["action"] for c in calls if c["access"] in own}, {"AssumeRole", "AssumeAgency"}, "calls with the key pair itself")
        equal([c for c in calls if "Token" in c.get("code", "") or "AccessKey" in c.get("code", "")], [], "keys that were refused")
        true(sum(c["action"].startswith("Assume") for c in calls) > len(own), "keys were renewed")


def test_a_role_of_somebody_else_is_told():
    with world("--domains", 12, clouds=()) as (simulator, ferry, _):
        a = next(a for a in simulator.ready["accesses"] if a["cloud"] == "aws")
        add(ferry, simulator, "other", "--cloud", "aws", "--key-id", a["key_id"], "--secret-file", "-",
            "--role", ROLES["aws"], "--external-id", "wrong", feed=a["secret"].encode())
        told = ferry.run("access", "check", "other", code=1)
        true(ROLES["aws"] in told.err and "AssumeRole" in told.err, told.err)


def test_keys_of_the_machine_and_of_a_command():
    with world("--domains", 24, clouds=()) as (simulator, ferry, certificates):
        for cloud in ("aws", "aliyun"):
            add(ferry, simulator, "machine-" + cloud, "--cloud", cloud, "--machine")
        a = next(a for a in simulator.ready["accesses"] if a["cloud"] == "huawei")
        secret = write(os.path.join(simulator.folder, "secret"), a["secret"] + "\n")
        add(ferry, simulator, "command", "--cloud", "huawei", "--key-id", a["key_id"], "--secret-command", "/bin/cat " + secret)
        for name in ("machine-aws", "machine-aliyun", "command"):
            ferry.run("access", "check", name)
        task = ferry.deploy(certificates.leaf())
        equal(by_state(task), {"success": len(task["deployments"])}, "states")
        told = ferry.run("access", "add", "--cloud", "tencent", "--name", "no", "--machine", code=1)
        true("aliyun and aws only" in told.err, told.err)
        told = ferry.run("access", "add", "--cloud", "aws", "--name", "no", "--machine", "--secret-command", "/bin/cat x", code=1)
        true("one of them" in told.err, told.err)


SERVICES = ("--services", "aliyun/cdn,tencent/cdn,aws/cloudfront,huawei/cdn")
GLOBAL = ("aliyun/cdn", "tencent/cdn", "aws/cloudfront", "huawei/cdn")


def test_what_a_certificate_service_holds_is_deployed_by_its_id():
    """One store uploads a certificate and deploys it in one place of each cloud; another, which has no key, finds it in the
    clouds' certificate services and deploys it in the rest."""
    with world("--domains", 48, "--settle-ms", 50, *SERVICES, clouds=()) as (simulator, ferry, certificates):
        new = certificates.leaf()
        ferry.connect(simulator)
        ferry.run("resource", "sync", code=0)
        first = {}
        for r in ferry.rows("resource", "list"):
            if r["product"] in GLOBAL and r["https"] and not r["managed_by"] and r["names"] and "r" == r["names"][0]["name"][0]:
                first.setdefault(r["product"], r)
        equal(sorted(first), sorted(GLOBAL), "products")
        ferry.deploy(new, *[w for r in first.values() for w in ("--resource", r["vendor_id"])])
        other = lib.Ferry(ferry.folder, "other")
        other.connect(simulator)
        for cloud in ROLES:
            told = other.json("cert", "sync", "--access", cloud)
            true(told["found"] >= 1 and told["keys"] == 0 and told["failed"] == 0, f"{cloud}: {told}")
        held = {c["name"]: c for c in other.rows("cert", "list")}
        true(all(not c["has_key"] for c in held.values()), "no key came along")
        ours = [c for c in held.values() if c["fingerprint"] == new.fingerprint or "scm/" in c["fingerprint"] and c["name"].startswith("certferry")]
        true(ours, f"the new certificate is among {sorted(held)}")
        told = other.any("cert", "export", ours[0]["name"])
        true(told.code == 1 and "no private key here" in told.err, told.err)
        for cert in ours:
            done = other.any("deploy", "--cert", cert["name"], "--yes", *[w for p in GLOBAL for w in ("--product", p)])
            true(done.code in (0, 2, 3), f"{done.code} {done.err}")
        edges_equal_store(other, simulator)
        served = [r for p in GLOBAL for r in other.rows("resource", "list", "--product", p, "--certificate", ours[0]["name"])]
        true(len(served) > len(first), f"{len(served)} resources serve it")
        writes = [c["action"] for c in simulator.calls() if c["action"] in ("UploadUserCertificate", "UploadCertificate", "ImportCertificate")]
        true(len(writes) <= 5, f"uploads: {writes}")


def test_keys_are_fetched_only_on_demand():
    with world("--domains", 48, *SERVICES, clouds=()) as (simulator, ferry, _):
        ferry.connect(simulator)
        for cloud, keys in (("aliyun", True), ("tencent", True), ("aws", False), ("huawei", True)):
            told = ferry.json("cert", "sync", "--access", cloud, "--with-key")
            true(told["found"] >= 1 and told["failed"] == 0, f"{cloud}: {told}")
            equal(told["keys"] > 0, keys, f"keys of {cloud}")
        again = ferry.json("cert", "sync", "--access", "aliyun", "--with-key")
        equal((again["added"], again["keys"]), (0, 0), "what is there already")


def test_R28_what_was_bought_there_is_official():
    with world("--domains", 48, *SERVICES, clouds=()) as (simulator, _, _):
        seed = json.loads(shell(lib.SIMULATOR, "--domains", "48", *SERVICES, "--print-seed"))
        simulator.stop()
        bought = {}
        for o in seed["objects"]:
            if o["kind"] in ("cas.certificate", "ssl.certificate", "acm.certificate", "scm.certificate") and o["cloud"] not in bought:
                bought[o["cloud"]] = o["id"]
                o["fields"]["Official"] = "1"
                if o["cloud"] == "huawei":
                    o["fields"]["status"] = "ISSUED"
        equal(sorted(bought), sorted(ROLES), "clouds")
        again = lib.Simulator(simulator.folder, "--seed", write(os.path.join(simulator.folder, "seed.json"), json.dumps(seed)), name="again")
        try:
            ferry = lib.Ferry(simulator.folder, "bought")
            ferry.connect(again)
            for cloud in ROLES:
                ferry.run("cert", "sync", "--access", cloud)
            kinds = [c["kind"] for c in ferry.rows("cert", "list")]
            equal(kinds.count("official"), len(bought), f"official ones among {len(kinds)}")
        finally:
            again.stop()


def test_rights_are_printed_and_probed():
    with world("--domains", 24) as (simulator, ferry, _):
        document = json.loads(ferry.run("access", "policy", "--cloud", "aws", "--product", "aws/alb").out)
        actions = document["Statement"][0]["Action"]
        true("elasticloadbalancing:ModifyListener" in actions and "acm:ImportCertificate" in actions, actions)
        true(not any(a.startswith("cloudfront:") for a in actions), "rights of another product")
        told = ferry.json("access", "check", "aws", "--product", "aws/alb", "--product", "aws/cloudfront")
        true(all(p["ok"] and p["resource"] for p in told["products"]) and len(told["products"]) == 2, told)
        equal(simulator.writes(), [], "writes")
        told = ferry.run("access", "check", "aws", "--product", "aliyun/cdn", code=1)
        true("none of the cloud aws" in told.err, told.err)


def cleaned(told):
    return {(i["store"], i["ref"]): (i["state"], i["reason"]) for i in told["items"]}


def of_state(told, state):
    return {k for k, (s, _) in cleaned(told).items() if s == state}


def forget_tasks(ferry):
    for task in ferry.rows("task", "list"):
        ferry.run("task", "delete", task["id"], "--yes")


STORES = ("--services", "aliyun/cdn,aliyun/alb,aliyun/slb,tencent/cdn,tencent/clb,aws/cloudfront,aws/elbv2,aws/elb,huawei/cdn,huawei/elb,huawei/waf")
DELETES = ("DeleteUserCertificate", "DeleteServerCertificate", "DeleteCertificate")


def deletes(simulator):
    return [c for c in simulator.calls() if c["action"] in DELETES and c["outcome"] == "changed"]


def test_copies_that_nothing_needs_are_deleted():
    """First A, then B everywhere: A's copies stay while a rollback needs them, and then go; B's stay."""
    with world("--domains", 110, "--settle-ms", 50, *STORES) as (simulator, ferry, certificates):
        a, b = certificates.leaf(), certificates.leaf()
        ferry.any("deploy", "--cert-file", a.full, "--key-file", a.key, "--yes")
        first = ferry.run("access", "clean", "--json", code=0)
        told = json.loads(first.out)
        of_a = set(cleaned(told))
        services = {store.split(":")[0] for store, _ in of_a}
        true({"cas", "clb", "ssl", "acm", "scm", "elb", "waf"} <= services, f"stores {services}")
        equal(of_state(told, "kept"), of_a, "copies of A are needed")
        ferry.any("deploy", "--cert-file", b.full, "--key-file", b.key, "--yes")
        told = ferry.json("access", "clean", "--yes")
        of_b = set(cleaned(told)) - of_a
        true(of_b and not of_state(told, "deleted"), "a rollback needs A")
        true(all("rollback" in why or "rolled back" in why for _, why in cleaned(told).values()), f"reasons: {cleaned(told)}")
        equal(deletes(simulator), [], "deletions")
        forget_tasks(ferry)
        told = ferry.json("access", "clean", code=4)
        unused = of_state(told, "unused")
        true(unused and unused <= of_a, f"{unused - of_a} are needed")
        true({"cas", "clb", "ssl", "acm", "scm", "elb", "waf"} <= {store.split(":")[0] for store, _ in unused}, f"{cleaned(told)}")
        equal(deletes(simulator), [], "deletions")
        told = ferry.json("access", "clean", "--yes")
        equal(of_state(told, "deleted"), unused, "deleted")
        equal(of_state(told, "failed"), set(), "failures")
        equal(len(deletes(simulator)), len(unused), "deletions at the clouds")
        again = ferry.json("access", "clean", "--yes")
        equal(set(cleaned(again)), (of_a | of_b) - unused, "what is left")
        edges_equal_store(ferry, simulator, {i for p, i in simulator.resources if p == "tencent/clb"})
        # What is gone is brought anew. B may end a second later.
        done = ferry.any("deploy", "--cert-file", a.full, "--key-file", a.key, "--yes", "--accept", "shorter", "--product", "aliyun/cdn", "--product", "tencent/cdn")
        task = ferry.task(ferry.last_task())
        causes = [(d["title"], d["state"], d["cause"]) for d in task["deployments"] if d["state"] != "success"]
        equal((done.code, causes), (0, []), f"how it ended: {done.err[-1500:]}")


def test_a_clean_up_that_dies_leaves_no_copy_untold():
    """Killed at one commit after the other: what still lies in the clouds is listed, and what is gone is asked about again."""
    needs_killer()
    with world("--domains", 110, "--settle-ms", 50, *STORES) as (simulator, ferry, certificates):
        for certificate in (certificates.leaf(), certificates.leaf()):
            ferry.any("deploy", "--cert-file", certificate.full, "--key-file", certificate.key, "--yes")
        forget_tasks(ferry)
        unused = of_state(ferry.json("access", "clean", code=4), "unused")
        true(len(unused) > 6, f"only {unused}")
        deaths, gone_but_listed = 0, 0
        for number, when in [(n, w) for n in range(1, 9) for w in ("before", "after")]:
            done = ferry.any("access", "clean", "--yes", environment=killed_at(number, when))
            deaths += done.code == -9
            told = cleaned(json.loads(ferry.any("access", "clean", "--json").out))
            listed = {k for k, (state, _) in told.items() if state == "unused"}
            alive = {k for k in listed if "gone already" not in (told[k][1] or "")}
            gone_but_listed += len(listed) - len(alive)
            equal(len(alive), len(unused) - len(deletes(simulator)), f"killed {when} commit {number}: listed of those that are there")
            true(listed <= unused, f"{listed - unused} are needed")
        true(deaths > 4 and gone_but_listed, f"{deaths} deaths, {gone_but_listed} in between")
        ferry.json("access", "clean", "--yes")
        equal(len(deletes(simulator)), len(unused), "deletions at the clouds")
        left = cleaned(ferry.json("access", "clean"))
        equal({k: why for k, why in left.items() if k in unused}, {}, "what is left")


def test_what_was_found_is_never_deleted():
    """A certificate that another store uploaded, or a person: listed here, deployed here, and never deleted here."""
    with world("--domains", 48, "--settle-ms", 50, *SERVICES) as (simulator, ferry, certificates):
        a, b = certificates.leaf(), certificates.leaf()
        ferry.deploy(a, code=0)
        other = lib.Ferry(ferry.folder, "other")
        other.connect(simulator)
        for cloud in ROLES:
            other.run("cert", "sync", "--access", cloud, "--with-key")
        other.deploy(a)
        other.deploy(b)
        forget_tasks(other)
        told = other.json("access", "clean", "--yes")
        mine = {i["ref"] for i in told["items"]}
        equal(of_state(told, "deleted"), set(), "deleted")
        forget_tasks(ferry)
        ferry.run("resource", "sync")
        told = ferry.json("access", "clean", "--yes")
        deleted = of_state(told, "deleted")
        true(deleted and not {ref for _, ref in deleted} & mine, f"{deleted}")


def test_what_the_cloud_says_keeps_the_copy():
    """What another store put back in use, of which this one knows nothing, stays; so does what cannot be found out, as where a
    region answers nothing."""
    with world("--domains", 110, "--settle-ms", 50, *STORES, clouds=()) as (simulator, ferry, certificates):
        simulator.stop()
        state = os.path.join(simulator.folder, "state")
        first = lib.Simulator(simulator.folder, "--domains", "110", "--settle-ms", "50", *STORES, "--state", state, name="first")
        try:
            a, b = certificates.leaf(), certificates.leaf()
            ferry.connect(first)
            ferry.any("deploy", "--cert-file", a.full, "--key-file", a.key, "--yes")
            of_a = set(cleaned(ferry.json("access", "clean")))
            ferry.any("deploy", "--cert-file", b.full, "--key-file", b.key, "--yes")
            forget_tasks(ferry)
            other = lib.Ferry(ferry.folder, "other")
            other.connect(first)
            other.any("deploy", "--cert-file", a.full, "--key-file", a.key, "--yes", "--accept", "shorter")
            told = ferry.json("access", "clean", "--yes")
            why = {k: r for k, r in cleaned(told).items() if k in of_a}
            equal({s for s, _ in why.values()}, {"kept"}, f"states of A's copies: {why}")
            said = {store.split(":")[0]: r for (store, _), (_, r) in why.items()}
            for store, words in (("cas", "uses it"), ("clb", "aliyun/clb"), ("ssl", "use it"), ("acm", "arn:aws:"), ("iam", "holds it"),
                                 ("scm", "deployed"), ("elb", "huawei/elb"), ("waf", "website")):
                true(words in said[store], f"{store}: {said[store]}")
            equal(deletes(first), [], "deletions")
            other.any("deploy", "--cert-file", b.full, "--key-file", b.key, "--yes")
        finally:
            first.stop()
        closed = [w for r in ("eu-west-1", "cn-east-3", "ap-shanghai") for w in ("--deny-region", r)]
        second = lib.Simulator(simulator.folder, *STORES, "--state", state, *closed, name="second")
        try:
            for cloud in ROLES:
                ferry.run("access", "update", cloud, "--gateway", second.gateway)
            told = ferry.json("access", "clean", "--yes")
            gone = {store for store, _ in of_state(told, "deleted")}
            true({"cas:cn-hangzhou", "acm:us-east-1", "elb:cn-north-4"} <= gone, f"deleted: {gone}")
            for (store, _), (state_of, reason) in cleaned(told).items():
                closed_to_it = store.split(":")[0] in ("iam", "ssl", "scm") or "eu-west-1" in store or "cn-east-3" in store
                if closed_to_it and "serves it" not in reason:
                    true(state_of == "kept" and ("found out" in reason or "looked up" in reason), f"{store}: {state_of} {reason}")
            equal([g for g in gone if g in ("ssl", "scm") or g.startswith("iam")], [], "deleted in spite of doubt")
        finally:
            second.stop()


def test_answers_are_recorded_without_secrets():
    with world("--domains", 48, *STORES) as (simulator, ferry, _):
        folder = os.path.join(ferry.folder, "deep", "answers")
        for cloud in ("aliyun", "tencent", "huawei"):
            ferry.run("access", "check", cloud, "--record", folder, "--product", cloud + "/cdn")
        told = ferry.json("access", "check", "aws", "--record", folder)
        true(told["products"] >= 4 and told["answers"] and not told["failed"], f"{told}")
        files = sorted(os.listdir(folder))
        equal(os.stat(folder).st_mode & 0o777, 0o700, "mode of the folder")
        operations = set()
        for name in files:
            path = os.path.join(folder, name)
            equal(os.stat(path).st_mode & 0o777, 0o600, "mode of " + name)
            text = lib.read(path)
            for secret in ["BEGIN", "PRIVATE"] + [a["secret"] for a in simulator.ready["accesses"]]:
                true(secret not in text, f"{secret} in {name}")
            one = json.loads(text)
            true(one["status"] == 200 and (one["body"] or one["left_out"]), f"{name}: {text[:300]}")
            operations.add(one["operation"])
        true({"DescribeUserDomains", "DescribeDomainsConfig", "ListDomains", "DescribeLoadBalancers"} <= operations, f"{operations}")
        equal(simulator.writes(), [], "changes")
        told = ferry.run("access", "check", "--record", folder, code=64)
        true("ACCESS" in told.err, told.err)
