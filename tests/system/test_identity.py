"""Who may what: access groups, API keys and tokens."""
import json
import os

from lib import equal, true, world


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
