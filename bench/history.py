"""The published history: results of every commit of main, on the branch benchmark-history.

    history.py fetch FILE     the last results there, for `./dev bench --gate FILE`; writes nothing where there are none
    history.py push FILE      adds FILE: results.json is the last one, history.jsonl has a line for each commit
"""

import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
BRANCH = "benchmark-history"


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
            git("add", "history.jsonl", "results.json", folder=tree)
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
