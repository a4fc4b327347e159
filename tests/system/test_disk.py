"""The store's disk is full or read-only: the command says so and how to mend it, and once it is mended all goes on."""
import contextlib
import os
import subprocess

from lib import Ferry, Skip, by_state, edges_equal_store, equal, poll, true, world

DISK_KIB = 6 << 10


class SmallDisk(Ferry):
    """A store on a disk of its own: a tmpfs in a mount namespace that a process keeps open."""

    def __init__(self, folder):
        super().__init__(folder, "small")
        os.mkdir(self.data, 0o700)
        mount = f'mount -t tmpfs -o size={DISK_KIB}k,mode=700 none "{self.data}" && echo mounted && exec cat'
        self.keeper = subprocess.Popen(["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if self.keeper.stdout.readline() != b"mounted\n":
            _, why = self.keeper.communicate()
            raise Skip(f"needs a mount namespace of its own: {why.decode().strip()}")

    def within(self, *words):
        return ["nsenter", f"--target={self.keeper.pid}", "--user", "--mount", "--preserve-credentials", "--", *words]

    def words(self, *words):
        return self.within(*super().words(*words))

    def shell(self, command):
        done = subprocess.run(self.within("sh", "-c", command), capture_output=True, timeout=60, check=False)
        return done.returncode == 0

    def fill(self):
        """To the last byte."""
        true(not self.shell(f'cat /dev/zero > "{self.data}/filler"'), "the disk is full")

    def empty(self):
        true(self.shell(f'rm "{self.data}/filler"'), "there is room again")

    def end(self):
        self.keeper.communicate()


@contextlib.contextmanager
def small_world(*options):
    with world("--domains", 8, *options, clouds=(), services=("--services", "aliyun/oss,aliyun/esa")) as (simulator, ferry, certificates):
        small = SmallDisk(ferry.folder)
        try:
            small.connect(simulator, ("aliyun",))
            yield simulator, small, certificates
        finally:
            small.end()


def counts(ferry):
    return len(ferry.rows("cert", "list")), len(ferry.rows("task", "list")), len(ferry.rows("resource", "list"))


def test_full_disk_is_told_and_gone_on_from():
    with small_world() as (simulator, ferry, certificates):
        ferry.run("resource", "sync")
        new = certificates.leaf()
        before = counts(ferry)
        ferry.fill()
        # Some writes may still fit into the log that is there; never is one lost that was told to be done.
        told = 0
        for number in range(200):
            more = ferry.any("cert", "import", "--cert", new.full, "--key", new.key, "--name", f"n{number}")
            if more.code:
                break
            told += 1
            new = certificates.leaf()
        true(more.code in (1, 4) and "full" in more.err and "free some space" in more.err, f"exit code {more.code}: {more.err}")
        ferry.empty()
        equal(counts(ferry), (before[0] + told, *before[1:]), "what was told to be done is there, and nothing else")
        task = ferry.deploy(certificates.leaf(), "--no-sync")
        equal(by_state(task), {"success": len(task["deployments"])}, "states once there is room")
        true(edges_equal_store(ferry, simulator) > 0, "edges")


def test_disk_that_fills_up_under_the_server():
    """Work under way waits for room, says why in its log, and ends well; nothing is written twice."""
    with small_world("--settle-ms", 300) as (simulator, ferry, certificates):
        ferry.run("resource", "sync")
        new = certificates.leaf()
        ferry.run("cert", "import", "--cert", new.full, "--key", new.key, "--name", "new")
        ferry.any("task", "create", "--cert", "new", "--no-sync")
        task, log = ferry.last_task(), os.path.join(ferry.folder, "submit.log")
        with open(log, "wb") as out:
            process = ferry.start("task", "submit", task, "--yes", stdout=out, stderr=out)
            try:
                poll("something is written", simulator.writes)
                ferry.fill()
                poll("the log tells", lambda: b"free some space" in open(log, "rb").read() or process.poll() is not None, 30)
                ferry.empty()
                process.wait(120)
            finally:
                process.kill()
                process.wait()
        after = ferry.task(task)
        if by_state(after)["success"] != len(after["deployments"]):
            ferry.run("task", "resume", task)
            after = ferry.task(task)
        equal(by_state(after), {"success": len(after["deployments"])}, f"states: {open(log, encoding='utf-8').read()[-2000:]}")
        equal([c for c in simulator.writes() if c["outcome"] == "same"], [], "writes for the second time")
        true(edges_equal_store(ferry, simulator) > 0, "edges")


def test_read_only_disk_is_told():
    with small_world() as (_, ferry, certificates):
        before, new = counts(ferry), certificates.leaf()
        if not ferry.shell(f'mount -o remount,ro "{ferry.data}"'):
            raise Skip("needs to mount read-only")
        for words in (["cert", "import", "--cert", new.full, "--key", new.key], ["task", "list"], ["resource", "sync"]):
            done = ferry.any(*words)
            true(done.code in (1, 4) and "ead-only" in done.err, f"{words}: exit code {done.code}: {done.err}")
        true(ferry.shell(f'mount -o remount,rw "{ferry.data}"'), "mounted for writing again")
        equal(counts(ferry), before, "all as it was")
        ferry.run("cert", "import", "--cert", new.full, "--key", new.key)
