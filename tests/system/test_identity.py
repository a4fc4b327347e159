"""Who may what: access groups, API keys and tokens."""
import base64
import contextlib
import hmac
import http.client
import json
import os
import struct
import time

from lib import equal, poll, shell, true, world, write
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


class Browser:
    """What a page of certferry's does: keeps the cookie, and sends along what the session was told to."""

    def __init__(self, port, host=None):
        self.port, self.host, self.cookie, self.csrf = port, host or f"127.0.0.1:{port}", None, None

    def ask(self, method, path, body=None, headers=None):
        told = {"Host": self.host, "Content-Type": "application/json"}
        if self.cookie:
            told["Cookie"] = self.cookie
        if self.csrf:
            told["X-CSRF-Token"] = self.csrf
        told.update(headers or {})
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, "/api/v1" + path, json.dumps(body) if body is not None else None,
                           {k: v for k, v in told.items() if v is not None})
        answer = connection.getresponse()
        text = answer.read()
        self.headers = answer.headers
        connection.close()
        cookie = answer.headers.get("Set-Cookie")
        if cookie:
            true("HttpOnly" in cookie and "SameSite=Strict" in cookie and "Path=/" in cookie, cookie)
            self.cookie = cookie.split(";")[0]
        document = json.loads(text) if text else {}
        if answer.status < 300 and document.get("csrf"):
            self.csrf = document["csrf"]
        return answer.status, document

    def must(self, status, method, path, body=None, headers=None):
        got, document = self.ask(method, path, body, headers)
        equal(got, status, f"{method} {path} {document}")
        return document


@contextlib.contextmanager
def serving(ferry):
    with ferry.serve():
        yield ferry.ports()[0]


def test_the_first_admin_is_made_with_the_token_of_the_file_once():
    with world("--domains", 12, clouds=()) as (_, ferry, _):
        path = os.path.join(ferry.data, "setup-token")
        with serving(ferry) as port:
            poll("the setup token", lambda: os.path.exists(path))
            equal(os.stat(path).st_mode & 0o777, 0o600, "its mode")
            secret = open(path, encoding="ascii").read().strip()
            true(len(secret) == 64, secret)
            browser = Browser(port)
            wanted = {"token": secret, "user": "ann", "password": "a long enough one"}
            browser.must(403, "POST", "/setup", {**wanted, "token": "0" * 64})
            for bad in ("short", "a" * 40, "password1234", "x" * 300):
                browser.must(400, "POST", "/setup", {**wanted, "password": bad})
            true(browser.must(201, "POST", "/setup", wanted)["roles"][0]["role"] == "admin", "no admin")
            true(not os.path.exists(path), "the token stays")
            browser.must(403, "POST", "/setup", {**wanted, "user": "eve"})
            equal(browser.must(200, "GET", "/session")["name"], "ann", "who am I")
        with serving(ferry) as port:
            browser.port, browser.host = port, f"127.0.0.1:{port}"
            equal(browser.must(200, "GET", "/session")["name"], "ann", "after a restart")
            true(not os.path.exists(path), "a second token")


def test_sessions_need_their_cookie_and_changes_their_page():
    with world("--domains", 12, clouds=()) as (_, ferry, _):
        first = ferry.run("user", "create", "bob", "--role", "admin").out.strip()
        with serving(ferry) as port:
            browser, other = Browser(port), Browser(port)
            browser.must(401, "GET", "/status")
            browser.must(401, "POST", "/session", {"user": "bob", "password": first + "x"})
            browser.must(401, "POST", "/session", {"user": "nobody", "password": first})
            browser.must(201, "POST", "/session", {"user": "bob", "password": first})
            # somebody else made the password: nothing but changing it
            true("change it first" in browser.must(403, "GET", "/status")["detail"], "not told to change it")
            other.must(201, "POST", "/session", {"user": "bob", "password": first})
            browser.must(401, "POST", "/session/password", {"password": "wrong", "new_password": "another good one"})
            browser.must(200, "POST", "/session/password", {"password": first, "new_password": "another good one"})
            browser.must(200, "GET", "/status")
            other.must(401, "GET", "/status")  # the other session went with the old password
            # what changes something shows that the page is ours
            group = {"name": "g"}
            for csrf in (None, "", "0" * 64, browser.csrf[:-1]):
                browser.must(403, "POST", "/groups", group, {"X-CSRF-Token": csrf})
            browser.must(403, "POST", "/groups", group, {"Origin": "https://evil.example"})
            browser.must(403, "POST", "/session", {"user": "bob", "password": "x"}, {"Origin": "null"})
            browser.must(201, "POST", "/groups", group, {"Origin": f"http://127.0.0.1:{port}"})
            for name in ("evil.example", f"evil.example:{port}", "127.0.0.1.evil.example", ""):
                equal(browser.ask("GET", "/status", headers={"Host": name})[0], 421, f"Host: {name}")
            browser.must(200, "GET", "/status", headers={"Host": f"localhost:{port}"})
            old = browser.cookie
            browser.must(200, "DELETE", "/session")
            browser.cookie = old
            browser.must(401, "GET", "/status")
            browser.must(201, "POST", "/session", {"user": "bob", "password": "another good one"})
            ferry.run("user", "update", "bob", "--disable")
            browser.must(401, "GET", "/status")
            browser.cookie = None
            browser.must(401, "POST", "/session", {"user": "bob", "password": "another good one"})
            ferry.run("user", "update", "bob", "--enable", "--role", "viewer")
            browser.must(201, "POST", "/session", {"user": "bob", "password": "another good one"})
            browser.must(403, "POST", "/groups", {"name": "h"})
        for path, data in everything_in(ferry.folder):
            for secret in (first, "another good one", old.split("=")[1]):
                true(secret.encode() not in data, f"{path} holds a secret")


def test_guessing_locks_the_name_whoever_it_is_and_a_restart_forgives_nothing():
    with world("--domains", 12, clouds=()) as (_, ferry, _):
        password = ferry.run("user", "create", "bob", "--role", "viewer").out.strip()
        answers = {}
        with serving(ferry) as port:
            for name in ("bob", "nobody"):
                answers[name] = [Browser(port).ask("POST", "/session", {"user": name, "password": "guess"}) for _ in range(7)]
        equal([s for s, _ in answers["bob"]], [401] * 5 + [429] * 2, "answers")
        equal(answers["bob"], answers["nobody"], "a name that exists is told from one that does not")
        with serving(ferry) as port:
            browser = Browser(port)
            browser.must(429, "POST", "/session", {"user": "bob", "password": password})
            true(int(browser.headers["Retry-After"]) in range(1, 61), str(browser.headers))
            ferry.run("user", "update", "bob", "--unlock")
            browser.must(201, "POST", "/session", {"user": "bob", "password": password})


def rows_of(ferry):
    return [json.loads(line) for line in ferry.run("audit", "export").out.splitlines()]


def test_every_change_and_export_is_in_the_audit_without_secrets():
    with world("--domains", 12, clouds=("aliyun",)) as (simulator, ferry, certificates):
        new, password = certificates.leaf(), ""
        ferry.run("cert", "import", "--cert", new.full, "--key", new.key, "--name", "new")
        ferry.run("access", "update", "aliyun", "--name", "renamed", "--calls-per-second", 7)
        ferry.run("contact", "add", "--name", "bot", "--webhook-file", write(os.path.join(ferry.folder, "hook"), "https://oapi.dingtalk.com/robot/send?access_token=HOOKTOKEN"))
        exported = ferry.run("cert", "export", "new").out
        token(ferry, "dash", "--role", "operator")
        task = ferry.json("task", "create", "--cert", "new", "--product", "aliyun/cdn", "--name", "t", "--token-file", os.path.join(ferry.folder, "dash.token"))["task"]["id"]
        ferry.run("task", "delete", task, "--yes")
        before = len(rows_of(ferry))
        ferry.run("cert", "list")
        ferry.run("task", "create", "--cert", "nothing", code=1)
        ferry.run("deploy", "--cert", "new", "--dry-run")
        with serving(ferry) as port:
            password = ferry.run("user", "create", "bob", "--role", "admin").out.strip()
            browser = Browser(port)
            browser.must(401, "POST", "/session", {"user": "bob", "password": "WRONGPASSWORD"})
            browser.must(201, "POST", "/session", {"user": "bob", "password": password})
            browser.must(200, "POST", "/session/password", {"password": password, "new_password": "another good one"})
            made = browser.must(201, "POST", "/groups", {"name": "g"})
            request = browser.headers["X-Request-Id"]
        rows = rows_of(ferry)[::-1]
        actions = [r["action"] for r in rows]
        equal(actions[:2], ["POST /api/v1/accesses", "POST /api/v1/certificates"], "the first actions")
        update = next(r for r in rows if r["action"] == "PATCH /api/v1/accesses/{access}")
        equal((update["object"], update["object_name"], update["who_kind"], update["source"]), ("access", "renamed", "local", "unix"), "the update")
        equal(update["changes"], {"name": ["aliyun", "renamed"], "calls_per_second": [500, 7]}, "old and new")
        equal(next(r for r in rows if r["action"].endswith("/export"))["object_name"], "new", "the export")
        create = next(r for r in rows if r["action"] == "POST /api/v1/tasks")
        equal((create["who_kind"], create["who"], create["object_id"]), ("token", "dash", task), "who made the task")
        equal(actions[before:], ["POST /api/v1/users", "POST /api/v1/session", "POST /api/v1/session/password", "POST /api/v1/groups"], "what reads is not there")
        group = rows[-1]
        equal((group["who_kind"], group["who"], group["source"], group["object_id"], group["request"]), ("user", "bob", "127.0.0.1", made["id"], request), "the group")
        text = json.dumps(rows)
        secrets = [password, "another good one", "WRONGPASSWORD", "HOOKTOKEN", "PRIVATE KEY", exported.split("\n")[-3], open(os.path.join(ferry.folder, "dash.token"), encoding="ascii").read().strip()]
        for secret in secrets + [a["secret"] for a in simulator.ready["accesses"]]:
            true(secret not in text, f"the audit tells {secret[:6]}...")
        true("(secret)" in text, "nothing was left out")
        true("whole" in ferry.run("audit", "verify").out, "whole")
        shell("sqlite3", os.path.join(ferry.data, "certferry.db"), "UPDATE audit SET who = 'eve' WHERE place = 3; DELETE FROM audit WHERE place = 5")
        told = ferry.run("audit", "verify", code=1).out
        true("row 3 was changed" in told and "row 5 is missing" in told and "NOT whole" in told, told)


def test_what_cannot_be_recorded_is_not_done():
    with world("--domains", 12, clouds=()) as (_, ferry, _):
        ferry.run("group", "add", "first")
        shell("sqlite3", os.path.join(ferry.data, "certferry.db"), "CREATE TRIGGER ill BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'ill'); END")
        ferry.run("group", "add", "second", code=1)
        ferry.run("group", "delete", "first", code=1)
        equal([g["name"] for g in ferry.json("group", "list")["items"]], ["first"], "groups")
        shell("sqlite3", os.path.join(ferry.data, "certferry.db"), "DROP TRIGGER ill")
        ferry.run("group", "add", "second")
        true("whole" in ferry.run("audit", "verify").out, "whole")


def totp(secret, step):
    digest = hmac.new(base64.b32decode(secret), struct.pack(">Q", step), "sha1").digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7fffffff) % 1000000:06}"


def test_a_second_factor_is_asked_for_and_no_code_counts_twice():
    with world("--domains", 12, clouds=()) as (_, ferry, _):
        first = ferry.run("user", "create", "bob", "--role", "viewer").out.strip()
        login = {"user": "bob", "password": "another good one"}
        with serving(ferry) as port:
            browser, other = Browser(port), Browser(port)
            browser.must(201, "POST", "/session", {"user": "bob", "password": first})
            browser.must(200, "POST", "/session/password", {"password": first, "new_password": login["password"]})
            browser.must(401, "POST", "/session/totp", {"password": "wrong"})
            secret = browser.must(201, "POST", "/session/totp", {"password": login["password"]})["secret"]
            other.must(201, "POST", "/session", login)  # not asked for before it was confirmed
            step = int(time.time()) // 30
            browser.must(400, "POST", "/session/totp/confirm", {"code": "000000" if totp(secret, step) != "000000" else "000001"})
            used = totp(secret, step)
            codes = browser.must(200, "POST", "/session/totp/confirm", {"code": used})["recovery"]
            equal(len(set(codes)), 10, "codes for the paper")
            equal(other.must(401, "POST", "/session", login)["code"], "second_factor", "what is missing")
            other.must(401, "POST", "/session", {**login, "code": used})  # the code that confirmed it
            other.must(401, "POST", "/session", {**login, "code": "12345"})
            other.must(401, "POST", "/session", {"user": "bob", "password": "wrong", "code": codes[0]})  # which is not used up by that
            ferry.run("user", "update", "bob", "--unlock")
            other.must(201, "POST", "/session", {**login, "code": codes[0].lower().replace("-", " ")})
            other.must(401, "POST", "/session", {**login, "code": codes[0]})
            following = totp(secret, step + 1)
            other.must(201, "POST", "/session", {**login, "code": following})
            other.must(401, "POST", "/session", {**login, "code": following})
            true("yes" in ferry.run("user", "list").out, "the list")
            browser.must(401, "POST", "/session/totp/remove", {"password": login["password"], "code": following})
            browser.must(200, "POST", "/session/totp/remove", {"password": login["password"], "code": codes[1]})
            other.must(201, "POST", "/session", login)
            # whoever lost both
            secret = other.must(201, "POST", "/session/totp", {"password": login["password"]})["secret"]
            other.must(200, "POST", "/session/totp/confirm", {"code": totp(secret, int(time.time()) // 30 + 1)})
            other.must(401, "POST", "/session", login)
            ferry.run("user", "update", "bob", "--remove-totp", "--unlock")
            other.must(201, "POST", "/session", login)
        for path, data in everything_in(ferry.folder):
            for value in (secret, base64.b32decode(secret), codes[5], codes[5].replace("-", "")):
                true((value if isinstance(value, bytes) else value.encode()) not in data, f"{path} holds a secret")


def test_a_marked_access_wants_a_second_person():
    with world("--domains", 12, clouds=("aliyun",)) as (simulator, ferry, certificates):
        new = certificates.leaf()
        ferry.run("cert", "import", "--cert", new.full, "--key", new.key, "--name", "new")
        ferry.run("resource", "sync")
        ferry.run("group", "add", "guarded", "--access", "aliyun", "--second-person")
        first, second, operator = (token(ferry, n, "--role", r) for n, r in (("ann", "approver"), ("bob", "approver"), ("eve", "operator")))
        with ferry.serve():
            def create():
                return str(ferry.json("task", "create", "--cert", "new", "--product", "aliyun/cdn", "--token-file", first)["task"]["id"])

            def state(task):
                return ferry.json("task", "show", task)["task"]["state"]
            task = create()
            waits = ferry.run("task", "submit", task, "--yes", "--token-file", first, code=4)
            true("another person" in waits.err and "task approve" in waits.err, waits.err)
            equal(state(task), "editing", "it did not start")
            true("submitted by you" in ferry.run("task", "approve", task, "--token-file", first, code=4).err, "by oneself")
            true("approver" in ferry.run("task", "approve", task, "--token-file", operator, code=4).err, "by an operator")
            # what was changed since is another plan
            ferry.run("task", "update", task, "--name", "other", "--exclude", "nothing.example")
            true("changed since" in ferry.run("task", "approve", task, "--token-file", second, code=4).err, "a changed task")
            ferry.run("task", "submit", task, "--yes", "--token-file", first, code=4)
            ferry.run("task", "approve", task, "--wait", "--token-file", second)
            equal(state(task), "success", "approved")
            true("waits for nobody" in ferry.run("task", "approve", task, "--token-file", second, code=4).err, "twice")
            rows = [(r["who"], r["action"]) for r in rows_of(ferry) if r["action"].endswith(("submit", "approve"))][::-1]
            equal(rows, [("ann", "POST /api/v1/tasks/{task}/submit")] * 2 + [("bob", "POST /api/v1/tasks/{task}/approve")], "the audit")
            ferry.run("group", "update", "guarded", "--second-person", "no")
            ferry.run("task", "submit", create(), "--yes", "--wait", "--token-file", first)
