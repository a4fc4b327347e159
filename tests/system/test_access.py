"""Accesses whose keys end: of a role, of a machine, of a command."""
import os

from lib import by_state, edges_equal_store, equal, true, world, write

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
