"""clang-tidy over our C++, as many at a time as there are cores.

    tests/tidy.py --build DIR [FILE...]     without FILEs: every source of the build that is ours

A source that passed is not looked at again until its text, that of a header of ours which it
includes, how it is compiled, or .clang-tidy changes: a stamp of all these is kept in .cache/dev/tidy.
DIR must have been built: Ninja then knows who includes what. Exits 1 when a source has findings.
"""

import argparse
import collections
import concurrent.futures
import hashlib
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
STAMPS = ROOT / ".cache" / "dev" / "tidy"
PROGRAM = "clang-tidy-14"


def is_ours(path):
    relative = path.relative_to(ROOT) if path.is_relative_to(ROOT) else None
    return relative is not None and relative.parts[0] in ("src", "subprojects", "tests", "proto", "bench")


def included(build):
    """Object -> our files that it was made of, from Ninja's log of dependencies."""
    listed = subprocess.run(["ninja", "-C", str(build), "-t", "deps"], check=True, capture_output=True, text=True).stdout
    found, target = collections.defaultdict(set), None
    for line in listed.splitlines():
        if line.startswith("    "):
            path = pathlib.Path(os.path.normpath(build / line.strip()))
            if is_ours(path):
                found[target].add(path)
        elif ": #deps" in line:
            target = line.split(": #deps")[0]
    return found


def sources(build, wanted):
    """(source, stamp) of each source of ours, once, though several programs may compile it."""
    rules = (ROOT / ".clang-tidy").read_bytes()
    text = {}
    deps = included(build)
    found = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = pathlib.Path(os.path.normpath(build / entry["file"]))
        if not is_ours(path) or path in found or (wanted and path not in wanted):
            continue
        stamp = hashlib.sha256(rules + entry["command"].encode())
        for file in sorted({path, *deps[entry["output"]]}):
            if file not in text:
                text[file] = file.read_bytes()
            stamp.update(text[file])
        found[path] = stamp.hexdigest()
    return sorted(found.items())


def tidy(build, path, stamp):
    if (STAMPS / stamp).exists():
        return ""
    done = subprocess.run([PROGRAM, "--quiet", "-p", str(build), str(path)], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        STAMPS.mkdir(parents=True, exist_ok=True)
        (STAMPS / stamp).touch()
        return ""
    return done.stdout or done.stderr


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("files", nargs="*")
    options = parser.parse_args()
    build = (ROOT / options.build).resolve()
    work = sources(build, {pathlib.Path(file).resolve() for file in options.files})
    jobs = int(os.environ.get("DEV_JOBS") or os.cpu_count() or 1)
    known = sum((STAMPS / stamp).exists() for _, stamp in work)
    print(f"clang-tidy: {len(work)} sources, {known} of them as they passed before", flush=True)
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for (path, _), said in zip(work, pool.map(lambda one: tidy(build, *one), work)):
            if said:
                failed += 1
                print(f"\n{path.relative_to(ROOT)}\n{said.strip()}", flush=True)
    print(f"clang-tidy: {len(work) - failed} sources passed, {failed} have findings", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
