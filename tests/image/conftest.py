"""The image that the tests take: what `./dev image --arch=all` wrote, or OTLP_IMAGE, of one platform or of both."""

import os
import pathlib
import sys

import pytest

import archive
import container

VERSION = (archive.ROOT / "VERSION").read_text().strip()
DIST = archive.ROOT / "dist"


def archive_path(architecture):
    named = os.environ.get("OTLP_IMAGE")
    return pathlib.Path(named) if named else DIST / f"otlp-service-{VERSION}-linux-{architecture}.oci.tar"


def index_path():
    return pathlib.Path(os.environ.get("OTLP_IMAGE", DIST / f"otlp-service-{VERSION}.oci.tar"))


def sys_executable():
    return sys.executable


def needs(*programs, root=False):
    """Skips, and says why, where the machine cannot do it."""
    if root and os.geteuid() != 0:
        pytest.skip("mounts and chroot need root")
    missing = container.missing_programs(*programs)
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")


def native():
    return "arm64" if os.uname().machine == "aarch64" else "amd64"


def image_for(architecture):
    path = archive_path(architecture)
    if not path.exists():
        pytest.skip(f"{path} was not made: ./dev image --arch={architecture}")
    if architecture not in archive.architectures(path):
        pytest.skip(f"{path} has no image for {architecture}")
    return archive.Image(path, architecture)


@pytest.fixture(scope="session", params=["amd64", "arm64"])
def any_image(request):
    return image_for(request.param)


@pytest.fixture(scope="session")
def image():
    """The one of this machine."""
    path = archive_path(native())
    assert path.exists(), f"{path} is missing: ./dev image"
    return archive.Image(path, native())


@pytest.fixture(scope="session")
def root(image, tmp_path_factory):
    needs("skopeo", "umoci", "unshare", root=True)
    return container.unpack(archive_path(native()), tmp_path_factory.mktemp("image"), native())


@pytest.fixture
def make_container(root, image, tmp_path):
    made = []

    def make(exporters=None, name="container", **more):
        made.append(container.Container(root, tmp_path / name, image.config, exporters, **more))
        return made[-1]
    yield make
    for one in made:
        one.close()
