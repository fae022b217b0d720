"""What `./dev` and `nix/offline.sh` say on a machine that they cannot work on: what is missing, by the names to install.

The machine is pretended: a PATH of links to the few programs that the scripts start with, and stand-ins for those that
would tell the truth.
"""

import os
import shutil
import subprocess
import sys

import pytest

import tree

PROGRAMS = ("bash", "dirname", "readlink", "grep", "mkdir", "sh", "tail", "git", "uname", "id", "nproc", "sed", "cat")


@pytest.fixture
def machine(tmp_path):
    """machine(name=script, other=None) -> a folder for PATH in which `name` is that script and `other` is missing."""
    def make(**different):
        for name in PROGRAMS:
            if name not in different:
                (tmp_path / name).symlink_to(shutil.which(name))
        for name, script in different.items():
            if script is not None:
                (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
                (tmp_path / name).chmod(0o755)
        return tmp_path
    return make


@pytest.fixture
def clone(tmp_path):
    """The scripts in a repository of their own."""
    root = tmp_path / "clone"
    (root / "nix/stand-in").mkdir(parents=True)
    for name in ("dev", "VERSION", "flake.lock", "nix/offline.sh", ".gitignore"):
        shutil.copy(tree.ROOT / name, root / name)
    git = ["git", "-C", str(root), "-c", "user.name=t", "-c", "user.email=t@example.com"]
    for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message=all"]):
        subprocess.run([*git, *command], check=True)
    return root


def said(path, *command, root=tree.ROOT):
    done = subprocess.run(["bash", *command], cwd=root, env={"PATH": str(path), "HOME": str(path)}, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stderr


def test_another_distribution_is_told_what_to_look_for(machine):
    text = said(machine(), "dev", "build")
    assert "no apt-get here" in text and "DEV_SKIP_PACKAGES=1" in text
    assert " libgrpc++-dev " in text and " meson " in text


def test_a_user_without_rights_is_told_the_command(machine):
    path = machine(**{"apt-get": "exit 9", "dpkg-query": "exit 1", "id": "echo 1000"})
    text = said(path, "dev", "build")
    assert "As root:\ndev:   apt-get install --no-install-recommends ca-certificates g++ meson" in text


def test_without_network_the_packages_and_the_answer_of_apt_are_shown(machine, clone):
    path = machine(**{"apt-get": "echo Temporary failure resolving; exit 100", "dpkg-query": "exit 1", "id": "echo 0"})
    text = said(path, "dev", "build", root=clone)
    assert "packages: ca-certificates g++ meson" in text
    assert "packages failed" in text and "Temporary failure resolving" in text


NO_MIRROR = """case "$*" in
*update*) echo 'W: Failed to fetch: Temporary failure resolving' >&2 ;;
*source*) echo "E: You must put some 'deb-src' URIs in your sources.list" >&2; exit 100 ;;
*--download-only*) echo 'E: Unable to locate package libc6-dev' >&2; exit 100 ;;
esac"""


@pytest.mark.parametrize("script,message", [
    (["image/simdjson.py"], "simdjson: no mirror of this machine gave the source of simdjson 3.0.1-1; is there a network?\n"),
    (["image/sysroot.py", "libc6-dev"], "sysroot: no mirror of this machine gave the arm64 packages; is there a network?\n"),
])
def test_without_network_a_script_does_not_blame_the_list_of_sources(machine, tmp_path, script, message):
    """Goal: apt-get update ends well without network, and what fails then says something else."""
    path = machine(**{"apt-get": NO_MIRROR, "dpkg-query": "printf 3.0.1-1"})
    done = subprocess.run([sys.executable, script[0], "--to", str(tmp_path / "to"), *script[1:]], cwd=tree.ROOT, env={"PATH": str(path)},
                          capture_output=True, text=True, check=False)
    assert done.returncode == 1 and done.stderr.startswith(message + "W: Failed to fetch: Temporary failure resolving\n"), done.stderr


def test_without_network_the_python_packages_say_where_they_come_from(machine, clone):
    python = 'case "$*" in *venv*) mkdir -p .venv/bin; cp "$0" .venv/bin/python ;; *pip*) echo No matching distribution; exit 1 ;; esac'
    path = machine(**{"apt-get": "exit 9", "dpkg-query": "echo installed", "python3": python,
                      **{name: None for name in ("rm", "cp", "sha256sum", "stat")}})
    for name in ("rm", "cp", "sha256sum"):
        (path / name).symlink_to(shutil.which(name))
    (clone / "tests").mkdir()
    (clone / "tests/requirements.txt").touch()
    text = said(path, "dev", "test", root=clone)
    assert "No matching distribution" in text and text.endswith("PIP_NO_INDEX=1 PIP_FIND_LINKS=DIR\n")


def test_what_another_user_has_made_is_named(machine, clone):
    """Goal: a build by root, then one by a user, ends with words. Method: a folder that may not be written; root, who may
    write everything, gives that right away first."""
    (clone / ".cache/dev").mkdir(parents=True)
    (clone / ".cache/dev").chmod(0o555)
    path = machine(**{"apt-get": "exit 9", "dpkg-query": "echo installed", "uname": "echo x86_64"})
    (path / "stat").symlink_to(shutil.which("stat"))
    as_user = ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override"] if os.geteuid() == 0 else []
    program, *words = [*as_user, "bash", "dev", "image"]
    done = subprocess.run([shutil.which(program), *words], cwd=clone, env={"PATH": str(path), "HOME": str(path)}, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and f"{clone}/.cache/dev is " in done.stderr and "not writable for " in done.stderr, done.stderr


def test_an_unsupported_processor_gets_no_image(machine):
    text = said(machine(uname="echo riscv64"), "dev", "image")
    assert text == "dev: image: no image for riscv64, only for x86_64 and aarch64\n"


def test_changes_that_are_not_committed_are_said_before_the_build(machine, clone):
    (clone / "VERSION").write_text("9.9.9\n")
    text = said(machine(**{"uname": "echo x86_64"}), "dev", "image", root=clone)
    assert text.startswith("the tree has changes that are not committed: the image's revision will end in -dirty\n")


@pytest.mark.parametrize("different,lock,message", [
    ({"id": "echo 1000"}, True, "the sandbox binds the host's folders, which needs root"),
    ({"id": "echo 0", "nix": None}, True, "nix is missing: apt-get install --no-install-recommends nix-bin"),
    ({"id": "echo 0", "nix": "exit 9"}, False, "flake.lock is missing: git checkout flake.lock"),
    ({"id": "echo 0", "nix": "exit 9", "uname": "echo riscv64"}, True, "no stand-in for riscv64: x86_64 and aarch64 only"),
], ids=["no root", "no nix", "no lock", "no such processor"])
def test_offline_nix_says_what_is_missing(machine, clone, different, lock, message):
    if not lock:
        (clone / "flake.lock").unlink()
    assert said(machine(**different), "nix/offline.sh", "build", root=clone) == f"nix/offline.sh: {message}\n"


def test_offline_nix_names_what_git_does_not_track(machine, clone):
    (clone / "nix/new.nix").write_text("{ }\n")
    path = machine(**{"id": "echo 0", "nix": "exit 9", "uname": "echo x86_64", "cp": "exit 1"})
    assert "nix/offline.sh: git does not track, so nix does not see: nix/new.nix\n" in said(path, "nix/offline.sh", "build", root=clone)
