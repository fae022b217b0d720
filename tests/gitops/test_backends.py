"""The exporter blocks of docs/backends.md and the evaluation stack, through the real gateway.

Each block is read by `validate`. Then the gateway is started with it, and a destination of this machine
stands in the backend's place: what must differ is the address, and TLS.
"""

import os
import re
import subprocess
import urllib.parse

import pytest
import yaml

import destination
import gateway
import manifest
import monitoring
import otlp
import render
import sources
import toolbox

PAGE = toolbox.ROOT / "docs/backends.md"
EVALUATION = toolbox.ROOT / "kustomize/examples/evaluation"
SECRET = "from-the-environment"
# Where a signal must arrive: the path of HTTP; empty for gRPC.
GRPC = ""
EXPECTED = {
    "otlp/jaeger": {"traces": GRPC},
    "otlp/tempo": {"traces": GRPC},
    "otlp_http/prometheus": {"metrics": "/api/v1/otlp/v1/metrics"},
    "otlp_http/mimir": {"metrics": "/otlp/v1/metrics"},
    "otlp_http/loki": {"logs": "/otlp/v1/logs"},
    "otlp_http/elasticsearch": {signal: f"/_otlp/v1/{signal}" for signal in otlp.SIGNALS},
    "otlp_http/clickstack": {signal: f"/v1/{signal}" for signal in otlp.SIGNALS},
    "otlp/collector": {signal: GRPC for signal in otlp.SIGNALS},
}


def blocks():
    """exporter: the text of its block on the page."""
    found = re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text(), re.M | re.S)
    return {name: text for text in found for name in yaml.safe_load(text)["exporters"]}


def environment(text):
    return {**os.environ, **{name: SECRET for name in re.findall(r"\$\{env:(\w+)", text)}}


def test_every_block_of_the_page_is_tried():
    assert set(blocks()) == set(EXPECTED)


# Goal: a block from the page works when it is pasted. Method: `validate`, laid over the base's file.
@pytest.mark.parametrize("name", EXPECTED)
def test_validate_takes_the_block(name, tmp_path):
    text = blocks()[name]
    file = tmp_path / "backend.yaml"
    file.write_text(text)
    said = subprocess.run([gateway.BINARY, "validate", "--config", toolbox.ROOT / "kustomize/base/config/gateway.yaml",
                           "--config", file], capture_output=True, text=True, check=False, env=environment(text))
    assert said.returncode == 0, said.stdout + said.stderr
    assert f"{file}:" not in "".join(line for line in said.stdout.splitlines() + said.stderr.splitlines()
                                     if "clear text" not in line)


@pytest.fixture
def targets():
    made = {"otlp": destination.GrpcDestination(), "otlp_http": destination.HttpDestination()}
    yield made
    for target in made.values():
        target.close()


def redirected(exporters, targets):
    """The exporters with a destination of this machine; all else as written."""
    made = {}
    for name, settings in exporters.items():
        kind = name.split("/")[0]
        path = urllib.parse.urlsplit(settings["endpoint"]).path
        endpoint = targets[kind].endpoint if kind == "otlp_http" else f"http://{targets[kind].endpoint}"
        made[name] = {**{key: value for key, value in settings.items() if key != "tls"}, "endpoint": endpoint + path,
                      "batch": {**settings.get("batch", {}), "timeout": "10ms"}}
    return made


def arrivals(target):
    return {(arrival.headers.get(":path", GRPC), arrival.signal) for arrival in target.seen}


def assert_arrival(service, targets, where):
    """Sends one request of each signal of `where` (exporter: {signal: path}) and waits for it there."""
    for name, signals in where.items():
        for signal, path in signals.items():
            answer = gateway.http_request(service.http, "POST", otlp.PATH[signal], otlp.request(signal), otlp.PROTOBUF)
            assert answer.status == 200
            target = targets[name.split("/")[0]]
            gateway.until(lambda t=target, p=path, s=signal: any(at == p and (p or of == s) for at, of in arrivals(t)),
                          f"{signal} at {path or 'gRPC'}")


# Goal: data arrives by the protocol, at the path and with the headers that the backend wants.
@pytest.mark.parametrize("name", EXPECTED)
def test_data_arrives_as_the_backend_wants_it(name, tmp_path, monkeypatch, targets):
    text = blocks()[name]
    for variable, value in environment(text).items():
        monkeypatch.setenv(variable, value)
    block = yaml.safe_load(text)
    made = gateway.Gateway(tmp_path)
    made.settings["exporters"] = redirected(block["exporters"], targets)
    made.settings["service"]["pipelines"] = block["service"]["pipelines"]
    made.config_file.write_text(yaml.safe_dump(made.settings, sort_keys=False))
    made.start()
    assert_arrival(made, targets, {name: EXPECTED[name]})
    headers = targets[name.split("/")[0]].seen[0].headers
    for header, value in block["exporters"][name].get("headers", {}).items():
        assert headers[header] == re.sub(r"\$\{env:\w+\}", SECRET, value)
    made.stop()


# Goal: the evaluation stack's gateway sends each signal to its backend. Method: its rendered files.
def test_the_evaluation_stack_sends_each_signal_to_its_backend(tmp_path, targets):
    objects = list(render.overlay_objects(str(EVALUATION), str(toolbox.ROOT)))
    workload = next(obj for obj in manifest.of_kind(objects, "Deployment") if manifest.name(obj) == "otlp-service")
    _, container = next(manifest.containers(workload))
    block = yaml.safe_load([text for _, text in manifest.config_files(objects, workload, container)][-1])
    services = {manifest.name(obj): {port["port"] for port in obj["spec"]["ports"]} for obj in manifest.of_kind(objects, "Service")}
    for settings in block["exporters"].values():
        at = urllib.parse.urlsplit(settings["endpoint"])
        assert at.port in services[at.hostname], f"no Service answers {settings['endpoint']}"
    made = gateway.Gateway(tmp_path)
    made.settings["exporters"] = redirected(block["exporters"], targets)
    made.settings["service"]["pipelines"] = {
        signal: {"receivers": ["otlp"], **pipeline} for signal, pipeline in block["service"]["pipelines"].items()}
    made.config_file.write_text(yaml.safe_dump(made.settings, sort_keys=False))
    made.start()
    assert_arrival(made, targets, {name: EXPECTED[name] for name in block["exporters"]})
    made.stop()


# Goal: Grafana finds what it is provisioned with. Method: its files against the Services, volumes and dashboards.
def test_grafana_is_provisioned_with_what_is_there():
    objects = list(render.overlay_objects(str(EVALUATION), str(toolbox.ROOT)))
    maps = {re.sub(r"-[a-z0-9]{10}$", "", manifest.name(obj)): obj["data"] for obj in manifest.of_kind(objects, "ConfigMap")}
    services = {manifest.name(obj): {port["port"] for port in obj["spec"]["ports"]} for obj in manifest.of_kind(objects, "Service")}
    found = yaml.safe_load(maps["grafana-datasources"]["datasources.yaml"])["datasources"]
    uids = {source["uid"] for source in found}
    for source in found:
        at = urllib.parse.urlsplit(source["url"])
        assert at.port in services[at.hostname], source["url"]
        assert set(re.findall(r"'datasourceUid': '(\w+)'", str(source))) <= uids
    assert {source["type"] for source in found} == {"prometheus", "jaeger", "loki"}
    pages = {path.name for path in (toolbox.ROOT / "monitoring/dashboards/json").glob("*.json")}
    assert set(maps["otlp-dashboards"]) == pages
    grafana = next(obj for obj in manifest.of_kind(objects, "Deployment") if manifest.name(obj) == "grafana")
    _, container = next(manifest.containers(grafana))
    mounts = {mount["mountPath"] for mount in container["volumeMounts"]}
    assert yaml.safe_load(maps["grafana-providers"]["providers.yaml"])["providers"][0]["options"]["path"] in mounts
    home = next(entry["value"] for entry in container["env"] if entry["name"].endswith("HOME_DASHBOARD_PATH"))
    assert home.rpartition("/")[0] in mounts and home.rpartition("/")[2] in pages


# Goal: its Prometheus reads its file, and has production's rules. Method: promtool, without the section on
# OTLP, which Debian's promtool is too old to know.
def test_prometheus_reads_its_configuration(tmp_path):
    settings = yaml.safe_load((EVALUATION / "prometheus/prometheus.yaml").read_text())
    assert set(settings.pop("otlp")) == {"translation_strategy", "promote_resource_attributes"}
    assert settings["rule_files"] == ["/etc/prometheus-rules/*.yaml"]
    settings["rule_files"] = [str(path) for path in monitoring.rule_files(toolbox.ROOT)]
    assert set(yaml.safe_load((toolbox.ROOT / "monitoring/rules" / sources.KUSTOMIZATION).read_text())[
        "configMapGenerator"][0]["files"]) == {path.name for path in monitoring.rule_files(toolbox.ROOT)}
    (tmp_path / "prometheus.yaml").write_text(yaml.safe_dump(settings))
    code, said = monitoring.promtool("check", "config", tmp_path / "prometheus.yaml")
    assert code == 0, said
