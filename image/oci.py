"""An image as an OCI layout in one tar file, every byte of which follows from what is put in.

    layout tar := oci-layout index.json blobs/sha256/...
    layers     : tar, gzip without a name or a time; owners and modes as rootfs.py says, times 1970
    config     : settings.json, and the labels `version` and `revision`

Compressed digests depend on the version of zlib; `diff_ids` (digests of the layers as they are unpacked)
do not, so those are what two builders compare.

    oci.py --binary FILE --ca-certificates FILE --sbom DIR --architecture amd64 --version V
           [--revision COMMIT] --out FILE
"""

import argparse
import gzip
import hashlib
import io
import json
import pathlib
import tarfile

import rootfs

EPOCH = "1970-01-01T00:00:00Z"
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"
LAYER_COMMENTS = ["certificates, users, folders", "the service, its configuration, what it is made of"]


def digest(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


def as_json(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def member(name, size=0, mode=0o644, owner=0, kind=tarfile.REGTYPE):
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.type = size, mode, kind
    info.uid = info.gid = owner
    return info  # mtime is 0, names of owners are empty


def layer_of(found):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for entry in sorted(found, key=lambda e: e.path):
            if entry.content is None:
                tar.addfile(member(entry.path, 0, entry.mode, entry.owner, tarfile.DIRTYPE))
            else:
                tar.addfile(member(entry.path, len(entry.content), entry.mode, entry.owner),
                            io.BytesIO(entry.content))
    return out.getvalue()


def compressed(content):
    out = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=out, mtime=0) as stream:
        stream.write(content)
    return out.getvalue()


def platform_of(architecture):
    return {"architecture": architecture, "os": "linux"}


def image(found, settings, architecture):
    """(manifest descriptor, {digest: blob}) of one platform."""
    plain = [layer_of([e for e in found if e.layer == number]) for number in range(len(LAYER_COMMENTS))]
    packed = [compressed(content) for content in plain]
    config = as_json({
        **platform_of(architecture), "created": EPOCH, "config": settings,
        "rootfs": {"type": "layers", "diff_ids": [digest(content) for content in plain]},
        "history": [{"created": EPOCH, "comment": comment} for comment in LAYER_COMMENTS],
    })
    manifest = as_json({
        "schemaVersion": 2, "mediaType": MANIFEST_TYPE,
        "config": {"mediaType": CONFIG_TYPE, "digest": digest(config), "size": len(config)},
        "layers": [{"mediaType": LAYER_TYPE, "digest": digest(blob), "size": len(blob)} for blob in packed],
        "annotations": settings["Labels"],
    })
    descriptor = {"mediaType": MANIFEST_TYPE, "digest": digest(manifest), "size": len(manifest),
                  "platform": platform_of(architecture)}
    return descriptor, {digest(blob): blob for blob in [*packed, config, manifest]}


def write_layout(out, descriptors, blobs, tag):
    """One descriptor is named `tag`; several become an index, which is named so."""
    blobs = dict(blobs)
    if len(descriptors) == 1:
        top = {**descriptors[0]}
    else:
        index = as_json({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": descriptors})
        blobs[digest(index)] = index
        top = {"mediaType": INDEX_TYPE, "digest": digest(index), "size": len(index)}
    top["annotations"] = {"org.opencontainers.image.ref.name": tag}
    files = {
        "index.json": as_json({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [top]}),
        "oci-layout": as_json({"imageLayoutVersion": "1.0.0"}),
        **{"blobs/" + name.replace(":", "/"): blob for name, blob in blobs.items()},
    }
    with tarfile.open(out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name in ("blobs", "blobs/sha256"):
            tar.addfile(member(name, mode=0o755, kind=tarfile.DIRTYPE))
        for name, content in sorted(files.items()):
            tar.addfile(member(name, len(content)), io.BytesIO(content))
    return top["digest"]


def read_layout(path):
    """(descriptors of the platforms, {digest: blob}, tag) of a layout that write_layout() wrote."""
    with tarfile.open(path) as tar:
        content = {info.name: tar.extractfile(info).read() for info in tar if info.isfile()}
    blobs = {name.removeprefix("blobs/").replace("/", ":"): blob
             for name, blob in content.items() if name.startswith("blobs/")}
    top, = json.loads(content["index.json"])["manifests"]
    tag = top.pop("annotations")["org.opencontainers.image.ref.name"]
    if top["mediaType"] == INDEX_TYPE:
        return json.loads(blobs[top["digest"]])["manifests"], blobs, tag
    return [top], blobs, tag


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", required=True)
    parser.add_argument("--ca-certificates", required=True)
    parser.add_argument("--sbom", required=True)
    parser.add_argument("--architecture", choices=["amd64", "arm64"], required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--revision", default="unknown")
    parser.add_argument("--out", required=True)
    options = parser.parse_args()
    settings = json.loads((pathlib.Path(__file__).parent / "settings.json").read_text())
    settings["Labels"]["org.opencontainers.image.version"] = options.version
    settings["Labels"]["org.opencontainers.image.revision"] = options.revision
    descriptor, blobs = image(rootfs.entries(options.binary, options.ca_certificates, options.sbom),
                              settings, options.architecture)
    print(write_layout(options.out, [descriptor], blobs, options.version))


if __name__ == "__main__":
    main()
