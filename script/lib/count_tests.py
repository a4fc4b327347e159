#!/usr/bin/env python3
"""Counts tests for script/test. All results are kept in FOLDER/results.jsonl, one line a test and stage.

  count_tests.py FOLDER STAGE meson LOG STATUS      what `meson test` left in its testlog; cmocka programs count by function
  count_tests.py FOLDER STAGE junit FILE STATUS     what node's test runner left
  count_tests.py FOLDER STAGE lines FILE STATUS     output of a program that prints "ok - NAME", "not ok - NAME: why" and
                                                    "ok - NAME # SKIP why"; if it prints none it is one test itself
  count_tests.py FOLDER total                       the sum: a test that ran in several builds counts once, and has passed
                                                    only if it passed in each

STATUS is the program's exit status; one that is not 0 with no test failed is a failure of its own."""
import json
import os
import re
import sys
import xml.etree.ElementTree as ElementTree

OUTPUT_LINES = 40


class Stage:
    def __init__(self, name):
        self.name = name
        self.results = []

    def add(self, test, result, why=""):
        self.results.append({"stage": self.name, "test": test, "result": result, "why": why.strip()})

    def count(self, result):
        return sum(r["result"] == result for r in self.results)


def tail(text):
    lines = [line for line in text.split("\n") if line.strip() and not line.startswith("cmocka-xml: ")]
    return "\n".join(lines[-OUTPUT_LINES:])


def reason(text):
    """Why a program skipped something: its last line that says so, as XML has no place for it."""
    said = [line.strip() for line in text.split("\n") if re.search(r"skip|needs|without", line, re.I)]
    return re.sub(r"^skipped: ", "", said[-1]) if said else "no reason given"


def add_junit(stage, prefix, root, output):
    for case in root.iter("testcase"):
        name = f"{prefix} {case.get('name')}"
        broken = [e for e in case if e.tag in ("failure", "error")]
        skipped = case.find("skipped")
        if broken:
            stage.add(name, "failed", "\n".join((e.get("message") or "") + "\n" + (e.text or "") for e in broken))
        elif skipped is not None:
            stage.add(name, "skipped", skipped.get("message") or reason(output))
        else:
            stage.add(name, "passed")


def add_cmocka(stage, name, path, output, ok):
    failed = stage.count("failed")
    try:
        root = ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError) as error:
        stage.add(f"{name} (whole program)", "failed", f"no readable results: {error}\n{output}")
        return
    before = len(stage.results)
    add_junit(stage, name, root, output)
    announced = sum(int(suite.get("tests") or 0) for suite in root.iter("testsuite"))
    if announced != len(stage.results) - before:
        stage.add(f"{name} (whole program)", "failed", f"{announced} tests announced, {len(stage.results) - before} told")
    if not ok and stage.count("failed") == failed:
        stage.add(f"{name} (whole program)", "failed", "the program failed after its tests\n" + output)


def add_lines(stage, name, output, ok):
    failed, before = stage.count("failed"), len(stage.results)
    for line in output.split("\n"):
        match = re.match(r"(not )?ok\b[ \d]*(?:- )?(.*)", line)
        if not match:
            continue
        text, _, skip = match.group(2).partition("# SKIP")
        if match.group(1):
            test, _, why = text.partition(": ")
            stage.add(f"{name} {test}", "failed", why)
        else:
            stage.add(f"{name} {text.strip()}", "skipped" if skip else "passed", skip)
    if len(stage.results) == before and ok:
        stage.add(name, "passed")
    elif not ok and stage.count("failed") == failed:
        stage.add(f"{name} (whole program)", "failed", tail(output))


def add_meson(stage, path, ok):
    logs = [json.loads(line) for line in open(path, encoding="utf-8")] if os.path.exists(path) else []
    for log in logs:
        name = log["name"].split(" / ")[-1]
        output = (log.get("stdout") or "") + (log.get("stderr") or "")
        xml = re.search(r"^cmocka-xml: (.*)$", output, flags=re.M)
        if log["result"] == "SKIP":
            stage.add(name, "skipped", reason(output))
        elif log["result"] in ("TIMEOUT", "ERROR", "INTERRUPT"):
            stage.add(f"{name} (whole program)", "failed", f"{log['result'].lower()}\n{tail(output)}")
        elif xml:
            add_cmocka(stage, name, xml.group(1), tail(output), log["result"] == "OK")
        else:
            add_lines(stage, name, output, log["result"] in ("OK", "EXPECTEDFAIL"))
    if not ok and not stage.count("failed"):
        stage.add(f"{stage.name} (meson test)", "failed", "meson failed, see above")
    if ok and not stage.results:
        stage.add(f"{stage.name} (meson test)", "failed", "no test ran")


def show(stage):
    for result in stage.results:
        if result["result"] == "failed":
            print(f"FAILED [{stage.name}] {result['test']}")
            if result["why"]:
                print("    " + result["why"].replace("\n", "\n    "))
    print(f"{stage.name}: {stage.count('passed')} passed, {stage.count('failed')} failed, {stage.count('skipped')} skipped",
          flush=True)


def one_stage(folder, name, kind, path, status):
    stage, ok = Stage(name), status == "0"
    if kind == "meson":
        add_meson(stage, path, ok)
    elif kind == "junit":
        try:
            add_junit(stage, name, ElementTree.parse(path).getroot(), "")
        except (OSError, ElementTree.ParseError) as error:
            stage.add(name, "failed", f"no readable results: {error}")
        if not ok and not stage.count("failed"):
            stage.add(f"{name} (runner)", "failed", f"exit status {status}")
        if not stage.results:
            stage.add(name, "failed", "no test ran")
    else:
        with open(path, encoding="utf-8", errors="replace") as file:
            output = file.read()
        if status == "77":
            stage.add(name, "skipped", reason(output))
        else:
            add_lines(stage, name, output, ok)
    with open(os.path.join(folder, "results.jsonl"), "a", encoding="utf-8") as file:
        for result in stage.results:
            file.write(json.dumps(result) + "\n")
    show(stage)


def total(folder):
    rank = {"skipped": 0, "passed": 1, "failed": 2}
    tests = {}
    with open(os.path.join(folder, "results.jsonl"), encoding="utf-8") as file:
        for result in map(json.loads, file):
            known = tests.get(result["test"])
            if known is None or rank[result["result"]] > rank[known["result"]]:
                tests[result["test"]] = result
    for result in tests.values():
        if result["result"] == "skipped":
            print(f"skipped: {result['test']}: {result['why'] or 'no reason given'}")
    for result in tests.values():
        if result["result"] == "failed":
            print(f"failed: [{result['stage']}] {result['test']}")
    numbers = {word: sum(r["result"] == word for r in tests.values()) for word in rank}
    print(f"{numbers['passed']} passed, {numbers['failed']} failed, {numbers['skipped']} skipped")
    return 1 if numbers["failed"] or not numbers["passed"] else 0


def main(arguments):
    if len(arguments) == 2 and arguments[1] == "total":
        return total(arguments[0])
    if len(arguments) != 5 or arguments[2] not in ("meson", "junit", "lines"):
        print(__doc__, file=sys.stderr)
        return 64
    one_stage(*arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
