"""Moves an image from one environment to the next: one line in one file, one commit.

    promote.py dev sha256:...     what the build has pushed
    promote.py staging            what dev has
    promote.py production         what staging has; refused if staging never held it
    promote.py check [ENV]        whether the environments as they are keep that order; with ENV, also
                                  whether that one holds an image at all

The digest is what is promoted: staging runs the bytes that dev has run. Argo CD does the rest. A digest
of all zeros is no image: it stands in an overlay before its first promotion, and never again.
"""

import argparse
import pathlib
import re
import subprocess
import sys

BEFORE = {"dev": None, "staging": "dev", "production": "staging"}
DIGEST = re.compile(r"^(\s+digest: )(sha256:[0-9a-f]{64})[ \t]*$", re.M)
NOTHING = "sha256:" + 64 * "0"  # before the first promotion


class Refused(Exception):
    """With what to do instead."""


def file_of(environment):
    return f"kustomize/overlays/{environment}/kustomization.yaml"


def digest_line(root, environment):
    """(line, digest) of an environment."""
    text = (root / file_of(environment)).read_text()
    found = DIGEST.findall(text)
    if len(found) != 1:
        raise Refused(f"{file_of(environment)} must name exactly one digest, not {len(found)}")
    return text[:DIGEST.search(text).start(2)].count("\n") + 1, found[0][1]


def history(root, environment):
    """Every digest that the environment has held, by Git; the present one too."""
    held = {digest_line(root, environment)[1]}
    said = subprocess.run(["git", "-C", str(root), "log", "--format=", "-p", "--", file_of(environment)],
                          capture_output=True, text=True, check=False)
    return held | set(re.findall(r"^[+-]\s+digest: (sha256:[0-9a-f]{64})$", said.stdout, re.M))


def history_is_whole(root):
    said = subprocess.run(["git", "-C", str(root), "rev-parse", "--is-shallow-repository"], capture_output=True, text=True, check=False)
    return said.stdout.strip() != "true"


def mistakes(root):
    """(file, line, message) of each environment that is ahead of the one before it, or has lost its image."""
    hint = "" if history_is_whole(root) else " (as far as this shallow clone knows: git fetch --unshallow)"
    for environment, before in BEFORE.items():
        try:
            line, digest = digest_line(root, environment)
            if digest == NOTHING and history(root, environment) != {NOTHING}:
                yield file_of(environment), line, f"{environment} holds no image (all zeros), and it did: promote one"
            if before and digest != NOTHING and digest not in history(root, before):
                yield file_of(environment), line, f"{environment} holds {digest}, which {before} never held{hint}"
        except Refused as refused:
            yield file_of(environment), 1, str(refused)


def empty(root):
    """The environments to which nothing was promoted yet."""
    return [environment for environment in BEFORE if digest_line(root, environment)[1] == NOTHING]


def check(root, environment):
    found = [f"{file}:{line}: {message}" for file, line, message in mistakes(root)]
    if not found and environment in empty(root):
        found = [f"{file_of(environment)}:{digest_line(root, environment)[0]}: {environment} holds no image yet (all zeros)"]
    print("\n".join(found) or "the order is kept")
    return 1 if found else 0


def promote(root, environment, digest):
    before = BEFORE[environment]
    if before is None:
        if not digest or not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
            raise Refused("dev needs the digest that the build has pushed: ./dev promote dev sha256:...")
    else:
        if digest and digest not in history(root, before):
            raise Refused(f"{before} never held {digest}: promote it there first")
        digest = digest or digest_line(root, before)[1]
        if digest == NOTHING:
            raise Refused(f"{before} holds nothing yet: promote it there first")
    _, now = digest_line(root, environment)
    if now == digest:
        return f"{environment} already holds {digest}"
    path = root / file_of(environment)
    changed = subprocess.run(["git", "-C", str(root), "diff", "--quiet", "HEAD", "--", file_of(environment)], check=False)
    if changed.returncode != 0:
        raise Refused(f"{file_of(environment)} has changes that are not committed")
    path.write_text(DIGEST.sub(lambda found: found.group(1) + digest, path.read_text()))
    subprocess.run(["git", "-C", str(root), "commit", "--quiet", "--only", file_of(environment), "-m",
                    f"kustomize: {environment} runs {digest[:19]}\n\nBefore: {now}\nNow:    {digest}"], check=True)
    return f"{environment}: {now[:19]} -> {digest[:19]}, committed; push it, and Argo CD syncs"


def main():
    parser = argparse.ArgumentParser(prog="./dev promote")
    parser.add_argument("environment", choices=[*BEFORE, "check"])
    parser.add_argument("digest", nargs="?")
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[2])
    options = parser.parse_args()
    try:
        if options.environment == "check":
            if options.digest and options.digest not in BEFORE:
                raise Refused(f"{options.digest} is no environment: {', '.join(BEFORE)}")
            return check(options.root, options.digest)
        print(promote(options.root, options.environment, options.digest))
    except Refused as refused:
        print(f"refused: {refused}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
