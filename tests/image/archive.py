"""Reads an image archive as anybody's tool would: manifest, configuration, files of the layers."""

import gzip
import hashlib
import io
import json
import pathlib
import sys
import tarfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "image"))

import oci  # noqa: E402

UNPACKED_SIZE_BYTES_MAX = 30 << 20
BINARY_SIZE_BYTES_MAX = 20 << 20
BINARY = "usr/local/bin/otlp-service"


def architectures(path):
    """The platforms that an archive has an image for."""
    descriptors, _, _ = oci.read_layout(path)
    return [one["platform"]["architecture"] for one in descriptors]


class Image:
    """One platform of an archive; every digest is checked on the way."""

    def __init__(self, path, architecture=None):
        descriptors, self.blobs, self.tag = oci.read_layout(path)
        for name, blob in self.blobs.items():
            assert name == "sha256:" + hashlib.sha256(blob).hexdigest(), f"{name} is not the digest of its blob"
        chosen, = [one for one in descriptors if architecture in (None, one["platform"]["architecture"])]
        self.manifest = json.loads(self.blobs[chosen["digest"]])
        self.document = json.loads(self.blobs[self.manifest["config"]["digest"]])
        self.config = self.document["config"]
        self.diff_ids = self.document["rootfs"]["diff_ids"]
        self.files = {}  # name -> (TarInfo, content); later layers replace
        self.layers = []  # (packed bytes, unpacked bytes)
        for layer, diff_id in zip(self.manifest["layers"], self.diff_ids, strict=True):
            packed = self.blobs[layer["digest"]]
            plain = gzip.decompress(packed)
            assert diff_id == "sha256:" + hashlib.sha256(plain).hexdigest()
            self.layers.append((len(packed), len(plain)))
            with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
                for info in tar:
                    self.files[info.name] = (info, tar.extractfile(info).read() if info.isfile() else b"")

    def listing(self):
        """`path mode owner` a line, folders with a slash, sorted."""
        return "".join(sorted(f"{name}{'/' if info.isdir() else ''} {info.mode:04o} {info.uid}\n"
                              for name, (info, _) in self.files.items()))

    def unpacked_size_bytes(self):
        return sum(len(content) for _, content in self.files.values())

    def content(self, name):
        return self.files[name][1]


def check(image):
    """What every image must be, whoever built it."""
    wanted = (pathlib.Path(__file__).parent / "contents.txt").read_text()
    assert image.listing() == wanted, f"the image's files are not tests/image/contents.txt:\n{image.listing()}"
    assert image.unpacked_size_bytes() < UNPACKED_SIZE_BYTES_MAX, image.unpacked_size_bytes()
    binary = image.content(BINARY)
    assert binary[:4] == b"\x7fELF" and len(binary) < BINARY_SIZE_BYTES_MAX, len(binary)
    assert all(info.mtime == 0 and info.uname == info.gname == "" for info, _ in image.files.values())
    settings = json.loads((ROOT / "image/settings.json").read_text())
    labels = image.config["Labels"]
    assert {**image.config, "Labels": None} == {**settings, "Labels": None}
    assert settings["Labels"].items() <= labels.items()
    assert labels["org.opencontainers.image.version"] == (ROOT / "VERSION").read_text().strip()
    assert labels["org.opencontainers.image.revision"]
