"""Who may what: access groups, API keys and tokens."""
import json
import os

from lib import equal, true, world, write
from test_api import ask


def everything_in(folder):
    for where, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(where, name)
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    yield path, file.read()


def test_keys_and_tokens_are_shown_once_and_kept_closed():
    with world("--domains", 12, clouds=("aliyun",)) as (_, ferry, _):
        ferry.run("group", "add", "shop", "--access", "aliyun")
        key_id, secret = ferry.run("api-key", "create", "pipeline", "--role", "operator", "--group", "shop").out.split()
        token = ferry.run("token", "create", "dash", "--role", "viewer", "--expires", "2099-01-31").out.strip()
        true(key_id.startswith("CF") and len(key_id) == 24 and len(secret) == 48 and token.startswith("cft_"), f"{key_id} {token[:8]}")
        listed = ferry.run("api-key", "list").out + ferry.run("token", "list").out + ferry.run("--json", "api-key", "list").out
        true(key_id in listed and "operator in shop" in listed and "viewer everywhere" in listed and "2099-01-31" in listed, listed)
        true(secret not in listed and token not in listed, "a list shows a secret")
        for path, data in everything_in(ferry.folder):
            true(secret.encode() not in data and token.encode() not in data, f"{path} holds a secret")
        refused = ferry.run("group", "delete", "shop", code=1).err
        true("pipeline" in refused, refused)
        equal(ferry.run("token", "delete", "pipeline", code=1).out, "", "a key is no token")
        ferry.run("api-key", "delete", "pipeline")
        ferry.run("group", "delete", "shop")
        equal(json.loads(ferry.run("--json", "api-key", "list").out)["items"], [], "keys")


def test_what_is_wrong_with_a_key_is_said():
    with world("--domains", 12, clouds=()) as (_, ferry, _):
        for words, told in ((("--role", "king"), "viewer, operator, approver or admin"), (("--role", "viewer", "--group", "none"), "none"),
                            (("--role", "viewer", "--expires", "2001-01-01"), "ended already"), (("--role", "viewer", "--owner", "none"), "none")):
            refused = ferry.run("token", "create", "t", *words, code=1).err
            true(told in refused, refused)
        equal(ferry.run("token", "create", "t", code=64).out, "", "no role")
        ferry.run("token", "create", "t", "--role", "viewer")
        true("t" in ferry.run("token", "create", "t", "--role", "viewer", code=1).err, "the same name twice")


def token(ferry, name, *words):
    return write(os.path.join(ferry.folder, name + ".token"), ferry.run("token", "create", name, *words).out)


def test_a_token_may_what_its_role_says():
    with world("--domains", 12, clouds=("aliyun", "tencent")) as (_, ferry, certificates):
        new = certificates.leaf()
        ferry.run("cert", "import", "--cert", new.full, "--key", new.key, "--name", "new")
        ferry.run("group", "add", "shop", "--access", "aliyun")
        with ferry.serve():
            path = os.path.join(ferry.data, "socket")
            viewer = token(ferry, "viewer", "--role", "viewer")
            shop = token(ferry, "shop", "--role", "operator", "--group", "shop")
            exporter = token(ferry, "exporter", "--role", "viewer", "--export")
            true("operator" in ferry.run("cert", "import", "--cert", new.full, "--key", new.key, "--token-file", viewer, code=1).err, "a viewer imports")
            true("right of its own" in ferry.run("cert", "export", "new", "--token-file", shop, code=1).err, "exports without the right")
            true("PRIVATE KEY" in ferry.run("cert", "export", "new", "--token-file", exporter).out, "the right to export")
            # what belongs to others is not there
            equal([a["name"] for a in ferry.json("access", "list", "--token-file", shop)["items"]], ["aliyun"], "accesses")
            ferry.run("resource", "sync")
            clouds = {r["product"].split("/")[0] for r in ferry.json("resource", "list", "--limit", 1000, "--token-file", shop)["items"]}
            equal(clouds, {"aliyun"}, "clouds of the resources")
            absent = ferry.run("access", "delete", "tencent", "--token-file", shop, code=1).err
            equal(absent.replace("tencent", "nobody"), ferry.run("access", "delete", "nobody", "--token-file", shop, code=1).err, "what is told")
            true("name the accesses" in ferry.run("task", "create", "--cert", "new", "--token-file", shop, code=1).err, "all accesses")
            ferry.run("task", "create", "--cert", "new", "--access", "aliyun", "--name", "ours", "--token-file", shop)
            ferry.run("task", "create", "--cert", "new", "--name", "theirs")
            equal([t["name"] for t in ferry.json("task", "list", "--token-file", shop)["items"]], ["ours"], "tasks")
            ferry.run("token", "create", "more", "--role", "admin", "--token-file", shop, code=1)
            # a token that went, a wrong one, and none of ours
            ferry.run("token", "delete", "viewer")
            for value in (open(viewer, encoding="ascii").read().strip(), "cft_" + "0" * 64, "x", ""):
                status, head, _ = ask(path, "GET", "/api/v1/status", headers=["Authorization: Bearer " + value])
                equal(status, 401, f"status with the token {value[:8]}")
                true("www-authenticate: bearer" in head, head)
