"""Output of the command line against kept files.

    tests/golden/<subject>/command        the arguments, with {case} for the case's folder
    tests/golden/<subject>/<case>/...     its input, and `expected`: exit code, stdout and stderr

`TEST_ACCEPT=1 ./dev test golden` writes `expected` anew, and reports *skipped*, not *passed*.
"""

import os
import pathlib
import shlex

import pytest

import gateway

FOLDER = pathlib.Path(__file__).resolve().parent
CASES = sorted(path.parent for subject in FOLDER.iterdir() if (subject / "command").exists()
               for path in subject.glob("*/*") if path.name.startswith("input"))


def said(case):
    arguments = shlex.split((case.parent / "command").read_text().strip())
    result = gateway.run_command(*(word.replace("{case}", ".") for word in arguments), cwd=case,
                                 env={"GOLDEN_VALUE": "from the environment"})
    return f"exit {result.returncode}\n--- stdout\n{result.stdout}--- stderr\n{result.stderr}"


@pytest.mark.parametrize("case", CASES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_output_is_as_kept(case):
    expected = case / "expected"
    got = said(case)
    if os.environ.get("TEST_ACCEPT") == "1":
        expected.write_text(got)
        pytest.skip("written anew")
    assert got == expected.read_text()
