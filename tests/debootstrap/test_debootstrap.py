"""A clean Debian 12 has nothing that a developer's machine happens to have: no install step may be missing.

Method: debootstrap makes a minimal root, the committed tree is cloned into it, and the README's two
commands run there by chroot: `./dev run`, with the request that it prints, then `./dev test`.

In a clean Debian 13 (suite debian13) what executes our C++ runs: another compiler, other libraries.

Needs root, and the default ports free. Settings (environment):

    DEBOOTSTRAP_FULL=1        all of `./dev test`; else all but the suites that take minutes, and one slice of these
    DEBOOTSTRAP_ROOT=folder   keeps the root there for a second run
"""

import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import urllib.request

import pytest

import debian

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DEADLINE_S = 3600
QUICK = ["./dev test lint unit disk property proto compile-fail", "./dev test e2e -- -k 'harness or delivery'"]
TRIXIE = "./dev test unit disk property compile-fail"
COMMANDS = ["bash .ci/run"] if os.environ.get("DEBOOTSTRAP_FULL") == "1" else QUICK


@pytest.fixture(scope="module", params=["bookworm", "trixie"])
def root(request, tmp_path_factory):
    release = request.param
    if os.geteuid() != 0:
        pytest.skip("debootstrap and chroot need root")
    kept = os.environ.get("DEBOOTSTRAP_ROOT")
    folder = pathlib.Path(kept) if kept else tmp_path_factory.mktemp("debian")
    debian.make(release, folder)
    tree = folder / "srv/otlp-service"
    shutil.rmtree(tree, ignore_errors=True)
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(tree)], check=True)
    mounted = []
    for kind, place in (("proc", "proc"), ("sysfs", "sys"), ("tmpfs", "tmp"), ("tmpfs", "dev/shm")):
        (folder / place).mkdir(exist_ok=True)
        if subprocess.run(["mount", "-t", kind, kind, str(folder / place)], check=False).returncode == 0:
            mounted.append(folder / place)
    yield folder
    for place in reversed(mounted):
        subprocess.run(["umount", "-l", str(place)], check=False)
    if not kept:
        shutil.rmtree(folder, ignore_errors=True)


def inside(root, command):
    return subprocess.Popen(["chroot", str(root), "/bin/bash", "-c", f"cd /srv/otlp-service && exec {command}"], env=debian.environment(),
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)


def read_welcome(process):
    """What `./dev run` says up to its last line; the whole of it where it ends before."""
    said = []
    for line in process.stdout:
        said.append(line)
        if line.startswith("Stop it"):
            return "".join(said)
    pytest.fail("./dev run ended:\n" + "".join(said)[-4000:])


def send_what_it_suggests(welcome):
    """The command under "Try it", done by urllib: a clean root has no curl."""
    words = shlex.split(re.search(r"^ +curl .*?[^\\]$", welcome, re.M | re.S).group())
    given = dict(zip(words, words[1:]))
    name, value = given["-H"].split(": ")
    request = urllib.request.Request(words[2], given["-d"].encode(), {name: value})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.status


@pytest.mark.timeout(DEADLINE_S)
def test_dev_run_starts_the_service(root):
    process = inside(root, "./dev run")
    try:
        welcome = read_welcome(process)
        assert send_what_it_suggests(welcome) == 200
        with urllib.request.urlopen("http://127.0.0.1:8080/health/ready", timeout=30) as answer:
            assert answer.status == 200
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        said = process.communicate(timeout=60)[0]
    assert process.returncode == 0, said[-3000:]


@pytest.mark.timeout(DEADLINE_S)
@pytest.mark.parametrize("root,command", [*(("bookworm", command) for command in COMMANDS), ("trixie", TRIXIE)], indirect=["root"])
def test_dev_test_passes(root, command):
    process = inside(root, command)
    said = process.communicate()[0]
    print(said)
    last = said.strip().splitlines()[-1]
    assert process.returncode == 0 and " 0 failed, " in last, said[-6000:]
