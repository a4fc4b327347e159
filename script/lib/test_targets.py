#!/usr/bin/env python3
"""test_targets.py BUILD SUITE: the ninja targets that the tests of a suite need, in one line."""
import json
import os
import sys


def main(build, suite):
    def introspect(name):
        with open(os.path.join(build, "meson-info", f"intro-{name}.json"), encoding="utf-8") as file:
            return json.load(file)

    needed = set()
    for test in introspect("tests"):
        if any(s.split(":")[-1] == suite for s in test["suite"]):
            needed.update(test["depends"])
    for target in introspect("targets"):
        if target["id"] in needed:
            for name in target["filename"]:
                print(os.path.relpath(name, build), end=" ")


if __name__ == "__main__":
    main(*sys.argv[1:])
