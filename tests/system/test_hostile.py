"""What a network sends to the service over TCP, in the clear and over TLS: it stays up, answers others, and its memory stays bounded."""
import contextlib
import os
import resource
import select
import socket
import ssl
import time

from lib import equal, poll, true
from test_serve import store

HELLO = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
MEMORY_KB = 400 << 10


class Target:
    """A running service: its port, its process, and a token's header."""

    def __init__(self, port, process, tls, header):
        self.port, self.process, self.tls, self.header = port, process, tls, header

    def connect(self, seconds=30):
        plain = socket.create_connection(("127.0.0.1", self.port), seconds)
        if not self.tls:
            return plain
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context.wrap_socket(plain, server_hostname="a.example.com")

    def exchange(self, *parts):
        """Sends the parts as far as they are taken, reads to the end."""
        with self.connect() as s:
            answer = b""
            with contextlib.suppress(OSError):
                for part in parts:
                    s.sendall(part)
            with contextlib.suppress(OSError):
                while chunk := s.recv(65536):
                    answer += chunk
            return answer

    def lives(self):
        """Answers a newcomer within two seconds."""
        started = time.monotonic()
        with self.connect() as s:
            s.sendall(HELLO)
            true(s.recv(4096).startswith(b"HTTP/1.1 200"), "a newcomer is answered")
        true(time.monotonic() - started < 2, f"after {time.monotonic() - started} s")

    def bounded(self):
        true(self.process.poll() is None, "it is up")
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            peak = next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
        true(peak < MEMORY_KB, f"its memory reached {peak} kB")
        self.lives()


@contextlib.contextmanager
def target(tls=False):
    with store() as (ferry, certificates):
        leaf = certificates.leaf("a.example.com")
        token = ferry.run("token", "create", "t", "--role", "viewer").out.strip()
        options = ("--tls-cert", leaf.full, "--tls-key", leaf.key) if tls else ()
        with ferry.serve("--hosts", "a", *options) as process:
            yield Target(ferry.ports()[0], process, tls, f"Authorization: Bearer {token}\r\n".encode())


def both(check):
    for tls in (False, True):
        with target(tls) as t:
            check(t)
            t.bounded()


def status(answer):
    true(answer.startswith(b"HTTP/1.1 "), f"no HTTP answer: {answer[:80]!r}")
    return int(answer.split()[1])


def test_a_gigabyte_is_refused_before_it_comes():
    def check(t):
        answer = t.exchange(b"POST /api/v1/certificates HTTP/1.1\r\nHost: localhost\r\n" + t.header + b"Content-Length: 1073741824\r\n\r\n")
        equal(status(answer), 413, "announced")
        block, sent = b"10000\r\n" + b"x" * 65536 + b"\r\n", 0
        with t.connect() as s:
            with contextlib.suppress(OSError):
                s.sendall(b"POST /api/v1/certificates HTTP/1.1\r\nHost: localhost\r\n" + t.header + b"Transfer-Encoding: chunked\r\n\r\n")
                for _ in range(16384):
                    s.sendall(block)
                    sent += 65536
        true(sent < 64 << 20, f"it took {sent >> 20} MiB of a body without an end")
    both(check)


def test_many_large_bodies_at_once_stay_within_memory():
    with target() as t:
        held = [t.connect() for _ in range(40)]
        try:
            for s in held:
                with contextlib.suppress(OSError):
                    s.sendall(b"POST /api/v1/certificates HTTP/1.1\r\nHost: localhost\r\n" + t.header + b"Content-Length: 16000000\r\n\r\n" + b"x" * 8000000)
            t.bounded()
        finally:
            for s in held:
                s.close()
        t.bounded()


def test_broken_chunks_are_no_requests():
    def check(t):
        head = b"POST /api/v1/certificates HTTP/1.1\r\nHost: localhost\r\n" + t.header + b"Transfer-Encoding: chunked\r\n\r\n"
        for body in (b"zz\r\nabc\r\n0\r\n\r\n", b"-1\r\n\r\n", b"5\r\nabc", b"ffffffffffffffffff\r\n", b"3\r\nabcdef\r\n0\r\n\r\n", b"3;" + b"x" * 200000 + b"\r\nabc\r\n0\r\n\r\n"):
            with t.connect() as s:
                s.sendall(head)
                with contextlib.suppress(OSError):
                    s.sendall(body + HELLO.replace(b"/healthz", b"/smuggled"))
                    s.shutdown(socket.SHUT_WR) if not t.tls else None
                s.settimeout(3)
                answer = b""
                with contextlib.suppress(OSError):
                    while chunk := s.recv(65536):
                        answer += chunk
            true(b"200 OK" not in answer and answer.count(b"HTTP/1.1 ") <= 1, f"{body[:20]!r}: {answer[:300]!r}")
            t.lives()
    both(check)


def test_smuggled_requests_are_not_served():
    hidden = b"0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"

    def check(t):
        for lines in (b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n" % len(hidden), b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
                      b"Content-Length: 5\r\nContent-Length: %d\r\n" % len(hidden), b"Transfer-Encoding: xchunked\r\n", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
                      b"Host: b\r\nContent-Length: 0\r\n", b"Transfer-Encoding : chunked\r\nContent-Length: 5\r\n", b"Content-Length: +5\r\n", b"Content-Length: 5, 5\r\n"):
            answer = t.exchange(b"POST /healthz HTTP/1.1\r\nHost: localhost\r\n" + lines + b"\r\n" + hidden)
            true(answer.startswith(b"HTTP/1.1 400") and b"HTTP/1.1 2" not in answer and b"HTTP/1.1 401" not in answer, f"{lines!r}: {answer[:300]!r}")
    both(check)


def test_long_request_lines_get_an_answer():
    def check(t):
        for size, wanted in ((60000, 200), (65000, 200), (66000, 414), (100000, 414), (300000, 414)):
            with t.connect() as s:
                with contextlib.suppress(OSError):
                    s.sendall(b"GET /healthz?a=" + b"a" * (size - 15) + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                answer = b""
                with contextlib.suppress(OSError):
                    while chunk := s.recv(65536):
                        answer += chunk
            true(answer == b"" and size > 90000 or status(answer) == wanted, f"{size}: {answer[:100]!r}")
    both(check)


def test_pipelined_requests_are_answered_in_order():
    def check(t):
        paths = [b"/healthz", b"/nothing/%d", b"/readyz"]
        sent = [(paths[i % 3] % i if b"%d" in paths[i % 3] else paths[i % 3]) for i in range(60)]
        with t.connect() as s:
            s.sendall(b"".join(b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\n" + t.header + (b"Connection: close\r\n" if i == 59 else b"") + b"\r\n" for i, path in enumerate(sent)))
            answer = b""
            with contextlib.suppress(OSError):
                while chunk := s.recv(65536):
                    answer += chunk
        parts = answer.split(b"HTTP/1.1 ")[1:]
        equal(len(parts), 60, "answers")
        for path, part in zip(sent, parts):
            wanted = b"ready" if path == b"/readyz" else b'"ok"' if path == b"/healthz" else path
            true(wanted in part, f"{path}: {part[:200]!r}")
    both(check)


def test_slow_headers_hold_up_nobody_and_end():
    def check(t):
        held = [t.connect() for _ in range(120)]
        started = time.monotonic()
        try:
            for s in held:
                s.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
                s.setblocking(False)
            t.lives()

            def drip():
                for s in list(held):
                    try:
                        s.send(b"a")
                        if not s.recv(4096):
                            held.remove(s)
                    except (BlockingIOError, ssl.SSLWantReadError):
                        continue
                    except OSError:
                        held.remove(s)
                select.select([], [], [], 0.2)
                return not held
            poll("all of them are closed", drip, 25)
            true(time.monotonic() - started < 20, f"after {time.monotonic() - started} s")
        finally:
            for s in held:
                s.close()
    with target() as t:
        check(t)
        t.bounded()


def test_beyond_512_connections_the_idle_longest_go():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    try:
        with target() as t:
            held = []
            for _ in range(560):
                s = t.connect()
                s.sendall(HELLO)
                answer = b""
                while not answer.endswith(b"}"):
                    answer += s.recv(4096) or b"}"
                equal(status(answer), 200, f"number {len(held)}")
                held.append(s)
            with contextlib.suppress(OSError):
                equal(held[0].recv(1), b"", "the first was closed")
            held[-1].sendall(HELLO)
            true(held[-1].recv(4096).startswith(b"HTTP/1.1 200"), "the last is served")
            t.bounded()
            for s in held:
                s.close()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_tls_that_never_comes_holds_up_nobody():
    with target(True) as t:
        held = [socket.create_connection(("127.0.0.1", t.port), 30) for _ in range(100)]
        try:
            for i, s in enumerate(held):
                s.sendall((b"", b"\x16\x03\x01", b"GET / HTTP/1.1\r\n\r\n", os.urandom(300))[i % 4])
            t.lives()
            for s in held:
                with contextlib.suppress(OSError):
                    true(b"HTTP" not in s.recv(4096), "nothing in the clear")
        finally:
            for s in held:
                s.close()
        t.bounded()
