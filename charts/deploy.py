"""Puts the chart into a cluster, and tells how an installation is doing; ./dev deploy and ./dev status.

    deploy.py helm [--environment production] [--namespace otlp-system] [--digest sha256:...]
    deploy.py status [--namespace otlp-system]

kubectl's current context is the cluster. Each step is one line; the first that fails ends the run,
with what to do. Health is asked by `kubectl port-forward`, which a NetworkPolicy and a mesh let through,
as they would not the API server's proxy.
"""

import argparse
import json
import pathlib
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
CHART = ROOT / "charts" / "otlp-service"
RELEASE = "otlp-service"
NAMESPACES = {"dev": "otlp-dev", "staging": "otlp-staging", "production": "otlp-system"}
NOTHING = "sha256:" + 64 * "0"
SELECTOR = "app.kubernetes.io/name=otlp-service,app.kubernetes.io/component=gateway"
PROGRESS_INTERVAL_S = 5
HELM_MINIMUM = (3, 16)


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
    # The values of every environment are for the mesh. Our pods ask for their proxies themselves; a collector that is
    # put beside them has to be in the mesh as well.
    run("kubectl", "label", "namespace", namespace, "--overwrite", "pod-security.kubernetes.io/enforce=restricted", "istio-injection=enabled")


def required_secrets(environment):
    """(namespace or "", name, keys) of kustomize/required-secrets.yaml; simple enough to be read line by line."""
    wanted, field = [], None
    for line in (ROOT / "kustomize" / "required-secrets.yaml").read_text().splitlines():
        if found := re.match(r"  - name: (\S+)$", line):
            wanted.append({"name": found.group(1), "namespace": "", "keys": [], "environments": []})
        elif found := re.match(r"    namespace: (\S+)$", line):
            wanted[-1]["namespace"] = found.group(1)
        elif found := re.match(r"    (keys|environments):$", line):
            field = found.group(1)
        elif found := re.match(r"      - (\S+)$", line):
            wanted[-1][field].append(found.group(1))
    return [(secret["namespace"], secret["name"], secret["keys"]) for secret in wanted
            if environment in secret["environments"]]


def look_for_secrets(environment, namespace):
    for elsewhere, name, keys in required_secrets(environment):
        if elsewhere:
            if run("kubectl", "-n", elsewhere, "get", "secret", name, check=False).returncode != 0:
                step(f"no secret {name} in {elsewhere}: the way in that reads it there will not answer; the rest does")
            continue
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
    check_helm(helm)
    reach_cluster()
    make_namespace(namespace)
    look_for_secrets(options.environment, namespace)
    install(helm, options.environment, namespace, digest)
    health(namespace)
    print(f"deployed to {namespace} in {time.monotonic() - started:.0f} s; ./dev status --namespace {namespace}")


def check_helm(helm):
    version = re.search(r"v(\d+)\.(\d+)", run(helm, "version", "--short").stdout)
    if version and tuple(map(int, version.groups())) < HELM_MINIMUM:
        raise Failed(f"helm is {version.group(0)}; 3.16 is the oldest that works")


def install(helm, environment, namespace, digest):
    """helm upgrade --install --wait, which says nothing for minutes: the pods are shown meanwhile."""
    step("helm upgrade --install, waiting for at most 10 minutes")
    with subprocess.Popen([str(part) for part in (
            helm, "upgrade", "--install", RELEASE, CHART, "--namespace", namespace, "--values", CHART / "examples" / f"{environment}.yaml",
            "--set", f"image.digest={digest}", "--wait", "--timeout", "10m")],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as helm_run:
        shown, said = "", ""
        while True:
            try:
                said, _ = helm_run.communicate(timeout=PROGRESS_INTERVAL_S)
                break
            except subprocess.TimeoutExpired:
                now = "; ".join(f"{name} {state}" for name, state in pod_states(namespace)) or "no pod yet"
                if now != shown:
                    step(now)
                shown = now
    if helm_run.returncode != 0:
        waiting = [f"{name}: {state}" for name, state in pod_states(namespace) if state != "ready"]
        raise Failed("\n".join(["helm: " + said.strip(), *waiting, f"more: ./dev status --namespace {namespace}; "
                                f"back: helm -n {namespace} rollback {RELEASE}"]))


def pod_states(namespace):
    """(name, "ready" or why not) of each pod."""
    said = run("kubectl", "-n", namespace, "get", "pods", "-l", SELECTOR, "-o", "json", check=False)
    for pod in json.loads(said.stdout or "{}").get("items", []) if said.returncode == 0 else []:
        status = pod.get("status", {})
        reasons = []
        for condition in status.get("conditions", []):
            if condition["type"] == "PodScheduled" and condition["status"] != "True":
                reasons.append(condition.get("message", "not scheduled"))
        for container in status.get("containerStatuses", []):
            waiting = container.get("state", {}).get("waiting", {})
            if waiting:
                reasons.append(": ".join(filter(None, (waiting.get("reason"), waiting.get("message")))))
            elif not container.get("ready"):
                reasons.append(f"running, not ready, {container.get('restartCount', 0)} restarts")
        ready = bool(status.get("containerStatuses")) and not reasons
        yield pod["metadata"]["name"], "ready" if ready else ", ".join(reasons) or status.get("phase", "unknown")


def ask(namespace, pod, *paths):
    """The JSON of admin pages of a pod, by a forwarded port."""
    with subprocess.Popen(["kubectl", "-n", namespace, "port-forward", "--pod-running-timeout=10s", pod, ":8080"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as forward:
        try:
            port = re.search(r"127\.0\.0\.1:(\d+)", forward.stdout.readline())
            if not port:
                forward.terminate()
                raise Failed(f"kubectl port-forward {pod}\n{forward.stderr.read().strip()}")
            answers = []
            for path in paths:
                try:
                    with urllib.request.urlopen(f"http://127.0.0.1:{port.group(1)}{path}", timeout=10) as answer:
                        answers.append(json.load(answer))
                except urllib.error.HTTPError as error:  # 503 carries the reason
                    answers.append(json.load(error))
                except OSError as error:
                    raise Failed(f"{pod} does not answer {path}: {error}") from None
            return answers
        finally:
            forward.terminate()


def health(namespace):
    """A line for each pod: its health, the parts that are not well, and what it has not delivered yet."""
    names = [name for name, _ in pod_states(namespace)]
    if not names:
        raise Failed(f"no pod of the gateway in {namespace}: kubectl -n {namespace} get events --sort-by=.lastTimestamp")
    worst = "healthy"
    for name in names:
        state, more = ask(namespace, f"pod/{name}", "/health", "/api/v1/status")
        unwell = [f"{part['name']} {part['state']}: {part.get('reason', '')}".rstrip(": ")
                  for part in state.get("services", []) if part["state"] != "healthy"]
        pending = sum(entry["pending"] for entry in more.get("ledger", []))
        step(f"{name}: {state['status']}; {pending} items pending" + "".join(f"; {part}" for part in unwell))
        worst = "unhealthy" if "unhealthy" in (worst, state["status"]) else state["status"] if worst == "healthy" else worst
    print(f"health: {worst}")
    return worst


def status(options):
    namespace = options.namespace or NAMESPACES[options.environment]
    reach_cluster()
    for title, command in (
            ("pods", ["get", "pods", "-o", "wide", "-l", SELECTOR]),
            ("workload", ["get", "deployment,statefulset,hpa,pdb,pvc"]),
            ("use", ["top", "pods", "--containers", "-l", SELECTOR]),
            ("warnings", ["get", "events", "--field-selector", "type=Warning", "--sort-by=.lastTimestamp"]),
            ("log", ["logs", "-l", SELECTOR, "--tail=20", "--prefix"])):
        said = run("kubectl", "-n", namespace, *command, check=False)
        print(f"\n{title}\n{(said.stdout or said.stderr).rstrip()}")
    print("\nhealth")
    if health(namespace) == "unhealthy":
        raise Failed("a gateway is unhealthy: its parts are named above")


def main():
    parser = argparse.ArgumentParser(prog="./dev status" if sys.argv[1:2] == ["status"] else "./dev deploy")
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
