"""Puts the chart into a cluster, and tells how an installation is doing; ./dev deploy and ./dev status.

    deploy.py helm [--environment production] [--namespace otlp-system] [--digest sha256:...]
    deploy.py status [--namespace otlp-system]

kubectl's current context is the cluster. Each step is one line; the first that fails ends the run,
with what to do.
"""

import argparse
import json
import pathlib
import re
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
CHART = ROOT / "charts" / "otlp-service"
RELEASE = "otlp-service"
NAMESPACES = {"dev": "otlp-dev", "staging": "otlp-staging", "production": "otlp-system"}
NOTHING = "sha256:" + 64 * "0"


class Failed(Exception):
    """With what to do."""


def run(*command, check=True, **more):
    said = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **more)
    if check and said.returncode != 0:
        raise Failed(f"{' '.join(map(str, command))}\n{(said.stderr or said.stdout).strip()}")
    return said


def step(text):
    print(f"  {text}", flush=True)


def need(program, how):
    found = shutil.which(program)
    if not found:
        raise Failed(f"{program} is missing: {how}")
    return found


def reach_cluster():
    need("kubectl", "https://kubernetes.io/docs/tasks/tools/")
    said = run("kubectl", "version", "--output=json", "--request-timeout=10s", check=False)
    try:
        server = json.loads(said.stdout)["serverVersion"]
    except (ValueError, KeyError):
        raise Failed("no cluster answers: kubectl config current-context names which one is asked, "
                     f"kubectl cluster-info says why\n{said.stderr.strip()}") from None
    version = (int(server["major"]), int(re.match(r"\d+", server["minor"]).group(0)))
    if version < (1, 30):
        raise Failed(f"the cluster is Kubernetes {version[0]}.{version[1]}; 1.30 is the oldest that works")
    step(f"cluster answers: Kubernetes {version[0]}.{version[1]}")


def make_namespace(namespace):
    if run("kubectl", "get", "namespace", namespace, check=False).returncode != 0:
        run("kubectl", "create", "namespace", namespace)
        step(f"namespace {namespace} made")
    run("kubectl", "label", "namespace", namespace, "--overwrite", "pod-security.kubernetes.io/enforce=restricted")


def required_secrets(environment):
    """(name, keys) of kustomize/required-secrets.yaml; a list simple enough to be read line by line."""
    wanted, field = [], None
    for line in (ROOT / "kustomize" / "required-secrets.yaml").read_text().splitlines():
        if found := re.match(r"  - name: (\S+)$", line):
            wanted.append({"name": found.group(1), "keys": [], "environments": []})
        elif found := re.match(r"    (keys|environments):$", line):
            field = found.group(1)
        elif found := re.match(r"      - (\S+)$", line):
            wanted[-1][field].append(found.group(1))
    return [(secret["name"], secret["keys"]) for secret in wanted if environment in secret["environments"]]


def look_for_secrets(environment, namespace):
    for name, keys in required_secrets(environment):
        said = run("kubectl", "-n", namespace, "get", "secret", name, "-o", "json", check=False)
        data = json.loads(said.stdout or "{}").get("data", {}) if said.returncode == 0 else None
        lost = keys if data is None else [key for key in keys if key not in data]
        if lost:
            raise Failed(f"Secret {name} with {', '.join(lost)} is missing in {namespace}:\n"
                         f"kubectl -n {namespace} create secret generic {name} "
                         + " ".join(f"--from-literal={key}=..." for key in keys))
        step(f"secret {name} is there")


def digest_of(environment):
    text = (ROOT / "kustomize" / "overlays" / environment / "kustomization.yaml").read_text()
    return re.search(r"digest: (sha256:[0-9a-f]{64})", text).group(1)


def deploy(options):
    started = time.monotonic()
    namespace = options.namespace or NAMESPACES[options.environment]
    digest = options.digest or digest_of(options.environment)
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
        raise Failed(f"{digest} is no digest: sha256: and 64 hexadecimal digits")
    if digest == NOTHING:
        raise Failed(f"{options.environment} holds no image yet: ./dev promote, or --digest sha256:...")
    helm = options.helm or need("helm", "./dev test gitops builds it, or see https://helm.sh/docs/intro/install/")
    reach_cluster()
    make_namespace(namespace)
    look_for_secrets(options.environment, namespace)
    step("helm upgrade --install, waiting for at most 10 minutes")
    run(helm, "upgrade", "--install", RELEASE, CHART, "--namespace", namespace, "--values",
        CHART / "examples" / f"{options.environment}.yaml", "--set", f"image.digest={digest}", "--wait", "--timeout", "10m")
    health(namespace)
    print(f"deployed to {namespace} in {time.monotonic() - started:.0f} s; ./dev status --namespace {namespace}")


def health(namespace):
    path = f"/api/v1/namespaces/{namespace}/services/{RELEASE}:http-admin/proxy/health"
    said = run("kubectl", "get", "--raw", path)
    state = json.loads(said.stdout)
    step(f"health: {state.get('status', state)}")


def status(options):
    namespace = options.namespace or NAMESPACES[options.environment]
    reach_cluster()
    selector = "app.kubernetes.io/name=otlp-service"
    for title, command in (
            ("pods", ["get", "pods", "-o", "wide", "-l", selector]),
            ("workload", ["get", "deployment,statefulset,hpa,pdb,pvc"]),
            ("use", ["top", "pods", "--containers", "-l", selector]),
            ("warnings", ["get", "events", "--field-selector", "type=Warning", "--sort-by=.lastTimestamp"]),
            ("log", ["logs", "-l", selector, "--tail=20", "--prefix"])):
        said = run("kubectl", "-n", namespace, *command, check=False)
        print(f"\n{title}\n{(said.stdout or said.stderr).rstrip()}")
    print()
    health(namespace)


def main():
    parser = argparse.ArgumentParser(prog="./dev deploy")
    parser.add_argument("command", choices=["helm", "status"])
    parser.add_argument("--environment", choices=list(NAMESPACES), default="production")
    parser.add_argument("--namespace")
    parser.add_argument("--digest")
    parser.add_argument("--helm", help="the program, if it is not on the PATH")
    options = parser.parse_args()
    try:
        (deploy if options.command == "helm" else status)(options)
    except Failed as failed:
        print(f"failed: {failed}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
