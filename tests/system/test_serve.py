"""The service over TCP: where it listens and where it refuses to, TLS with a certificate of ours that is renewed while it runs, and its settings."""
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile

from lib import CERTFERRY, ROOT, Certificates, Ferry, Skip, equal, leaf_at, poll, read, true, world, write


@contextlib.contextmanager
def store():
    """A store of its own, without any cloud."""
    folder = tempfile.mkdtemp(prefix="certferry-")
    try:
        yield Ferry(folder), Certificates(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def ask(port, text, context=None, seconds=15):
    """Sends a request, reads until the other side closes."""
    with socket.create_connection(("127.0.0.1", port), seconds) as plain:
        with (context.wrap_socket(plain, server_hostname="ferry.example.com") if context else contextlib.nullcontext(plain)) as s:
            answer = b""
            try:
                s.sendall(text)
                while chunk := s.recv(65536):
                    answer += chunk
            except (ConnectionResetError, BrokenPipeError, ssl.SSLEOFError):
                pass
            return answer


def get(port, path, context=None):
    return ask(port, f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode(), context)


def request(method, path, token, body):
    text = json.dumps(body)
    return (f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {read(token).strip()}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n{text}").encode()


def status(answer):
    true(answer.startswith(b"HTTP/1.1 "), f"no HTTP answer: {answer[:100]!r}")
    return int(answer.split()[1])


def test_tcp_tells_health_to_anybody_and_nothing_else():
    with store() as (ferry, _), ferry.serve():
        port = ferry.ports()[0]
        for path, words in (("/healthz", b'"ok"'), ("/readyz", b'"ready"')):
            answer = get(port, path)
            equal(status(answer), 200, path)
            true(words in answer, f"{path}: {answer!r}")
        for path in ("/api/v1/status", "/api/v1/certificates", "/api/v1/nothing", "/"):
            answer = get(port, path)
            equal(status(answer), 401, path)
            true(b"WWW-Authenticate: Bearer" in answer and b"application/problem+json" in answer, f"{path}: {answer!r}")


def test_a_token_is_somebody_over_tcp():
    with store() as (ferry, certificates):
        leaf = certificates.leaf("127.0.0.1", "localhost")
        ferry.run("cert", "import", "--cert", leaf.full, "--key", leaf.key)
        token = write(os.path.join(ferry.folder, "token"), ferry.run("token", "create", "t", "--role", "viewer").out)
        with ferry.serve():
            url = f"http://127.0.0.1:{ferry.ports()[0]}"
            equal(len(ferry.json("cert", "list", "--server", url, "--token-file", token)["items"]), 1, "what it sees")
            equal(ferry.run("cert", "list", "--server", url, code=1).out, "", "nobody sees nothing")
            write(token, "cft_" + "x" * 48)
            told = ferry.run("cert", "list", "--server", url, "--token-file", token, code=1)
            true(told.out == "", told.out)


def test_beyond_this_machine_it_refuses_to_start_without_tls():
    with store() as (ferry, _):
        for where in ("0.0.0.0:0", "[::]:0", "127.0.0.1:0, 192.0.2.1:0"):
            told = ferry.run("serve", "--listen", where, code=1)
            true("needs TLS" in told.err and told.err.count("\n") == 1, told.err)
        true(not os.path.exists(ferry.data), "nothing was opened")
        for words in (("--tls-cert", "/x"), ("--tls-key", "/x"), ("--tls-cert", "/x", "--tls-key", "/x", "--tls-certificate", "1")):
            told = ferry.run("serve", "--listen", "127.0.0.1:0", *words, code=1)
            true("tls-certificate" in told.err, told.err)
        told = ferry.run("serve", "--listen", "127.0.0.1:0", "--tls-cert", "/nowhere/cert", "--tls-key", "/nowhere/key", code=1)
        true("/nowhere/cert" in told.err, told.err)


def test_listens_where_it_is_told():
    with store() as (ferry, _):
        with ferry.serve(listen="off"):
            equal(ferry.ports(), [], "no port")
        with ferry.serve(listen="127.0.0.1:0, [::1]:0"):
            first, second = ferry.ports()
            equal(status(get(first, "/healthz")), 200, "IPv4")
            with socket.create_connection(("::1", second), 10) as s:
                s.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                true(b"200 OK" in s.recv(4096), "IPv6")
            other = Ferry(ferry.folder, "other")
            told = other.run("serve", "--listen", f"127.0.0.1:{first}", code=1)
            true("in use" in told.err, told.err)


def trusting(certificates):
    context = ssl.create_default_context(cafile=certificates.root.cert)
    context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
    return context


def test_tls_files_are_read_again_when_they_change_and_on_hangup():
    with store() as (ferry, certificates):
        first, second, third = (certificates.leaf("ferry.example.com", key=kind) for kind in ("ec", "rsa", "ec"))
        cert, key = os.path.join(ferry.folder, "tls.pem"), os.path.join(ferry.folder, "tls.key")

        def place(leaf):
            for path, source in ((cert, leaf.full), (key, leaf.key)):
                os.replace(write(path + ".new", read(source)), path)
        place(first)
        with ferry.serve("--tls-cert", cert, "--tls-key", key) as process:
            port = ferry.ports()[0]
            equal(status(get(port, "/healthz", trusting(certificates))), 200, "over TLS, by its root")
            true(b"HTTP" not in get(port, "/healthz"), "nothing in the clear")
            place(second)
            poll("the second is served", lambda: leaf_at(f"127.0.0.1:{port}", "a") == second.fingerprint)
            write(cert, "broken")
            poll("it is said", lambda: "tls.keep" in ferry.log())
            equal(leaf_at(f"127.0.0.1:{port}", "a"), second.fingerprint, "the one before stays")
            place(third)
            process.send_signal(signal.SIGHUP)
            poll("the third is served", lambda: leaf_at(f"127.0.0.1:{port}", "a") == third.fingerprint)
            true("PRIVATE" not in ferry.log(), "no key in the log")


def test_a_certificate_of_the_store_is_served_and_its_successor():
    with store() as (ferry, certificates):
        brief, longer, elsewhere = certificates.leaf("*.example.com", days=30), certificates.leaf("ferry.example.com", days=60), certificates.leaf("other.example", days=90)
        for leaf in (brief, elsewhere):
            ferry.run("cert", "import", "--cert", leaf.full, "--key", leaf.key)
        told = ferry.run("serve", "--listen", "127.0.0.1:0", "--tls-certificate", "none.example", code=1)
        true("no valid certificate" in told.err, told.err)
        with ferry.serve("--tls-certificate", "Ferry.Example.com"):
            port = ferry.ports()[0]
            equal(leaf_at(f"127.0.0.1:{port}", "a"), brief.fingerprint, "by its wildcard")
            ferry.run("cert", "import", "--cert", longer.full, "--key", longer.key)
            poll("the renewed one is served", lambda: leaf_at(f"127.0.0.1:{port}", "a") == longer.fingerprint)
        number = [c["id"] for c in ferry.rows("cert", "list") if c["fingerprint"] == brief.fingerprint][0]
        with ferry.serve("--tls-certificate", number):
            equal(leaf_at(f"127.0.0.1:{ferry.ports()[0]}", "a"), brief.fingerprint, "by its id")


def test_old_tls_is_refused():
    with store() as (ferry, certificates):
        leaf = certificates.leaf("ferry.example.com")
        with ferry.serve("--tls-cert", leaf.full, "--tls-key", leaf.key):
            where = f"127.0.0.1:{ferry.ports()[0]}"
            for version, wanted in (("-tls1_1", False), ("-tls1_2", True), ("-tls1_3", True)):
                done = subprocess.run(["timeout", "20", "openssl", "s_client", "-connect", where, version, "-cipher", "ALL:@SECLEVEL=0"], input=b"",
                                      capture_output=True, check=False)
                equal(b"BEGIN CERTIFICATE" in done.stdout, wanted, version)


def test_settings_come_from_flag_environment_and_file_in_this_order():
    with store() as (ferry, _):
        config = write(os.path.join(ferry.folder, "ferry.conf"), "# ours\n[serve]\nlisten = 127.0.0.1:0, 127.0.0.1:0\n[log]\nlog-level = info\n")
        with ferry.serve("--config", config):
            equal(len(ferry.ports()), 1, "the flag goes before the file")

        def served(environment, *options):
            before = ferry.environment
            ferry.environment = {**before, **environment}
            with ferry.serve(*options, listen=None):
                found = len(ferry.ports())
            ferry.environment = before
            return found
        equal(served({"CERTFERRY_CONFIG": config}), 2, "the file")
        equal(served({"CERTFERRY_LISTEN": "127.0.0.1:0"}, "--config", config), 1, "the environment goes before the file")
        equal(served({"CERTFERRY_LISTEN": "nonsense"}, "--config", config, "--listen", "off"), 0, "the flag goes before the environment")
        told = ferry.run("serve", code=64, environment={"CERTFERRY_LISTEN": "nonsense"})
        true("CERTFERRY_LISTEN" in told.err, told.err)
        equal(len(ferry.json("cert", "list", environment={"CERTFERRY_LOG_LEVEL": "debug"})["items"]), 0, "other commands know some")


def test_settings_that_are_wrong_are_told_with_their_line():
    with store() as (ferry, _):
        for text, words in (("[serve]\nlisten = 127.0.0.1\n", ":2: listen: "), ("[serve]\n\nlisten=off\n listen = off\n", ":4: listen is given twice"),
                            ("[serve]\nliste = off\n", ':2: there is no setting "liste" in [serve]'), ("listen = off\n", ':1: there is no setting "listen" in []'),
                            ("[log]\nlisten = off\n", ":2: there is no setting"), ("[log]\nlog-level = loud\n", ":2: log-level: "),
                            ("[serve]\nnonsense\n", ":2: neither"), ("[serve\n", ":1: neither"), ("[serve]\ntls-cert = tls.pem\n", ":2: tls-cert: "),
                            ("[serve]\ntls-key = credential:key\n", "no credentials"), ("[serve]\nlisten =\n", ":2: listen: is empty"),
                            ("#\n" + "#" * 300 + "\n", ":2: the line has more than"), ("[store]\ndata = /x\0y\n", "NUL")):
            config = write(os.path.join(ferry.folder, "ferry.conf"), text)
            told = ferry.run("serve", "--config", config, code=64)
            true(words in told.err and told.err.count("\n") == 1, f"{text!r}: {told.err}")


def test_the_sample_is_taken_and_the_manual_is_current():
    with store() as (ferry, _):
        sample = ferry.run("serve", "--print-config").out
        keys = re.findall(r"^#([a-z-]+) = ", sample, re.M)
        true(len(keys) > 5 and "listen" in keys, sample)
        config = write(os.path.join(ferry.folder, "ferry.conf"), sample.replace("#listen = 127.0.0.1:8640", "listen = 127.0.0.1:0"))
        with ferry.serve("--config", config):
            equal(len(ferry.ports()), 1, "its port")
        manual = ferry.run("help", "settings").out
        equal(manual, read(os.path.join(ROOT, "docs/configuration.md")), "docs/configuration.md is what `certferry help settings` prints")
        for key in keys:
            true(f"`{key}`" in manual, key)


def test_the_service_manager_hears_of_start_life_and_end():
    with store() as (ferry, _):
        path = os.path.join(ferry.folder, "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.bind(path)
            s.settimeout(20)
            ferry.environment.update(NOTIFY_SOCKET=path, WATCHDOG_USEC="200000")
            with ferry.serve():
                heard = {s.recv(100) for _ in range(4)}
                equal(heard, {b"READY=1", b"WATCHDOG=1"}, "start and life")
            while (last := s.recv(100)) == b"WATCHDOG=1":
                pass
            equal(last, b"STOPPING=1", "end")


def test_sockets_are_taken_from_the_service_manager():
    with store() as (ferry, certificates):
        leaf = certificates.leaf("ferry.example.com")
        for address, options, words in (("127.0.0.1", (), b"200 OK"), ("0.0.0.0", (), None), ("0.0.0.0", ("--tls-cert", leaf.full, "--tls-key", leaf.key), b"200 OK")):
            with socket.socket() as listener:
                listener.bind((address, 0))
                listener.listen(10)
                port, descriptor = listener.getsockname()[1], listener.fileno()
                script = 'exec 3<&"$0"; LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"'
                log = os.path.join(ferry.folder, "activated.log")
                with open(log, "wb") as out:
                    process = subprocess.Popen(["bash", "-c", script, str(descriptor), *ferry.words("serve", *options)], env=ferry.environment, pass_fds=[descriptor],
                                               stdin=subprocess.DEVNULL, stdout=out, stderr=out)
                if words is None:
                    equal(process.wait(20), 1, "beyond this machine without TLS")
                    true("needs TLS" in read(log), read(log))
                    continue
                poll("it starts", lambda: "serve.start" in read(log) or process.poll() is not None)
                true(words in get(port, "/healthz", trusting(certificates) if options else None), read(log))
                process.send_signal(signal.SIGTERM)
                equal(process.wait(30), 0, read(log))


def status_of(process):
    with open(f"/proc/{process.pid}/status", encoding="ascii") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def test_the_kernel_refuses_what_it_has_no_use_for():
    with store() as (ferry, _):
        with ferry.serve() as process:
            found = status_of(process)
            equal((found["Seccomp"], found["NoNewPrivs"]), ("2", "1"), "the filter is on")
            for thread in os.listdir(f"/proc/{process.pid}/task"):
                true("Seccomp:\t2" in read(f"/proc/{process.pid}/task/{thread}/status"), "in each thread")
            limits = read(f"/proc/{process.pid}/limits")
            true(re.search(r"Max core file size\s+1\s+1\s", limits), limits)
        with ferry.serve("--sandbox", "no") as process:
            equal(status_of(process)["Seccomp"], "0", "unless told otherwise")


def test_the_unit_is_sound_and_confined():
    unit = os.path.join(ROOT, "packaging/certferry.service")
    if not shutil.which("systemd-analyze"):
        raise Skip("needs systemd-analyze")
    with store() as (ferry, _):
        copy = write(os.path.join(ferry.folder, "certferry.service"), read(unit).replace("/usr/bin/certferry", CERTFERRY))
        listener = shutil.copy(os.path.join(ROOT, "packaging/certferry.socket"), ferry.folder)
        told = subprocess.run(["systemd-analyze", "verify", "--man=no", copy, listener], capture_output=True, timeout=60, check=False)
        equal((told.returncode, told.stderr), (0, b""), "systemd-analyze verify")
        told = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=20", copy], capture_output=True, timeout=60, check=False)
        equal(told.returncode, 0, f"exposure of at most 2.0: {told.stdout[-200:]!r}")


def fields(line):
    """Of a line in logfmt."""
    return {name: value.strip('"') for name, value in re.findall(r'([a-z_]+)=("(?:\\.|[^"\\])*"|\S*)', line)}


def test_each_request_has_an_id_and_a_line():
    with store() as (ferry, _):
        with ferry.serve("--log-level", "debug"):
            port = ferry.ports()[0]

            def id_of(*headers):
                lines = ["GET /healthz?Key=verysecret HTTP/1.1", "Host: localhost", "Connection: close", *headers]
                return re.search(rb"X-Request-Id: (\S+)", ask(port, ("\r\n".join(lines) + "\r\n\r\n").encode())).group(1).decode()
            equal(id_of("X-Request-Id: deploy-7.a_B"), "deploy-7.a_B", "one that came")
            for wrong in ("a b", "x" * 65, 'a"b', "<script>"):
                true(re.fullmatch("[0-9a-f]{16}", id_of("X-Request-Id: " + wrong)), "one of our own")
            made = id_of()
            true(made != id_of(), "never twice")
            lines = poll("it is logged", lambda: [line for line in ferry.log().split("\n") if f"request={made}" in line])
            told = fields(lines[0])
            equal((told["event"], told["level"], told["peer"]), ("http.request", "debug", "127.0.0.1"), lines[0])
            true(told["text"].startswith("GET /healthz 200 after "), lines[0])
            true("verysecret" not in ferry.log(), "a query is not logged")
        with ferry.serve("--log-format", "json"):
            get(ferry.ports()[0], "/nothing")
            line = poll("it is logged", lambda: [x for x in ferry.log().split("\n") if "http.request" in x])[0]
            told = json.loads(line)
            equal((told["level"], told["event"]), ("info", "http.request"), "what fails is at level info")
            true(" 401 after " in told["text"], line)


SAMPLE = re.compile(r'([a-z_]+)(\{(?:[a-z]+="(?:\\.|[^"\\])*",?)*\})? (-?[0-9.e+]+)')


def test_metrics_are_prometheus_text():
    with world("--domains", 24) as (simulator, ferry, certificates):
        token = ferry.run("token", "create", "prometheus", "--role", "viewer").out.strip()
        new = certificates.leaf()
        with ferry.serve():
            task = ferry.deploy(new, "--wait")
            port = ferry.ports()[0]
            equal(status(get(port, "/metrics")), 401, "nobody sees them")
            text = ask(port, f"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n".encode()).decode()
        true("text/plain; version=0.0.4" in text, text[:300])
        found, kinds = {}, {}
        for line in text.partition("\r\n\r\n")[2].rstrip("\n").split("\n"):
            if line.startswith("# TYPE "):
                name, kind = line.split()[2:]
                true(name not in kinds, f"{name} twice")
                kinds[name] = kind
            elif not line.startswith("# "):
                match = SAMPLE.fullmatch(line)
                true(match, f"no sample: {line}")
                true((match[1], match[2]) not in found, f"twice: {line}")
                found[match[1], match[2]] = float(match[3])
                true(re.sub("_(bucket|sum|count)$", "", match[1]) in kinds or match[1] in kinds, f"no type: {line}")
        calls = {key[1]: value for key, value in found.items() if key[0] == "certferry_cloud_calls_total"}
        # The access checks of other commands are not this process's.
        true(0 < sum(calls.values()) <= len(simulator.calls()), f"{sum(calls.values())} calls of {len(simulator.calls())}")
        true(any('cloud="aliyun"' in labels and 'outcome="ok"' in labels for labels in calls), str(calls)[:500])
        done = sum(v for (name, labels), v in found.items() if name == "certferry_deployments" and 'state="success"' in labels)
        equal(done, len(task["deployments"]), "deployments")
        counted = sum(v for (name, _), v in found.items() if name == "certferry_cloud_call_seconds_count")
        equal(counted, sum(calls.values()), "each call has its time")
        ends = {labels: v for (name, labels), v in found.items() if name == "certferry_certificate_not_after_seconds"}
        true(any("certificate=" in labels for labels in ends), str(ends)[:300])
        equal(sum("resource=" in labels for labels in ends), len({d["resource"] for d in task["deployments"]}), "resources that hold it")
        for name in ("certferry_limiter_calls_per_second", "certferry_store_seconds_count", "certferry_queue_length", "certferry_deployments_open"):
            true(any(key[0] == name for key in found), name)
        series = [labels for (name, labels) in found if name == "certferry_store_seconds_bucket" and 'kind="write"' in labels]
        values = [found["certferry_store_seconds_bucket", labels] for labels in series]
        equal(values, sorted(values), "buckets add up")


def test_a_deployments_lines_name_its_task_and_access():
    with world("--domains", 12) as (_, ferry, certificates):
        with ferry.serve("--log-level", "debug"):
            task = ferry.deploy(certificates.leaf(), "--wait")
            ends = [fields(line) for line in ferry.log().split("\n") if "event=deployment.end" in line]
        equal({line["deployment"] for line in ends}, {str(d["id"]) for d in task["deployments"]}, "each has one")
        true(all(line["task"] == str(task["task"]["id"]) and line["access"] for line in ends), str(ends[:2]))


def test_callers_from_elsewhere_do_not_reach_into_this_machine():
    with store() as (ferry, certificates):
        leaf = certificates.leaf("ferry.example.com")
        token = write(os.path.join(ferry.folder, "token"), ferry.run("token", "create", "t", "--role", "operator").out)
        with ferry.serve("--tls-cert", leaf.full, "--tls-key", leaf.key):
            there = f"127.0.0.1:{ferry.ports()[0]}"
            near = ferry.json("verify", "ferry.example.com", "--connect", there)
            equal(near["fingerprint"], leaf.fingerprint, "its own user")
            for words in (("--connect", there), ("--connect", "169.254.169.254:443"), ("--connect", "[::1]:443"), ("--gateway", "http://" + there)):
                body = {"name": "ferry.example.com", words[0][2:]: words[1]}
                answer = ask(ferry.ports()[0], request("POST", "/api/v1/verify", token, body), trusting(certificates))
                true(status(answer) in (400, 403), f"{words}: {answer[-300:]!r}")
