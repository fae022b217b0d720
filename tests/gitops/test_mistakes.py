"""Mistakes that people make, and what the gates say of them: the file and the line of the mistake."""

import pytest

BASE = "kustomize/base/"
PRODUCTION = "kustomize/overlays/production/"

GRPC_ROUTE = """apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata:
  name: otlp-grpc
spec:
  parentRefs:
    - name: otlp-service
  hostnames:
    - "*.example.com"
  rules:
    - backendRefs:
        - name: otlp-service
          port: 4317
"""

# name: gate, file, what stands there, what stands there instead, words of the message
MISTAKES = {
    "a typing error in an overlay": (
        "schema", PRODUCTION + "resources.yaml", "initialDelaySeconds: 10", "initialDelaySecond: 10", "initialDelaySecond"),
    "a typing error in a patch": (
        "schema", PRODUCTION + "recommender.yaml", "cpu: 2000m\n    memory", "cpu: 2000m\n    memmory:\n      - 1\n    memory", "memmory"),
    "a typing error in the base": (
        "schema", BASE + "deployment.yaml", "revisionHistoryLimit", "revisionHistoryLimits", "revisionHistoryLimits"),
    "an unknown field of a custom resource": (
        "schema", "kustomize/components/monitoring/servicemonitor.yaml", "scrapeTimeout", "scrapeTimeoutt", "scrapeTimeoutt"),
    "a value that the API refuses": (
        "schema", "kustomize/components/vpa/verticalpodautoscaler.yaml", '"Off"', "Sometimes", "updateMode"),
    "the circuitBreaker of the old guide": (
        "schema", "kustomize/components/istio/destinationrule.yaml", "outlierDetection:", "circuitBreaker: {}\n    outlierDetection:", "circuitBreaker"),
    "a misspelt component": (
        "render", PRODUCTION + "kustomization.yaml", "../../components/durable", "../../components/durabel", "durabel"),
    "an unknown field of a kustomization": (
        "render", PRODUCTION + "kustomization.yaml", "images:", "imagess:", "imagess"),
    "YAML that is none": (
        "render", BASE + "service.yaml", "  type: ClusterIP", "  type: [ClusterIP", "service.yaml"),
    "a key that is there twice": (
        "text", BASE + "deployment.yaml", "  replicas: 3", "  replicas: 3\n  replicas: 4", "duplication of key"),
    "a secret that nobody lists": (
        "policy", BASE + "deployment.yaml", "name: otlp-secrets", "name: otlp-secretz", "otlp-secretz"),
    "a key that the secret lacks": (
        "policy", BASE + "deployment.yaml", "key: api-key", "key: apikey", "has no key apikey"),
    "a secret in production": (
        "policy", PRODUCTION + "kustomization.yaml", "labels:\n", "secretGenerator:\n  - name: otlp-secrets\n    literals:\n      - api-key=x\nlabels:\n", "in the repository"),
    "a tag in place of a digest": (
        "policy", PRODUCTION + "kustomization.yaml", "digest: sha256:" + 64 * "0", "newTag: v1.0.0", "not named by digest"),
    "latest": (
        "policy", "kustomize/components/hooks/job-smoke-test.yaml", "python:3.13-slim-bookworm", "python:latest", "no fixed version"),
    "a wrong container port": (
        "policy", BASE + "deployment.yaml", "containerPort: 4318", "containerPort: 4319", "listens on 4318"),
    "a wrong Service port": (
        "policy", BASE + "service.yaml", "port: 4317\n", "port: 4316\n", "clients expect 4317"),
    "a Service port that leads nowhere": (
        "policy", BASE + "service-headless.yaml", "targetPort: http-admin", "targetPort: http-admim", "has no port http-admim"),
    "a probe on the wrong port": (
        "policy", BASE + "deployment.yaml", "path: /health/live\n              port: http-admin", "path: /health/live\n              port: otlp-http", "not the admin port"),
    "a probe of a path that is not there": (
        "policy", BASE + "deployment.yaml", "path: /health/startup", "path: /healthz", "/healthz"),
    "liveness that depends on readiness": (
        "policy", BASE + "deployment.yaml", "path: /health/live", "path: /health/ready", "liveness must not"),
    "a selector that misses the pods": (
        "policy", BASE + "service.yaml", "  selector:\n    app.kubernetes.io/name: otlp-service", "  selector:\n    app.kubernetes.io/name: otlp-servce", "selects no pod"),
    "a grace period below the drain": (
        "policy", BASE + "deployment.yaml", "terminationGracePeriodSeconds: 60", "terminationGracePeriodSeconds: 30", "do not fit"),
    "a log larger than its volume": (
        "policy", "kustomize/components/durable/statefulset.yaml", "storage: 10Gi", "storage: 8Gi", "of its volume"),
    "an autoscaler of nothing": (
        "policy", "kustomize/components/autoscaling/horizontalpodautoscaler.yaml", "    name: otlp-service\n  minReplicas", "    name: otlp-servicee\n  minReplicas", "otlp-servicee is missing"),
    "two autoscalers on one resource": (
        "policy", "kustomize/components/vpa/verticalpodautoscaler.yaml", 'updateMode: "Off"', "updateMode: Recreate", "the two would fight"),
    "egress to everywhere": (
        "policy", BASE + "networkpolicy.yaml", "    - to:\n        - podSelector:\n            matchLabels:\n              app.kubernetes.io/name: otel-collector\n        - namespaceSelector:\n            matchLabels:\n              otlp.io/backend: \"true\"\n", "    - to: []\n", "broad egress"),
    "a container that may gain rights": (
        "policy", BASE + "deployment.yaml", "allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true", "allowPrivilegeEscalation"),
    "faults in production": (
        "policy", PRODUCTION + "kustomization.yaml", "  - ../../components/monitoring", "  - ../../components/fault-injection\n  - ../../components/monitoring", "fault injection in production"),
    "production without volumes": (
        "policy", PRODUCTION + "kustomization.yaml", "  - ../../components/durable\n", "", "components/durable is missing"),
    "a budget that never lets go": (
        "policy", BASE + "poddisruptionbudget.yaml", "maxUnavailable: 1", "maxUnavailable: 0", "nodes would not drain"),
    "a route to a Service that is not there": (
        "policy", "kustomize/components/gateway-api/httproute.yaml", "        - name: otlp-service\n          port: 4317", "        - name: otlp-servise\n          port: 4317", "otlp-servise is missing"),
    "a drain longer than the grace period, by the configuration": (
        "policy", BASE + "config/gateway.yaml", "service:\n", "service:\n  shutdown_timeout: 55s\n", "do not fit"),
    "a configuration file that is not mounted": (
        "policy", BASE + "deployment.yaml", "--config=/etc/otlp-service/gateway.yaml", "--config=/etc/otlp/gateway.yaml", "no ConfigMap"),
    "a configuration that listens elsewhere": (
        "policy", BASE + "config/gateway.yaml", ":4318", ":4418", "the configuration listens on"),
    "a ServiceMonitor for a port that is not there": (
        "policy", "kustomize/components/monitoring/servicemonitor.yaml", "port: http-metrics", "port: metrics", "no selected Service"),
    "TLS in the pods inside a mesh": (
        "policy", PRODUCTION + "kustomization.yaml", "  - ../../components/durable\n", "  - ../../components/durable\n  - ../../components/listener-tls\n", "every caller is refused"),
    "a smoke test that speaks TLS to clear text": (
        "policy", "kustomize/components/hooks/job-smoke-test.yaml", "--otlp=http:", "--otlp=https:", "speaks clear text"),
    "a smoke test outside the mesh": (
        "policy", "kustomize/components/hooks/job-smoke-test.yaml", "      annotations:\n        # In a mesh", "        sidecar.istio.io/inject: \"false\"\n      annotations:\n        # In a mesh", "from outside the mesh"),
    "pods of the chart without a proxy": (
        "policy", "charts/otlp-service/templates/workload.yaml", '        sidecar.istio.io/inject: "true"\n', "", "nothing puts a proxy beside the pods"),
    "a namespace without proxies": (
        "policy", "kustomize/components/istio/kustomization.yaml", "        value: enabled", "        value: disabled", "nothing puts a proxy beside the pods"),
    "a port that the mesh lets nobody reach": (
        "policy", "kustomize/components/istio/authorizationpolicy-otlp.yaml", '              - "4318"\n', "", "the mesh refuses every caller of port otlp-http"),
    "a Gateway that the mesh lets nobody reach": (
        "policy", "kustomize/components/istio/authorizationpolicy-edge.yaml", "gateway-name: otlp-service", "gateway-name: otlp-edge", "of the Gateway's pods"),
    "a port without a route in the mesh": (
        "policy", "kustomize/components/istio/virtualservice.yaml", "          port: 9090\n      route", "          port: 9091\n      route", "callers get 404"),
    "proxies that cannot reach istiod": (
        "policy", "kustomize/components/istio/networkpolicy-mesh.yaml", "port: 15012", "port: 15010", "reach istiod"),
    "an annotation that Istio rewrites": (
        "policy", BASE + "deployment.yaml", 'merge-metrics: "false"', 'merge-metrics: "true"', "into its proxy's port 15020"),
    "proxies that nobody may scrape": (
        "policy", "kustomize/components/istio/networkpolicy-mesh.yaml", "port: 15090", "port: 15020", "read the proxies of"),
    "metrics that take mutual TLS only": (
        "policy", "kustomize/components/istio/peerauthentication-metrics.yaml", "mode: PERMISSIVE", "mode: STRICT", "outside the mesh cannot read port http-metrics"),
    "a Gateway whose certificate nobody makes": (
        "policy", "kustomize/components/gateway-api/gateway.yaml", "name: otlp-tls", "name: otlp-edge-tls", "no Certificate makes it"),
    "two kinds of route with one name": (
        "policy", "kustomize/components/gateway-api/httproute.yaml", "# OTLP/HTTP, and", GRPC_ROUTE + "---\n# OTLP/HTTP, and", "only one of the two is taken"),
    "gRPC to a port of HTTP/1.1": (
        "policy", "kustomize/components/gateway-api/httproute.yaml", "port: 4317", "port: 4318", "gRPC to a port"),
    "a Gateway whose pods the namespace refuses": (
        "policy", "kustomize/components/gateway-api/gateway.yaml", "name: otlp-service-gateway", "name: otlp-service-gatewey", "the Gateway's pods have no seccomp profile"),
    "an edge whose certificate nobody lists": (
        "policy", "kustomize/components/istio/gateway.yaml", "credentialName: otlp-tls-cert", "credentialName: otlp-cert", "does not list it in istio-system"),
    "a misspelt field in a template of the chart": (
        "schema", "charts/otlp-service/templates/service.yaml", "appProtocol: grpc", "appProtocoll: grpc", "appProtocoll"),
    "a wrong port in a template of the chart": (
        "policy", "charts/otlp-service/templates/workload.yaml", "containerPort: 4317", "containerPort: 4316", "the gateway listens on 4317"),
    "values that exclude each other": (
        "render", "charts/otlp-service/examples/production.yaml", "  edge: true", "  edge: true\n  listeners: true", "exclude each other"),
    "a values key that does not exist": (
        "render", "charts/otlp-service/examples/production.yaml", "  maxReplicas: 20", "  maxReplica: 20", "maxReplica"),
    "a value of the wrong type": (
        "render", "charts/otlp-service/examples/production.yaml", "minReplicas: 3", "minReplicas: three", "minReplicas"),
    "a grace period that the chart refuses": (
        "render", "charts/otlp-service/values.yaml", "terminationGracePeriodSeconds: 60", "terminationGracePeriodSeconds: 20", "terminationGracePeriodSeconds"),
    "a chart that renders something else": (
        "parity", "charts/otlp-service/examples/production.yaml", "  maxReplicas: 20", "  maxReplicas: 19", "maxReplicas"),
    "an old copy in the chart": (
        "parity", "kustomize/base/config/gateway.yaml", "timeout: 30s", "timeout: 31s", "is not a copy"),
    "a new major version without upgrade notes": (
        "parity", "charts/otlp-service/Chart.yaml", "version: 1.0.0", "version: 2.0.0", "UPGRADING.md has no entry"),
    "an unknown metric in a rule": (
        "monitoring", "monitoring/rules/alerts.yaml", "otlp_storage_write_path_ok{", "otlp_storage_write_path{", "unknown metric otlp_storage_write_path in OtlpWritePathBroken"),
    "an unknown metric in a recording rule": (
        "monitoring", "monitoring/rules/recording.yaml", "sum by (namespace) (rate(otlp_requests_failed_total", "sum by (namespace) (rate(otlp_request_failed_total", "unknown metric otlp_request_failed_total"),
    "an unknown metric in a panel": (
        "monitoring", "monitoring/dashboards/pages.py", "otlp_storage_segments", "otlp_storage_segment", "is not what monitoring/generate.py makes"),
    "an expression that does not parse": (
        "monitoring", "monitoring/rules/slo.yaml", "  and\n", "  andd\n", "parse"),
    "an alert without a runbook": (
        "monitoring", "monitoring/rules/alerts.yaml", "- alert: OtlpServiceDown", "- alert: OtlpServiceGone", "runbook"),
    "an unknown metric in a runbook": (
        "monitoring", "monitoring/runbooks/OtlpStorageDamaged.md", "# OtlpStorageDamaged\n", "# OtlpStorageDamaged\n\n`otlp_storage_damages_total`\n", "unknown metric otlp_storage_damages_total"),
    "an alert that no test makes fire": (
        "monitoring", "monitoring/tests/storage.test.yaml", 'ALERTS{alertname="OtlpCommitSlow", alertstate="firing"})\n        eval_time: 15m', 'ALERTS{alertname="OtlpStorageNearlyFull", alertstate="firing"})\n        eval_time: 15m', "no test makes OtlpCommitSlow fire"),
    "an alert that never fires": (
        "monitoring", "monitoring/rules/alerts.yaml", 'otlp_storage_write_path_ok{job="otlp-service"} == 0', 'otlp_storage_write_path_ok{job="otlp-service"} == 7', "FAILED"),
    "a severity that nobody knows": (
        "monitoring", "monitoring/rules/alerts.yaml", "labels:\n          severity: critical", "labels:\n          severity: bad", "has no severity"),
    "an autoscaler's metric that nobody serves": (
        "monitoring", "kustomize/overlays/production/autoscaler.yaml", "name: http_requests_per_second", "name: http_request_per_second", "the adapter serves no metric"),
    "a field that Prometheus does not know": (
        "monitoring", "monitoring/prometheus/prometheus.yaml", "scrape_timeout: 10s", "scrape_time_out: 10s", "scrape_time_out"),
    "a kind that the project does not allow": (
        "argocd", "argocd/projects/otlp.yaml", "    - group: policy\n      kind: PodDisruptionBudget\n", "", "allows no PodDisruptionBudget"),
    "a repository of others": (
        "argocd", "argocd/applications/production.yaml", "repoURL: https://github.com/your-org/otlp-service.git", "repoURL: https://github.com/evil/otlp-service.git", "allows no repository"),
    "an application that goes elsewhere": (
        "argocd", "argocd/applications/production.yaml", "namespace: otlp-system", "namespace: otlp-dev", "the application goes to otlp-dev"),
    "an unknown field of an application": (
        "schema", "argocd/applications/production.yaml", "revisionHistoryLimit", "revisionHistoryLimits", "revisionHistoryLimits"),
    "a sync that does not heal": (
        "argocd", "argocd/applications/production.yaml", "selfHeal: true", "selfHeal: false", "selfHeal is not true"),
}
# Where the gate names another line than that of the change, and why.
ELSEWHERE = {
    "a drain longer than the grace period, by the configuration": (BASE + "deployment.yaml", "the grace period"),
    "a kind that the project does not allow": ("argocd/projects/otlp.yaml", "the list that lacks it"),
    "a sync that does not heal": ("argocd/applications/production.yaml", "the section"),
    "a severity that nobody knows": ("monitoring/rules/alerts.yaml", "the alert begins above"),
    "a grace period that the chart refuses": ("charts/otlp-service/values.yaml", "helm names the key"),
    "a chart that renders something else": ("kustomize/overlays/production/autoscaler.yaml", "the other side"),
    "an old copy in the chart": ("charts/otlp-service/files/gateway.yaml", "the copy"),
    "an unknown metric in a panel": ("monitoring/dashboards/json/otlp-storage.json", "what must be made again"),
    "an alert that no test makes fire": ("monitoring/rules/alerts.yaml", "the alert"),
    "an alert that never fires": ("monitoring/tests/storage.test.yaml", "the test that it fails"),
    "production without volumes": (PRODUCTION + "resources.yaml", "patches a StatefulSet that is no more"),
    "a configuration that listens elsewhere": (BASE + "deployment.yaml", "the port that no longer agrees"),
    "faults in production": ("kustomize/components/fault-injection/kustomization.yaml", "what brings it in"),
    "TLS in the pods inside a mesh": ("kustomize/components/listener-tls/tls-volume.yaml", "what brings it in"),
    "pods of the chart without a proxy": ("charts/otlp-service/templates/workload.yaml", "the labels"),
    "a namespace without proxies": (BASE + "deployment.yaml", "the labels of the pods"),
    "a port that the mesh lets nobody reach": (BASE + "deployment.yaml", "the port"),
    "a Gateway that the mesh lets nobody reach": ("kustomize/components/gateway-api/gateway.yaml", "the Gateway"),
    "a port without a route in the mesh": ("kustomize/components/istio/virtualservice.yaml", "the section"),
    "proxies that cannot reach istiod": (PRODUCTION + "resources.yaml", "the workload"),
    "proxies that nobody may scrape": (PRODUCTION + "resources.yaml", "the workload"),
    "metrics that take mutual TLS only": ("kustomize/components/monitoring/servicemonitor.yaml", "who would read them"),
    "values that exclude each other": ("charts/otlp-service/templates/certificate-service.yaml", "what refuses them"),
}


# Goal: a mistake is found, and found where it was made. Method: make it in a copy, run the gate.
@pytest.mark.parametrize("name", MISTAKES)
@pytest.mark.timeout(1800)
def test_is_found(assets, name):
    gate, file, old, new, words = MISTAKES[name]
    line = assets.change(file, old, new)
    lines = range(line, line + max(old.count("\n"), new.count("\n")) + 1)
    found = [problem for problem in assets.gate(gate) if words in problem.message]
    assert found, f"gate {gate} says nothing of {words}: {assets.gate(gate)}"
    if name in ELSEWHERE:
        assert ELSEWHERE[name][0] in {problem.file for problem in found}, found
        return
    assert any(problem.file == file and problem.line in lines for problem in found), \
        f"{file}:{line} expected; said:\n" + "\n".join(map(str, found))
