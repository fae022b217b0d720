"""A real Prometheus reads our configurations, evaluates our rules, answers our panels, and takes metrics
by OTLP from a running gateway; ./dev test gitops-prometheus.

It is built once from its Go module (tools/prometheus), with Kubernetes and DNS as its only discoveries;
Debian's is too old for OTLP. It listens on loopback, on a free port, and ends with the test.
"""

import json
import pathlib
import subprocess
import sys
import time
import urllib.parse
import urllib.request

import pytest
import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "gitops"))

import destination  # noqa: E402
import gateway  # noqa: E402
import manifest  # noqa: E402
import monitoring  # noqa: E402
import render  # noqa: E402
import toolbox  # noqa: E402

EVALUATION = toolbox.ROOT / "kustomize/examples/evaluation"
CONFIGURATIONS = {"production": toolbox.ROOT / "monitoring/prometheus/prometheus.yaml", "evaluation": EVALUATION / "prometheus/prometheus.yaml"}
pytestmark = pytest.mark.timeout(3600)


def with_our_rules(file):
    settings = yaml.safe_load(file.read_text())
    settings["rule_files"] = [str(path) for path in monitoring.rule_files(toolbox.ROOT)]
    return settings


# Goal: every section is known, those that Debian's promtool lacks too (Kubernetes discovery, OTLP).
@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_the_whole_configuration_is_read(name, tmp_path):
    file = tmp_path / "prometheus.yaml"
    file.write_text(yaml.safe_dump(with_our_rules(CONFIGURATIONS[name])))
    said = toolbox.run([toolbox.tool("promtool"), "check", "config", "--lint=all", "--lint-fatal", file])
    assert "SUCCESS" in said


@pytest.mark.parametrize("file", sorted((toolbox.ROOT / "monitoring/tests").glob("*.yaml")), ids=lambda path: path.stem)
def test_rules_do_as_their_tests_say(file):
    toolbox.run([toolbox.tool("promtool"), "test", "rules", file.name], cwd=file.parent)


class Prometheus:
    """Started with the arguments of the evaluation stack's Deployment; only addresses and folders differ."""

    def __init__(self, folder, target):
        self.port = destination.free_port()
        objects = render.overlay_objects(str(EVALUATION), str(toolbox.ROOT))
        deployment = next(obj for obj in manifest.of_kind(objects, "Deployment") if manifest.name(obj) == "prometheus")
        arguments = next(manifest.containers(deployment))[1]["args"]
        settings = with_our_rules(CONFIGURATIONS["evaluation"])
        job, = settings["scrape_configs"]
        job.pop("dns_sd_configs")
        job.update(static_configs=[{"targets": [target]}], scrape_interval="1s", scrape_timeout="1s")
        (folder / "prometheus.yaml").write_text(yaml.safe_dump(settings))
        places = {"/etc/prometheus/prometheus.yaml": str(folder / "prometheus.yaml"), "=/prometheus": f"={folder}/tsdb"}
        for there, here in places.items():
            arguments = [argument.replace(there, here) for argument in arguments]
        self.log = open(folder / "prometheus.log", "wb")
        self.process = subprocess.Popen([str(toolbox.tool("prometheus")), *arguments, f"--web.listen-address=127.0.0.1:{self.port}"],
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, cwd=folder)

    def ask(self, path, **parameters):
        url = f"http://127.0.0.1:{self.port}{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=30) as answer:
            return json.load(answer)["data"]

    def query(self, expression):
        return self.ask("/api/v1/query", query=expression)["result"]

    def ready(self):
        assert self.process.poll() is None, pathlib.Path(self.log.name).read_text()[-2000:]
        try:
            return bool(self.ask("/api/v1/status/buildinfo"))
        except OSError:
            return False

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        self.log.close()


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    folder = tmp_path_factory.mktemp("prometheus")
    made = gateway.Gateway(folder / "gateway")
    made.settings["admin"]["metrics_endpoint"] = f"127.0.0.1:{destination.free_port()}"
    prometheus = Prometheus(folder, made.settings["admin"]["metrics_endpoint"])
    block = yaml.safe_load((EVALUATION / "evaluation.yaml").read_text())
    made.settings["exporters"] = {"debug": {}, "otlp_http/prometheus": {
        **block["exporters"]["otlp_http/prometheus"],
        "endpoint": block["exporters"]["otlp_http/prometheus"]["endpoint"].replace("prometheus:9090", f"127.0.0.1:{prometheus.port}")}}
    made.settings["service"]["pipelines"]["metrics"]["exporters"] = ["otlp_http/prometheus"]
    made.config_file.write_text(yaml.safe_dump(made.settings, sort_keys=False))
    try:
        gateway.until(prometheus.ready, "Prometheus", deadline_s=60)
        made.start()
        yield made, prometheus
        made.stop()
    finally:
        if made.alive():
            made.kill()
        prometheus.stop()


def send(made):
    """One item of each signal, by the smoke test's own script: a gauge named smoke, 1, of this moment."""
    toolbox.run([sys.executable, toolbox.ROOT / "kustomize/components/hooks/smoke.py", f"--otlp=http://{made.http}",
                 f"--admin=http://{made.admin}", f"--metrics=http://{made.settings['admin']['metrics_endpoint']}/metrics", "--delivered"])


# Goal: a metric that an application sends is there to be queried, with its service's name.
def test_a_metric_arrives_by_otlp(running):
    made, prometheus = running
    send(made)
    found = gateway.until(lambda: prometheus.query("smoke"), "the metric in Prometheus")
    assert found[0]["value"][1] == "1" and found[0]["metric"]["service_name"] == "otlp-smoke-test"


# Goal: what cannot be stored is said and counted, and holds up nothing. Method: a delta sum, which Prometheus refuses
# unless told otherwise, then a gauge.
def test_what_prometheus_refuses_holds_up_nothing(running):
    made, prometheus = running
    now = str(time.time_ns())
    body = {"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": "delta", "sum": {
        "aggregationTemporality": 1, "isMonotonic": True, "dataPoints": [{"asInt": "1", "startTimeUnixNano": now, "timeUnixNano": now}]}}]}]}]}
    answer = gateway.http_request(made.http, "POST", "/v1/metrics", json.dumps(body).encode(), {"Content-Type": "application/json"})
    assert answer.status == 200
    send(made)
    assert gateway.until(lambda: prometheus.query("smoke"), "the metric behind it")
    assert not prometheus.query("delta") and not prometheus.query("delta_total")


# Goal: every rule is evaluated without an error, on series of a real gateway.
def test_every_rule_is_evaluated(running):
    made, prometheus = running
    send(made)

    def waiting():
        return [rule["name"] for group in prometheus.ask("/api/v1/rules")["groups"] for rule in group["rules"] if rule["health"] == "unknown"]
    gateway.until(lambda: not waiting(), lambda: f"the evaluation of {waiting()}", deadline_s=90)
    wrong = [(rule["name"], rule.get("lastError")) for group in prometheus.ask("/api/v1/rules")["groups"]
             for rule in group["rules"] if rule["health"] != "ok"]
    assert not wrong
    assert prometheus.query('up{job="otlp-service", namespace="otlp-evaluation"}')[0]["value"][1] == "1"
    assert prometheus.query("namespace:otlp_requests:rate5m")
    firing = {alert["labels"]["alertname"] for alert in prometheus.ask("/api/v1/alerts")["alerts"] if alert["state"] == "firing"}
    assert not firing


# What a gateway shows that has taken one request of each signal.
SHOWN = {"Request rate", "Time to the acknowledgement", "Items", "Bytes received", "Circuit breakers", "Memory", "CPU", "Services", "Versions"}


# Goal: every panel gets an answer, and the overview shows something. Method: each expression, asked.
def test_every_panel_is_answered(running):
    made, prometheus = running
    send(made)
    gateway.until(lambda: prometheus.query("rate(otlp_requests_total[30s])"), "two scrapes")
    filled = set()
    for file in sorted((toolbox.ROOT / "monitoring/dashboards/json").glob("*.json")):
        for title, expression in monitoring.dashboard_expressions(file):
            for variable, value in (("$__rate_interval", "30s"), ("$namespace", "otlp-evaluation"), ("$pod", ".*")):
                expression = expression.replace(variable, value)
            if prometheus.query(expression) and file.stem == "otlp-overview":
                filled.add(title)
    assert SHOWN <= filled, f"empty: {SHOWN - filled}"
