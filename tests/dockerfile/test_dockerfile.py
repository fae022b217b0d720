"""The Dockerfile makes the image that image/ describes: the same files, modes, owners and settings.

Method: buildah builds it, which needs no daemon, on a Debian 12 that debootstrap makes in place of the one of a registry
(BASE_IMAGE); what comes out is read as a runtime would.
"""

import gzip
import io
import json
import os
import pathlib
import shutil
import subprocess
import tarfile

import pytest

import debian

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BASE = "localhost/debian:bookworm"
BINARY = "usr/local/bin/otlp-service"
REVISION = "0123456789abcdef0123456789abcdef01234567"
DEADLINE_S = 3600
pytestmark = pytest.mark.timeout(DEADLINE_S)


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    if os.geteuid() != 0:
        pytest.skip("debootstrap and mounts need root")
    if not shutil.which("buildah"):
        pytest.skip("buildah is not installed: ./dev test dockerfile installs it")
    folder = tmp_path_factory.mktemp("dockerfile")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def buildah(work, *words):
    storage = ["--root", work / "storage", "--runroot", work / "run", "--storage-driver", "vfs"]
    command = [str(word) for word in ("buildah", *storage, *words)]
    done = subprocess.run(command, capture_output=True, text=True, env={**debian.environment(), "PATH": os.environ["PATH"]}, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: exit {done.returncode}\n{(done.stdout + done.stderr)[-6000:]}"
    return done.stdout.strip()


@pytest.fixture(scope="module")
def built(work):
    """(configuration, {path: (TarInfo, content)}) of the image."""
    debian.make("bookworm", work / "root")
    with tarfile.open(work / "root.tar", "w") as tar:
        tar.add(work / "root", ".")
    shutil.rmtree(work / "root")
    base = buildah(work, "from", "scratch")
    buildah(work, "add", "--quiet", base, work / "root.tar", "/")
    buildah(work, "commit", "--quiet", base, BASE)
    tree = work / "tree"
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(tree)], check=True)
    # "docker", for OCI's configuration has no health check.
    buildah(work, "bud", "--isolation", "chroot", "--network", "host", "--format", "docker", "--pull-never", "--tag", "built",
            "--build-arg", f"BASE_IMAGE={BASE}", "--build-arg", f"REVISION={REVISION}", tree)
    buildah(work, "push", "--quiet", "built", f"docker-archive:{work}/image.tar")
    return read(work / "image.tar")


def read(path):
    with tarfile.open(path) as archive:
        manifest, = json.load(archive.extractfile("manifest.json"))
        document = json.load(archive.extractfile(manifest["Config"]))
        layers = [archive.extractfile(name).read() for name in manifest["Layers"]]
    files = {}
    for layer in layers:
        layer = gzip.decompress(layer) if layer[:2] == b"\x1f\x8b" else layer
        with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
            for info in tar:
                files[info.name.strip("/")] = (info, tar.extractfile(info).read() if info.isfile() else b"")
    return document["config"], {name: found for name, found in files.items() if name}


def test_files_modes_and_owners_are_those_of_the_other_builders(built):
    listing = "".join(sorted(f"{name}{'/' if info.isdir() else ''} {info.mode & 0o7777:04o} {info.uid}\n" for name, (info, _) in built[1].items()))
    assert listing == (ROOT / "tests/image/contents.txt").read_text()


def test_settings_are_those_of_the_other_builders(built):
    config, settings = built[0], json.loads((ROOT / "image/settings.json").read_text())
    labels = {name: value for name, value in config["Labels"].items() if name.startswith("org.opencontainers.")}
    assert labels.pop("org.opencontainers.image.revision") == REVISION
    assert labels.pop("org.opencontainers.image.version") == (ROOT / "VERSION").read_text().strip()
    assert labels == settings.pop("Labels")
    assert {name: config.get(name) for name in settings} == settings


def test_the_program_says_what_it_is(built, work):
    """Static, so it runs here too."""
    binary = work / "otlp-service"
    binary.write_bytes(built[1][BINARY][1])
    binary.chmod(0o555)
    said = subprocess.run([binary, "version"], capture_output=True, text=True, check=True).stdout
    assert said.startswith(f"otlp-service {(ROOT / 'VERSION').read_text().strip()}\n")
