"""A release of the chart may have any name: what Prometheus is asked for is found under each."""

import json
import re

import pytest
import yaml

import manifest
import render
import toolbox

RELEASES = ("otlp-service", "x")
JOBS = {"otlp-service", "otlp-agent"}


def rendered(release):
    """The chart with all that Prometheus and Grafana get from it."""
    values = toolbox.ROOT / "charts/otlp-service/examples/production.yaml"
    return render.objects(render.text_of_chart(values, toolbox.ROOT, "--set", "agent.enabled=true", release=release))


def relabelled(labels, rules):
    """Labels after those of Prometheus' rules that replace; what they keep or drop is not looked at."""
    labels = dict(labels)
    for rule in rules:
        if rule.get("action", "replace") != "replace":
            continue
        source = ";".join(labels.get(name, "") for name in rule.get("source_labels", rule.get("sourceLabels", [])))
        found = re.fullmatch(rule.get("regex", "(.*)"), source)
        if found:
            target = rule.get("target_label", rule.get("targetLabel"))
            labels[target] = found.expand(rule.get("replacement", "$1").replace("$1", r"\1"))
    return labels


def pods_of_the_job(objects):
    return {manifest.name(workload): manifest.template(workload)["metadata"]["labels"]
            for workload in manifest.of_kind(objects, "Deployment", "StatefulSet", "DaemonSet")}


# Goal: alerts, and the guard of the autoscaler, see the pods. Method: the job that the operator makes of each
# ServiceMonitor: the Service's label `jobLabel`, else its name, then the endpoint's relabelings.
@pytest.mark.parametrize("release", RELEASES)
def test_the_operator_scrapes_the_jobs_that_the_rules_name(release):
    objects = rendered(release)
    jobs = set()
    for monitor in manifest.of_kind(objects, "ServiceMonitor"):
        for service in manifest.of_kind(objects, "Service"):
            labels = service["metadata"]["labels"]
            if manifest.selects(monitor["spec"]["selector"]["matchLabels"], labels):
                job = labels.get(monitor["spec"].get("jobLabel"), manifest.name(service))
                jobs |= {relabelled({"job": job}, endpoint.get("relabelings", []))["job"] for endpoint in monitor["spec"]["endpoints"]}
    rules, = manifest.of_kind(objects, "PrometheusRule")
    asked = {job for found in re.findall(r'\bjob=~?"([^"]+)"', json.dumps(rules).replace('\\"', '"')) for job in found.split("|")}
    assert jobs == asked == JOBS


# Goal: the same without the operator. Method: the relabelling of monitoring/prometheus over the labels of the pods.
@pytest.mark.parametrize("release", RELEASES)
def test_prometheus_finds_the_same_jobs_by_annotations(release):
    settings = yaml.safe_load((toolbox.ROOT / "monitoring/prometheus/prometheus.yaml").read_text())
    rules, = [one["relabel_configs"] for one in settings["scrape_configs"] if one["job_name"] == "kubernetes-pods"]
    for labels in pods_of_the_job(rendered(release)).values():
        discovered = {"__meta_kubernetes_pod_label_" + re.sub(r"\W", "_", name): value for name, value in labels.items()}
        assert relabelled({"job": "kubernetes-pods", **discovered}, rules)["job"] in JOBS


# Goal: the autoscaler's alert and panels are about the autoscaler that is there.
@pytest.mark.parametrize("release", RELEASES)
def test_rules_and_dashboards_name_the_autoscaler_of_the_release(release):
    objects = rendered(release)
    scaler, = manifest.of_kind(objects, "HorizontalPodAutoscaler")
    for kind in ("PrometheusRule", "ConfigMap"):
        text = json.dumps(manifest.of_kind(objects, kind)).replace("\\", "")
        assert set(re.findall(r'horizontalpodautoscaler="([^"]+)"', text)) == {manifest.name(scaler)}, kind
