"""What the lint checks look at: the files of this repository, and C++ without comments and strings."""

import functools
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


@functools.cache
def files() -> list[pathlib.Path]:
    """Every file under version control or about to be, relative to the root."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            cwd=ROOT, check=True, capture_output=True, text=True)
    paths = (pathlib.Path(name) for name in listed.stdout.split("\0") if name)
    return sorted({path for path in paths if (ROOT / path).is_file()})


def cpp_files() -> list[pathlib.Path]:
    return [path for path in files() if path.suffix in (".h", ".cc")]


def headers() -> list[pathlib.Path]:
    return [path for path in files() if path.suffix == ".h"]


def for_tests(path: pathlib.Path) -> bool:
    """Whether its header's top comment says that it is for tests."""
    header = path.with_suffix(".h")
    return ((ROOT / header).exists()
            and bool(re.search(r"\b[Ff]or (?:the )?tests\b", text(header).split("#pragma once")[0])))


@functools.cache
def is_test(path: pathlib.Path) -> bool:
    """Code that is not in the service: tests, their helpers, fuzz targets, benchmarks."""
    return (bool(re.search(r"(^|_)(test|fuzz|bench|testing|test_support)\.(cc|h)$", path.name))
            or bool({"tests", "fuzz", "bench", "oracle", "testing"} & set(path.parts))
            or for_tests(path))


@functools.cache
def text(path: pathlib.Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


_NOT_CODE = re.compile(
    r"""//[^\n]*|/\*.*?\*/|R"(?P<d>[^(\s]*)\(.*?\)(?P=d)"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'""",
    re.S)


@functools.cache
def code(path: pathlib.Path) -> str:
    """C++ with comments and literals blanked, line numbers kept."""
    def blank(match):
        return '""' + "\n" * match.group().count("\n") if match.group()[0] != "/" else "\n" * match.group().count("\n")
    return _NOT_CODE.sub(blank, text(path))


def find(pattern: re.Pattern, path: pathlib.Path) -> list[str]:
    """`path:line: the line` for each match in the code of a file."""
    source = code(path)
    lines = text(path).splitlines()
    return [f"{path}:{number}: {lines[number - 1].strip()}"
            for number in sorted({source.count("\n", 0, match.start()) + 1
                                  for match in pattern.finditer(source)})]
