#!/usr/bin/env python3
"""bench.py BUILD NODE [RESOURCES|full]: what script/bench runs. Deployments a second, CPU time, memory and start-up, beside
the official Node SDK doing the same to the same simulated CDN domains."""
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SHORT = (0, 50)
FULL = (0, 50, 200)
SIZES = (1, 100, 1000, 10000)
LIMITED, LIMIT = 300, 20 # deployments, and calls a second of each action
WORKERS = (16, 64)
DISTINCT = 1000


class Bench:
    def __init__(self, build, node, resources):
        self.build, self.node, self.resources = os.path.abspath(build), node, resources
        self.dir = tempfile.mkdtemp(prefix="certferry-bench.")
        self.runs = 0
        self.make_certificate()
        self.make_seed()

    def path(self, name):
        return os.path.join(self.dir, name)

    def make_certificate(self):
        with open(self.path("ext"), "w", encoding="utf-8") as file:
            file.write("subjectAltName=DNS:*.bench.example\nbasicConstraints=CA:false\n")
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        for words in (["req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "900", "-subj", "/CN=Bench CA"],
                      ["req", "-new", *key, "-keyout", "key.pem", "-out", "csr", "-subj", "/CN=*.bench.example"],
                      ["x509", "-req", "-in", "csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "90", "-extfile", "ext",
                       "-out", "leaf.pem"]):
            subprocess.run(["openssl", *words], cwd=self.dir, check=True, capture_output=True)
        with open(self.path("cert.pem"), "w", encoding="utf-8") as chain:
            for name in ("leaf.pem", "ca.pem"):
                with open(self.path(name), encoding="utf-8") as part:
                    chain.write(part.read())

    def generated(self, domains):
        seed = subprocess.run([self.build + "/certferry-sim", "--names", "*.bench.example", "--domains", str(domains),
                               "--services", "aliyun/cdn", "--print-seed"],
                              check=True, capture_output=True, text=True).stdout
        return [o for o in json.loads(seed)["objects"] if o["cloud"] == "aliyun"]

    def make_seed(self):
        """Exactly as many CDN domains of Alibaba Cloud as wanted, all of which the certificate covers; the same in every run.
        Each has a certificate of its own, unless there are so many that a seed file could not hold them: then they share some."""
        products = 60 // sum(o["kind"] == "cdn.domain" for o in self.generated(60))
        objects = self.generated(products * min(DISTINCT, self.resources) * 5 // 4 + 60)
        certificates = {o["id"]: o for o in objects if o["kind"] == "cas.certificate"}
        domains = [o for o in objects if o["kind"] == "cdn.domain" and o["fields"]["SslProtocol"] == "on" and
                   o["id"].endswith(".bench.example") and o["id"][0] != "."][:min(DISTINCT, self.resources)]
        kept = [o for o in objects if o["kind"].startswith("@")]
        kept += [certificates[o["fields"]["CertId"]] for o in domains]
        for n in range(self.resources):
            domain, name = domains[n % len(domains)], f"n{n:05}.bench.example"
            kept.append({**domain, "id": name, "fields": {**domain["fields"], "Cname": name + ".w.kunlunsl.com"}})
        with open(self.path("seed.json"), "w", encoding="utf-8") as file:
            json.dump({"objects": kept}, file)

    def simulator(self, latency_ms, *options):
        ready, log = self.path("ready.json"), self.path("calls.jsonl")
        for name in (ready, log):
            if os.path.exists(name):
                os.unlink(name)
        sim = subprocess.Popen([self.build + "/certferry-sim", "--seed", self.path("seed.json"), "--latency-ms", str(latency_ms),
                                "--log", log, "--ready-file", ready, *options], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 30
        while not os.path.exists(ready) or not os.path.getsize(ready):
            if sim.poll() is not None or time.monotonic() > deadline:
                sys.exit("bench: the simulator does not start")
            time.sleep(0.02)
        return sim

    def log(self, since=0):
        with open(self.path("calls.jsonl"), encoding="utf-8") as log:
            return [json.loads(line) for line in log][since:]

    def calls(self):
        with open(self.path("calls.jsonl"), encoding="utf-8") as log:
            return sum(1 for _ in log)

    def command(self, *words):
        return [self.build + "/certferry", "--data", self.path(f"data{self.runs}"), "--master-key", self.path("master.key"), *words]

    def certferry(self, *words, stdin=None):
        done = subprocess.run(self.command(*words), input=stdin, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"bench: certferry {' '.join(words)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def prepare(self, rate="100000"):
        """A store that knows access, certificate and resources."""
        with open(self.path("ready.json"), encoding="utf-8") as file:
            ready = json.load(file)
        access = next(a for a in ready["accesses"] if a["cloud"] == "aliyun")
        self.runs += 1
        self.certferry("access", "add", "--cloud", "aliyun", "--name", "bench", "--key-id", access["key_id"], "--secret-file", "-",
                       "--gateway", ready["gateway"], *(["--calls-per-second", rate] if rate else []), stdin=access["secret"])
        self.certferry("cert", "import", "--cert", self.path("cert.pem"), "--key", self.path("key.pem"), "--name", "bench")
        self.certferry("resource", "sync")

    def deploy(self, latency_ms, verify, *options, rate="100000"):
        sim = self.simulator(latency_ms, *options)
        try:
            self.prepare(rate)
            made = json.loads(self.certferry("task", "create", "--cert", "bench", "--no-sync", "--json",
                                             *([] if verify else ["--no-verify"])))
            task, before = str(made["task"]["id"]), self.calls()
            seconds, cpu_seconds, rss_kib = measure(self.build, self.command("task", "submit", task, "--yes", "--quiet"))
            counts = json.loads(self.certferry("task", "show", task, "--json"))["task"]["deployments"]
            if counts["success"] != self.resources or (verify and counts["not_verified"]):
                sys.exit(f"bench: not all were deployed: {counts}")
            return {"done": counts["success"], "seconds": seconds, "cpu_seconds": cpu_seconds, "rss_kib": rss_kib, "calls": self.calls() - before,
                    "log": self.log(before) if options else []}
        finally:
            stop(sim)

    def sdk(self, latency_ms, workers, mode):
        sim = self.simulator(latency_ms)
        try:
            done = subprocess.run([self.node, os.path.join(HERE, "sdk.js"), self.path("ready.json"), self.path("cert.pem"),
                                   self.path("key.pem"), str(workers), mode], capture_output=True, text=True, check=False)
            if done.returncode:
                sys.exit(f"bench: the SDK failed: {done.stderr}")
            return {**json.loads(done.stdout), "calls": self.calls() - 1}
        finally:
            stop(sim)


def measure(build, words):
    """Wall and CPU seconds and peak memory in KiB."""
    done = subprocess.run([build + "/bench/measure", *words], check=True, stdout=subprocess.PIPE, text=True).stdout
    seconds, cpu_seconds, rss_kib, code = done.split()
    if code != "0":
        sys.exit(f"bench: {' '.join(words)}: exit {code}")
    return float(seconds), float(cpu_seconds), int(rss_kib)


def stop(process):
    process.send_signal(signal.SIGTERM)
    process.wait()


def row(title, result):
    per = result["done"]
    print(f"  {title:<42}{per / result['seconds']:>10.0f}/s{result['seconds']:>9.2f} s{1000 * result['cpu_seconds'] / per:>10.2f} ms"
          f"{result['calls'] / per:>9.1f}{result['rss_kib'] / 1024:>10.0f} MiB", flush=True)


def ratio(text, figure, aim, better):
    print(f"  {text:<62}{figure:>8}   aim {aim}: {'met' if better else 'missed'}", flush=True)


def compare(latency_ms, plain, verified, sdk):
    cpu = {key: 1000 * r["cpu_seconds"] / r["done"] for key, r in sdk.items()}
    best_full = min(cpu[16, "full"], cpu[64, "full"])
    for title, result in (("--no-verify", plain), ("verified", verified)):
        share = 1000 * result["cpu_seconds"] / result["done"] / best_full
        ratio(f"CPU, {title}, to the SDK that reads and reads back", f"{share:.2f}", "< 0.20", share < 0.2)
    fastest = max(r["done"] / r["seconds"] for (_, mode), r in sdk.items() if mode == "full")
    print(f"  {'deployments a second, --no-verify, to the faster SDK that does':<62}{plain['done'] / plain['seconds'] / fastest:>8.2f}")
    if latency_ms:
        bound = max(plain["calls"] / 64, plain["calls"] / plain["done"]) * latency_ms / 1000
        ratio(f"wall, --no-verify, to calls * {latency_ms} ms / 64, one deployment's at least = {bound:.2f} s",
              f"{plain['seconds'] / bound:.2f}", "< 1.10", plain["seconds"] / bound < 1.1)


def throughput(bench, latencies):
    peak = 0
    for latency_ms in latencies:
        print(f"\n{bench.resources} CDN domains, {latency_ms} ms a call, no limits")
        print(f"  {'':<42}{'deployments':>12}{'wall':>11}{'CPU each':>13}{'calls each':>11}{'memory':>12}")
        plain = bench.deploy(latency_ms, False)
        row("certferry --no-verify", plain)
        verified = bench.deploy(latency_ms, True)
        row("certferry, verified over TLS", verified)
        sdk = {}
        for mode, words in (("bind", "bind only"), ("full", "read, bind, read back")):
            for workers in WORKERS:
                sdk[workers, mode] = bench.sdk(latency_ms, workers, mode)
                row(f"Node SDK, {workers} workers, {words}", sdk[workers, mode])
        compare(latency_ms, plain, verified, sdk)
        peak = max(peak, plain["rss_kib"] / 1024, verified["rss_kib"] / 1024)
    print("\nMemory")
    ratio(f"peak of planning and deploying {bench.resources}", f"{peak:.1f} MiB", "< 32 MiB (at 10,000)", peak < 32)


def limited(bench):
    """A cloud that takes LIMIT calls a second of each action: found by the limiter, and with the user's figure far above it."""
    print(f"\n{bench.resources} CDN domains, at most {LIMIT} calls a second of each action")
    for rate, title in ((None, "limit to be found"), ("1000", "--calls-per-second 1000")):
        result = bench.deploy(0, False, "--calls-per-second", str(LIMIT), rate=rate)
        row(f"certferry, {title}", result)
        accepted, throttled = {}, 0
        for call in result["log"]:
            refused = "Throttling" in str(call.get("code", ""))
            throttled += refused
            accepted[call["action"]] = accepted.get(call["action"], 0) + (not refused)
        busiest = max(accepted.values()) / result["seconds"]
        if rate:
            ratio("busiest action, to the limit", f"{busiest / LIMIT:.3f}", ">= 0.970", busiest / LIMIT >= 0.97)
        else:
            ratio("busiest action, to 98 % of the limit", f"{busiest / LIMIT / 0.98:.3f}", ">= 0.980", busiest / LIMIT / 0.98 >= 0.98)
        share = throttled / len(result["log"])
        ratio("calls throttled", f"{100 * share:.2f} %", "< 1 %", share < 0.01)


def median_ms(bench, *words):
    return 1000 * statistics.median(measure(bench.build, bench.command(*words))[0] for _ in range(21))


def start_up(bench):
    print("\nStart-up, median of 21")
    print(f"  {'certferry version':<62}{median_ms(bench, 'version'):>5.1f} ms")
    filled = median_ms(bench, "cert", "list")
    bench.runs += 1
    bench.certferry("cert", "list")
    print(f"  {'certferry cert list, empty store':<62}{median_ms(bench, 'cert', 'list'):>5.1f} ms")
    ratio(f"certferry cert list, store of {bench.resources} resources and their task", f"{filled:.1f} ms", "start to ready < 50 ms", filled < 50)


def planning(build):
    """The plan over 1,000,000 resources."""
    with tempfile.TemporaryDirectory(prefix="certferry-bench.") as directory:
        print("\nStore of 1,000,000 resources", flush=True)
        subprocess.run([build + "/bench/bench_store", directory, "1000000"], check=True)


def size(build, node, resources, latencies, more):
    bench = Bench(build, node, resources)
    try:
        throughput(bench, latencies)
        if more:
            start_up(bench)
    finally:
        shutil.rmtree(bench.dir)


def limits(build, node):
    bench = Bench(build, node, LIMITED)
    try:
        limited(bench)
    finally:
        shutil.rmtree(bench.dir)


def main(build, node, what="1000"):
    print(f"{os.cpu_count()} CPUs, shared by simulator and client; load {os.getloadavg()[0]:.1f} before. "
          f"certferry's figures are of the whole process,\nthe SDK's of its work alone. The simulator bounds both at 0 ms.")
    if what != "full":
        size(build, node, int(what), SHORT, True)
        limits(build, node)
        return
    for resources in SIZES:
        size(build, node, resources, FULL, resources == SIZES[-1])
    limits(build, node)
    planning(build)


if __name__ == "__main__":
    main(*sys.argv[1:])
