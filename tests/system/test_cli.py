"""The contract of the command line: exit codes, what writes nothing, what is held, certificates and accesses."""
import hashlib
import json
import os
import tempfile

from lib import SERVICES, SIMULATOR, by_state, edges_equal_store, equal, leaf_at, read, shell, true, under, world, write


def digests(ferry):
    """What a store's files hold; the lock and the socket are no content, and a journal without content is none."""
    found = {}
    for folder, _, names in os.walk(ferry.data):
        for name in names:
            path = os.path.join(folder, name)
            if name not in ("lock", "socket") and not name.endswith("-shm") and os.path.getsize(path):
                with open(path, "rb") as file:
                    found[name] = hashlib.sha256(file.read()).hexdigest()
    return found


def writing(simulator, since):
    return [c for c in simulator.calls()[since:] if c["outcome"] != "read"]


def test_exit_codes():
    with world("--domains", 12) as (simulator, ferry, certificates):
        new, foreign = certificates.leaf(), certificates.leaf("nowhere.test")
        files = ("--cert-file", new.full, "--key-file", new.key)
        calls = len(simulator.calls())
        for words in (("deploi",), ("deploy",), ("deploy", *files, "--nonsense"), ("deploy", "--cert-file", new.full, "--cert"),
                      ("task", "show"), ("task", "show", "1", "2"), ("cert", "import"), ("access", "add", "--cloud", "aliyun"),
                      ("deploy", "--key-file", new.key), ("completion", "fish")):
            result = ferry.run(*words, code=64)
            true(result.err.startswith("certferry: "), f"{words}: {result.err}")
        equal(len(simulator.calls()), calls, "calls after misuse")
        stopped = ferry.run("deploy", *files, code=4)
        true("--yes" in stopped.err, stopped.err)
        equal(writing(simulator, calls), [], "writes without a yes")
        ferry.run("deploy", "--cert-file", foreign.full, "--key-file", foreign.key, "--yes", code=3)
        ferry.run("deploy", *files, "--yes", code=0)
        again = ferry.run("deploy", *files, "--yes", code=0)
        true("already bound" in again.out, "already bound counts: " + again.out[-300:])
        ferry.run("task", "show", "no-such-task", code=1)
        ferry.run("cert", "show", "no-such-certificate", code=1)
        ferry.run("deploy", "--cert", "no-such-certificate", "--yes", code=1)
        ferry.run("help")
        ferry.run("version")
        for verb in ("deploy", "cert import", "access add", "task rollback"):
            true(len(ferry.run("help", *verb.split()).out) > 100, "help on " + verb)
            equal(ferry.run(*verb.split(), "--help").out, ferry.run("help", *verb.split()).out, verb + " --help")


def test_exit_code_of_partly_and_of_failed():
    with world("--domains", 12, clouds=()) as (simulator, _, _):
        r = next(x for x in simulator.ready["resources"] if x["domain"].startswith("r"))
    with world("--domains", 12, "--deny", r["id"]) as (simulator, ferry, certificates):
        new = certificates.leaf()
        files = ("--cert-file", new.full, "--key-file", new.key, "--yes")
        ferry.run("deploy", *files, code=2)
        states = by_state(ferry.task(ferry.last_task()))
        true(states["error"] >= 1 and states["success"] >= 5, f"states {states}")
        shown = ferry.run("task", "show", ferry.last_task()).out
        true("permission" in shown, "the cause is told: " + shown[-600:])
        ferry.run("deploy", *files, "--resource", r["id"], code=1)
        retried = ferry.run("task", "retry", ferry.last_task(), code=1)
        true("failed" in retried.out, retried.out)


def test_dry_run_writes_nothing():
    with world("--domains", 40) as (simulator, ferry, certificates):
        ferry.run("resource", "sync")
        new = certificates.leaf()
        ferry.run("task", "list")
        before, calls = digests(ferry), len(simulator.calls())
        shown = ferry.run("deploy", "--cert-file", new.full, "--key-file", new.key, "--dry-run").out
        told = ferry.json("deploy", "--cert-file", new.full, "--key-file", new.key, "--dry-run")
        equal(digests(ferry), before, "files of the store")
        equal(writing(simulator, calls), [], "writes")
        true(len(told["deployments"]) >= 30, "the preview has rows")
        true(f"matches: {len(told['deployments'])}" in shown, shown[-400:])
        equal(ferry.json("task", "list")["items"], [], "tasks")
        equal(ferry.json("cert", "list")["items"], [], "certificates")




def test_rows_that_could_hurt_are_held_until_accepted():
    with world("--domains", 40) as (simulator, ferry, certificates):
        short = certificates.leaf(days=2)  # everything there ends later
        options = ("--cert-file", short.full, "--key-file", short.key, "--yes")
        calls = len(simulator.calls())
        task = json.loads(ferry.run("deploy", *options, "--json", code=2).out)
        equal(by_state(task), {"held": len(task["deployments"])}, "states")
        equal(ferry.json("task", "list")["items"], [], "tasks that could do nothing")
        true(all("shorter" in d["holds"] for d in task["deployments"]), "held for shorter")
        equal([c for c in simulator.writes(calls)], [], "writes for held rows")
        ferry.run("deploy", *options, "--accept", "nonsense", code=1)
        row = task["deployments"][0]
        ferry.run("deploy", *options, "--accept", "shorter", "--resource", row["vendor_id"])
        edge = simulator.resources[(row["product"], row["vendor_id"])]["edge"]
        equal(leaf_at(edge, under(row["names"][0])), short.fingerprint, "accepted and served")


def test_yes_confirms_safe_rows_only():
    """A certificate that covers one of two names of a resource: the others go ahead, that one waits for its word."""
    with world("--domains", 60) as (simulator, ferry, certificates):
        new = certificates.leaf("*.example.com")
        done = ferry.any("deploy", "--cert-file", new.full, "--key-file", new.key, "--yes")
        task = ferry.task(ferry.last_task())
        waiting = [d for d in task["deployments"] if d["state"] == "held"]
        equal(done.code, 2 if waiting else 0, "exit code")
        equal(by_state(task)["success"], len(task["deployments"]) - len(waiting), "states")
        for d in waiting:
            true(set(d["holds"]) & {"partial", "lose-names"}, f"{d['title']}: {d['holds']}")
            edge = simulator.resources[(d["product"], d["vendor_id"])]["edge"]
            true(leaf_at(edge, under(d["names"][0])) != new.fingerprint, "nothing was done to " + d["title"])
        edges_equal_store(ferry, simulator)


def test_certificates_come_in_all_forms():
    with world("--domains", 12, clouds=()) as (_, ferry, certificates):
        new = certificates.leaf()
        folder = certificates.folder
        leaf, issuer, root, key = read(new.cert), read(certificates.issuer.cert), read(certificates.root.cert), read(new.key)
        first = ferry.json("cert", "import", "--cert", new.cert, "--key", new.key, "--chain", certificates.issuer.cert)
        equal(first.get("already"), False, "already, the first time")
        one = first["certificate"]["id"]
        forms = {
            "one file": (leaf + issuer + root + key,),
            "any order": (key + root + issuer + leaf,),
            "CRLF": ((leaf + issuer + key).replace("\n", "\r\n"),),
            "leading text and trailing blanks": ("Bag Attributes\n  friendlyName: x\n" + leaf + "\n \n" + key + "  \n\n",),
        }
        for name, (text,) in forms.items():
            told = ferry.json("cert", "import", "--cert", write(os.path.join(folder, "form.pem"), text))
            equal((told["already"], told["certificate"]["id"]), (True, one), name)
        password = write(os.path.join(folder, "password"), "pässwort 1\n")
        for name, options in {"modern": (), "legacy": ("-legacy", "-keypbe", "PBE-SHA1-RC2-40", "-certpbe", "PBE-SHA1-RC2-40"),
                              "3DES": ("-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1")}.items():
            p12 = os.path.join(folder, "form.p12")
            shell("openssl", "pkcs12", "-export", "-in", new.full, "-inkey", new.key, "-out", p12, "-passout", "file:" + password, *options)
            told = ferry.json("cert", "import", "--pkcs12", p12, "--password-file", password)
            equal((told["already"], told["certificate"]["id"]), (True, one), "PKCS#12 " + name)
        equal(len(ferry.json("cert", "list")["items"]), 1, "certificates")
        other = certificates.leaf()
        wrong = ferry.run("cert", "import", "--cert", new.cert, "--key", other.key, code=1).err
        true("key" in wrong, wrong)
        encrypted = os.path.join(folder, "encrypted.key")
        shell("openssl", "pkey", "-in", new.key, "-aes256", "-passout", "pass:x", "-out", encrypted)
        true("encrypted" in ferry.run("cert", "import", "--cert", new.cert, "--key", encrypted, code=1).err, "an encrypted key")
        true(ferry.run("cert", "import", "--cert", certificates.root.cert, "--key", certificates.root.key, code=1).err, "a CA")
        write(password, "wrong\n")
        true("password" in ferry.run("cert", "import", "--pkcs12", p12, "--password-file", password, code=1).err, "a wrong password")
        for hostile in (b"", b"\0" * 100, b"-----BEGIN CERTIFICATE-----\n" + b"A" * 3000000):
            refused = ferry.any("cert", "import", "--cert", write(os.path.join(folder, "hostile"), hostile), "--key", new.key)
            true(refused.code in (1, 64) and refused.err.startswith("certferry: ") and refused.err.count("\n") == 1,
                 f"{len(hostile)} bytes: {refused.code} {refused.err[:300]}")


def test_export_comes_back():
    with world("--domains", 12, clouds=()) as (_, ferry, certificates):
        folder, password = certificates.folder, write(os.path.join(certificates.folder, "password"), "secret one\n")
        for key in ("ec", "rsa"):
            new = certificates.leaf(key=key)
            name = "of-" + key
            ferry.run("cert", "import", "--cert", new.full, "--key", new.key, "--name", name)
            one = ferry.json("cert", "show", name)["id"]
            equal(ferry.json("cert", "show", name)["fingerprint"], new.fingerprint, "fingerprint")
            out = os.path.join(folder, "out-" + key)
            ferry.run("cert", "export", name, "--out", out + ".pem")
            ferry.run("cert", "export", name, "--format", "pkcs12", "--password-file", password, "--out", out + ".p12")
            ferry.run("cert", "export", name, "--format", "der", "--out", out + ".der")
            equal(ferry.json("cert", "import", "--cert", out + ".pem")["certificate"]["id"], one, "PEM")
            equal(ferry.json("cert", "import", "--pkcs12", out + ".p12", "--password-file", password)["certificate"]["id"], one, "PKCS#12")
            with open(out + ".der", "rb") as file:
                equal(hashlib.sha256(file.read()).hexdigest(), new.fingerprint, "DER")
            public = shell("openssl", "pkey", "-in", out + ".der.key", "-inform", "DER", "-pubout")
            equal(public, shell("openssl", "pkey", "-in", new.key, "-pubout"), "the key's public half")


def test_what_is_needed_is_not_deleted():
    with world("--domains", 12) as (simulator, ferry, certificates):
        a, b = certificates.leaf(), certificates.leaf(days=100)
        for name, c in (("a", a), ("b", b)):
            ferry.run("cert", "import", "--cert", c.full, "--key", c.key, "--name", name)
        ferry.run("deploy", "--cert", "a", "--yes")
        first = ferry.last_task()
        ferry.run("cert", "delete", "a", code=1)  # served
        for access in simulator.ready["accesses"]:
            refused = ferry.run("access", "delete", access["cloud"], code=1).err
            true(access["cloud"] in refused or "task" in refused or "rollback" in refused, refused)
        ferry.run("deploy", "--cert", "b", "--yes")
        ferry.run("cert", "delete", "a", code=1)  # a rollback's
        ferry.run("task", "delete", ferry.last_task(), "--yes")
        ferry.run("task", "delete", first, "--yes")
        ferry.run("cert", "delete", "a")
        ferry.run("cert", "delete", "b", code=1)  # still served
        ferry.run("cert", "show", "a", code=1)


def test_accesses_keep_their_account():
    """A new key of the same account is taken, one of another account is not."""
    seed = json.loads(shell(SIMULATOR, *SERVICES, "--domains", "12", "--print-seed"))
    keys = [o for o in seed["objects"] if o["kind"] == "@access"]
    for k in keys:
        for last, account in (("2", k["account"]), ("3", "9" * len(k["account"]))):
            seed["objects"].append({**k, "account": account, "id": k["id"][:-2] + "X" + last,
                                    "fields": {**k["fields"], "secret": "s" * 30 + last}})
    with tempfile.TemporaryDirectory() as folder:
        path = write(os.path.join(folder, "seed.json"), json.dumps(seed))
        with world("--seed", path, clouds=()) as (simulator, ferry, _):
            for k in keys:
                name, of_same, of_other = k["cloud"], k["id"][:-2] + "X2", k["id"][:-2] + "X3"
                ferry.run("access", "add", "--cloud", name, "--name", name, "--key-id", k["id"], "--secret-file", "-",
                          "--gateway", simulator.gateway, feed=k["fields"]["secret"].encode())
                ferry.run("access", "check", name)
                refused = ferry.run("access", "update", name, "--key-id", of_other, "--secret-file", "-", code=1, feed=b"s" * 30 + b"3")
                true("account" in refused.err, f"{name}: {refused.err}")
                ferry.run("access", "check", name)
                ferry.run("access", "update", name, "--key-id", of_same, "--secret-file", "-", feed=b"s" * 30 + b"2")
                row = next(a for a in ferry.json("access", "list")["items"] if a["name"] == name)
                equal(row["key_id"], of_same, "key id")
                true("s" * 10 not in json.dumps(row), "the list holds no secret")
                ferry.run("access", "check", name)


def test_a_read_only_access_changes_nothing():
    with world("--domains", 12, access=("--read-only",)) as (simulator, ferry, certificates):
        new = certificates.leaf()
        ferry.run("resource", "sync")
        done = ferry.any("deploy", "--cert-file", new.full, "--key-file", new.key, "--yes")
        true(done.code != 0, "it fails")
        equal([c for c in simulator.calls() if c["outcome"] in ("changed", "same")], [], "writes")
        true("read-only" in done.err + done.out + ferry.run("task", "show", ferry.last_task()).out, "and says why")


def test_json_has_its_shapes():
    with world("--domains", 12) as (_, ferry, certificates):
        task = ferry.deploy(certificates.leaf())
        for words in (("cert", "list"), ("access", "list"), ("product", "list"), ("resource", "list"), ("task", "list")):
            true(isinstance(ferry.json(*words)["items"], list), words)
        ids = [r["id"] for r in ferry.json("task", "list")["items"]]
        equal(ids, sorted(ids, reverse=True), "newest first")
        true({"id", "state", "slot", "verdict", "cause", "holds", "old"} <= set(task["deployments"][0]), "a deployment's members")
        wrong = ferry.run("task", "show", "nothing", "--json", code=1)
        equal(json.loads(wrong.err)["error"]["kind"], "not_found", "an error's kind")
        equal(ferry.run("--json", "task", "list").out, ferry.run("task", "list", "--json").out, "flags before and after the verb")


def test_verify_looks_at_what_is_served():
    with world("--domains", 12) as (simulator, ferry, certificates):
        new = certificates.leaf()
        task = ferry.deploy(new)
        d = next(d for d in task["deployments"] if d["names"][0].startswith("r"))
        edge = simulator.resources[(d["product"], d["vendor_id"])]["edge"]
        told = ferry.json("verify", d["names"][0], "--connect", edge)
        equal(told["fingerprint"], new.fingerprint, "fingerprint")
        true(told["certificate"], "it is ours")
        ferry.run("verify", "www.other.test", "--connect", edge, code=1)


def test_completion_and_man_page_hold_every_verb():
    with world("--domains", 12, clouds=()) as (_, ferry, _):
        overview = ferry.run("help").out
        verbs = [line[2:18].strip() for line in overview.split("\n") if line.startswith("  ") and line[2:3].islower()]
        bash, manual = ferry.run("completion", "bash").out, ferry.run("help", "man").out
        path = write(os.path.join(ferry.folder, "completion"), bash)
        shell("bash", "-n", path)
        for verb in verbs:
            if " " in verb and not verb.startswith("certferry"):
                true(verb.split()[1] in bash, f"completion knows {verb}")
                true(f"certferry {verb}" in manual, f"the manual knows {verb}")
