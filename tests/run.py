"""Runs the test suites and closes with one line: N passed, N failed, N skipped.

Called by `./dev test`, which has built everything and made the Python environment:

    tests/run.py --build DIR [SUITE...] [-- ARG...]     ARGs go to pytest or to the C++ programs

A suite is a list of single test cases, whatever runs them: GoogleTest's and pytest's are read from
the XML that they write, a plain program is one case. Failures are listed above the last line, each
with the command that runs it again. Exits 1 when a case failed or when none ran.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

import tally

ROOT = pathlib.Path(__file__).resolve().parent.parent
LOGS = ROOT / ".cache" / "dev"

# name: (how, what, one line for --list). The order is that of a run: what fails fast comes first.
SUITES = {
    "lint": ("pytest", ["tests/lint"], "layers, headers, banned calls, format, scripts, links"),
    "unit": ("meson", ["unit"], "C++ tests beside the code, fuzz corpora replayed"),
    "disk": ("meson", ["disk"], "the log on a disk that forgets, tears and fails, from seeds"),
    "property": ("meson", ["property"], "round trips over seeded input; otlpview against protobuf"),
    "proto": ("pytest", ["proto"], "our .proto files against the published descriptors"),
    "compile-fail": ("pytest", ["tests/compile_fail"], "misuse that must not build"),
    "gitops-quick": ("pytest", ["tests/gitops/test_quick.py"], "deployment assets, as far as no tool is needed"),
    "conformance": ("pytest", ["tests/conformance", "-m", "not long"], "the OTLP checklist against the running service"),
    "e2e": ("pytest", ["tests/e2e", "-m", "not long"], "real SDKs through the running service: outages, kill -9, load"),
}
LONG_SUITES = {
    "conformance-full": ("pytest", ["tests/conformance"], "the checklist with slow peers too"),
    "mutants": ("pytest", ["tests/conformance/test_mutants.py"], "100,000 damaged requests over every transport, encoding and signal"),
    "soak": ("pytest", ["tests/e2e", "-m", "long"], "a minute of outage, a thousand senders through it, minutes of overload"),
    "interop": ("pytest", ["tests/interop"], "SDKs and gRPC clients of four languages, the real Collector, all built here"),
    "crash": ("pytest", ["tests/crash"], "kill -9 again and again under load"),
    "fuzz": ("pytest", ["tests/fuzz"], "libFuzzer on every target, DEV_FUZZ_SECONDS (60) each"),
    "debootstrap": ("pytest", ["tests/debootstrap", "-k", "bookworm"], "./dev run and ./dev test in a clean Debian 12 root"),
    "debian13": ("pytest", ["tests/debootstrap", "-k", "trixie"], "builds and tests with Debian 13's compiler and libraries"),
    "image": ("pytest", ["tests/image"], "the image that ./dev image makes: contents, traffic, kill -9, names, arm64, SBOM"),
    "dockerfile": ("pytest", ["tests/dockerfile"], "the Dockerfile, built by buildah on a clean Debian 12: the same files and settings (as root)"),
    "nix": ("pytest", ["tests/nix"], "the flake in Nix's sandbox, offline: check, build, run, image (as root)"),
    "reproducible": ("pytest", ["tests/reproducible"], "two folders and nix build --rebuild give the same bytes (as root)"),
    "workflows": ("pytest", ["tests/workflows"], "actionlint, zizmor, what the hosted jobs call"),
    "gitops": ("pytest", ["tests/gitops"], "deployment assets by the real tools, which it installs; a line a gate"),
    "gitops-prometheus": ("pytest", ["tests/gitops_prometheus"], "rules, panels and OTLP before a real Prometheus, which it builds"),
    "gitops-apiserver": ("pytest", ["tests/gitops_apiserver"], "every object before a real kube-apiserver, which it builds; helm install"),
}
# Whose tests quote the checklist: docs/conformance.md is made of their results.
CONFORMANCE_SUITES = {"unit", "property", "conformance", "e2e"}
# What runs on a sanitizer build when no suite is named: what executes our C++.
SANITIZER_SUITES = ["unit", "disk", "property", "conformance", "e2e"]

SANITIZER_TIMEOUT_FACTOR = 10
SANITIZER_ENVIRONMENT = {
    "ASAN_OPTIONS": "abort_on_error=1:detect_stack_use_after_return=1:strict_string_checks=1",
    "LSAN_OPTIONS": f"suppressions={ROOT}/tests/lsan.supp:print_suppressions=0",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
    # What happens inside libraries that are not built with it looks like races to ThreadSanitizer.
    "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1:ignore_noninstrumented_modules=1:"
                    f"suppressions={ROOT}/tests/tsan.supp",
}


def run_pytest(name, arguments, extra, build, out):
    xml = out / f"{name}.xml"
    command = [sys.executable, "-m", "pytest", "-c", "tests/pytest.ini", "--rootdir=.", *arguments, "-p", "no:cacheprovider", "-q",
               f"--junitxml={xml}", *extra]
    environment = {
        **os.environ, **sanitizer_environment(build),
        "OTLP_BUILD": str(build),
        "OTLP_SERVICE": os.environ.get("OTLP_SERVICE", str(build / "otlp-service")),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    if name == "mutants":
        environment.setdefault("OTLP_MUTANTS", "100000")
    code = logged(name, command, environment)
    cases = tally.read_junit(xml, rerun=lambda c: f"./dev test {name} -- -k '{c.name.split('[')[0]}'")
    if code not in (0, 1) or (code == 1 and not any(c.outcome == "failed" for c in cases)):
        cases.append(tally.Case(name, "pytest", "failed", f"pytest ended with {code}", f"./dev test {name}"))
    return cases


def run_meson(name, wanted, extra, build, out):
    listed = subprocess.run(["meson", "introspect", "--tests", str(build)], check=True,
                            capture_output=True, text=True)
    tests = [t for t in json.loads(listed.stdout)
             if any(s.split(":")[-1] in wanted for s in t["suite"])]
    xml = out / name
    xml.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, **sanitizer_environment(build), "GTEST_OUTPUT": f"xml:{xml}/"}
    suites = [a for s in wanted for a in ("--suite", s)]
    patience = ["--timeout-multiplier", str(SANITIZER_TIMEOUT_FACTOR)] if sanitizer_environment(build) else []
    command = ["meson", "test", "-C", str(build), "--no-rebuild", "--no-stdsplit", *patience,
               *suites, *(["--test-args", " ".join(extra)] if extra else [])]
    results = build / "meson-logs" / "testlog.json"
    results.unlink(missing_ok=True)  # an older run says nothing of this one
    code = logged(name, command, environment)
    verdicts = tally.read_meson(results)
    cases = []
    for test in tests:
        program = pathlib.Path(test["cmd"][0])
        shown = program.relative_to(ROOT) if program.is_relative_to(ROOT) else program
        found = tally.read_junit(xml / f"{program.name}.xml", rerun=lambda c, p=shown:
                                 f"{p} --gtest_filter='{c.suite}.{c.name}'")
        again = " ".join([str(shown), *test["cmd"][1:]])
        cases += tally.meson_cases(test, verdicts, found, again)
    if code != 0 and not any(c.outcome == "failed" for c in cases):
        cases.append(tally.Case(name, "meson", "failed", f"meson test ended with {code}", f"./dev test {name}"))
    return cases


def sanitizer_environment(build):
    return SANITIZER_ENVIRONMENT if build.name != "build" else {}


def logged(name, command, environment):
    """Runs a command with its output in a log; on a terminal or in CI alike, one line says how it went."""
    LOGS.mkdir(parents=True, exist_ok=True)
    with open(LOGS / f"test-{name}.log", "wb") as log:
        return subprocess.run(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL,
                              stdout=log, stderr=subprocess.STDOUT, check=False).returncode


def show_list():
    print("suites that `./dev test` runs:")
    for name, (_, _, text) in SUITES.items():
        print(f"  {name:18} {text}")
    print("longer ones, by name:")
    for name, (_, _, text) in LONG_SUITES.items():
        print(f"  {name:18} {text}")
    print(f"  {'all':18} both lists")


def show_gates(cases):
    """A line for each gate, and one for each other file of the suite."""
    files = {}
    for case in cases:
        if case.name.startswith("test_gate["):
            print(f"    {case.name[len('test_gate['):-1]:16}{case.outcome}", flush=True)
        else:
            files.setdefault(case.suite.rpartition(".")[2].removeprefix("test_"), []).append(case)
    for file, found in files.items():
        print(f"    {file:16}{tally.line(tally.count(found))}", flush=True)


def main():
    own, extra = sys.argv[1:], []
    if "--" in own:
        cut = own.index("--")
        own, extra = own[:cut], own[cut + 1:]
    parser = argparse.ArgumentParser(prog="./dev test")
    parser.add_argument("--build", default="build")
    parser.add_argument("--sanitize", default="")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("suites", nargs="*")
    options = parser.parse_args(own)
    if options.list:
        show_list()
        return 0

    known = {**SUITES, **LONG_SUITES}
    names = options.suites or (SANITIZER_SUITES if options.sanitize else list(SUITES))
    if names == ["all"]:
        names = list(known)
    unknown = [n for n in names if n not in known]
    if unknown:
        print(f"no suite {', '.join(unknown)}; ./dev test --list names them", file=sys.stderr)
        return 2

    build = (ROOT / options.build).resolve()
    out = LOGS / "results"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    cases = []
    for name in names:
        how, what, _ = known[name]
        started = time.monotonic()
        run = run_meson if how == "meson" else run_pytest
        found = run(name, what, extra, build, out)
        cases += found
        counts = tally.count(found)
        print(f"  {name:18} {time.monotonic() - started:4.0f} s  {tally.line(counts)}", flush=True)
        if name == "gitops":
            show_gates(found)
    if os.environ.get("TEST_ACCEPT") and CONFORMANCE_SUITES <= set(names):
        sys.path.insert(0, str(ROOT / "tests" / "conformance"))
        import page
        page.write(cases)
        print("  docs/conformance.md is written anew", flush=True)
    return tally.close(cases, LOGS)


if __name__ == "__main__":
    sys.exit(main())
