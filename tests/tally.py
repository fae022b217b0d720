"""Counts single test cases over all suites, and closes a run.

A case is one GoogleTest or pytest case, or one plain program. Both frameworks write JUnit XML.
"""

import collections
import dataclasses
import json
import pathlib
import xml.etree.ElementTree

OUTCOMES = ("passed", "failed", "skipped")
FAILURE_LINES_MAX = 25
FAILURES_SHOWN_MAX = 20
MESON_OUTPUT_MAX = 4000  # characters of a program's output


@dataclasses.dataclass
class Case:
    suite: str
    name: str
    outcome: str  # one of OUTCOMES
    message: str  # of a failure
    rerun: str = ""  # the command that runs this case again


def read_junit(path: pathlib.Path, rerun) -> list[Case]:
    """The cases of one file; none when it is missing or cut off, which its runner then reports."""
    try:
        root = xml.etree.ElementTree.parse(path).getroot()
    except (OSError, xml.etree.ElementTree.ParseError):
        return []
    cases = []
    for element in root.iter("testcase"):
        bad = element.find("failure")
        if bad is None:
            bad = element.find("error")
        skipped = (element.find("skipped") is not None or element.get("status") == "notrun"
                   or element.get("result") == "skipped")
        outcome = "failed" if bad is not None else "skipped" if skipped else "passed"
        message = "" if bad is None else (bad.text or bad.get("message") or "")
        case = Case(element.get("classname", ""), element.get("name", ""), outcome, message)
        case.rerun = rerun(case)
        cases.append(case)
    return cases


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What Meson says of one program."""

    outcome: str  # one of OUTCOMES
    said: str  # its exit and the end of its output, for a failure


# Meson's words; whatever else it says is a failure. A program that should fail, and does, passed.
_MESON_OUTCOMES = {"OK": "passed", "EXPECTEDFAIL": "passed", "SKIP": "skipped"}


def read_meson(path: pathlib.Path) -> dict[tuple[str, str], Verdict]:
    """The verdicts of a testlog.json, by project and test. Not by program: several tests may start
    the same one, as those do that call the compiler."""
    verdicts = {}
    for text in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        entry = json.loads(text)
        suites, _, name = entry["name"].rpartition(" / ")
        said = f"{entry['result']}, exit {entry['returncode']}\n" + entry.get("stdout", "")[-MESON_OUTPUT_MAX:]
        verdicts[suites.partition(":")[0], name] = Verdict(_MESON_OUTCOMES.get(entry["result"], "failed"), said)
    return verdicts


def meson_cases(test, verdicts, cases, rerun) -> list[Case]:
    """The cases of one test of `meson introspect --tests`: those of its XML, or one for the program."""
    verdict = verdicts.get((test["suite"][0].partition(":")[0], test["name"]))
    if verdict is None:
        return [*cases, Case(test["name"], "program", "failed", "did not run", rerun)]
    if verdict.outcome == "failed" and not any(case.outcome == "failed" for case in cases):
        return [*cases, Case(test["name"], "program", "failed", verdict.said, rerun)]
    return cases or [Case(test["name"], "program", verdict.outcome, "", "")]


def count(cases) -> dict[str, int]:
    found = collections.Counter(case.outcome for case in cases)
    return {outcome: found[outcome] for outcome in OUTCOMES}


def line(counts) -> str:
    return ", ".join(f"{counts[outcome]} {outcome}" for outcome in OUTCOMES)


def close(cases, logs) -> int:
    """Prints what failed and how to run it again, then the one closing line. The exit code."""
    failures = [case for case in cases if case.outcome == "failed"]
    for case in failures[:FAILURES_SHOWN_MAX]:
        print(f"\nFAILED {case.suite}.{case.name}")
        for text in case.message.strip().splitlines()[-FAILURE_LINES_MAX:]:
            print(f"    {text}")
        if case.rerun:
            print(f"  again: {case.rerun}")
    if len(failures) > FAILURES_SHOWN_MAX:
        print(f"\n... and {len(failures) - FAILURES_SHOWN_MAX} more failures")
    if failures:
        print(f"\nwhole output: {logs}/test-*.log")
    if not cases:
        print("\nno test ran")
    counts = count(cases)
    print()
    print(line(counts), flush=True)
    return 1 if counts["failed"] or not counts["passed"] else 0
