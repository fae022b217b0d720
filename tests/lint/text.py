"""Form and wording: format, file length, links, commands that documents name."""

import re
import shutil
import subprocess

import pytest

import tree

LINES_MAX = 700
TEST_LINES_MAX = 800
TEXT_SUFFIXES = {".h", ".cc", ".py", ".md", ".build", ".sh", ".proto", ".yaml", ".yml", ".toml", ".txt"}


def texts():
    return [path for path in tree.files()
            if path.suffix in TEXT_SUFFIXES or path.name in ("dev", "run", "VERSION", ".clang-format")]


def grep(pattern, paths):
    return [f"{path}:{number}: {line.strip()[:120]}" for path in paths
            for number, line in enumerate(tree.text(path).splitlines(), 1) if re.search(pattern, line)]


def test_cpp_is_formatted():
    program = shutil.which("clang-format-14")
    assert program, "clang-format-14 is missing; ./dev test installs it"
    said = subprocess.run([program, "--dry-run", "--Werror", *map(str, tree.cpp_files())], cwd=tree.ROOT,
                          capture_output=True, text=True, check=False)
    wrong = sorted({line.split(":")[0] for line in said.stderr.splitlines() if "error:" in line})
    assert not wrong, "./dev fmt would change:\n" + "\n".join(wrong)


def test_cpp_lines_have_at_most_100_columns():
    wrong = [f"{path}:{number}" for path in tree.cpp_files()
             for number, line in enumerate(tree.text(path).splitlines(), 1)
             if len(line) > 100 and '"' not in line]  # a literal is not cut
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("script", [path for path in tree.files()
                                    if path.name == "dev" or path.suffix == ".sh" or str(path) == ".ci/run"], ids=str)
def test_scripts_pass_shellcheck(script):
    program = shutil.which("shellcheck")
    assert program, "shellcheck is missing; ./dev test installs it"
    said = subprocess.run([program, str(script)], cwd=tree.ROOT, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout


def test_files_are_short():
    long = []
    for path in tree.files():
        lines = tree.text(path).count("\n") if path.suffix in (".h", ".cc", ".py") else 0
        test = tree.is_test(path) or path.parts[0] == "tests"
        if lines > (TEST_LINES_MAX if test else LINES_MAX):
            long.append(f"{path}: {lines} lines")
    assert not long, "split by job:\n" + "\n".join(long)


def test_nothing_is_left_for_later():
    paths = [path for path in texts() if "lint" not in path.parts and path.suffix != ".md"]
    found = grep(r"\b(?:TODO|FIXME|XXX|HACK)\b", paths)
    assert not found, "\n".join(found)


def test_lines_have_no_trailing_space_and_files_end_with_one_newline():
    paths = [path for path in texts() if "golden" not in path.parts and "corpus" not in path.parts]
    wrong = grep(r"[ \t]+$", paths)
    wrong += [f"{path}: end of file" for path in paths
              if (content := tree.text(path)) and (not content.endswith("\n") or content.endswith("\n\n"))]
    assert not wrong, "\n".join(wrong)


def test_no_path_of_one_machine_is_named():
    paths = [path for path in texts() if "lint" not in path.parts]
    found = grep(r"(?<![\w.\-/])/(?:home|root|work|Users)/", paths)
    assert not found, "\n".join(found)


def documents():
    return [path for path in tree.files() if path.suffix == ".md"]


def anchors(path):
    return {re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-")
            for title in re.findall(r"^#+ (.*)$", tree.text(path), re.M)}


def test_links_between_documents_lead_somewhere():
    wrong = []
    for path in documents():
        prose = re.sub(r"```.*?```", "", tree.text(path), flags=re.S)
        for target in re.findall(r"\]\(([^)\s]+)\)", prose):
            if re.match(r"[a-z]+:", target):
                continue
            name, _, anchor = target.partition("#")
            file = (tree.ROOT / path.parent / name).resolve() if name else tree.ROOT / path
            if not file.exists():
                wrong.append(f"{path}: {target}")
            elif anchor and file.suffix == ".md" and anchor not in anchors(file.relative_to(tree.ROOT)):
                wrong.append(f"{path}: no heading for {target}")
    assert not wrong, "\n".join(wrong)


def test_dev_commands_in_documents_exist():
    helped = subprocess.run(["bash", str(tree.ROOT / "dev"), "help"], capture_output=True, text=True, check=True).stdout
    known = set(re.findall(r"^  (\w+)", helped, re.M))
    assert {"run", "test", "demo", "bench", "build", "lint", "fmt", "help"} <= known
    wrong = [f"{path}: ./dev {word}" for path in documents()
             for word in re.findall(r"\./dev ([a-z]+)", tree.text(path)) if word not in known]
    assert not wrong, "\n".join(wrong)


def test_ci_runs_the_command_of_the_readme():
    script = [line for line in tree.text(tree.pathlib.Path(".ci/run")).splitlines() if not line.startswith("#")]
    assert script[-1] == "exec ./dev test"
