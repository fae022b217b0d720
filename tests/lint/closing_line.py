"""The closing line counts what ran: one verdict a test, whatever the order and whoever the program."""

import itertools
import json

import pytest

import tally


def program(name, *arguments, suite="otlpview:unit"):
    """One test as `meson introspect --tests` lists it."""
    return {"name": name, "suite": [suite], "cmd": ["/usr/bin/compiler", *arguments]}


def log(tmp_path, *rows):
    """A testlog.json of (test, result), in the order in which they ended."""
    path = tmp_path / "testlog.json"
    path.write_text("".join(json.dumps({
        "name": f"{test['suite'][0]} / {test['name']}", "command": test["cmd"], "result": result,
        "returncode": 0 if result == "OK" else 1, "stdout": "the output"}) + "\n" for test, result in rows))
    return path


MISUSE = program("misuse", "case.cc")
CONTROL = program("control", "case.cc", "-DCONTROL")


@pytest.mark.parametrize("order", itertools.permutations([(MISUSE, "EXPECTEDFAIL"), (CONTROL, "OK")]), ids=str)
def test_programs_that_share_an_executable_keep_their_own_verdicts(tmp_path, order):
    """Two tests call one compiler and end in any order: what must not build, and what must."""
    verdicts = tally.read_meson(log(tmp_path, *order))
    for test in (MISUSE, CONTROL):
        assert [case.outcome for case in tally.meson_cases(test, verdicts, [], "")] == ["passed"]


def test_one_name_in_two_projects_is_two_tests(tmp_path):
    ours, theirs = program("check", suite="otlp-service:unit"), program("check", suite="otlpview:unit")
    verdicts = tally.read_meson(log(tmp_path, (ours, "FAIL"), (theirs, "OK")))
    assert tally.meson_cases(ours, verdicts, [], "")[0].outcome == "failed"
    assert tally.meson_cases(theirs, verdicts, [], "")[0].outcome == "passed"


@pytest.mark.parametrize("result", ["FAIL", "TIMEOUT", "ERROR", "INTERRUPT", "UNEXPECTEDPASS"])
def test_a_program_that_went_wrong_is_a_failure_beside_its_cases(tmp_path, result):
    """A crash after three cases that passed: they count, and so does the crash."""
    cases = [tally.Case("Suite", str(i), "passed", "") for i in range(3)]
    found = tally.meson_cases(MISUSE, tally.read_meson(log(tmp_path, (MISUSE, result))), cases, "again")
    assert tally.count(found) == {"passed": 3, "failed": 1, "skipped": 0}
    assert "the output" in found[-1].message and found[-1].rerun == "again"


def test_a_program_that_did_not_run_is_a_failure(tmp_path):
    assert tally.meson_cases(MISUSE, tally.read_meson(tmp_path / "testlog.json"), [], "")[0].outcome == "failed"


def test_a_skipped_program_is_skipped(tmp_path):
    verdicts = tally.read_meson(log(tmp_path, (MISUSE, "SKIP")))
    assert [case.outcome for case in tally.meson_cases(MISUSE, verdicts, [], "")] == ["skipped"]
