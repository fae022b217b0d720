"""A real kube-apiserver takes every object of every rendering, of overlays, chart examples and argocd/, as
a dry run; ./dev test gitops-apiserver. The definitions of custom resources are installed first, so that
their rules in CEL are evaluated too. `helm install` is no dry run.

etcd comes from Debian's package, unpacked; the API server is built from its Go module once, which
takes some fifteen minutes. Both listen on loopback, on free ports, and end with the test.
"""

import json
import pathlib
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "gitops"))

import gateway  # noqa: E402
import manifest  # noqa: E402
import render  # noqa: E402
import toolbox  # noqa: E402

TOKEN = "for-this-test-alone"
# Argo CD's own name for its finalizer, older than the advice against such names.
NO_MISTAKE = '"resources-finalizer.argocd.argoproj.io": prefer a domain-qualified finalizer name'
pytestmark = pytest.mark.timeout(3600)


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class ApiServer:
    def __init__(self, folder):
        self.logs = open(folder / "log", "wb")
        etcd_port, peer_port, port = free_port(), free_port(), free_port()
        etcd = f"http://127.0.0.1:{etcd_port}"
        peer = f"http://127.0.0.1:{peer_port}"
        key = folder / "key.pem"
        toolbox.run(["openssl", "genrsa", "-out", key, "2048"])
        (folder / "tokens").write_text(f"{TOKEN},admin,1,system:masters\n")
        self.processes = [
            self.spawn(toolbox.debian_program("etcd-server", "etcd"), "--data-dir", folder / "etcd", "--listen-client-urls", etcd,
                       "--advertise-client-urls", etcd, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                       "--initial-cluster", f"default={peer}"),
            self.spawn(toolbox.tool("kube-apiserver"), "--etcd-servers", etcd, "--bind-address", "127.0.0.1", "--secure-port", port,
                       "--cert-dir", folder / "certificates", "--service-account-key-file", key,
                       "--service-account-signing-key-file", key, "--service-account-issuer", "https://localhost",
                       "--token-auth-file", folder / "tokens", "--authorization-mode", "RBAC",
                       "--service-cluster-ip-range", "10.0.0.0/24", "--disable-admission-plugins", "ServiceAccount")]
        self.address = f"https://127.0.0.1:{port}"
        self.paths = {}

    def spawn(self, *command):
        return subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=self.logs, stderr=self.logs)

    def ask(self, method, path, body=None, kind="application/json"):
        """(status, warnings, answer)"""
        unverified = ssl._create_unverified_context()  # its certificate is made at each start
        request = urllib.request.Request(self.address + path, method=method, data=None if body is None else json.dumps(body).encode(),
                                         headers={"Authorization": f"Bearer {TOKEN}", "Content-Type": kind})
        try:
            with urllib.request.urlopen(request, context=unverified, timeout=30) as answer:
                return answer.status, answer.headers.get_all("Warning") or [], json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            text = error.read()
            # A group that is not served yet is refused in plain text.
            return error.code, [], json.loads(text) if text.startswith(b"{") else {"message": text.decode()}

    def wait(self):
        end = time.monotonic() + 60
        while True:
            assert all(process.poll() is None for process in self.processes), "a program ended: see its log"
            try:
                if self.ask("GET", "/apis/apps/v1")[0] == 200 and self.ask("GET", "/api/v1/namespaces/default")[0] == 200:
                    return
            except (OSError, ValueError):
                pass
            assert time.monotonic() < end, "no API server after a minute"
            time.sleep(0.2)

    def install_definitions(self):
        for definition in toolbox.definitions():
            # A protected group's definition must say who approved it; these were derived, not published.
            definition["metadata"].setdefault("annotations", {})["api-approved.kubernetes.io"] = "unapproved, for a test"
            definition.pop("status", None)
            status, _, answer = self.ask("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition)
            assert status == 201, answer.get("message")
        end = time.monotonic() + 60
        for definition in toolbox.definitions():
            for version in definition["spec"]["versions"]:
                root = f"/apis/{definition['spec']['group']}/{version['name']}"
                while version["served"] and definition["spec"]["names"]["kind"] not in {
                        one["kind"] for one in self.ask("GET", root)[2].get("resources", [])}:
                    assert time.monotonic() < end, f"{root} is not served"
                    time.sleep(0.2)

    def apply(self, obj):
        version = obj["apiVersion"]
        root = f"/api/{version}" if "/" not in version else f"/apis/{version}"
        if root not in self.paths:
            _, _, found = self.ask("GET", root)
            self.paths[root] = {one["kind"]: (one["name"], one["namespaced"]) for one in found["resources"] if "/" not in one["name"]}
        plural, namespaced = self.paths[root][obj["kind"]]
        place = f"/namespaces/{obj['metadata']['namespace']}" if namespaced else ""
        return self.ask("PATCH", f"{root}{place}/{plural}/{obj['metadata']['name']}?dryRun=All&fieldManager=test"
                        "&fieldValidation=Strict&force=true", obj, "application/apply-patch+yaml")

    def stop(self):
        for process in reversed(self.processes):
            process.terminate()
            process.wait(30)
        self.logs.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    made = ApiServer(tmp_path_factory.mktemp("apiserver"))
    try:
        made.wait()
        made.install_definitions()
        yield made
    finally:
        made.stop()


def make_namespaces(server, objects):
    for name in {obj["metadata"]["namespace"] for obj in objects if "namespace" in obj["metadata"]}:
        namespace = next((obj for obj in manifest.of_kind(objects, "Namespace") if manifest.name(obj) == name),
                         {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {
                             "pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/warn": "restricted"}}})
        server.ask("POST", "/api/v1/namespaces", namespace)


def pod_of(workload):
    spec = manifest.template(workload)["spec"]
    claims = [{"name": claim["metadata"]["name"], "emptyDir": {}} for claim in workload["spec"].get("volumeClaimTemplates", [])]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "template", "namespace": workload["metadata"]["namespace"]},
            "spec": {**spec, "volumes": [*spec.get("volumes", []), *claims]}}


def refused(server, objects):
    """What the server does not take, or takes with a warning; each pod template is also sent as a pod."""
    make_namespaces(server, objects)
    for obj in [*objects, *(pod_of(workload) for workload in manifest.of_kind(objects, *manifest.WORKLOADS))]:
        status, warnings, answer = server.apply(obj)
        warnings = [warning for warning in warnings if NO_MISTAKE not in warning.replace("\\", "")]
        if status not in (200, 201) or warnings:
            yield f"{obj['kind']} {manifest.name(obj)}: {status} {warnings} {answer.get('message', '')}"


# Goal: the API server takes what we render. Method: server-side apply, dry, with strict fields; a
# warning, as of Pod Security, counts as a mistake.
@pytest.mark.parametrize("overlay", render.kustomizations(toolbox.ROOT), ids=lambda path: path.name)
def test_overlay(server, overlay):
    objects = list(render.overlay_objects(str(overlay), str(toolbox.ROOT)))
    assert len(objects) > 5
    assert not "\n".join(refused(server, objects))


@pytest.mark.parametrize("values", render.examples(toolbox.ROOT), ids=lambda path: path.stem)
def test_chart(server, values):
    objects = render.objects(render.text_of_chart(values, toolbox.ROOT))
    for obj in objects:
        obj["metadata"].setdefault("namespace", "otlp-system")  # as helm does when it applies
    assert not "\n".join(refused(server, objects))


def test_argocd(server):
    objects = [obj for file in sorted((toolbox.ROOT / "argocd").rglob("*.yaml")) for obj in render.objects(file.read_text())]
    assert len(objects) >= 6
    assert not "\n".join(refused(server, objects))


def test_prometheus_rights(server):
    """What Prometheus may ask, and what not: by the server's own answer."""
    for obj in render.objects((toolbox.ROOT / "monitoring/prometheus/rbac.yaml").read_text()):
        make_namespaces(server, [obj])
        kind = {"ServiceAccount": "/api/v1/namespaces/monitoring/serviceaccounts"}.get(
            obj["kind"], f"/apis/rbac.authorization.k8s.io/v1/{obj['kind'].lower()}s")
        assert server.ask("POST", kind, obj)[0] == 201

    def may(verb, resource, group=""):
        review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": {
            "user": "system:serviceaccount:monitoring:prometheus", "resourceAttributes": {
                "verb": verb, "resource": resource, "group": group, "namespace": "otlp-system"}}}
        return server.ask("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review)[2]["status"]["allowed"]
    gateway.until(lambda: may("list", "pods"), "the right to list pods")
    assert may("watch", "endpointslices", "discovery.k8s.io")
    assert not may("list", "secrets") and not may("get", "configmaps") and not may("delete", "pods")


# Goal: the chart installs. Method: helm itself, with the defaults, and again as an upgrade.
def test_helm_installs_and_upgrades(server, tmp_path):
    settings = tmp_path / "kubeconfig"
    settings.write_text(json.dumps({
        "apiVersion": "v1", "kind": "Config", "current-context": "test",
        "clusters": [{"name": "test", "cluster": {"server": server.address, "insecure-skip-tls-verify": True}}],
        "users": [{"name": "test", "user": {"token": TOKEN}}], "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}]}))
    for _ in range(2):
        said = toolbox.run([toolbox.tool("helm"), "--kubeconfig", settings, "upgrade", "--install", "otlp-service",
                            toolbox.ROOT / "charts/otlp-service", "--namespace", "helm", "--create-namespace", "--values",
                            toolbox.ROOT / "charts/otlp-service/examples/production.yaml"])
    assert "STATUS: deployed" in said and "REVISION: 2" in said


# Goal: the server does refuse. Method: unknown fields, a rule in CEL, and a pod that the namespace does not take.
def test_mistakes_are_refused(server):
    objects = list(render.overlay_objects(str(toolbox.ROOT / "kustomize/overlays/production"), str(toolbox.ROOT)))
    make_namespaces(server, objects)

    def answer_to(kind, change, group=None):
        obj = json.loads(json.dumps(next(one for one in manifest.of_kind(objects, kind) if group in (None, manifest.group(one)))))
        change(obj["spec"])
        status, _, answer = server.apply(obj)
        assert status >= 400, f"{kind} was taken"
        return answer["message"]
    assert "maxUnavailabel" in answer_to("PodDisruptionBudget", lambda spec: spec.update(maxUnavailabel=1))
    assert "circuitBreaker" in answer_to("DestinationRule", lambda spec: spec["trafficPolicy"].update(circuitBreaker={}))
    assert "updateMode" in answer_to("VerticalPodAutoscaler", lambda spec: spec["updatePolicy"].update(updateMode="Sometimes"))
    assert "must be" in answer_to("HTTPRoute", lambda spec: spec["rules"][0]["matches"][0]["path"].update(value="no-slash"))
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "root", "namespace": "otlp-system"},
           "spec": {"containers": [{"name": "a", "image": "a"}]}}
    status, _, answer = server.apply(pod)
    assert status == 403 and "PodSecurity" in answer["message"]
