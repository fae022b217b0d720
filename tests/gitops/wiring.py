"""Whether what calls finds what listens: ports, probes, selectors, network policies, scrape targets.

As in `policy.py`, each check yields (object, path, value, message). Ports and health paths are the gateway's own contract
(docs/configuration.md, docs/operations.md).
"""

from manifest import PROXY_METRICS_PORT, WORKLOADS, containers, name, of_kind, ours, pods_selected, ports_of, selects, template

PORTS = {"otlp-grpc": 4317, "otlp-http": 4318, "http-admin": 8080, "http-metrics": 9090}
HEALTH_PATHS = {"/health", "/ready", "/health/live", "/health/ready", "/health/startup"}


def check_selectors(objects):
    for workload in of_kind(objects, "Deployment", "StatefulSet", "DaemonSet"):
        wanted = workload["spec"]["selector"]["matchLabels"]
        if not selects(wanted, template(workload)["metadata"]["labels"]):
            yield workload, ["spec", "selector", "matchLabels"], None, "the selector does not match the pod template"
        others = [name(other) for other in pods_selected(objects, wanted) if other is not workload]
        if others:
            yield workload, ["spec", "selector", "matchLabels"], None, f"the selector also matches pods of {', '.join(others)}"
    for service in of_kind(objects, "Service"):
        if not pods_selected(objects, service["spec"].get("selector")):
            yield service, ["spec", "selector"], None, f"Service {name(service)} selects no pod"
    for budget in of_kind(objects, "PodDisruptionBudget"):
        if not pods_selected(objects, budget["spec"]["selector"]["matchLabels"]):
            yield budget, ["spec", "selector"], None, "the budget selects no pod"
    for policy in of_kind(objects, "NetworkPolicy"):
        if not pods_selected(objects, policy["spec"]["podSelector"].get("matchLabels")):
            yield policy, ["spec", "podSelector"], None, "the policy selects no pod"


def check_container_ports(objects):
    for workload in of_kind(objects, *WORKLOADS):
        for path, container in containers(workload):
            for index, port in enumerate(container.get("ports", []) if ours(container) else []):
                where = [*path, "ports", index, "containerPort"]
                wanted = PORTS.get(port.get("name"))
                if wanted is None:
                    yield workload, where, port["containerPort"], f"the gateway has no port named {port.get('name')}"
                elif port["containerPort"] != wanted:
                    yield workload, where, port["containerPort"], \
                        f"port {port['name']} is {port['containerPort']}, but the gateway listens on {wanted}"


def check_service_ports(objects):
    for service in of_kind(objects, "Service"):
        for index, port in enumerate(service["spec"]["ports"]):
            path = ["spec", "ports", index]
            if "appProtocol" not in port:
                yield service, [*path, "name"], port["name"], f"port {port['name']} has no appProtocol"
            target = port.get("targetPort", port["port"])
            for workload in pods_selected(objects, service["spec"].get("selector")):
                known = ports_of(workload)
                if target not in known and target not in known.values():
                    yield service, [*path, "targetPort"], target, f"{name(workload)} has no port {target}"
            if PORTS.get(port["name"], port["port"]) != port["port"]:
                yield service, [*path, "port"], port["port"], \
                    f"port {port['name']} is {port['port']}, but clients expect {PORTS[port['name']]}"


def check_probes(objects):
    for workload in of_kind(objects, "Deployment", "StatefulSet", "DaemonSet"):
        for path, container in containers(workload):
            known = {port["name"]: port["containerPort"] for port in container.get("ports", [])}
            if not ours(container):
                if "readinessProbe" not in container:
                    yield workload, path, None, f"container {container['name']} has no readinessProbe"
                continue
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                found = container.get(probe, {}).get("httpGet")
                if found is None:
                    yield workload, path, None, f"container {container['name']} has no {probe} by HTTP"
                    continue
                if known.get(found["port"], found["port"]) != PORTS["http-admin"]:
                    yield workload, [*path, probe, "httpGet", "port"], found["port"], f"{probe} asks port {found['port']}, not the admin port"
                if found["path"] not in HEALTH_PATHS:
                    yield workload, [*path, probe, "httpGet", "path"], found["path"], f"{probe} asks {found['path']}, which the gateway does not answer"
                if probe == "livenessProbe" and found["path"] != "/health/live":
                    yield workload, [*path, probe, "httpGet", "path"], found["path"], "liveness must not depend on readiness or backends: ask /health/live"


def check_network_policies(objects):
    for policy in of_kind(objects, "NetworkPolicy"):
        spec = policy["spec"]
        for index, rule in enumerate(spec.get("ingress", [])):
            for number, port in enumerate(rule.get("ports", [])):
                for workload in pods_selected(objects, spec["podSelector"].get("matchLabels")):
                    known = ports_of(workload)
                    if port["port"] not in {*known, *known.values(), PROXY_METRICS_PORT}:
                        yield policy, ["spec", "ingress", index, "ports", number, "port"], port["port"], \
                            f"{name(workload)} has no port {port['port']}"
            if not rule.get("from"):
                yield policy, ["spec", "ingress", index], None, "ingress from anywhere: name the callers"
        for index, rule in enumerate(spec.get("egress", [])):
            path = ["spec", "egress", index]
            if not rule.get("to") or not rule.get("ports"):
                yield policy, path, None, "broad egress: name destination and port"
            for number, peer in enumerate(rule.get("to") or []):
                if not peer or peer.get("ipBlock", {}).get("cidr") in ("0.0.0.0/0", "::/0"):
                    yield policy, [*path, "to", number], None, "broad egress: any address"
    if of_kind(objects, "NetworkPolicy"):
        for workload in of_kind(objects, "Deployment", "StatefulSet", "DaemonSet"):
            labels = template(workload)["metadata"]["labels"]
            if not any(selects(policy["spec"]["podSelector"].get("matchLabels"), labels)
                       for policy in of_kind(objects, "NetworkPolicy")):
                yield workload, ["metadata", "name"], None, f"no NetworkPolicy covers the pods of {name(workload)}"


def check_monitors(objects):
    for monitor in of_kind(objects, "ServiceMonitor"):
        wanted = monitor["spec"]["selector"]["matchLabels"]
        for index, endpoint in enumerate(monitor["spec"]["endpoints"]):
            found = [service for service in of_kind(objects, "Service")
                     if selects(wanted, service["metadata"]["labels"])]
            with_port = [service for service in found
                         if any(port["name"] == endpoint["port"] for port in service["spec"]["ports"])]
            if not with_port:
                yield monitor, ["spec", "endpoints", index, "port"], endpoint["port"], f"no selected Service has a port {endpoint['port']}"
            seen = [name(pod) for service in with_port for pod in pods_selected(objects, service["spec"]["selector"])]
            if len(seen) != len(set(seen)):
                yield monitor, ["spec", "selector"], None, "two selected Services lead to the same pods: each would be scraped twice"


CHECKS = (check_selectors, check_container_ports, check_service_ports, check_probes, check_network_policies, check_monitors)
