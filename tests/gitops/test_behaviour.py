"""The real gateway, started as the rendered manifests start it: configuration, arguments, environment.

What must differ from a pod is changed and nothing else: addresses (loopback, free ports), folders, and
the destination. No kubelet is here: the probes' requests and the drain are played by the test.
"""

import collections
import json
import os
import re
import subprocess
import sys
import threading
import time

import pytest

import destination
import gateway
import manifest
import monitoring
import otlp
import render
import toolbox

START_TARGET_S = 30  # of the deployment guides
OVERLAYS = [f"{path.parent.name}/{path.name}" for path in render.kustomizations(toolbox.ROOT)]


def overlay(name):
    return list(render.overlay_objects(str(toolbox.ROOT / "kustomize" / name), str(toolbox.ROOT)))


def chart(name):
    return render.objects(render.text_of_chart(toolbox.ROOT / "charts/otlp-service/examples" / f"{name}.yaml", toolbox.ROOT))


def our_containers(objects):
    for workload in manifest.of_kind(objects, *manifest.WORKLOADS):
        for _, container in manifest.containers(workload):
            if manifest.ours(container):
                yield workload, container


def environment_of(objects, container):
    """What the container would find; Secrets by a word in their place."""
    found = {}
    maps = {manifest.name(obj): obj["data"] for obj in manifest.of_kind(objects, "ConfigMap")}
    for source in container.get("envFrom", []):
        found.update(maps[source["configMapRef"]["name"]])
    for entry in container.get("env", []):
        found[entry["name"]] = entry.get("value", "from-the-cluster")
    return found


# Goal: every configuration that is rolled out is one that the gateway starts with. Method: its own
# `validate` on each workload's files, with the workload's environment.
@pytest.mark.parametrize("rendering", [*(("overlay", name) for name in OVERLAYS), *(("chart", name) for name in (
    "dev", "staging", "production", "tls", "guide-000", "guide-002", "guide-003"))], ids="-".join)
def test_the_gateway_accepts_what_is_rolled_out(rendering, tmp_path):
    objects = overlay(rendering[1]) if rendering[0] == "overlay" else chart(rendering[1])
    seen = 0
    for workload, container in our_containers(objects):
        files = []
        for index, (argument, text) in enumerate(manifest.config_files(objects, workload, container)):
            assert text, argument
            files.append(tmp_path / f"{manifest.name(workload)}-{index}.yaml")
            files[-1].write_text(text)
        said = subprocess.run([gateway.BINARY, "validate", *(f"--config={file}" for file in files)], check=False,
                              capture_output=True, text=True, env={**os.environ, **environment_of(objects, container)})
        assert said.returncode == 0, f"{manifest.name(workload)}: {said.stdout}{said.stderr}"
        assert "unknown" not in said.stdout + said.stderr
        seen += 1
    assert seen


@pytest.fixture
def pod(tmp_path, monkeypatch):
    """The gateway of overlays/dev, on loopback and free ports, with a destination."""
    yield from started_as("overlays/dev", tmp_path, monkeypatch)


@pytest.fixture
def tls_pod(tmp_path, monkeypatch):
    """The same of examples/tls, with a certificate for loopback."""
    toolbox.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
                 "-subj", "/CN=otlp-service", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", tmp_path / "tls.key",
                 "-out", tmp_path / "tls.crt"])
    yield from started_as("examples/tls", tmp_path, monkeypatch)


def started_as(name, tmp_path, monkeypatch):
    objects = overlay(name)
    workload, container = next((w, c) for w, c in our_containers(objects) if w["kind"] in ("Deployment", "StatefulSet"))
    target = destination.GrpcDestination()
    for key, value in environment_of(objects, container).items():
        monkeypatch.setenv(key, value)
    monkeypatch.setenv("OTLP_BIND_HOST", "127.0.0.1")
    monkeypatch.setenv("OTLP_DATA_DIRECTORY", str(tmp_path / "data"))
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://{target.endpoint}")
    made = gateway.Gateway(tmp_path)
    texts = [text for _, text in manifest.config_files(objects, workload, container)]
    # Two endpoints with port 0 are taken for the same one, so the page for metrics gets a number.
    text = texts[0].replace("}:9090", f"}}:{destination.free_port()}")
    made.config_file.write_text(re.sub(r"(OTLP_BIND_HOST:-127\.0\.0\.1\}):(?:4317|4318|8080)\b", r"\1:0", text))
    made.arguments = []
    for index, more in enumerate(texts[1:]):
        file = tmp_path / f"more-{index}.yaml"
        file.write_text(more.replace("/tls/", f"{tmp_path}/"))
        made.arguments += ["--config", str(file)]
    made.objects, made.workload, made.container, made.target = objects, workload, container, target
    yield made
    if made.alive():
        made.kill()
    target.close()


def probe_until_success(pod, name):
    probe = pod.container[name]
    end = time.monotonic() + probe.get("initialDelaySeconds", 0) + probe["periodSeconds"] * probe["failureThreshold"]
    while True:
        try:
            if pod.get(probe["httpGet"]["path"]).status == 200:
                return
        except OSError:
            pass
        assert time.monotonic() < end, f"{name} failed for as long as a kubelet would wait"
        time.sleep(0.05)


# Goal: a kubelet would start the pod, send it traffic, and let it live. Method: ask what the probes ask.
def test_probes_are_answered_as_the_manifest_asks(pod):
    began = time.monotonic()
    pod.start(ready=False)
    probe_until_success(pod, "startupProbe")
    assert time.monotonic() - began < START_TARGET_S
    for name in ("startupProbe", "readinessProbe", "livenessProbe"):
        probe_until_success(pod, name)
    metrics = pod.get(pod.workload["spec"]["template"]["metadata"]["annotations"]["prometheus.io/path"])
    assert metrics.status == 200
    pod.stop()


# Goal: Prometheus takes the metrics without complaint, histograms with traffic in them too. Method:
# `promtool check metrics` on a real scrape.
def test_promtool_finds_no_fault_with_the_metrics(pod):
    pod.start()
    sender = otlp.GrpcSender(pod.grpc)
    for signal in otlp.SIGNALS:
        sender.send(signal, otlp.request(signal))
    sender.close()
    scrape = pod.get("/metrics").body
    said = subprocess.run([str(toolbox.promtool()), "check", "metrics"], input=scrape, capture_output=True, check=False)
    assert said.returncode == 0, (said.stdout + said.stderr).decode()
    pod.stop()


# Goal: the smoke test passes on a gateway that works and fails on one that does not. Method: the
# Job's own script and arguments, with addresses of this machine.
def test_the_smoke_job_passes_and_can_fail(pod, tmp_path):
    command = smoke_command(pod, tmp_path, "http")
    said = subprocess.run([*command, "--delivered"], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    assert all(pod.target.items(signal) >= 1 for signal in otlp.SIGNALS)
    outside = [word for word in command if not word.startswith("--metrics")]
    said = subprocess.run(outside, capture_output=True, text=True, check=False)
    assert said.returncode == 0 and said.stdout.endswith("logs, refusal\n"), said.stderr
    pod.stop()
    said = subprocess.run([*command[:-1], "--timeout=0"], capture_output=True, text=True, check=False)
    assert said.returncode == 1 and "/health/startup: expected 200" in said.stderr


# Goal: the same where the pods speak TLS, and no certificate is taken that the Job's CA did not sign.
def test_the_smoke_job_speaks_tls_where_the_pods_do(tls_pod, tmp_path):
    command = smoke_command(tls_pod, tmp_path, "https")
    assert f"--ca={tmp_path}/tls.crt" in command
    said = subprocess.run([*command, "--delivered"], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    said = subprocess.run([*(word for word in command if not word.startswith("--ca")), "--timeout=0"],
                          capture_output=True, text=True, check=False)
    assert said.returncode == 1 and "certificate verify failed" in said.stderr
    tls_pod.stop()


def smoke_command(pod, tmp_path, scheme):
    """Starts the gateway; returns the Job's own command with this machine's addresses."""
    job = next(obj for obj in manifest.of_kind(pod.objects, "Job") if manifest.name(obj) == "otlp-service-smoke-test")
    script = next(obj["data"]["smoke.py"] for obj in manifest.of_kind(pod.objects, "ConfigMap") if "smoke.py" in obj["data"])
    (tmp_path / "smoke.py").write_text(script)
    pod.start(*pod.arguments)
    places = {"://otlp-service:4318": f"://{pod.http}", "/ca/ca.crt": f"{tmp_path}/tls.crt", "http://otlp-service:8080": f"http://{pod.admin}",
              "http://otlp-service:9090": f"http://{pod.address('metrics')}", "--timeout=120": "--timeout=15"}
    arguments = job["spec"]["template"]["spec"]["containers"][0]["command"][2:]
    for there, here in places.items():
        arguments = [argument.replace(there, here) for argument in arguments]
    assert f"--otlp={scheme}://{pod.http}" in arguments
    return [sys.executable, str(tmp_path / "smoke.py"), *arguments]


# Goal: a rollout loses nothing that was acknowledged, and ends in time. Method: SIGTERM under load; the
# exit must come within what the grace period leaves after preStop; then a new pod on the same volume.
def test_a_drain_under_load_keeps_what_was_acknowledged(pod):
    spec = pod.workload["spec"]["template"]["spec"]
    left_s = spec["terminationGracePeriodSeconds"] - pod.container["lifecycle"]["preStop"]["sleep"]["seconds"]
    pod.start()
    address, acknowledged, stop, lock = pod.http, [], threading.Event(), threading.Lock()

    def load():
        while not stop.is_set():
            body = otlp.request("traces", items=10)
            try:
                answer = gateway.http_request(address, "POST", "/v1/traces", body, otlp.PROTOBUF, timeout=5)
            except (OSError, gateway.http.client.HTTPException):
                continue
            if answer.status == 200:
                with lock:
                    acknowledged.append(body)

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    gateway.until(lambda: len(acknowledged) >= 50, "load")
    assert pod.metric("process_resident_memory_bytes") < manifest.size_bytes(pod.container["resources"]["limits"]["memory"])
    began = time.monotonic()
    pod.stop(grace_s=left_s)
    took = time.monotonic() - began
    stop.set()
    for thread in threads:
        thread.join()
    assert took < left_s
    pod.start()
    wanted = otlp.containers(acknowledged)

    def arrived():
        return not wanted - pod.target.containers("traces")
    gateway.until(arrived, "what was acknowledged before the drain")
    assert pod.target.items("traces") >= 10 * len(acknowledged)
    pod.stop()


# Goal: no rule and no panel watches a name that is not there. Method: the metrics page of the running
# gateway, after some traffic, against every expression.
def test_every_metric_of_rules_and_panels_is_in_a_real_scrape(pod):
    pod.start()
    for signal in otlp.SIGNALS:
        assert gateway.http_request(pod.http, "POST", otlp.PATH[signal], otlp.request(signal), otlp.PROTOBUF).status == 200
    found = set(pod.metrics())
    plain, histograms = monitoring.exported()
    rules = monitoring.Rules(toolbox.ROOT)
    external = set(monitoring.yaml.safe_load((toolbox.ROOT / "monitoring/external-metrics.yaml").read_text())["metrics"])
    used = collections.defaultdict(list)
    for _, line, rule, _ in rules.entries:
        for name in monitoring.names_in(rule["expr"]):
            used[name].append(f"rule {line}")
    for file in sorted((toolbox.ROOT / "monitoring/dashboards/json").glob("*.json")):
        for title, expression in monitoring.dashboard_expressions(file):
            for name in monitoring.names_in(expression):
                used[name].append(title)
    lost = {name: where for name, where in used.items() if name not in found | rules.recorded | external}
    assert not lost, json.dumps(lost, indent=1)
    families = {monitoring.family(name, histograms) for name in found}
    covered = {monitoring.family(name, histograms) for name in used}
    unwatched = sorted(families - covered)
    assert 1 - len(unwatched) / len(families) > monitoring.COVERAGE_MIN, unwatched
    assert families <= plain | histograms, f"not in docs/metrics.md: {families - plain - histograms}"
    pod.stop()
