#!/usr/bin/env python3
"""bench.py BUILD NODE [RESOURCES|full]: what script/bench runs. Deployments a second, CPU time, memory and start-up, beside
the official Node SDK doing the same to the same simulated CDN domains, and shell loops of AWS CLI and curl to the same listeners."""
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
LOOPS = (1, 100)
WORKERS = (16, 64)
DISTINCT = 1000
AWS_CLI = "/usr/bin/aws"


class Bench:
    cloud = "aliyun"

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
        access = next(a for a in ready["accesses"] if a["cloud"] == self.cloud)
        self.runs += 1
        self.certferry("access", "add", "--cloud", self.cloud, "--name", "bench", "--key-id", access["key_id"], "--secret-file", "-",
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
            took = measure(self.build, self.command("task", "submit", task, "--yes", "--quiet"), phase=self.path("calls.jsonl"))
            counts = json.loads(self.certferry("task", "show", task, "--json"))["task"]["deployments"]
            if counts["success"] != self.resources or (verify and counts["not_verified"]):
                sys.exit(f"bench: not all were deployed: {counts}")
            return {**took, "done": counts["success"], "calls": self.calls() - before, "log": self.log(before) if options else []}
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


class Listeners(Bench):
    """The same on HTTPS listeners of AWS, each of a load balancer of its own; what signs for curl is curl."""
    cloud = "aws"
    region = "us-east-1"

    def make_seed(self):
        seed = subprocess.run([self.build + "/certferry-sim", "--names", "*.bench.example", "--domains", "2", "--services", "aws/elbv2",
                               "--print-seed"], check=True, capture_output=True, text=True).stdout
        objects = [o for o in json.loads(seed)["objects"] if o["cloud"] == self.cloud]
        kept = [o for o in objects if o["kind"][0] == "@" or o["kind"] == "acm.certificate"]
        listener = next(o for o in objects if o["fields"].get("@names") == "r0001.bench.example")
        balancer = next(o for o in objects if o["id"] == listener["fields"]["LoadBalancerArn"])
        name, number = balancer["id"].split("/")[-2:]
        for n in range(self.resources):
            text = json.dumps([balancer, listener]).replace(number, f"{n:016x}").replace(name, f"bench-{n}")
            kept += json.loads(text.replace("r0001.bench", f"n{n:05}.bench"))
        with open(self.path("seed.json"), "w", encoding="utf-8") as file:
            json.dump({"objects": kept}, file)

    def tools(self):
        """How each tool calls the simulator: through it as an http proxy, so that host and signature are those of the cloud."""
        with open(self.path("ready.json"), encoding="utf-8") as file:
            ready = json.load(file)
        access = next(a for a in ready["accesses"] if a["cloud"] == self.cloud)
        with open(self.path("curlrc"), "w", encoding="utf-8") as file:
            file.write(f'proxy = "{ready["gateway"]}"\nuser = "{access["key_id"]}:{access["secret"]}"\nsilent\nfail\n'
                       f'aws-sigv4 = "aws:amz:{self.region}:elasticloadbalancing"\n')
        environment = {**os.environ, "AWS_ACCESS_KEY_ID": access["key_id"], "AWS_SECRET_ACCESS_KEY": access["secret"],
                       "AWS_DEFAULT_REGION": self.region, "AWS_CONFIG_FILE": os.devnull, "AWS_PAGER": "",
                       "HTTP_PROXY": ready["gateway"], "http_proxy": ready["gateway"]}
        return environment, [r["id"] for r in ready["resources"]]

    def loop(self, latency_ms, tool):
        """One call a listener, in a shell loop, each by a process of its own; the import of the certificate is not measured."""
        sim = self.simulator(latency_ms)
        try:
            environment, listeners = self.tools()
            host = f"{self.region}.amazonaws.com"
            arn = subprocess.run([AWS_CLI, "acm", "import-certificate", "--endpoint-url", "http://acm." + host, "--certificate",
                                  "fileb://leaf.pem", "--certificate-chain", "fileb://ca.pem", "--private-key", "fileb://key.pem",
                                  "--query", "CertificateArn", "--output", "text"],
                                 cwd=self.dir, env=environment, check=True, capture_output=True, text=True).stdout.strip()
            one = {"AWS CLI": f'{AWS_CLI} elbv2 modify-listener --endpoint-url http://elasticloadbalancing.{host} '
                              f'--listener-arn "$listener" --certificates CertificateArn={arn}',
                   "curl": f'curl -K {self.path("curlrc")} http://elasticloadbalancing.{host}/ -d Action=ModifyListener -d Version=2015-12-01 '
                           f'--data-urlencode "ListenerArn=$listener" --data-urlencode Certificates.member.1.CertificateArn={arn}'}
            with open(self.path("listeners"), "w", encoding="utf-8") as file:
                file.writelines(listener + "\n" for listener in listeners)
            with open(self.path("loop.sh"), "w", encoding="utf-8") as file:
                file.write(f'set -e\nwhile read -r listener; do\n    {one[tool]}\ndone <{self.path("listeners")}\n')
            before = self.calls()
            took = measure(self.build, ["/bin/sh", self.path("loop.sh")], environment)
            changed = sum(call["action"] == "ModifyListener" and call["outcome"] == "changed" for call in self.log(before))
            if changed != self.resources:
                sys.exit(f"bench: the loop of {tool} changed {changed} listeners of {self.resources}")
            return {**took, "done": changed, "calls": self.calls() - before}
        finally:
            stop(sim)


def measure(build, words, environment=None, phase=None):
    """What a command takes; phase: a file whose growth begins the phase that phase_kib is of."""
    done = subprocess.run([build + "/bench/measure", *(["-p", phase] if phase else []), *words], check=True, stdout=subprocess.PIPE,
                          text=True, env=environment).stdout
    seconds, cpu_seconds, rss_kib, phase_kib, code = done.split()
    if code != "0":
        sys.exit(f"bench: {' '.join(words)}: exit {code}")
    return {"seconds": float(seconds), "cpu_seconds": float(cpu_seconds), "rss_kib": int(rss_kib), "phase_kib": int(phase_kib)}


def stop(process):
    process.send_signal(signal.SIGTERM)
    process.wait()


def heading(text):
    print(f"\n{text}\n  {'':<42}{'deployments':>12}{'wall':>11}{'CPU each':>13}{'calls each':>11}{'memory':>12}", flush=True)


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
        # The calls of one deployment follow from each other, so few deployments cannot fill 64 connections.
        bound = max(plain["calls"] / 64, plain["calls"] / plain["done"]) * latency_ms / 1000
        ratio(f"wall, --no-verify, to max(calls/64, calls each) * {latency_ms} ms = {bound:.2f} s",
              f"{plain['seconds'] / bound:.2f}", "< 1.10", plain["seconds"] / bound < 1.1)


def throughput(bench, latencies):
    runs = []
    for latency_ms in latencies:
        heading(f"{bench.resources} CDN domains, {latency_ms} ms a call, no limits")
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
        runs += [plain, verified]
    phase, whole = (max(r[kind] for r in runs) / 1024 for kind in ("phase_kib", "rss_kib"))
    print("\nMemory")
    ratio(f"peak from the first call on, deploying {bench.resources}", f"{phase:.1f} MiB", "< 32 MiB (at 10,000)", phase < 32)
    print(f"  {'peak of the whole command, which compares the plan before':<62}{whole:>4.1f} MiB")


def loops(build, node, latencies):
    """Beside what people write in a shell: one process a call, one call after the other."""
    for resources in LOOPS:
        bench = Listeners(build, node, resources)
        try:
            for latency_ms in latencies:
                heading(f"{resources} AWS listener{'s' if resources > 1 else ''}, {latency_ms} ms a call, no limits")
                row("certferry --no-verify", bench.deploy(latency_ms, False))
                row("certferry, verified over TLS", bench.deploy(latency_ms, True))
                for tool in ("AWS CLI", "curl"):
                    row(f"{tool} in a shell loop, bind only", bench.loop(latency_ms, tool))
        finally:
            shutil.rmtree(bench.dir)


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
    return 1000 * statistics.median(measure(bench.build, bench.command(*words))["seconds"] for _ in range(21))


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
        print("\nPlanning over them, warm, median of 11", flush=True)
        subprocess.run([build + "/bench/bench_plan", directory], check=True)
        words = [build + "/certferry", "--data", directory, "--master-key", directory + "/master.key", "cert", "list"]
        ready = 1000 * statistics.median(measure(build, words)["seconds"] for _ in range(21))
        ratio("certferry cert list, median of 21", f"{ready:.1f} ms", "start to ready < 50 ms", ready < 50)


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
        loops(build, node, SHORT[-1:])
        limits(build, node)
        return
    for resources in SIZES:
        size(build, node, resources, FULL, resources == SIZES[-1])
    loops(build, node, FULL)
    limits(build, node)
    planning(build)


if __name__ == "__main__":
    main(*sys.argv[1:])
