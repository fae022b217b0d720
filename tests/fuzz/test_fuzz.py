"""libFuzzer on every target, from its kept corpus, for DEV_FUZZ_SECONDS (60) each.

The default suites only replay the corpora. What a run finds is left in .cache/dev/fuzz/<target>; add a
finding to the target's corpus together with its fix.
"""

import json
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build-fuzz"
# name -> its folder, where corpus/<name> is
TARGETS = {path.name.removesuffix("_fuzz.cc"): path.parent
           for pattern in ("subprojects/otlpview/fuzz/*_fuzz.cc", "src/*/fuzz/*_fuzz.cc") for path in sorted(ROOT.glob(pattern))}
SECONDS = int(os.environ.get("DEV_FUZZ_SECONDS", "60"))


def run(*command, **more):
    said = subprocess.run([str(word) for word in command], cwd=ROOT, capture_output=True, text=True, check=False,
                          stdin=subprocess.DEVNULL, **more)
    assert said.returncode == 0, (said.stdout + said.stderr)[-6000:]
    return said.stdout


@pytest.fixture(scope="session")
def programs():
    if not (BUILD / "build.ninja").exists():
        run("meson", "setup", BUILD, "-Dfuzzers=true", "-Dtests=false", "-Djemalloc=false", "-Db_sanitize=address,undefined",
            "-Db_lundef=false", env={**os.environ, "CXX": "clang++-14"})
    targets = json.loads(run("meson", "introspect", "--targets", BUILD))
    paths = {target["name"]: pathlib.Path(target["filename"][0]) for target in targets if target["name"].endswith("_fuzz")}
    run("ninja", "-C", BUILD, *(path.relative_to(BUILD) for path in paths.values()))
    return paths


@pytest.mark.timeout(SECONDS + 1200)
@pytest.mark.parametrize("target", TARGETS)
def test_no_input_is_found_that_breaks(programs, target):
    found = ROOT / ".cache" / "dev" / "fuzz" / target
    found.mkdir(parents=True, exist_ok=True)
    run(programs[target + "_fuzz"], found, TARGETS[target] / "corpus" / target, f"-max_total_time={SECONDS}", "-timeout=10", "-rss_limit_mb=2048",
        "-print_final_stats=1", f"-artifact_prefix={found}/")
