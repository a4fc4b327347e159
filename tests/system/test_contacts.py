"""Contacts: who is to hear of a task; their webhooks are secrets."""
import json
import os

from lib import equal, read, true, world, write

HOOK = "https://oapi.dingtalk.com/robot/send?access_token=3f9c0b7d5a6e4812TOPSECRET"


def test_R66_contacts_are_kept_and_their_webhooks_are_never_shown():
    with world("--domains", 12, clouds=()) as (simulator, ferry, _):
        hook = write(os.path.join(ferry.folder, "bot.url"), HOOK + "\n")
        ferry.run("contact", "add", "--name", "运维", "--mail", "Ops@EXAMPLE.com", "--mobile", "+86 138-0000-0000", "--webhook-file", hook)
        ferry.run("contact", "add", "--name", "dev", "--mail", "dev@例子.测试")
        shown = ferry.json("contact", "show", "运维")
        equal((shown["mail"], shown["mobile"], shown["webhook_hosts"]), ("Ops@example.com", "+8613800000000", ["oapi.dingtalk.com"]), "as kept")
        equal([c["name"] for c in ferry.json("contact", "list")["items"]], ["dev", "运维"], "newest first")
        equal(ferry.json("contact", "show", "dev")["mail"], "dev@xn--fsqu00a.xn--0zwm56d", "IDN")
        ferry.run("contact", "update", "运维", "--mobile", "")
        equal(ferry.json("contact", "show", "运维")["webhook_hosts"], ["oapi.dingtalk.com"], "what was not named stays")
        ferry.run("contact", "show", "运维")
        for root, _, names in os.walk(ferry.data):
            for name in names:
                if name != "socket":
                    with open(os.path.join(root, name), "rb") as file:
                        true(b"3f9c0b7d5a6e4812" not in file.read(), f"the token is in {name}")
        true(not any("3f9c0b7d5a6e4812" in text for text in ferry.everything), "the token was printed")
        true("3f9c0b7d5a6e4812" not in read(simulator.output), "the token reached a cloud")
        ferry.run("contact", "update", "运维", "--no-webhooks")
        equal(ferry.json("contact", "show", "运维")["webhook_hosts"], [], "taken away")
        ferry.run("contact", "delete", "运维")
        ferry.run("contact", "show", "运维", code=1)


def test_R66_wrong_contacts_are_refused():
    with world("--domains", 12, clouds=()) as (_, ferry, _):
        plain = write(os.path.join(ferry.folder, "plain.url"), "http://example.com/token-of-a-bot")
        cases = (
            (("--name", "a"), "needs a mail address"),
            (("--name", "a", "--mail", "nobody"), "no at sign"),
            (("--name", "a", "--mobile", "13800000000"), "country"),
            (("--name", "a", "--webhook-file", plain), "not https"),
            (("--name", "1234", "--mail", "a@example.com"), "number"),
            (("--name", "", "--mail", "a@example.com"), "1 to 63"),
            (("--name", "x" * 64, "--mail", "a@example.com"), "1 to 63"),
            (("--name", "a", *[w for _ in range(6) for w in ("--webhook-file", plain)]), "at most 5"),
        )
        for words, why in cases:
            told = ferry.run("contact", "add", *words, code=1)
            true(why in told.err and "token-of-a-bot" not in told.err, f"{words}: {told.err}")
        ferry.run("contact", "add", "--name", "a", "--mail", "a@example.com")
        told = ferry.run("contact", "add", "--name", "a", "--mail", "b@example.com", code=1)
        true("a" in told.err, told.err)
        told = ferry.run("contact", "update", "a", "--mail", "", code=1)
        true("needs a mail address" in told.err, told.err)


def test_R66_a_task_names_at_most_ten_contacts_and_keeps_them():
    with world("--domains", 24, "--services", "aliyun/cdn", clouds=("aliyun",)) as (_, ferry, certificates):
        new = certificates.leaf()
        ferry.run("cert", "import", "--cert", new.full, "--key", new.key, "--name", "new")
        ferry.run("resource", "sync")
        for i in range(11):
            ferry.run("contact", "add", "--name", f"c{i}", "--mail", f"c{i}@example.com")
        told = ferry.run("task", "create", "--cert", "new", *[w for i in range(11) for w in ("--contact", f"c{i}")], code=1)
        true("at most 10" in told.err, told.err)
        told = ferry.run("task", "create", "--cert", "new", "--contact", "nobody", code=1)
        true("nobody" in told.err, told.err)
        made = json.loads(ferry.any("task", "create", "--cert", "new", "--contact", "c3", "--contact", "c1", "--contact", "c3", "--json").out)
        task = made["task"]["id"]
        true("contacts: c3, c1\n" in ferry.run("task", "show", task).out, "told in their order, once")
        ferry.any("task", "update", task, "--contact", "c4")
        true("contacts: c4\n" in ferry.run("task", "show", task).out, "others instead")
        ferry.any("task", "update", task, "--no-contacts")
        true("contacts:" not in ferry.run("task", "show", task).out, "nobody")
        ferry.any("task", "update", task, "--contact", "c3", "--contact", "c1")
        told = ferry.run("contact", "delete", "c1", code=1)
        true(str(task) in told.err and "editing" in told.err, told.err)
        ferry.run("contact", "delete", "c5")
        ferry.any("task", "submit", task, "--yes")
        equal(ferry.task(task)["task"]["state"], "success", "the task's state")
        ferry.run("contact", "delete", "c1")
        true("contacts: c3\n" in ferry.run("task", "show", task).out, "who is gone is gone there, too")
        none = json.loads(ferry.any("task", "create", "--cert", "new", "--json").out)
        equal(none["task"]["selection"]["contacts"], [], "our own tasks may name none")
