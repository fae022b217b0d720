"""Starts a program in an unpacked image as a pod with the `restricted` profile would: read-only root, own /proc,
/data and /tmp mounted, an unprivileged user, no capability, no new privileges. Runs in a mount namespace of its
own (`unshare --mount`), so nothing of this is seen outside; the program keeps this process's id.

    enter.py ROOT USER DATA [--file HOST:INSIDE]... -- PROGRAM [ARG...]
"""

import argparse
import ctypes
import os
import pathlib
import subprocess
import sys

PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 24, 38, 47, 4
CAPABILITY_LAST = int(pathlib.Path("/proc/sys/kernel/cap_last_cap").read_text())


def mount(*words):
    subprocess.run(["mount", *map(str, words)], check=True)


def prctl(*arguments):
    values = [ctypes.c_ulong(value) for value in (*arguments[1:], 0, 0, 0, 0)[:4]]
    if ctypes.CDLL(None, use_errno=True).prctl(arguments[0], *values) != 0:
        raise OSError(ctypes.get_errno(), f"prctl{arguments}")


def main():
    own = sys.argv[1:]
    cut = own.index("--")
    parser = argparse.ArgumentParser()
    parser.add_argument("root", type=pathlib.Path)
    parser.add_argument("user", type=int)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--file", action="append", default=[])
    options = parser.parse_args(own[:cut])
    root = options.root

    mount("--bind", root, root)
    mount("--bind", options.data, root / "data")
    mount("-t", "tmpfs", "-o", "mode=1777", "tmpfs", root / "tmp")
    mount("-t", "proc", "proc", root / "proc")
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", root / "dev")
    for name in ("null", "urandom"):
        (root / "dev" / name).touch()
        mount("--bind", f"/dev/{name}", root / "dev" / name)
    for pair in options.file:
        outside, inside = pair.split(":")
        if not (root / inside.lstrip("/")).exists():  # as a runtime does, before the root is read-only
            (root / inside.lstrip("/")).touch()
        mount("--bind", outside, root / inside.lstrip("/"))
    mount("-o", "remount,bind,ro", root, root)

    os.chroot(root)
    os.chdir("/data")
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    for capability in range(CAPABILITY_LAST + 1):
        prctl(PR_CAPBSET_DROP, capability)
    os.setgroups([])
    os.setresgid(options.user, options.user, options.user)
    os.setresuid(options.user, options.user, options.user)
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    os.execve(own[cut + 1], own[cut + 1:], dict(os.environ))


if __name__ == "__main__":
    main()
