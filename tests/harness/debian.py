"""A clean Debian: what debootstrap makes, which has nothing that a developer's machine happens to have.

The machine's own way to the package registries (resolver, proxy and certificate settings) is carried over; nothing
else is. Needs root. Settings (environment): DEBOOTSTRAP_MIRROR=url  another mirror than debootstrap's own
"""

import os
import pathlib
import shutil
import subprocess

MIRROR = os.environ.get("DEBOOTSTRAP_MIRROR")
CARRIED_FILES = ["/etc/resolv.conf", "/etc/hosts", "/etc/pip.conf"]
# The machine's certificates, where the package ca-certificates does not write its own over them.
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
CARRIED_CERTIFICATES = "/etc/ssl/carried.crt"
CARRIED_VARIABLES = ["http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE"]


def environment():
    """What a command in such a root is given."""
    kept = {name: value for name, value in os.environ.items() if name in CARRIED_VARIABLES or name.startswith("PIP_")}
    if pathlib.Path(CERTIFICATES).exists():
        kept.update(SSL_CERT_FILE=CARRIED_CERTIFICATES, PIP_CERT=CARRIED_CERTIFICATES)
    return {**kept, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8", "CI": "true"}


def make(release, folder):
    """Makes the root in `folder`; one that is there already is only given the machine's settings anew."""
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
