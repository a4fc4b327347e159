"""No secret leaves: not in logs, errors, the simulator's log, the process list or the database."""
import base64
import glob
import os
import threading

from lib import equal, poll, read, shell, true, world, write
import lib


def key_lines(path):
    """The lines of a key's PEM body but the last, which may be short."""
    body = [line for line in read(path).split("\n") if line and not line.startswith("-----")]
    return [line for line in body if len(line) >= 40]


class Watch(threading.Thread):
    """Looks at the command lines and environments of all processes until told to stop."""

    def __init__(self):
        super().__init__()
        self.stopped, self.seen = threading.Event(), set()

    def run(self):
        while not self.stopped.wait(0.005):
            for path in glob.glob("/proc/[0-9]*/cmdline") + glob.glob("/proc/[0-9]*/environ"):
                try:
                    with open(path, "rb") as file:
                        self.seen.add(file.read())
                except OSError:
                    continue


def everything_kept(ferry, simulator, log):
    for folder, _, names in os.walk(ferry.data):
        for name in names:
            if name != "socket":
                with open(os.path.join(folder, name), "rb") as file:
                    yield os.path.join(folder, name), file.read()
    for text in ferry.everything:
        yield "output", text.encode()
    for path in (simulator.log_path, simulator.output, log):
        with open(path, "rb") as file:
            yield path, file.read()
    yield "dump", shell("sqlite3", os.path.join(ferry.data, "certferry.db"), ".dump")


def search(ferry, simulator, log, secrets):
    places = 0
    for place, data in everything_kept(ferry, simulator, log):
        places += 1
        for name, secret in secrets:
            for form in forms(secret):
                true(form not in data, f"{name} is in {place}: {data[max(0, data.find(form) - 80):][:60]!r}...")
    true(places > 5, "something was searched")


def forms(secret):
    """As it is, as it stands in a URL, in JSON of a blob, in hex."""
    raw = secret.encode()
    quoted = secret.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D").encode()
    return {raw, quoted, base64.b64encode(raw).rstrip(b"="), raw.hex().encode(), raw.replace(b"/", b"\\/")}


def run_with(fault):
    watch = Watch()
    watch.start()
    try:
        with world("--domains", 40, "--fault", fault, "--settle-ms", 50) as (simulator, ferry, certificates):
            secrets = [("the secret of " + a["cloud"], a["secret"]) for a in simulator.ready["accesses"]]
            log = os.path.join(ferry.folder, "debug.log")
            new, rsa = certificates.leaf(), certificates.leaf(key="rsa")
            for c in (new, rsa):
                secrets += [("a line of a key", line) for line in key_lines(c.key)]
            write(log, "")
            for c in (new, rsa):
                done = ferry.any("deploy", "--cert-file", c.full, "--key-file", c.key, "--yes", "--log-level", "debug")
                true(done.code in (0, 1, 2), f"deploy: {done.code} {done.err[-500:]}")
                with open(log, "a", encoding="utf-8") as file:
                    file.write(done.err)
            true(len(read(log)) > 1000, "the log at debug level says something")
            true(any(c.get("fault") == fault.split("=")[0] for c in simulator.calls()), f"{fault} was met")
            ferry.any("task", "show", ferry.last_task(), "--json")
            for a in simulator.ready["accesses"]:
                ferry.any("access", "check", a["cloud"], "--log-level", "debug")
            ferry.any("access", "list", "--json")
            ferry.any("resource", "sync", "--log-level", "debug")
            search(ferry, simulator, log, secrets)
    finally:
        watch.stopped.set()
        watch.join()
    for line in watch.seen:
        for name, secret in secrets:
            true(secret.encode() not in line, f"{name} is in the process list")


def test_no_secret_leaves_with_echoing_errors():
    run_with("echo=0.15")


def test_no_secret_leaves_with_echoing_credential_refusals():
    run_with("echo-credential=0.02")


def test_a_session_token_is_a_secret_too():
    token = "Tok3n/" + "abcdefghij0123456789" * 4
    with world("--domains", 12, "--fault", "echo=0.3", clouds=()) as (simulator, ferry, _):
        token_file = write(os.path.join(ferry.folder, "token"), token)
        for a in simulator.ready["accesses"]:
            ferry.run("access", "add", "--cloud", a["cloud"], "--name", a["cloud"], "--key-id", a["key_id"], "--secret-file", "-",
                      "--session-token-file", token_file, "--gateway", simulator.gateway, feed=a["secret"].encode())
            ferry.any("access", "check", a["cloud"], "--log-level", "debug")
        ferry.any("resource", "sync", "--log-level", "debug")
        log = write(os.path.join(ferry.folder, "log"), "")
        search(ferry, simulator, log, [("the token", token), *(("the secret", a["secret"]) for a in simulator.ready["accesses"])])


def test_no_core_dump_and_closed_files():
    """While secrets are in memory the process writes no core, and its files are its user's alone."""
    with world("--domains", 12) as (_, ferry, certificates):
        new = certificates.leaf()
        ferry.run("cert", "import", "--cert", new.full, "--key", new.key, "--name", "new")
        with ferry.serve() as server:
            ferry.run("cert", "list")
            limits = read(f"/proc/{server.pid}/limits")
            core = next(line for line in limits.split("\n") if line.startswith("Max core file size"))
            # Of one byte Linux makes neither a file nor a call of the program in core_pattern.
            true(core.split()[4] in ("0", "1") and core.split()[5] in ("0", "1"), f"core dumps: {core}")
        for path in [ferry.data, ferry.key, *glob.glob(ferry.data + "/*")]:
            equal(os.stat(path).st_mode & 0o077, 0, f"mode of {path}")
        out = os.path.join(ferry.folder, "out.pem")
        ferry.run("cert", "export", "new", "--out", out)
        equal(os.stat(out).st_mode & 0o077, 0, "mode of an exported key")
