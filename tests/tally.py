"""Counts single test cases over all suites, and closes a run.

A case is one GoogleTest or pytest case, or one plain program. Both frameworks write JUnit XML.
"""

import collections
import dataclasses
import pathlib
import xml.etree.ElementTree

OUTCOMES = ("passed", "failed", "skipped")
FAILURE_LINES_MAX = 25
FAILURES_SHOWN_MAX = 20


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
