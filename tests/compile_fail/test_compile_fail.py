"""Misuse that must not build. Each case here builds as it is, and with -DMISUSE fails as it says.

A case is one .cc file: `// error: REGEX` names the compiler's complaint; without MISUSE the same file
must compile, so that a case cannot pass because of a typing mistake.
"""

import os
import pathlib
import re
import subprocess

import pytest

FOLDER = pathlib.Path(__file__).resolve().parent
ROOT = FOLDER.parent.parent
COMPILER = [os.environ.get("CXX", "g++").split()[-1], "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Werror",
            f"-I{ROOT}/src", f"-I{ROOT}/subprojects/otlpview/include"]


def compile_case(path, *flags):
    return subprocess.run([*COMPILER, *flags, str(path)], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("case", sorted(FOLDER.glob("*.cc")), ids=lambda path: path.stem)
def test_misuse_does_not_build(case):
    good = compile_case(case)
    assert good.returncode == 0, good.stderr
    bad = compile_case(case, "-DMISUSE")
    assert bad.returncode != 0, "the misuse builds"
    wanted = re.search(r"^// error: (.*)$", case.read_text(), re.M).group(1)
    assert re.search(wanted, bad.stderr), bad.stderr
