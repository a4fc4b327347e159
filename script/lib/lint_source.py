#!/usr/bin/env python3
"""The house rules that no compiler knows. Prints each violation as file:line: text, then one line per rule:
"ok - rule" or "not ok - rule". Exits 1 when a rule is broken. docs/style.md says why the rules are there."""
import ast
import os
import re
import subprocess
import sys

FLOORS = ["base", "codec", "crypto", "cert", "net", "store", "cloud", "inventory", "task",
          "identity", "watch", "notify", "api", "cli", "main"]
# Folders that may use less than what lies below them.
NARROW = {"cli": {"base", "codec", "net"}, "sim": {"base", "codec", "net", "crypto"}}
LIBRARIES = [("openssl/", "crypto"), ("sodium", "crypto"), ("liboath/", "crypto"), ("curl/", "net"), ("microhttpd", "net"), ("gnutls/", "net"), ("sqlite3", "store"), ("ini.h", "cli"), ("seccomp.h", "main")]
BANNED = ["strcpy", "strcat", "sprintf", "vsprintf", "strtok", "atoi", "atol", "gmtime", "localtime", "rand", "srand",
          "signal", "alloca", "system", "popen", "gets", "mktemp", "tmpnam"]
# The few statics that may change, each with its reason beside it in the code.
MUTABLE = {("src/base/buf.c", "empty"), ("src/base/log.c", "threshold"), ("src/base/log.c", "format")}
MAX_FILE, MAX_FUNCTION = 600, 60
SKIP = {".git", "node_modules", ".state", "__pycache__"}
UNFINISHED = "|".join(["TO" + "DO", "FIX" + "ME"])
MACHINE = "|".join([r"/wor" + r"k/", r"/roo" + r"t/", r"/hom" + r"e/\w", r"registry\.npm" + "js", r"deb\.debian" + r"\.org"])

broken = {}


def report(rule, path, line, text):
    broken.setdefault(rule, 0)
    broken[rule] += 1
    print(f"{path}:{line}: {text}")


def files():
    for folder, folders, names in os.walk("."):
        folders[:] = sorted(f for f in folders if f not in SKIP and not (folder == "." and f.startswith("build")))
        for name in sorted(names):
            yield os.path.relpath(os.path.join(folder, name))


def read(path):
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        return file.read()


def without_comments(text, strings):
    """The code with comments blanked, and with the insides of strings blanked unless they are wanted; same lines."""
    def blank(match):
        piece = match.group(0)
        if piece[0] == "/" or not strings:
            return piece[0] + re.sub(r"[^\n]", " ", piece[1:-1]) + (piece[-1] if piece[0] != "/" else " ")
        return piece
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text, flags=re.S)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def allowed(own):
    if own in NARROW:
        return NARROW[own] | {own}
    return set(FLOORS[:FLOORS.index(own) + 1])


def check_include(path, line, own, header):
    rule = "includes look down only"
    folder = header.split("/")[0]
    if folder == "sim" and own != "sim":
        report(rule, path, line, "nothing in src knows the simulator")
    elif folder not in allowed(own):
        report(rule, path, line, f'{own} may not include "{header}"')
    elif own == "task" and folder == "net" and header != "net/probe.h":
        report(rule, path, line, "of net, task uses the probe only")
    elif folder == "cloud" and own != "cloud" and header.count("/") > 1:
        report(rule, path, line, f"{own} may not include a vendor's folder")
    elif {own, folder} == {"watch", "notify"}:
        report(rule, path, line, "watch and notify do not know each other")


def check_includes(path, code):
    parts = path.split("/")
    own = parts[1] if parts[0] == "src" and len(parts) > 2 else parts[0]
    if own not in FLOORS and own != "sim":
        return
    includes = re.findall(r'^#include (["<])([^">]+)', code, flags=re.M)
    lines = [line_of(code, m.start()) for m in re.finditer(r'^#include ["<]', code, flags=re.M)]
    inside = path.removeprefix("src/")
    header = re.sub(r"\.c$", ".h", inside)
    if inside.endswith(".c") and os.path.exists(re.sub(r"\.c$", ".h", path)) and includes and includes[0][1] != header:
        report("own header first", path, lines[0], f'include "{header}" first')
    for (quote, name), line in zip(includes, lines):
        if quote == '"':
            check_include(path, line, own, name)
        for library, folder in LIBRARIES:
            if quote == "<" and name.startswith(library) and own != folder:
                report("libraries stay in their folder", path, line, f"only {folder} includes <{name}>")


def check_functions(path, code):
    """clang-format puts the braces of a function, and of nothing else, alone into the first column. Rows of a table within
    a function are data, and not counted."""
    start, size, in_table = None, 0, False
    for number, line in enumerate(code.split("\n"), 1):
        if line == "{":
            start, size, in_table = number, 0, False
        elif line == "}" and start is not None:
            if size > MAX_FUNCTION:
                report("functions are short", path, start, f"function of {size} lines, at most {MAX_FUNCTION}")
            start = None
        elif line == "    };":
            in_table = False
        elif re.match(r"    (static const\b.*|\} .*)= \{$", line):
            in_table = True
        elif not in_table:
            size += 1


def check_c(path):
    text = read(path)
    product_code = path.startswith(("src/", "sim/"))
    check_includes(path, without_comments(text, True))
    code = without_comments(text, False)
    check_functions(path, code)
    # Tests run programs of Debian's, openssl for one.
    banned = [name for name in BANNED if name not in ("system", "popen") or not os.path.basename(path).startswith("test_")]
    for match in re.finditer(r"(?<![\w.>])(" + "|".join(banned) + r")\s*\(", code):
        report("no banned calls", path, line_of(code, match.start()), f"{match.group(1)}() is banned")
    if not product_code:
        return
    for match in re.finditer(r"\bgoto\b", code):
        report("no goto", path, line_of(code, match.start()), "goto: use cleanup()")
    for match in re.finditer(r"^static\s[^;{=]*\)\s*;", code, flags=re.M):
        report("callee above caller", path, line_of(code, match.start()), "forward declaration of a static function")
    if not path.startswith("src/main/") and not os.path.basename(path).startswith("test_"):
        for match in re.finditer(r"^[ ]*static (?!inline|_Noreturn)(?![^;={]*\bconst\b)[^;={()]*?(\w+)\s*(?:=|;|\[)", code, flags=re.M):
            if (path, match.group(1)) not in MUTABLE:
                report("no mutable globals", path, line_of(code, match.start()), f"mutable static {match.group(1)}")


def check_text(path):
    name = os.path.basename(path)
    if path.endswith((".c", ".h", ".py", ".js", ".mjs", ".sh", ".sql", ".def", ".md", "meson.build")) or \
            path.startswith(("script/", ".ci/")):
        text = read(path)
        for number, line in enumerate(text.split("\n"), 1):
            if "\t" in line:
                report("no tabs", path, number, "tab")
            if re.search(rf"\b({UNFINISHED})\b", line):
                report("nothing unfinished", path, number, "unfinished work is an issue, not a comment")
            if re.search(MACHINE, line):
                report("no machine's paths or registries", path, number, "path or host of one machine")
        if not path.endswith((".md", ".def")) and text.count("\n") > MAX_FILE:
            report("files are short", path, MAX_FILE, f"{text.count(chr(10))} lines, at most {MAX_FILE}")
    if name in ("package-lock.json", "npm-shrinkwrap.json"):
        for number, line in enumerate(read(path).split("\n"), 1):
            if '"resolved"' in line:
                report("lock files without addresses", path, number, "download address; see .npmrc")


def check_script(path):
    text = read(path)
    first = text.split("\n", 1)[0]
    if "python" in first or path.endswith(".py"):
        try:
            ast.parse(text, path)
        except SyntaxError as error:
            report("scripts parse", path, error.lineno or 1, error.msg)
    elif re.match(r"#!.*\b(ba)?sh\b", first):
        shell = "bash" if "bash" in first else "sh"
        done = subprocess.run([shell, "-n", path], capture_output=True, text=True, check=False)
        if done.returncode:
            report("scripts parse", path, 1, done.stderr.strip())


RULES = ["includes look down only", "own header first", "libraries stay in their folder", "functions are short",
         "no banned calls", "no goto", "callee above caller", "no mutable globals", "no tabs", "nothing unfinished",
         "no machine's paths or registries", "files are short", "lock files without addresses", "scripts parse"]


def main():
    for path in files():
        if os.path.islink(path):
            continue
        if path.endswith((".c", ".h")):
            check_c(path)
        check_text(path)
        if path.startswith(("script/", "tests/", ".ci/")) and (os.access(path, os.X_OK) or path.endswith(".py")):
            check_script(path)
    for rule in RULES:
        print(f"not ok - {rule}: {broken[rule]}" if rule in broken else f"ok - {rule}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
