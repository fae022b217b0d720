"""Pushes the images that `./dev image` made, signs them, and attests what they are made of.

    publish.py REPOSITORY [--dist DIR] [--tag TAG]... [--unsigned] [--insecure]

    REPOSITORY       as ghcr.io/your-org/otlp-service; tags: the version, the commit, and every --tag
    REGISTRY_USER, REGISTRY_PASSWORD (environment)   to log in; without them the machine's own login is used
    --unsigned       without cosign: for a registry on this machine
    --insecure       plain HTTP, likewise

The last line, and `digest` in $GITHUB_OUTPUT, is the digest of the index: what a promotion moves.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import oci

ROOT = pathlib.Path(__file__).resolve().parent.parent
PREDICATES = {"spdx": "spdxjson", "cdx": "cyclonedx"}


def run(*command, **more):
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True, check=False, **more)
    if done.returncode != 0:
        sys.exit(f"publish: {' '.join(map(str, command[:3]))}: exit {done.returncode}")
    return done.stdout


def commit():
    said = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=False)
    return [f"sha-{said.stdout.strip()}"] if said.returncode == 0 else []


def push(archive, repository, tags, insecure):
    with tempfile.TemporaryDirectory() as folder:
        auth = pathlib.Path(folder) / "auth.json"
        login = []
        if os.environ.get("REGISTRY_USER"):
            run("skopeo", "login", f"--authfile={auth}", f"--username={os.environ['REGISTRY_USER']}", "--password-stdin",
                repository.split("/")[0], input=os.environ["REGISTRY_PASSWORD"])
            login = [f"--authfile={auth}"]
        digest = pathlib.Path(folder) / "digest"
        for tag in tags:
            run("skopeo", "--insecure-policy", "copy", "--quiet", "--all", "--preserve-digests", f"--digestfile={digest}",
                *login, f"--dest-tls-verify={'false' if insecure else 'true'}", f"oci-archive:{archive}", f"docker://{repository}:{tag}")
        return digest.read_text().strip()


def sign(repository, digest, dist, descriptors, version):
    run("cosign", "sign", "--yes", "--recursive", f"{repository}@{digest}")
    for one in descriptors:
        sbom = dist / f"otlp-service-{version}-linux-{one['platform']['architecture']}.sbom"
        for name, kind in PREDICATES.items():
            run("cosign", "attest", "--yes", "--type", kind, "--predicate", sbom / f"otlp-service.{name}.json",
                f"{repository}@{one['digest']}")


def main():
    parser = argparse.ArgumentParser(prog="./dev publish", description=__doc__.splitlines()[0])
    parser.add_argument("repository")
    parser.add_argument("--dist", type=pathlib.Path, default=ROOT / "dist")
    parser.add_argument("--tag", action="append", default=[])
    parser.add_argument("--unsigned", action="store_true")
    parser.add_argument("--insecure", action="store_true")
    options = parser.parse_args()
    repository = options.repository.lower()
    if not re.fullmatch(r"[a-z0-9.-]+(:\d+)?(/[a-z0-9._-]+)+", repository):
        parser.error(f"'{options.repository}' names no repository; ghcr.io/your-org/otlp-service would")
    version = (ROOT / "VERSION").read_text().strip()
    archive = options.dist / f"otlp-service-{version}.oci.tar"
    if not archive.exists():
        sys.exit(f"publish: {archive} is missing: ./dev image --arch=all")
    if not options.unsigned and not shutil.which("cosign"):
        sys.exit("publish: cosign is missing, and an unsigned image is not published; --unsigned for a registry of your own")
    digest = push(archive, repository, [version, *commit(), *options.tag], options.insecure)
    descriptors, _, _ = oci.read_layout(archive)
    if not options.unsigned:
        sign(repository, digest, options.dist, descriptors, version)
    if os.environ.get("GITHUB_OUTPUT"):
        with open(os.environ["GITHUB_OUTPUT"], "a", encoding="utf-8") as out:
            out.write(f"digest={digest}\n")
    print(json.dumps({one["platform"]["architecture"]: one["digest"] for one in descriptors}), file=sys.stderr)
    print(digest)


if __name__ == "__main__":
    main()
