"""Unpacks the arm64 libraries that the service links against, for a cross compiler on another machine.

    sysroot.py --to DIR PACKAGE...      Debian packages, without an architecture

By apt-get from the machine's own mirrors, with lists of its own: the machine's architectures stay as they are,
and no root is needed. Beside usr/ lie

    meson-cross.ini   the cross file, which names DIR; in meson-cross-ccache.ini the compiler is called through ccache
    origins.tsv       path, source package, version: of every file, for the SBOM

libc comes from there too, for the cross compiler brings one that gets no security updates: its headers stand before
the compiler's own, its archives are found first. libstdc++ is the compiler's, and so is a shared libc: only what Meson
tries out on the way is linked with that.
"""

import argparse
import hashlib
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

FROM_THE_COMPILER = re.compile(r"(libc6|libc-bin|libc-dev-bin|libstdc\+\+[\w-]*|(?:libgcc|gcc|g\+\+|cpp|binutils|libcrypt|libasan|libubsan|"
                               r"libtsan|liblsan|libitm|libatomic|libgomp|libhwasan)[\w.+-]*)")
# Linker scripts and links to libraries by where they lie on a machine of that kind.
SHARED = re.compile(r"/usr/lib/aarch64-linux-gnu/[\w+-]+\.so")
LIBC = ("libc6-dev", "linux-libc-dev")
COMPILERS_LIBC = pathlib.Path("/usr/aarch64-linux-gnu/lib")
CROSS = """# Written by image/sysroot.py.
[binaries]
c = [{launcher}'aarch64-linux-gnu-gcc', {folders}]
cpp = [{launcher}'aarch64-linux-gnu-g++', '-nostdinc++', {cxx_folders}, {folders}]
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
FOLDERS = "'-B{root}/usr/lib/aarch64-linux-gnu', '-isystem', '{root}/usr/include/aarch64-linux-gnu', '-isystem', '{root}/usr/include'"


def run(command, **more):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **more)


def said(command, **more):
    done = run(command, **more)
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
    # A mirror that does not answer is no error of `update`, for another may have what is wanted.
    updated = run([*own, "update"])
    done = run([*own, "install", "--download-only", "--yes", "--no-install-recommends", *packages])
    if done.returncode != 0:
        sys.exit("sysroot: no mirror of this machine gave the arm64 packages; is there a network?\n"
                 f"{(updated.stderr + done.stderr)[-3000:]}")
    return sorted((work / "cache/archives").glob("*.deb"))


def unpack(archive, to):
    """Unpacks one package; returns its lines of origins.tsv, none for what the compiler brings."""
    name, version, source = said(["dpkg-deb", "--show", "--showformat", "${Package}\\n${source:Version}\\n${source:Package}", archive]).split("\n")
    if FROM_THE_COMPILER.fullmatch(name):
        return []
    lines, shared = [], []
    wanted = re.compile(r"^\S+ \S+ +\d+ \S+ \S+ \./(usr/(?:include|lib|share/pkgconfig)/\S+)", re.M)
    for path in wanted.findall(said(["dpkg-deb", "--contents", archive])):
        if name in LIBC and SHARED.fullmatch("/" + path):
            shared.append(to / path)
        else:
            lines.append(f"/{path}\t{source}\t{version}\n")
    said(["sh", "-c", 'dpkg-deb --fsys-tarfile "$1" | tar -x -C "$2" --wildcards --no-anchored ./usr/include ./usr/lib ./usr/share/pkgconfig 2>/dev/null || true',
          "sh", archive, to])
    for path in shared:
        path.unlink()
        path.symlink_to(COMPILERS_LIBC / path.name)
    return lines


def cxx_folders():
    """The compiler's own headers of libstdc++, which must stand before libc's: they include those as the next."""
    text = subprocess.run(["aarch64-linux-gnu-g++", "-x", "c++", "-E", "-v", "/dev/null"], capture_output=True, text=True, check=True).stderr
    return ", ".join(f"'-isystem', '{pathlib.Path(line).resolve()}'" for line in re.findall(r"^ (/\S*/c\+\+/\S+)$", text, re.M))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--to", type=pathlib.Path, required=True)
    parser.add_argument("packages", nargs="+")
    options = parser.parse_args()
    root = options.to.resolve()
    stamp = root / ".packages"
    recipe = hashlib.sha256(pathlib.Path(__file__).read_bytes()).hexdigest()
    packages = sorted({*options.packages, *LIBC})
    wanted = "\n".join([recipe, *packages])
    if stamp.exists() and stamp.read_text() == wanted:
        return
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    origins = []
    with tempfile.TemporaryDirectory() as folder:
        for archive in download(packages, pathlib.Path(folder)):
            origins += unpack(archive, root)
    (root / "origins.tsv").write_text("".join(sorted(origins)))
    for name, launcher in (("meson-cross.ini", ""), ("meson-cross-ccache.ini", "'ccache', ")):
        (root / name).write_text(CROSS.format(
            root=root, launcher=launcher, cxx_folders=cxx_folders(), folders=FOLDERS.format(root=root)))
    stamp.write_text(wanted)


if __name__ == "__main__":
    main()
