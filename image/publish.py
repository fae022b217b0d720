"""Pushes the images that `./dev image` made by digest, signs them, attests what they are made of, and only then tags them.

    publish.py REPOSITORY [--dist DIR] [--tag TAG]... [--unsigned] [--insecure]

    REPOSITORY       as ghcr.io/your-org/otlp-service; tags: the version, the commit, and every --tag
    REGISTRY_USER, REGISTRY_PASSWORD (environment)   to log in, by Docker's file ($DOCKER_CONFIG, ~/.docker): cosign reads no
                     other, nor does what attests after this; without them the machine's own login is used
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


def log_in(repository, insecure):
    """The options with which skopeo uses the login; none where there is the machine's own."""
    if not os.environ.get("REGISTRY_USER"):
        return []
    file = pathlib.Path(os.environ.get("DOCKER_CONFIG") or pathlib.Path.home() / ".docker") / "config.json"
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    run("skopeo", "login", f"--authfile={file}", f"--username={os.environ['REGISTRY_USER']}", "--password-stdin",
        f"--tls-verify={secure(insecure)}", repository.split("/")[0], input=os.environ["REGISTRY_PASSWORD"])
    return [f"--authfile={file}"]


def secure(insecure):
    return "false" if insecure else "true"


def copy(source, target, login, insecure):
    run("skopeo", "--insecure-policy", "copy", "--quiet", "--all", "--preserve-digests", *login,
        f"--src-tls-verify={secure(insecure)}", f"--dest-tls-verify={secure(insecure)}", source, target)


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
    descriptors, _, _ = oci.read_layout(archive)
    digest = oci.digest(run("skopeo", "inspect", "--raw", f"oci-archive:{archive}").encode())
    login = log_in(repository, options.insecure)
    copy(f"oci-archive:{archive}", f"docker://{repository}@{digest}", login, options.insecure)
    if not options.unsigned:
        sign(repository, digest, options.dist, descriptors, version)
    for tag in [version, *commit(), *options.tag]:
        copy(f"docker://{repository}@{digest}", f"docker://{repository}:{tag}", login, options.insecure)
    if os.environ.get("GITHUB_OUTPUT"):
        with open(os.environ["GITHUB_OUTPUT"], "a", encoding="utf-8") as out:
            out.write(f"digest={digest}\n")
    print(json.dumps({one["platform"]["architecture"]: one["digest"] for one in descriptors}), file=sys.stderr)
    print(digest)


if __name__ == "__main__":
    main()
