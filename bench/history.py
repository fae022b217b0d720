"""The published history: results of every commit of main, on the branch benchmark-history.

    history.py fetch FILE     the last results there, for `./dev bench --gate FILE`; writes nothing where there are none
    history.py push FILE      adds FILE: results.json is the last one, history.jsonl has a line for each commit, and
                              README.md, which GitHub shows as the branch's page, a table of them, newest first
"""

import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

import cases

ROOT = pathlib.Path(__file__).resolve().parent.parent
BRANCH = "benchmark-history"
PAGE_COMMITS_MAX = 100


def git(*words, folder=ROOT, check=True):
    return subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True, check=check)


def fetched():
    return git("fetch", "origin", BRANCH, check=False).returncode == 0


def fetch(file):
    if not fetched():
        print(f"no branch {BRANCH} yet: nothing to compare with")
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(git("show", "FETCH_HEAD:results.json").stdout)


def ratio(runs):
    """CPU of the service beside the copier's; None where one of them is missing."""
    if cases.COPIER not in runs or cases.SERVICE not in runs:
        return None
    service, copier = (statistics.median(run["cpu"] for run in runs[name]) for name in (cases.SERVICE, cases.COPIER))
    return service / copier


def page(lines):
    """The table of the last commits, as Markdown."""
    shown = [json.loads(line) for line in reversed(lines[-PAGE_COMMITS_MAX:])]
    names = sorted({name for one in shown for name, runs in one["results"].items() if ratio(runs) is not None})
    rows = ["# CPU of the service, as a multiple of a program that only copies bytes", "",
            "Medians of one run each, `./dev bench`; machines vary, ratios little. Written by `./dev bench --history=push`.", "",
            f"| commit | {' | '.join(names)} |", "| --- |" + " ---: |" * len(names)]
    for one in shown:
        cells = (ratio(one["results"].get(name, {})) for name in names)
        rows.append(f"| {one['commit'][:12]} | " + " | ".join("" if cell is None else f"{cell:.2f}" for cell in cells) + " |")
    return "\n".join(rows) + "\n"


def push(file):
    results = json.loads(file.read_text())
    commit = git("rev-parse", "HEAD").stdout.strip()
    with tempfile.TemporaryDirectory() as folder:
        tree = pathlib.Path(folder) / "tree"
        if fetched():
            git("worktree", "add", "--detach", str(tree), "FETCH_HEAD")
        else:
            git("worktree", "add", "--detach", str(tree))
            git("checkout", "--orphan", f"{BRANCH}-first", folder=tree)
            git("rm", "-r", "--quiet", "--force", ".", folder=tree)
        try:
            (tree / "results.json").write_text(file.read_text())
            with open(tree / "history.jsonl", "a", encoding="utf-8") as out:
                out.write(json.dumps({"commit": commit, "results": results}, sort_keys=True) + "\n")
            (tree / "README.md").write_text(page((tree / "history.jsonl").read_text().splitlines()))
            git("add", "history.jsonl", "results.json", "README.md", folder=tree)
            git("-c", "user.name=benchmarks", "-c", "user.email=benchmarks@users.noreply.github.com",
                "commit", "--quiet", "-m", f"results of {commit[:12]}", folder=tree)
            git("push", "origin", f"HEAD:refs/heads/{BRANCH}", folder=tree)
        finally:
            git("worktree", "remove", "--force", str(tree), check=False)
            git("branch", "-D", f"{BRANCH}-first", check=False)


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in ("fetch", "push"):
        sys.exit(__doc__)
    {"fetch": fetch, "push": push}[sys.argv[1]](pathlib.Path(sys.argv[2]))


if __name__ == "__main__":
    main()
