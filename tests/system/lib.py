"""What the black-box tests share: the two programs as processes, certificates made with openssl, and looks at edges.

Every process gets a deadline; nothing sleeps for a fixed time: what must come to pass is polled."""
import collections
import contextlib
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build"))
CERTFERRY = os.environ.get("CERTFERRY", os.path.join(BUILD, "certferry"))
SIMULATOR = os.environ.get("CERTFERRY_SIM", os.path.join(BUILD, "certferry-sim"))
KILLER = os.path.join(os.path.dirname(CERTFERRY), "tests/system/libkiller.so")
COMMAND_SECONDS = 240
NAMES = ("*.example.com", "*.shop.example")

Result = collections.namedtuple("Result", "code out err")


class Skip(Exception):
    """This test cannot run here; the text says what it needs."""


def poll(what, check, seconds=20):
    """The first true answer of check(), asked until the deadline."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = check()
        if answer:
            return answer
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {what}")


def equal(got, wanted, what):
    if got != wanted:
        raise AssertionError(f"{what}: wanted {wanted!r}, got {got!r}")


def true(value, what):
    if not value:
        raise AssertionError(what)


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def write(path, text, mode=0o600):
    with open(path, "wb" if isinstance(text, bytes) else "w") as file:
        file.write(text)
    os.chmod(path, mode)
    return path


def answers(path):
    """Whether somebody listens on this Unix socket: its file is there a moment before."""
    with socket.socket(socket.AF_UNIX) as s:
        return s.connect_ex(path) == 0


def shell(*words, **options):
    done = subprocess.run(words, capture_output=True, timeout=60, check=False, **options)
    if done.returncode:
        raise AssertionError(f"{' '.join(words)}: {done.stderr.decode(errors='replace')}")
    return done.stdout


def fingerprint(der):
    return hashlib.sha256(der).hexdigest()


class Certificates:
    """A root, an intermediate and leaves of theirs, in a folder."""

    def __init__(self, folder):
        self.folder = folder
        self.count = 0
        self.root = self.make("root", "Test Root", ca=True, days=3650)
        self.issuer = self.make("issuer", "Test Issuing CA", ca=True, days=1800, by=self.root)

    def path(self, name):
        return os.path.join(self.folder, name)

    def make(self, name, common_name, ca=False, days=90, by=None, names=(), key="ec"):
        cert, secret = self.path(name + ".pem"), self.path(name + ".key")
        kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"] if key == "ec" else ["-newkey", "rsa:2048"]
        words = ["openssl", "req", "-x509", *kind, "-nodes", "-keyout", secret, "-out", cert, "-days", str(days), "-subj",
                 f"/CN={common_name}", "-addext", f"basicConstraints=critical,CA:{'TRUE' if ca else 'FALSE'}"]
        if names:
            words += ["-addext", "subjectAltName=" + ",".join("DNS:" + n for n in names)]
        if by:
            words += ["-CA", by.cert, "-CAkey", by.key]
        shell(*words)
        return Certificate(cert, secret, self)

    def leaf(self, *names, days=90, key="ec"):
        """A leaf for the names, with its chain in one file, up to the root, as no system knows this one."""
        self.count += 1
        made = self.make(f"leaf{self.count}", (names or NAMES)[0], days=days, by=self.issuer, names=names or NAMES, key=key)
        made.full = write(made.cert + ".full", read(made.cert) + read(self.issuer.cert) + read(self.root.cert))
        return made


class Certificate:
    def __init__(self, cert, key, owner):
        self.cert, self.key, self.owner, self.full = cert, key, owner, cert
        self.fingerprint = fingerprint(ssl.PEM_cert_to_DER_cert(read(cert)))


# What these tests are about: products to come change none of the names they count on.
SERVICES = ("--services", "aliyun/cdn,aliyun/alb,tencent/cdn,huawei/elb,aws/cloudfront,aws/elbv2")


class Simulator:
    def __init__(self, folder, *options, name="sim", services=SERVICES):
        self.folder, self.name = folder, name
        self.log_path = os.path.join(folder, name + ".log")
        self.output = os.path.join(folder, name + ".out")
        ready = os.path.join(folder, name + ".ready")
        for path in (ready, self.log_path):
            if os.path.exists(path):
                os.unlink(path)
        with open(self.output, "ab") as out:
            self.process = subprocess.Popen([SIMULATOR, *services, *options, "--log", self.log_path, "--ready-file", ready], stdout=out,
                                            stderr=out, stdin=subprocess.DEVNULL)
        poll("the simulator is ready", lambda: os.path.exists(ready) or self.process.poll() is not None, 60)
        true(self.process.poll() is None, "the simulator ended: " + read(self.output))
        self.ready = json.loads(read(ready))
        self.gateway = self.ready["gateway"]
        self.resources = {(r["product"], r["id"]): r for r in self.ready["resources"]}

    def calls(self):
        """The log's complete lines; the last may be in the making."""
        return [json.loads(line) for line in read(self.log_path).split("\n")[:-1]]

    def writes(self, since=0):
        """Changes of resources: not the uploads of certificates."""
        return [c for c in self.calls()[since:] if c["outcome"] in ("changed", "same") and c["fields"] not in (["created"], ["deleted"])]

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError("the simulator did not stop on SIGTERM") from None
        true(self.process.returncode == 0, f"the simulator ended with {self.process.returncode}: {read(self.output)[-2000:]}")


class Ferry:
    """One store and its command line."""

    def __init__(self, folder, name="store"):
        self.folder = folder
        self.data, self.key = os.path.join(folder, name), os.path.join(folder, name + ".master")
        self.environment = {"PATH": os.environ["PATH"], "HOME": folder, "LANG": "C.UTF-8",
                            **{k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}}
        self.everything = []
        self.log_from = 0

    def log(self):
        """What the server started last has logged."""
        with open(os.path.join(self.folder, "serve.log"), encoding="utf-8", errors="replace") as file:
            file.seek(self.log_from)
            return file.read()

    def ports(self):
        """Where it listens over TCP."""
        started = poll("the server says where it serves", lambda: [line for line in self.log().split("\n") if "serve.start" in line])
        return [int(port) for port in re.findall(r"https?://\S+:(\d+)", started[-1])]

    def words(self, *words):
        return [CERTFERRY, "--data", self.data, "--master-key", self.key, *map(str, words)]

    def start(self, *words, environment=None, **options):
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        return subprocess.Popen(self.words(*words), env={**self.environment, **(environment or {})}, **options)

    def finish(self, process, seconds=COMMAND_SECONDS):
        try:
            out, err = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise AssertionError(f"{' '.join(process.args[5:])}: not done in {seconds} s\n{err.decode(errors='replace')[-3000:]}") from None
        result = Result(process.returncode, out.decode(errors="replace"), err.decode(errors="replace"))
        self.everything += [result.out, result.err]
        return result

    def any(self, *words, feed=None, environment=None, seconds=COMMAND_SECONDS):
        """Runs a command, whatever comes of it."""
        if feed is None:
            return self.finish(self.start(*words, environment=environment), seconds)
        with tempfile.TemporaryFile() as file:
            file.write(feed)
            file.seek(0)
            return self.finish(self.start(*words, environment=environment, stdin=file), seconds)

    def run(self, *words, code=0, **options):
        result = self.any(*words, **options)
        if result.code != code:
            raise AssertionError(f"certferry {' '.join(map(str, words))}: wanted exit code {code}, got {result.code}\n"
                                 f"{result.out[-2000:]}\n{result.err[-3000:]}")
        return result

    def json(self, *words, **options):
        result = self.run(*words, "--json", **options)
        try:
            return json.loads(result.out)
        except ValueError:
            raise AssertionError(f"certferry {' '.join(map(str, words))} --json is no JSON: {result.out[:500]}") from None

    def connect(self, simulator, clouds=None, *options):
        for access in simulator.ready["accesses"]:
            if clouds is None or access["cloud"] in clouds:
                self.run("access", "add", "--cloud", access["cloud"], "--name", access["cloud"], "--key-id", access["key_id"],
                         "--secret-file", "-", "--gateway", simulator.gateway, "--calls-per-second", 500, *options,
                         feed=access["secret"].encode())

    def rows(self, *words):
        """All items of a list, page by page."""
        items, page = [], self.json(*words, "--limit", 1000)
        while True:
            items += page["items"]
            if not page.get("next"):
                return items
            page = self.json(*words, "--limit", 1000, "--before", page["next"])

    def task(self, task):
        return self.json("task", "show", task)

    def last_task(self):
        return self.json("task", "list", "--limit", 1)["items"][0]["id"]

    def deploy(self, certificate, *options, code=0, **more):
        """Deploys and tells the task with its deployments."""
        self.run("deploy", "--cert-file", certificate.full, "--key-file", certificate.key, "--yes", *options, code=code, **more)
        return self.task(self.last_task())

    @contextlib.contextmanager
    def serve(self, *options, killed=False, listen="127.0.0.1:0"):
        """The server while the block runs, on any port beside its socket. killed: the block may end it in its own way."""
        log = os.path.join(self.folder, "serve.log")
        if listen:
            options = ("--listen", listen, *options)
        self.log_from = os.path.getsize(log) if os.path.exists(log) else 0
        with open(log, "ab") as out:
            process = self.start("serve", *options, stdout=out, stderr=out)
        try:
            poll("the server listens", lambda: answers(os.path.join(self.data, "socket")) or process.poll() is not None)
            true(process.poll() is None, "the server ended: " + read(log))
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(30)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        if not killed or process.returncode != -signal.SIGKILL:
            equal(process.returncode, 0, "the server's exit code " + read(log)[-2000:])


def leaf_at(edge, server_name):
    """The fingerprint of the certificate served at ADDR:PORT."""
    address, port = edge.rsplit(":", 1)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection((address, int(port)), 10) as plain:
        with context.wrap_socket(plain, server_hostname=server_name) as secure:
            return fingerprint(secure.getpeercert(True))


def openssl_at(edge, server_name):
    """The same, by openssl s_client."""
    told = shell("timeout", "20", "openssl", "s_client", "-connect", edge, "-servername", server_name, input=b"")
    return shell("openssl", "x509", "-noout", "-fingerprint", "-sha256", input=told).decode().strip().split("=")[1].replace(":", "").lower()


def under(domain):
    return domain.replace("*", "certferry-probe") if domain.startswith("*") else domain


def edges_equal_store(ferry, simulator, refused=()):
    """Every slot that the store knows is what its edge serves. Tells how many were compared."""
    sni = {p["code"]: p["capabilities"]["sni"] for p in ferry.json("product", "list")["items"]}
    wrong, compared = [], 0
    for row in ferry.rows("resource", "list"):
        known = simulator.resources.get((row["product"], row["vendor_id"]))
        if not known or not known["edge"] or not row["https"] or known["id"] in refused:
            continue
        for slot in row["slots"]:
            if not slot["fingerprint"]:  # the vendor's own
                continue
            if sni[row["product"]]:
                name = None if slot["slot"] == "default" else under(slot["domains"][0])
            else:
                name = under(known["domain"])
            wanted = {s["fingerprint"] for s in row["slots"] if s["slot"] == slot["slot"]}
            try:
                served = leaf_at(known["edge"], name)
            except OSError as error:
                served = str(error)
            compared += 1
            if served not in wanted:
                wrong.append(f"{row['product']} {row['vendor_id']} {slot['slot']} ({name}): store {wanted}, edge {served}")
    true(not wrong, "edges and store differ:\n" + "\n".join(wrong[:10]))
    return compared


def by_state(task):
    return collections.Counter(d["state"] for d in task["deployments"])


@contextlib.contextmanager
def world(*simulator_options, clouds=None, access=(), services=SERVICES):
    """A simulator, a store with its accesses, and certificates, in a folder that goes away."""
    folder = tempfile.mkdtemp(prefix="certferry-")
    simulator = None
    try:
        simulator = Simulator(folder, *map(str, simulator_options), services=services)
        ferry = Ferry(folder)
        ferry.connect(simulator, clouds, *access)
        yield simulator, ferry, Certificates(folder)
        simulator.stop()
    except BaseException:
        if os.environ.get("CERTFERRY_KEEP"):
            print(f"kept: {folder}", file=sys.stderr)
            folder = None
        raise
    finally:
        if simulator and simulator.process.poll() is None:
            simulator.process.kill()
            simulator.process.wait()
        if folder:
            shutil.rmtree(folder, ignore_errors=True)
