"""Unpacks the arm64 libraries that the service links against, for a cross compiler on another machine.

    sysroot.py --to DIR PACKAGE...      Debian packages, without an architecture

By apt-get from the machine's own mirrors, with lists of its own: the machine's architectures stay as they are,
and no root is needed. Beside usr/ lie

    meson-cross.ini   the cross file, which names DIR
    origins.tsv       path, source package, version: of every file, for the SBOM

What comes with the cross compiler (libc, libstdc++) is left out: two of them would be mixed.
"""

import argparse
import hashlib
import pathlib
import re
import subprocess
import sys
import tempfile

FROM_THE_COMPILER = re.compile(r"(libc6|libc-dev|linux-libc|libstdc|libgcc|gcc|g\+\+|cpp|binutils|libcrypt|libasan|libubsan|"
                               r"libtsan|liblsan|libitm|libatomic|libgomp|libhwasan|libc-bin)[\w.+-]*")
CROSS = """# Written by image/sysroot.py.
[binaries]
c = [{launcher}'aarch64-linux-gnu-gcc', {folders}]
cpp = [{launcher}'aarch64-linux-gnu-g++', {folders}]
ar = 'aarch64-linux-gnu-ar'
strip = 'aarch64-linux-gnu-strip'
pkgconfig = 'pkg-config'

[properties]
sys_root = '{root}'
pkg_config_libdir = '{root}/usr/lib/aarch64-linux-gnu/pkgconfig:{root}/usr/share/pkgconfig'
boost_includedir = '{root}/usr/include'
boost_librarydir = '{root}/usr/lib/aarch64-linux-gnu'

[host_machine]
system = 'linux'
cpu_family = 'aarch64'
cpu = 'aarch64'
endian = 'little'
"""
# Part of the command, so that -Dcpp_args adds to them; -B is where Meson, too, looks for archives.
FOLDERS = "'-B{root}/usr/lib/aarch64-linux-gnu', '-isystem', '{root}/usr/include', '-isystem', '{root}/usr/include/aarch64-linux-gnu'"


def said(command, **more):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **more)
    if done.returncode != 0:
        sys.exit(f"sysroot: {' '.join(map(str, command))}\n{(done.stdout + done.stderr)[-3000:]}")
    return done.stdout


def download(packages, work):
    """The packages and what they depend on, as .deb files."""
    sources = said(["apt-get", "indextargets", "--format", "deb [arch=arm64] $(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages"])
    (work / "sources.list").write_text("\n".join(sorted(set(sources.splitlines()))) + "\n")
    for part in ("lists/partial", "cache/archives/partial"):
        (work / part).mkdir(parents=True)
    (work / "status").touch()
    own = ["apt-get", "-qq", "-o", "APT::Architecture=arm64", "-o", "APT::Architectures=arm64",
           "-o", f"Dir::Etc::SourceList={work}/sources.list", "-o", "Dir::Etc::SourceParts=/dev/null",
           "-o", f"Dir::State::Lists={work}/lists", "-o", f"Dir::State::Status={work}/status",
           "-o", f"Dir::Cache={work}/cache", "-o", "APT::Sandbox::User=", "-o", "Debug::NoLocking=1"]
    said([*own, "update"])
    said([*own, "install", "--download-only", "--yes", "--no-install-recommends", *packages])
    return sorted((work / "cache/archives").glob("*.deb"))


def unpack(archive, to):
    """Unpacks one package; returns its lines of origins.tsv, none for what the compiler brings."""
    name, version, source = said(["dpkg-deb", "--show", "--showformat", "${Package}\\n${source:Version}\\n${source:Package}", archive]).split("\n")
    if FROM_THE_COMPILER.fullmatch(name):
        return []
    lines = []
    wanted = re.compile(r"^\S+ \S+ +\d+ \S+ \S+ \./(usr/(?:include|lib|share/pkgconfig)/\S+)", re.M)
    for path in wanted.findall(said(["dpkg-deb", "--contents", archive])):
        lines.append(f"/{path}\t{source}\t{version}\n")
    said(["sh", "-c", 'dpkg-deb --fsys-tarfile "$1" | tar -x -C "$2" --wildcards --no-anchored ./usr/include ./usr/lib ./usr/share/pkgconfig 2>/dev/null || true',
          "sh", archive, to])
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--to", type=pathlib.Path, required=True)
    parser.add_argument("packages", nargs="+")
    options = parser.parse_args()
    root = options.to.resolve()
    stamp = root / ".packages"
    recipe = hashlib.sha256(pathlib.Path(__file__).read_bytes()).hexdigest()
    wanted = "\n".join([recipe, *sorted(options.packages)])
    if stamp.exists() and stamp.read_text() == wanted:
        return
    root.mkdir(parents=True, exist_ok=True)
    origins = []
    with tempfile.TemporaryDirectory() as folder:
        for archive in download(options.packages, pathlib.Path(folder)):
            origins += unpack(archive, root)
    (root / "origins.tsv").write_text("".join(sorted(origins)))
    found = subprocess.run(["sh", "-c", "command -v ccache"], capture_output=True, check=False).returncode == 0
    (root / "meson-cross.ini").write_text(CROSS.format(root=root, launcher="'ccache', " if found else "", folders=FOLDERS.format(root=root)))
    stamp.write_text(wanted)


if __name__ == "__main__":
    main()
