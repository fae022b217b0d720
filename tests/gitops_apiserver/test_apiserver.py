"""A real kube-apiserver takes every built-in object of every rendering, as a dry run; ./dev test
gitops-apiserver. Custom resources are left out: their definitions are not installed here.

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

import policy  # noqa: E402
import render  # noqa: E402
import toolbox  # noqa: E402

TOKEN = "for-this-test-alone"
BUILT_IN = {"", "apps", "autoscaling", "batch", "networking.k8s.io", "policy"}
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
            return error.code, [], json.loads(error.read() or b"{}")

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
        yield made
    finally:
        made.stop()


def make_namespace(server, objects):
    for namespace in policy.of_kind(objects, "Namespace"):
        server.ask("POST", "/api/v1/namespaces", namespace)


# Goal: the API server takes what we render. Method: server-side apply, dry, with strict fields; a
# warning, as of Pod Security, counts as a mistake. Each pod template is also sent as a pod.
@pytest.mark.parametrize("overlay", render.kustomizations(toolbox.ROOT), ids=lambda path: path.name)
def test_overlay(server, overlay):
    objects = list(render.overlay_objects(str(overlay), str(toolbox.ROOT)))
    make_namespace(server, objects)
    wrong, seen = [], 0
    for obj in objects:
        if policy.group(obj) not in BUILT_IN:
            continue
        status, warnings, answer = server.apply(obj)
        seen += 1
        if status not in (200, 201) or warnings:
            wrong.append(f"{obj['kind']} {policy.name(obj)}: {status} {warnings} {answer.get('message', '')}")
    for workload in policy.of_kind(objects, *policy.WORKLOADS):
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "template", "namespace": workload["metadata"]["namespace"]},
               "spec": policy.template(workload)["spec"]}
        claims = workload["spec"].get("volumeClaimTemplates", [])
        pod["spec"] = {**pod["spec"], "volumes": [*pod["spec"].get("volumes", []),
                       *({"name": claim["metadata"]["name"], "emptyDir": {}} for claim in claims)]}
        status, warnings, answer = server.apply(pod)
        if status not in (200, 201) or warnings:
            wrong.append(f"pod of {workload['kind']} {policy.name(workload)}: {status} {warnings} {answer.get('message', '')}")
    assert not wrong, "\n".join(wrong)
    assert seen > 5


# Goal: the server does refuse. Method: an unknown field, and a pod that the namespace does not take.
def test_mistakes_are_refused(server):
    objects = list(render.overlay_objects(str(toolbox.ROOT / "kustomize/overlays/production"), str(toolbox.ROOT)))
    make_namespace(server, objects)
    budget = json.loads(json.dumps(policy.of_kind(objects, "PodDisruptionBudget")[0]))
    budget["spec"]["maxUnavailabel"] = 1
    assert "maxUnavailabel" in server.apply(budget)[2]["message"]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "root", "namespace": "otlp-system"},
           "spec": {"containers": [{"name": "a", "image": "a"}]}}
    status, _, answer = server.apply(pod)
    assert status == 403 and "PodSecurity" in answer["message"]
