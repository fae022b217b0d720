"""A clean Debian 12 has nothing that a developer's machine happens to have: no install step may be missing.

Method: debootstrap makes a minimal root, the committed tree is cloned into it, and the README's two
commands run there by chroot: `./dev run`, with the request that it prints, then `./dev test`. The machine's
own way to the package registries (resolver, proxy and certificate settings) is carried over; nothing else is.

In a clean Debian 13 (suite debian13) what executes our C++ runs: another compiler, other libraries.

Needs root, and the default ports free. Settings (environment):

    DEBOOTSTRAP_FULL=1        all of `./dev test`; else all but the suites that take minutes, and one slice of these
    DEBOOTSTRAP_ROOT=folder   keeps the root there for a second run
    DEBOOTSTRAP_MIRROR=url    another mirror
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

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MIRROR = os.environ.get("DEBOOTSTRAP_MIRROR")  # else debootstrap's own
CARRIED_FILES = ["/etc/resolv.conf", "/etc/hosts", "/etc/pip.conf"]
# The machine's certificates, where the package ca-certificates does not write its own over them.
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
CARRIED_CERTIFICATES = "/etc/ssl/carried.crt"
CARRIED_VARIABLES = ["http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE"]
DEADLINE_S = 3600
QUICK = ["./dev test lint unit disk property proto compile-fail", "./dev test e2e -- -k 'harness or delivery'"]
TRIXIE = "./dev test unit disk property compile-fail"
COMMANDS = ["bash .ci/run"] if os.environ.get("DEBOOTSTRAP_FULL") == "1" else QUICK


def environment():
    kept = {name: value for name, value in os.environ.items() if name in CARRIED_VARIABLES or name.startswith("PIP_")}
    if pathlib.Path(CERTIFICATES).exists():
        kept.update(SSL_CERT_FILE=CARRIED_CERTIFICATES, PIP_CERT=CARRIED_CERTIFICATES)
    return {**kept, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8", "CI": "true"}


@pytest.fixture(scope="module", params=["bookworm", "trixie"])
def root(request, tmp_path_factory):
    release = request.param
    if os.geteuid() != 0:
        pytest.skip("debootstrap and chroot need root")
    kept = os.environ.get("DEBOOTSTRAP_ROOT")
    folder = pathlib.Path(kept) if kept else tmp_path_factory.mktemp("debian")
    if not (folder / "etc/debian_version").exists():
        command = ["debootstrap", "--variant=minbase", release, str(folder), *([MIRROR] if MIRROR else [])]
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        assert made.returncode == 0, (made.stdout + made.stderr)[-3000:]
    for name in CARRIED_FILES:
        if pathlib.Path(name).exists():
            (folder / name[1:]).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(name, folder / name[1:])
    if pathlib.Path(CERTIFICATES).exists():
        (folder / "etc/ssl").mkdir(exist_ok=True)
        shutil.copy(CERTIFICATES, folder / CARRIED_CERTIFICATES[1:])
    for settings in pathlib.Path("/etc/apt/apt.conf.d").glob("*"):
        if "proxy" in settings.read_text().lower() or "verify" in settings.read_text().lower():
            shutil.copy(settings, folder / "etc/apt/apt.conf.d" / settings.name)
    sources = folder / "etc/apt/sources.list"
    mirror = sources.read_text().split()[1]  # deb URL release main, as debootstrap wrote it
    sources.write_text(
        f"deb {mirror} {release} main\ndeb {mirror} {release}-updates main\n"
        f"deb {mirror.replace('/debian', '/debian-security')} {release}-security main\n")
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
    return subprocess.Popen(["chroot", str(root), "/bin/bash", "-c", f"cd /srv/otlp-service && exec {command}"], env=environment(),
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
