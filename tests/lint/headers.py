"""Each header says what it is for, and compiles alone."""

import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import subprocess

import pytest

import layers
import tree

BUILD = pathlib.Path(os.environ.get("OTLP_BUILD", tree.ROOT / "build"))
CACHE = tree.ROOT / ".cache" / "dev" / "headers"


def top_comment(path):
    lines = []
    for line in tree.text(path).splitlines():
        if not line.startswith("//"):
            break
        lines.append(line)
    return "\n".join(lines)


def test_each_header_begins_with_its_purpose_errors_and_threads():
    wrong = []
    for path in tree.headers():
        comment = top_comment(path)
        if not comment:
            wrong.append(f"{path}: no comment at the top")
        wrong += [f"{path}: the top comment has no '{word}' line" for word in ("Errors:", "Threads:")
                  if not tree.is_test(path) and not re.search(rf"^// {word}", comment, re.M)]
    assert not wrong, "\n".join(wrong)


def test_each_header_is_guarded_by_pragma_once():
    wrong = [str(path) for path in tree.headers() if not re.search(r"^#pragma once$", tree.text(path), re.M)]
    assert not wrong, "\n".join(wrong)


def module_flags():
    """The compiler and flags that each module is built with: those of all its targets together."""
    flags = {}
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        source = pathlib.Path(os.path.normpath(pathlib.Path(entry["directory"]) / entry["file"]))
        if not source.is_relative_to(tree.ROOT):
            continue
        words = shlex.split(entry["command"])
        compiler = words[:2] if words[0] == "ccache" else words[:1]
        kept = []
        after = iter(words[len(compiler):])
        for word in after:
            if word in ("-I", "-isystem", "-D", "-include"):
                kept += [word, next(after)]
            elif word.startswith(("-I", "-D", "-std", "-isystem", "-W", "-m", "-pthread")):
                # Which folder of this machine a test is given is no header's business, and no cache could share it.
                kept.append(re.sub(r'="/.*"$', '=""', word))
        module = layers.module_of(source.relative_to(tree.ROOT)) or "tests"
        known = flags.setdefault(module, list(compiler))
        known += [word for word in kept if word not in known]
    return flags


def compile_alone(path, command):
    """The compiler's complaint, or nothing. Skipped while header and all that it includes are older."""
    name = str(path).replace("/", "_")
    stamp, source = CACHE / f"{name}.d", CACHE / f"{name}.cc"
    if stamp.exists():
        needed = stamp.read_text().replace("\\\n", " ").split(": ", 1)[-1].split()
        times = [os.stat(BUILD / name).st_mtime if (BUILD / name).exists() else float("inf") for name in needed]
        if times and max(times) < stamp.stat().st_mtime:
            return ""
    text = f'#include "{path}"\n'
    if not source.exists() or source.read_text() != text:
        source.write_text(text)
    # An object nobody needs, for a compiler cache keeps nothing of -fsyntax-only.
    said = subprocess.run([*command, "-O0", "-MD", "-MF", str(stamp), "-I", os.path.relpath(tree.ROOT, BUILD),
                           "-c", os.path.relpath(source, BUILD), "-o", str(CACHE / f"{name}.o")],
                          cwd=BUILD, capture_output=True, text=True, check=False)
    if said.returncode != 0:
        stamp.unlink(missing_ok=True)
        return f"{path}:\n{said.stderr[-2000:]}"
    return ""


@pytest.mark.timeout(600)
def test_each_header_compiles_alone():
    CACHE.mkdir(parents=True, exist_ok=True)
    flags = module_flags()
    # Benchmarks are not in every build directory, so their flags are not known.
    jobs = [(path, flags[layers.module_of(path) or "tests"]) for path in tree.headers()
            if (layers.module_of(path) or "tests") in flags and "bench" not in path.parts]
    assert jobs
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        complaints = [said for said in pool.map(lambda job: compile_alone(*job), jobs) if said]
    assert not complaints, "\n".join(complaints)
