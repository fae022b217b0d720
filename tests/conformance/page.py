"""Makes docs/conformance.md: each line of checklist.tsv with the tests that quote its id, and what came of them.

A test quotes an id in its name (G_01 or G01), in its docstring, or in the comment above it (G-01, "G-09 to G-11").
Called at the end of `TEST_ACCEPT=1 ./dev test`, which knows the results; test_page.py holds the page against the tests.

    tests/conformance/page.py    prints the ids that no test quotes
"""

import ast
import collections
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CHECKLIST = pathlib.Path(__file__).resolve().parent / "checklist.tsv"
PAGE = ROOT / "docs" / "conformance.md"
TEXT = pathlib.Path(__file__).resolve().parent / "page_head.md.in"

ID = re.compile(r"(?<![A-Za-z0-9])([GHJWPRMS])-(\d\d)(?![0-9])")
NAME_ID = re.compile(r"(?:^|_)([GHJWPRMS])_?(\d\d)(?![0-9])")
RANGE = re.compile(r"([GHJWPRMS])-(\d\d) to [GHJWPRMS]-(\d\d)")
CPP_TEST = re.compile(r"((?:^//.*\n)*)^TEST(?:_[FP])?\((\w+),\s*(\w+)\)", re.M)
TESTS_SHOWN_MAX = 3
FAMILIES = {"G": "gRPC server", "H": "HTTP server", "J": "JSON", "W": "Protobuf wire", "P": "Partial success",
            "R": "Export client", "M": "Metrics", "S": "Semantics, size, security"}

Line = collections.namedtuple("Line", "id level text instead")
Test = collections.namedtuple("Test", "file name")  # name as results have it: Suite.Name, or a function


def checklist():
    rows = [row.split("\t") for row in CHECKLIST.read_text().splitlines() if row and not row.startswith("#")]
    return [Line(*row, *[""] * (4 - len(row))) for row in rows]


def ids_in(text):
    found = {f"{letter}-{number}" for letter, number in ID.findall(text)}
    for letter, first, last in RANGE.findall(text):
        found |= {f"{letter}-{number:02}" for number in range(int(first), int(last) + 1)}
    return found


def ids_of_name(name):
    return {f"{letter}-{number}" for letter, number in NAME_ID.findall(name)}


def tests():
    """id -> tests that quote it."""
    found = collections.defaultdict(list)
    sources = [*ROOT.glob("src/**/*_test.cc"), *ROOT.glob("subprojects/otlpview/**/*_test.cc"), *ROOT.glob("tests/**/*_test.cc")]
    for path in sorted(sources):
        for comment, suite, name in CPP_TEST.findall(path.read_text()):
            for one in ids_in(comment) | ids_of_name(name):
                found[one].append(Test(path.relative_to(ROOT), f"{suite}.{name}"))
    for folder in ("conformance", "e2e", "interop", "crash", "property"):
        for path in sorted((ROOT / "tests" / folder).glob("test_*.py")):
            for node in ast.parse(path.read_text()).body:
                if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                    for one in ids_of_name(node.name) | ids_in(ast.get_docstring(node) or ""):
                        found[one].append(Test(path.relative_to(ROOT), node.name))
    return found


def verdict(line, named, outcomes):
    if line.instead:
        return line.instead
    if not named:
        return "**no test**"
    seen = {outcomes.get(test.name) for test in named}
    return "**failed**" if "failed" in seen else "passed" if "passed" in seen else "**not run**"


def shown(test):
    return f"[`{test.name}`](../{test.file})"


def page(outcomes):
    found = tests()
    out = [TEXT.read_text().rstrip() + "\n"]
    lines = checklist()
    for letter, family in FAMILIES.items():
        out.append(f"\n## {letter}: {family}\n\n| Id | Level | Requirement | Tests | Result |\n| --- | --- | --- | --- | --- |\n")
        for line in lines:
            if line.id[0] != letter:
                continue
            named = found.get(line.id, [])
            texts = [shown(test) for test in named[:TESTS_SHOWN_MAX]]
            if len(named) > TESTS_SHOWN_MAX:
                texts.append(f"and {len(named) - TESTS_SHOWN_MAX} more")
            out.append(f"| {line.id} | {line.level} | {line.text} | {', '.join(texts)} | {verdict(line, named, outcomes)} |\n")
    return "".join(out)


def write(cases):
    """`cases`: those of a whole run, see tests/tally.py. A test with parameters has failed where one of them has."""
    outcomes = {}
    for case in cases:
        bare = re.sub(r"(\[.*|/\d+)$", "", case.name)
        for name in (bare, f"{case.suite.split('/')[-1]}.{bare}"):
            if outcomes.get(name) != "failed" and not (case.outcome == "skipped" and name in outcomes):
                outcomes[name] = case.outcome
    PAGE.write_text(page(outcomes))


if __name__ == "__main__":
    quoted = tests()
    for each in checklist():
        if not quoted.get(each.id) and not each.instead:
            print(f"{each.id}\t{each.level}\t{each.text}")
