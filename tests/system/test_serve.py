"""The service over TCP: where it listens and where it refuses to, TLS with a certificate of ours that is renewed while it runs, and its settings."""
import contextlib
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile

from lib import ROOT, Certificates, Ferry, equal, leaf_at, poll, read, true, write


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
                s.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
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
