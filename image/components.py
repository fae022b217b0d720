"""What a build took from outside: by the linker's own map and by the headers that the compiler opened.

    archives  : members listed under "Archive member included"; an archive that gave nothing is not there
    libraries : shared objects and start files that the linker loaded, and the program needs
    headers   : ninja's record of every header behind the program's objects

A path belongs to a package by where it lies: in Nix's store by its name, in an unpacked sysroot by the list
beside it, elsewhere by dpkg. Packages of one source are one component.
"""

import dataclasses
import json
import os
import pathlib
import re
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
LICENCES = json.loads((HERE / "licences.json").read_text())
PROGRAM = "otlp-service"
MAP = "otlp-service.map"

STORE_PATH = re.compile(r"^/nix/store/[0-9a-z]{32}-(?P<name>.+?)-(?P<version>[0-9][^/]*?)(?:-(?:dev|lib|out|static))?/")
# Names of one thing in several worlds: Debian's source packages, nixpkgs' names.
SAME = [
    (r"boost[0-9.]*", "boost"), (r"gcc-[0-9]+|gcc|libgcc|gcc-wrapper", "gcc"),
    (r"fmt", "fmtlib"), (r"abseil-cpp", "abseil"), (r"zstd", "libzstd"), (r"rdkafka", "librdkafka"),
    (r"expected|tl-expected", "tl-expected"), (r"toml\+\+", "tomlplusplus"), (r"linux-headers", "linux"),
    (r"cares", "c-ares"), (r"libyaml-cpp", "yaml-cpp"),
]
# Strongest first: what is in the program's own bytes, what it loads, what was compiled in from headers.
LINKAGES = ("static", "dynamic", "headers")


class UnknownOrigin(Exception):
    """A path that no package owns, or a package without a licence in licences.json."""


@dataclasses.dataclass(frozen=True, order=True)
class Component:
    name: str
    version: str
    licence: str
    purl: str
    linkage: str


def canonical(name):
    for pattern, to in SAME:
        if re.fullmatch(pattern, name):
            return to
    return name


def linked_paths(build):
    """{path: linkage} of archives, libraries and start files."""
    text = (build / MAP).read_text(errors="replace")
    found = {}
    included, _, rest = text.partition("\nMerging program properties")
    for path in re.findall(r"^(/[^\s(]+\.a)\(", included, re.M):
        found[path] = "static"
    for path in re.findall(r"^LOAD (\S+)$", rest or text, re.M):
        if path.endswith(".o"):
            found[path] = "static"
        elif ".so" in path:
            found[path] = "dynamic"
    needed = set(re.findall(r"Shared library: \[([^\]]+)\]", said(["readelf", "-d", build / PROGRAM])))
    return {path: kind for path, kind in found.items()
            if path.startswith("/") and (kind == "static" or soname(path) in needed)}


def soname(path):
    """Empty for a linker script, as glibc's libm.so is one: what it names is loaded besides."""
    with open(path, "rb") as file:
        if file.read(4) != b"\x7fELF":
            return ""
    found = re.search(r"Library soname: \[([^\]]+)\]", said(["readelf", "-d", path]))
    return found.group(1) if found else os.path.basename(path)


def header_paths(build):
    objects = {line for line in said(["ninja", "-C", build, "-t", "inputs", PROGRAM]).splitlines()
               if line.endswith(".o")}
    found, wanted = set(), False
    for line in said(["ninja", "-C", build, "-t", "deps"]).splitlines():
        if not line.startswith(" "):
            wanted = line.partition(":")[0] in objects
        elif wanted:
            found.add(line.strip())
    return {os.path.normpath(build / path) for path in found}


def said(command):
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout


def own_folders(build):
    first = json.loads((build / "meson-info/intro-buildsystem_files.json").read_text())[0]
    return (os.path.dirname(first) + "/", str(build) + "/")


def sysroot_origins(sysroot):
    """{path: (source, version)} as image/sysroot.py wrote it."""
    found = {}
    for line in (sysroot / "origins.tsv").read_text().splitlines():
        path, source, version = line.split("\t")
        found[str(sysroot) + path] = (source, version)
    return found


def debian_origins(paths):
    """{path: (source, version)} by dpkg; a path that it does not know is missing."""
    if not paths:
        return {}
    answer = subprocess.run(["dpkg-query", "-S", *sorted(paths)], capture_output=True, text=True, check=False)
    packages = {}
    for line in answer.stdout.splitlines():
        owners, _, path = line.rpartition(": ")
        packages[path] = owners.split(", ")[0]
    listed = said(["dpkg-query", "-W", "-f", "${binary:Package}\t${Package}\t${source:Package}\t${source:Version}\t${Version}\n"])
    sources = {}
    for line in listed.splitlines():
        with_architecture, name, source, version, own = line.split("\t")
        if "cross" in source:
            source, version = repacked(name, source, own)
        sources[with_architecture] = sources[name] = (source, version)
    return {path: sources[package] for path, package in packages.items() if package in sources}


def repacked(package, source, version):
    """What a package of a cross toolchain is made of: its source only repacks a compiler, a libc or a kernel's headers,
    and has a number of its own; advisories are about what is inside."""
    made_of = {"libc6": "glibc", "linux": "linux"}.get(package.partition("-")[0], source.removesuffix("-cross"))
    return made_of, re.sub(r"cross\d+$", "", version)


def plain(path):
    """A path as dpkg knows it: no links, no `..`; Debian's libraries lie below /usr."""
    path = os.path.normpath(path)
    return "/usr" + path if path.startswith("/lib/") and os.path.islink("/lib") else path


def spellings(path):
    """What dpkg may know a file by: /lib is a link to /usr/lib, and packages have either."""
    names = [path, os.path.realpath(path)]
    return [*names, *(name.removeprefix("/usr") for name in names if name.startswith("/usr/lib"))]


def find(build, sysroot=None, simdjson=None):
    """Every component of the program in `build`, sorted."""
    build = pathlib.Path(build).resolve()
    paths = {plain(path): kind for path, kind in linked_paths(build).items()}
    for path in header_paths(build):
        paths.setdefault(plain(path), "headers")
    ours = own_folders(build)
    from_sysroot = sysroot_origins(sysroot) if sysroot else {}
    origins, ask = {}, set()
    for path in paths:
        store = STORE_PATH.match(path)
        if simdjson and path.startswith(str(pathlib.Path(simdjson).resolve()) + "/"):
            origins[path] = ("simdjson", simdjson_version(simdjson), "headers")
        elif path in from_sysroot:  # it may lie in a folder of ours
            origins[path] = (*from_sysroot[path], paths[path])
        elif path.startswith(ours):
            continue
        elif store:
            origins[path] = (store["name"], store["version"], paths[path])
        else:
            ask.add(path)
    known = debian_origins({name for path in ask for name in spellings(path)})
    for path in ask:
        for name in spellings(path):
            if name in known:
                origins.setdefault(path, (*known[name], paths[path]))
    unknown = sorted(ask - set(origins))
    if unknown:
        raise UnknownOrigin("no package owns " + ", ".join(unknown))
    if simdjson:  # compiled in from its source
        origins[str(simdjson)] = ("simdjson", simdjson_version(simdjson), "static")
    return components(origins)


def simdjson_version(folder):
    text = (pathlib.Path(folder) / "simdjson.h").read_text()
    return re.search(r'#define SIMDJSON_VERSION "?([0-9.]+)"?', text).group(1)


def components(origins):
    strongest = {}
    for path, (source, version, linkage) in origins.items():
        key = (canonical(source), version)
        debian = not path.startswith("/nix/")
        kept = strongest.get(key, (linkage, source, debian))
        strongest[key] = (min(linkage, kept[0], key=LINKAGES.index), source, debian)
    without = sorted(name for name, _ in strongest if name not in LICENCES)
    if without:
        raise UnknownOrigin("image/licences.json has no licence for " + ", ".join(without))
    return sorted(Component(name, version, LICENCES[name], purl(source, version, debian), linkage)
                  for (name, version), (linkage, source, debian) in strongest.items())


def purl(source, version, debian):
    quoted = version.replace("+", "%2B").replace("~", "~").replace(":", "%3A")
    return f"pkg:deb/debian/{source}@{quoted}?arch=source" if debian else f"pkg:nix/nixpkgs/{source}@{quoted}"
