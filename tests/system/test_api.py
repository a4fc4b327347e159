"""The API on its Unix socket, spoken to by hand: what is wrong gets a problem in JSON, and who is not the owner gets nothing."""
import json
import os
import socket
import subprocess

from lib import Skip, equal, poll, true, world


def raw(path, data, seconds=15):
    """Sends bytes, reads until the other side closes."""
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(path)  # without a timeout, as it waits for room among those not accepted yet only then
        s.settimeout(seconds)
        try:
            s.sendall(data)
        except OSError:
            pass  # it has answered and closed before all was sent
        answer = b""
        try:
            while chunk := s.recv(65536):
                answer += chunk
        except ConnectionResetError:
            pass
        return answer


def ask(path, method, target, body=b"", headers=()):
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost", "Connection: close", *headers]
    if body or method in ("POST", "PATCH"):
        lines += [f"Content-Length: {len(body)}", "Content-Type: application/json"]
    head, _, rest = raw(path, "\r\n".join(lines).encode() + b"\r\n\r\n" + body).partition(b"\r\n\r\n")
    true(head.startswith(b"HTTP/1.1 "), f"{method} {target[:60]}: no HTTP answer: {head[:100]!r}")
    return int(head.split()[1]), head.decode().lower(), rest


def problem(path, wanted, method, target, body=b"", headers=()):
    status, head, rest = ask(path, method, target, body, headers)
    what = f"{method} {target[:60]} {body[:60]!r}"
    true(status in wanted if isinstance(wanted, tuple) else status == wanted, f"{what}: {status} {rest[:300]!r}")
    true("application/problem+json" in head, f"{what}: {head}")
    document = json.loads(rest)
    true(document["status"] == status and document["title"] and document["detail"], f"{what}: {document}")
    return document


def test_wrong_requests_get_problems():
    with world("--domains", 12, clouds=()) as (_, ferry, _):
        with ferry.serve():
            path = os.path.join(ferry.data, "socket")
            equal(ask(path, "GET", "/api/v1/status")[0], 200, "status")
            problem(path, 404, "GET", "/api/v1/nothing")
            problem(path, 404, "GET", "/")
            problem(path, 405, "DELETE", "/api/v1/status")
            problem(path, 405, "PUT", "/api/v1/tasks")
            problem(path, 404, "GET", "/api/v1/tasks/12345")
            problem(path, 400, "GET", "/api/v1/tasks?limit=x")
            told = problem(path, 400, "POST", "/api/v1/tasks", b'{"certificates":["a"],"surprise":1}')
            true("surprise" in told["detail"], told["detail"])
            for body in (b"", b"{", b"[]", b"null", b'"x"', b'{"certificates":"a"}', b'{"certificates":[1]}', b'{"certificates":["a"],"certificates":["b"]}',
                         b'{"certificates":["\xff"]}', b"{" * 100000, b'{"a":' * 100000, b'{"certificates":["' + b"a" * 100000 + b'"]}',
                         json.dumps({"certificates": ["a"] * 100000}).encode()):
                problem(path, (400, 404, 413), "POST", "/api/v1/tasks", body)
            problem(path, (400, 413), "POST", "/api/v1/certificates", b'{"cert":"' + b"A" * (1 << 20) + b'"}')
            problem(path, 400, "POST", "/api/v1/accesses", b'{"cloud":"nowhere","name":"x","key_id":"x","secret":"x"}')
            equal(ask(path, "GET", "/api/v1/status")[0], 200, "status at last")


def test_hostile_sizes_and_framing_are_refused():
    with world("--domains", 12, clouds=()) as (_, ferry, _):
        with ferry.serve() as server:
            path = os.path.join(ferry.data, "socket")
            problem(path, (400, 414), "GET", "/api/v1/tasks?state=" + "a" * 70000)
            problem(path, (400,), "GET", "/api/v1/tasks/%00")
            problem(path, (400,), "GET", "/api/v1/tasks/%2F")
            problem(path, (400, 404), "GET", "/api/v1/../../etc/passwd")
            status, _, _ = ask(path, "GET", "/api/v1/status", headers=["X-A: " + "a" * 1000000])
            true(status in (400, 413, 431), f"a long header: {status}")
            told = raw(path, b"POST /api/v1/tasks HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 99999999999\r\n\r\n")
            true(told.split()[1] in (b"400", b"413"), f"a huge body: {told[:200]!r}")
            told = raw(path, b"POST /api/v1/tasks HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
            true(told.split()[1] == b"400", f"two framings: {told[:200]!r}")
            for noise in (b"\0" * 5000, b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00" + b"a" * 600, b"GET / HTTP/9.9\r\n\r\n"):
                told = raw(path, noise + b"\r\n\r\n")
                true(told == b"" or told.startswith(b"HTTP/1."), f"{noise[:20]!r}: {told[:80]!r}")
            equal(ask(path, "GET", "/api/v1/status")[0], 200, "status at last")
            true(server.poll() is None, "the server lives")


def test_many_connections_do_not_stop_the_server():
    with world("--domains", 12, clouds=()) as (_, ferry, _):
        with ferry.serve():
            path = os.path.join(ferry.data, "socket")
            held = []
            try:
                for _ in range(600):
                    s = socket.socket(socket.AF_UNIX)
                    s.settimeout(5)
                    try:
                        s.connect(path)
                    except OSError:
                        s.close()
                        break
                    held.append(s)
                true(len(held) > 100, f"{len(held)} connections")
                equal(ask(path, "GET", "/api/v1/status")[0], 200, "status beside them")
            finally:
                for s in held:
                    s.close()


def test_another_user_is_refused():
    if os.getuid():
        raise Skip("needs root to become another user")
    with world("--domains", 12, clouds=()) as (_, ferry, _):
        with ferry.serve():
            path = os.path.join(ferry.data, "socket")
            words = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "curl", "-s", "-m", "10", "-w", "%{http_code}",
                     "--unix-socket", path, "http://localhost/api/v1/status"]

            def other():
                return subprocess.run(words, capture_output=True, timeout=30, check=False)
            true(other().returncode != 0, "the folder is closed")
            # Even where somebody opened the folder and the socket to all.
            os.chmod(ferry.folder, 0o755)
            os.chmod(ferry.data, 0o755)
            os.chmod(path, 0o777)
            answer = other()
            equal(answer.stdout[-3:], b"403", f"another user's answer {answer.stdout!r}")
            equal(json.loads(answer.stdout[:-3])["kind"], "permission", "its problem")
            equal(ask(path, "GET", "/api/v1/status")[0], 200, "our own")


def test_R104_a_task_is_patched_until_it_is_submitted():
    with world("--each", 2, clouds=("aliyun",), services=("--services", "aliyun/cdn")) as (_, ferry, certificates):
        with ferry.serve():
            path, new = os.path.join(ferry.data, "socket"), certificates.leaf()
            ferry.run("cert", "import", "--cert", new.full, "--key", new.key, "--name", "new")
            ferry.any("task", "create", "--cert", "new", "--sync")
            task = f"/api/v1/tasks/{ferry.last_task()}"

            def patch(**change):
                status, _, rest = ask(path, "PATCH", task, json.dumps(change).encode())
                equal(status, 200, f"{change}: {rest[:300]!r}")
                return json.loads(rest)

            first = ferry.task(task.split("/")[-1])["deployments"][0]["resource"]
            view = patch(name="another", verify=False)
            equal((view["task"]["name"], view["task"]["selection"]["verify"]), ("another", False), "what was named")
            rows = {d["resource"] for d in view["deployments"]}
            true(first in rows, f"{first} of {rows}")
            equal({d["resource"] for d in patch(remove=[str(first)])["deployments"]}, rows - {first}, "one removed")
            equal({d["resource"] for d in patch(add=[str(first)])["deployments"]}, rows, "and added again")
            equal(json.loads(ask(path, "GET", task)[2])["name"], "another", "what was not named stays")
            for body in (b'{"surprise":1}', b'{"name":1}', b'{"verify":"no"}', b"[]", b'{"remove":"x"}'):
                problem(path, 400, "PATCH", task, body)
            problem(path, 404, "PATCH", "/api/v1/tasks/12345", b'{"name":"x"}')
            ferry.any("task", "submit", task.split("/")[-1], "--yes")
            told = problem(path, 409, "PATCH", task, b'{"name":"late"}')
            true("only a task that was not submitted can be changed" in told["detail"], told["detail"])
            equal(json.loads(ask(path, "GET", task)[2])["name"], "another", "and nothing was changed")


def test_events_end_with_the_task():
    with world("--domains", 12, "--settle-ms", 300) as (_, ferry, certificates):
        with ferry.serve():
            new = certificates.leaf()
            ferry.run("deploy", "--cert-file", new.full, "--key-file", new.key, "--yes")
            task = ferry.last_task()
            status, head, rest = ask(os.path.join(ferry.data, "socket"), "GET", f"/api/v1/tasks/{task}/events")
            equal(status, 200, "status")
            true("text/event-stream" in head, head)
            states = [json.loads(line[5:]) for line in rest.replace(b"\r\n", b"\n").split(b"\n") if line.startswith(b"data:")]
            equal(states[-1]["state"], "success", "the last event")
            poll("final", lambda: ferry.task(task)["task"]["state"] == "success")
