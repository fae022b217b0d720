"""What GitHub runs is what a developer can run: each step is one command of the repository, on actions that are
pinned by commit, with the least rights. `./dev test workflows` adds actionlint and zizmor.

Also: the Dockerfile says what image/settings.json says.
"""

import json
import re
import shlex
import sys

import pytest
import yaml

import tree

WORKFLOWS = [path for path in tree.files() if path.parts[:2] == (".github", "workflows")]
EXPECTED = {"audit", "benchmarks", "fuzz", "gitops", "image", "interop", "nix", "promote", "smoke", "test"}
TRUST = 'git config --global --add safe.directory "$GITHUB_WORKSPACE"'
COMMANDS = re.compile(r"(\./dev|nix) [^\n]+|apt-get update && apt-get install [^\n]+git && " + re.escape(TRUST))
WRITES = {"contents": {"benchmarks", "promote", "image"}, "pull-requests": {"promote", "image"}, "packages": {"image"},
          "id-token": {"image"}, "attestations": {"image"}}


def document(path):
    return yaml.safe_load(tree.text(path))


def jobs(path):
    return document(path)["jobs"].items()


def test_all_workflows_are_there():
    assert {path.stem for path in WORKFLOWS} == EXPECTED


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_rights_are_given_by_job_and_few(path):
    assert document(path)["permissions"] == {}, "the workflow itself has none"
    assert "concurrency" in document(path)
    for name, job in jobs(path):
        for right, level in job["permissions"].items():
            assert level == "read" or path.stem in WRITES[right], f"{name}: {right}: {level}"
        assert "uses" in job or "timeout-minutes" in job, f"{name} may run for ever"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_pinned_by_commit_with_their_version_beside(path):
    for line in tree.text(path).splitlines():
        found = re.search(r"uses: (\S+)(.*)", line)
        if found and not found.group(1).startswith("./"):
            assert re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", found.group(1)), line
            assert re.match(r" # v\d+\.\d+\.\d+", found.group(2)), line
    versions = {}
    for other in WORKFLOWS:
        for name, pin in re.findall(r"uses: ([\w.-]+/[\w.-]+)@(\w+)", tree.text(other)):
            assert versions.setdefault(name, pin) == pin, f"{name} has two pins"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_each_step_is_a_command_that_runs_on_a_developers_machine(path):
    helped = tree.subprocess.run(["bash", str(tree.ROOT / "dev"), "help"], capture_output=True, text=True, check=True).stdout
    known = set(re.findall(r"^  (\w+)", helped, re.M))
    for name, job in jobs(path):
        bodies = [step["run"] for step in job.get("steps", []) if not step.get("run", "apt-get").startswith("apt-get")]
        assert len(bodies) == (0 if "uses" in job else 1), f"{name} is more than one command"
        for step in job.get("steps", []):
            command = step.get("run", "").strip()
            if command:
                assert COMMANDS.fullmatch(command), f"{name}: {command}"
                assert "${{" not in command, f"{name}: an expression in a script can be injected into"
                if command.startswith("./dev"):
                    assert command.split()[1] in known, command
            if step.get("uses", "").startswith("actions/checkout@") and step.get("with", {}).get("persist-credentials", True):
                assert job["permissions"]["contents"] == "write", f"{name} keeps a token that it does not need"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_git_trusts_the_checkout_of_a_container_job(path):
    """Root in the container, another user's folder: without it Git refuses, and images name no commit."""
    for name, job in jobs(path):
        if "container" in job:
            assert any(step.get("run", "").strip().endswith(TRUST) for step in job["steps"]), name


def comment_above(text, job):
    """The comment lines directly above a job's name."""
    before = text.split(f"\n  {job}:\n")[0].splitlines()
    found = []
    while before and before[-1].startswith("  #"):
        found.insert(0, before.pop())
    return " ".join(found)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_what_compiles_is_cached_or_says_why_not(path):
    for name, job in jobs(path):
        steps = job.get("steps", [])
        if any(re.match(r"\./dev (test|bench(?! --history)|audit|image)\b|nix build", step.get("run", "")) for step in steps):
            cached = any(re.match(r"(actions/cache|nix-community/cache-nix-action)@", step.get("uses", "")) for step in steps)
            assert cached or "Nothing is cached: " in comment_above(tree.text(path), name), name


def test_every_long_suite_is_run_by_a_job():
    listed = tree.subprocess.run([sys.executable, str(tree.ROOT / "tests/run.py"), "--list"], capture_output=True, text=True, check=True).stdout
    longer = re.findall(r"^  (\S+)", listed.split("longer ones, by name:\n")[1], re.M)
    run = set()
    for path in WORKFLOWS:
        for _, job in jobs(path):
            matrix = job.get("strategy", {}).get("matrix", {})
            run |= {*matrix.get("suite", []), *(case["suite"] for case in matrix.get("include", []) if "suite" in case)}
            run |= {word for step in job.get("steps", []) for word in re.findall(r"\./dev test ([\w-]+)", step.get("run", ""))}
    assert set(longer) - run == {"all"}


def test_what_a_fuzzer_finds_is_uploaded():
    """Files below a folder with a dot are left out by the action unless it is told otherwise."""
    step, = [step for _, job in jobs(tree.pathlib.Path(".github/workflows/fuzz.yml")) for step in job["steps"] if "upload-artifact" in step.get("uses", "")]
    assert step["with"]["path"] == ".cache/dev/fuzz/*/*-*" and step["with"]["include-hidden-files"] is True
    assert 'ROOT / ".cache" / "dev" / "fuzz" / target' in tree.text(tree.pathlib.Path("tests/fuzz/test_fuzz.py"))


# --- the Dockerfile ------------------------------------------------------------------------------------


def instructions():
    """(name, rest) of the last stage of the Dockerfile."""
    text = re.sub(r"\\\n", " ", tree.text(tree.pathlib.Path("Dockerfile")))
    found = [line.split(None, 1) for line in text.splitlines() if line and not line.startswith("#")]
    last = max(number for number, (name, _) in enumerate(found) if name == "FROM")
    return found[last:]


def pairs(name):
    return dict(word.split("=", 1) for key, rest in instructions() if key == name for word in shlex.split(rest))


def one(name):
    rest, = [rest for key, rest in instructions() if key == name]
    return rest


def seconds(text):
    return int(text.removesuffix("s")) * 10**9


def test_the_dockerfile_says_what_the_settings_say():
    settings = json.loads(tree.text(tree.pathlib.Path("image/settings.json")))
    assert one("FROM") == "scratch"
    assert one("USER") == settings["User"] and one("WORKDIR") == settings["WorkingDir"]
    assert one("STOPSIGNAL") == settings["StopSignal"]
    assert json.loads(one("ENTRYPOINT")) == settings["Entrypoint"] and settings["Cmd"] in [
        json.loads(rest) for key, rest in instructions() if key == "CMD"]
    assert one("EXPOSE").split() == list(settings["ExposedPorts"]) and one("VOLUME").split() == list(settings["Volumes"])
    assert [f"{key}={value}" for key, value in pairs("ENV").items()] == settings["Env"]
    labels = pairs("LABEL")
    assert labels.pop("org.opencontainers.image.version") == "${VERSION}"
    assert labels.pop("org.opencontainers.image.revision") == "${REVISION}"
    assert labels == settings["Labels"]
    assert f"ARG VERSION={tree.text(tree.pathlib.Path('VERSION')).strip()}\n" in tree.text(tree.pathlib.Path("Dockerfile"))
    health, words = settings["Healthcheck"], one("HEALTHCHECK")
    flags, command = words.split(" CMD ", 1)
    given = dict(flag.removeprefix("--").split("=") for flag in flags.split())
    assert ["CMD", *json.loads(command)] == health["Test"]
    assert (seconds(given["interval"]), seconds(given["timeout"]), seconds(given["start-period"]), int(given["retries"])) == (
        health["Interval"], health["Timeout"], health["StartPeriod"], health["Retries"])


def test_the_dockerfile_takes_the_files_from_the_one_list():
    text = tree.text(tree.pathlib.Path("Dockerfile"))
    assert "image/rootfs.py" in text and one("COPY") == "--from=build /rootfs/ /"


def test_docker_sees_what_nix_sees():
    """The files of nix/source.nix, and those that make the image of them."""
    ignored = tree.text(tree.pathlib.Path(".dockerignore"))
    always = tree.text(tree.pathlib.Path("nix/source.nix")).split("lib.optionals")[0]
    wanted = re.findall(r"^      \.\./(\S+)$", always, re.M)
    assert len(wanted) > 10
    for name in wanted:
        parts = name.split("/")
        assert any(f"!{'/'.join(parts[:depth])}\n" in ignored for depth in range(1, len(parts) + 1)), name
