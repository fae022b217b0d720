"""What is in the image, file by file: the one list that the Nix build, `./dev image` and the Dockerfile share.

A root for one static binary: no shell, no package manager, no loader, no library. Folders that a runtime
mounts something on are there, so that the root can be read-only.

    rootfs.py --binary FILE --ca-certificates FILE --sbom DIR --to DIR     the same, as a folder

Owners and modes are part of the list; times are all 1970.
"""

import argparse
import dataclasses
import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent

USER = 65532  # "nonroot", as distroless images have it; settings.json names it
PASSWD = """root:x:0:0:root:/:/sbin/nologin
otlp:x:1000:1000:the user of the manifests:/data:/sbin/nologin
nonroot:x:65532:65532:the user of the image:/data:/sbin/nologin
"""
GROUP = """root:x:0:
otlp:x:1000:
nonroot:x:65532:
"""
# A static binary knows these two sources without a library.
NSSWITCH = "hosts: files dns\n"


@dataclasses.dataclass(frozen=True)
class Entry:
    """One path of the image; a folder where `content` is None."""
    path: str  # relative to the root, no leading slash
    content: bytes | None
    mode: int
    owner: int = 0
    layer: int = 0  # 0 changes with the certificates, 1 with every build


def folder(path, mode=0o755, owner=0, layer=0):
    return Entry(path, None, mode, owner, layer)


def file(path, content, mode=0o444, layer=0):
    return Entry(path, content, mode, 0, layer)


def certificates(path):
    """A bundle as it is, or a folder of certificates in the order of their names."""
    path = pathlib.Path(path)
    if path.is_dir():
        found = sorted(path.glob("*.crt"))
        if not found:
            raise FileNotFoundError(f"{path} holds no certificates; Debian's package is ca-certificates")
        return b"".join(one.read_bytes() for one in found)
    return path.read_bytes()


def entries(binary, ca_certificates, sbom):
    """The list, folders before what is in them."""
    found = [
        folder("data", 0o750, USER),
        folder("dev"),
        folder("etc"),
        file("etc/group", GROUP.encode()),
        file("etc/nsswitch.conf", NSSWITCH.encode()),
        file("etc/passwd", PASSWD.encode()),
        folder("etc/ssl"),
        folder("etc/ssl/certs"),
        file("etc/ssl/certs/ca-certificates.crt", certificates(ca_certificates)),
        folder("proc"),
        folder("sys"),
        folder("tmp", 0o1777),
        folder("usr"),
        folder("usr/local"),
        folder("usr/local/bin"),
        folder("usr/share"),
        folder("usr/share/doc"),
        folder("etc/otlp-service", layer=1),
        file("etc/otlp-service/otlp-service.yaml", (ROOT / "config/container.yaml").read_bytes(), layer=1),
        file("usr/local/bin/otlp-service", pathlib.Path(binary).read_bytes(), 0o555, layer=1),
        folder("usr/share/doc/otlp-service", layer=1),
        file("usr/share/doc/otlp-service/LICENSE", (ROOT / "LICENSE").read_bytes(), layer=1),
    ]
    found += [file(f"usr/share/doc/otlp-service/{path.name}", path.read_bytes(), layer=1)
              for path in sorted(pathlib.Path(sbom).iterdir())]
    return found


def write(found, to):
    """Makes the folder `to`; owners only where this user may set them."""
    for entry in found:
        path = to / entry.path
        if entry.content is None:
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(entry.content)
        path.chmod(entry.mode)
        if os.geteuid() == 0:
            os.chown(path, entry.owner, entry.owner)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", required=True)
    parser.add_argument("--ca-certificates", required=True)
    parser.add_argument("--sbom", required=True)
    parser.add_argument("--to", type=pathlib.Path, required=True)
    options = parser.parse_args()
    write(entries(options.binary, options.ca_certificates, options.sbom), options.to)


if __name__ == "__main__":
    main()
