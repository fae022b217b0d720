"""Whether who calls and who listens speak the same: TLS or clear text, inside a mesh or outside.

What each listener speaks is read from the configuration that its container is started with, so that a
rendering whose pods would refuse every caller is found before a cluster shows it. As in `policy.py`,
each check yields (object, path, value, message).
"""

import re

import yaml

import manifest
import references
from manifest import name, of_kind

ISTIOD_PORT = 15012
GRPC_PATHS = "/opentelemetry.proto.collector."
HTTP2_PROTOCOLS = {"grpc", "kubernetes.io/h2c"}
CLEAR_PROTOCOLS = {"HTTP", "GRPC"}  # nginx's backend-protocol
LABELS = ["spec", "template", "metadata", "labels"]
ANNOTATIONS = ["spec", "template", "metadata", "annotations"]
SERVERS = ("Deployment", "StatefulSet", "DaemonSet")


def labels_of(workload):
    return manifest.template(workload)["metadata"].get("labels", {})


def settings_of(objects, workload, container):
    """(argument, settings) of each configuration file, with the container's own environment filled in."""
    values = {entry["name"]: entry.get("value", "") for entry in container.get("env", [])}

    def fill(found):
        return str(values.get(found.group(1), found.group(2) or ""))
    for argument, text in manifest.config_files(objects, workload, container):
        yield argument, yaml.safe_load(re.sub(r"\$\{env:(\w+)(?::-([^}]*))?\}", fill, text or "")) or {}


def tls_argument(objects, workload):
    """(path, argument) of the file that makes the workload's OTLP listeners speak TLS; None when they do not."""
    for path, container in manifest.containers(workload):
        if not manifest.ours(container):
            continue
        for argument, settings in settings_of(objects, workload, container):
            for receiver in (settings.get("receivers") or {}).values():
                protocols = (receiver or {}).get("protocols") or {}
                if any("tls" in (protocol or {}) for protocol in protocols.values()):
                    return [*path, "args", container["args"].index(argument)], argument
    return None


def tls_services(objects):
    """Service name -> whether the pods behind it speak TLS on OTLP."""
    speaks = {}
    for service in of_kind(objects, "Service"):
        pods = [pod for pod in manifest.pods_selected(objects, service["spec"].get("selector")) if pod["kind"] in SERVERS]
        speaks[name(service)] = any(tls_argument(objects, pod) for pod in pods)
    return speaks


def in_mesh(objects):
    """Whether the rendering is for a mesh, by what it demands; `injected` tells which pods are in it."""
    return any(obj["spec"].get("mtls", {}).get("mode") == "STRICT" for obj in of_kind(objects, "PeerAuthentication"))


def injected(objects, workload):
    """Whether a proxy is put beside its pods: by their own label, else by that of the Namespace, where one is rendered."""
    own = labels_of(workload).get("sidecar.istio.io/inject")
    return own == "true" or own is None and any(
        obj["metadata"]["labels"].get("istio-injection") == "enabled" for obj in of_kind(objects, "Namespace"))


# --- TLS or clear text -----------------------------------------------------------------------------

def check_encryption(objects):
    speaks = tls_services(objects)
    for workload in of_kind(objects, *SERVERS):
        found = tls_argument(objects, workload)
        if found and in_mesh(objects):
            yield workload, found[0], found[1], "the listeners speak TLS inside a mesh, whose proxies hand them clear text: every caller is refused"
    for route in of_kind(objects, "HTTPRoute", "GRPCRoute", "Ingress"):
        protocol = (route["metadata"].get("annotations") or {}).get("nginx.ingress.kubernetes.io/backend-protocol", "HTTP")
        if route["kind"] == "Ingress" and protocol not in CLEAR_PROTOCOLS:
            continue
        behind = set(re.findall(r"'name': '([\w-]+)'", str(route["spec"])))
        for service in sorted(behind & {name for name, tls in speaks.items() if tls}):
            yield route, ["spec", "rules"], None, f"{route['kind']} {name(route)} leads clear text to {service}, which speaks TLS"
    for workload in of_kind(objects, *manifest.WORKLOADS):
        for path, container in manifest.containers(workload):
            if manifest.ours(container):
                yield from check_exporters(objects, workload, path, container, speaks)
            for key in ("command", "args"):
                for index, word in enumerate(container.get(key, [])):
                    for scheme, service in re.findall(r"\b(https?)://([\w-]+):431[78]\b", word):
                        if service in speaks and speaks[service] != (scheme == "https"):
                            yield workload, [*path, key, index], word, f"{word}: {service} speaks {'TLS' if speaks[service] else 'clear text'}"


def check_exporters(objects, workload, path, container, speaks):
    """An exporter whose destination is a Service of this rendering."""
    for argument, settings in settings_of(objects, workload, container):
        for exporter, at in (settings.get("exporters") or {}).items():
            endpoint = str((at or {}).get("endpoint", ""))
            host = re.sub(r"^\w+:/*", "", endpoint).split(":")[0]
            insecure = endpoint.startswith("http:") or ((at.get("tls") or {}).get("insecure") is True and not endpoint.startswith("https:"))
            if host in speaks and speaks[host] == insecure:
                yield workload, [*path, "args", container["args"].index(argument)], argument, \
                    f"exporter {exporter} sends {'clear text' if insecure else 'TLS'} to {host}, which speaks {'TLS' if speaks[host] else 'clear text'}"


# --- inside a mesh -----------------------------------------------------------------------------------

def allowed_ports(objects, labels):
    """The ports at which some ALLOW policy lets somebody in; None in it stands for every port."""
    found = set()
    for rule in of_kind(objects, "AuthorizationPolicy"):
        spec = rule["spec"]
        if spec.get("action") != "ALLOW" or not manifest.selects(spec.get("selector", {}).get("matchLabels"), labels):
            continue
        for entry in spec.get("rules", []):
            for target in entry.get("to", [{}]):
                found |= {int(port) for port in target.get("operation", {}).get("ports", [])} or {None}
    return found


def check_authorization(objects):
    if not any(not obj["spec"] for obj in of_kind(objects, "AuthorizationPolicy")):
        return
    for workload in of_kind(objects, *SERVERS):
        allowed = allowed_ports(objects, labels_of(workload))
        for path, container in manifest.containers(workload):
            for index, port in enumerate(container.get("ports", [])):
                if not allowed & {None, port["containerPort"]}:
                    yield workload, [*path, "ports", index, "containerPort"], port["containerPort"], \
                        f"the mesh refuses every caller of port {port['name']}: no AuthorizationPolicy allows any"
    for gateway in of_kind(objects, "Gateway"):
        if manifest.group(gateway) == "gateway.networking.k8s.io" and gateway["spec"]["gatewayClassName"] == "istio" and \
                not allowed_ports(objects, {"gateway.networking.k8s.io/gateway-name": name(gateway)}):
            yield gateway, ["spec", "gatewayClassName"], "istio", "the mesh refuses every caller of the Gateway's pods: no AuthorizationPolicy allows any"


def check_members(objects):
    """Who is in the mesh can start and call; who is not, calls nobody in it."""
    if not in_mesh(objects):
        return
    services = {name(service) for service in of_kind(objects, "Service")}
    for workload in of_kind(objects, *manifest.WORKLOADS):
        out = not injected(objects, workload)
        if out and workload["kind"] in SERVERS:
            yield workload, LABELS, None, f"nothing puts a proxy beside the pods of {name(workload)}: no mutual TLS, and callers that use it are refused"
        for path, container in manifest.containers(workload):
            words = " ".join([*container.get("command", []), *container.get("args", [])])
            called = sorted(services & set(re.findall(r"//([\w-]+):\d", words)))
            if out and called:
                yield workload, [*LABELS, "sidecar.istio.io/inject"], "false", \
                    f"calls {', '.join(called)} from outside the mesh, which takes mutual TLS only"
    for workload in of_kind(objects, *SERVERS):
        rules = [rule for obj in of_kind(objects, "NetworkPolicy") if manifest.selects(obj["spec"]["podSelector"].get("matchLabels"), labels_of(workload))
                 for rule in obj["spec"].get("egress", [])]
        if rules and not any(port.get("port") == ISTIOD_PORT for rule in rules for port in rule.get("ports", [])):
            yield workload, ["metadata", "name"], None, f"no NetworkPolicy lets the proxies of {name(workload)} reach istiod ({ISTIOD_PORT}): the pods would not start"
        yield from check_scraped(objects, workload)
    permissive = [obj["spec"] for obj in of_kind(objects, "PeerAuthentication")]
    for monitor in of_kind(objects, "ServiceMonitor"):
        for service in of_kind(objects, "Service"):
            if not manifest.selects(monitor["spec"]["selector"]["matchLabels"], service["metadata"]["labels"]):
                continue
            for index, endpoint in enumerate(monitor["spec"]["endpoints"]):
                ports = {str(port["port"]) for port in service["spec"]["ports"] if port["name"] == endpoint["port"]}
                for pod in manifest.pods_selected(objects, service["spec"]["selector"]):
                    if ports and not any(spec.get("portLevelMtls", {}).get(port, {}).get("mode") == "PERMISSIVE" and manifest.selects(
                            spec.get("selector", {}).get("matchLabels"), labels_of(pod)) for spec in permissive for port in ports):
                        yield monitor, ["spec", "endpoints", index, "port"], endpoint["port"], \
                            f"a Prometheus outside the mesh cannot read port {endpoint['port']} of {name(pod)}: mutual TLS only"


def check_scraped(objects, workload):
    """A Prometheus that finds pods by their annotations, from outside the mesh: their metrics, and their proxies'."""
    annotations = manifest.template(workload)["metadata"].get("annotations", {})
    if annotations.get("prometheus.io/scrape") == "true" and annotations.get("prometheus.istio.io/merge-metrics") != "false":
        at = "prometheus.istio.io/merge-metrics" if "prometheus.istio.io/merge-metrics" in annotations else "prometheus.io/port"
        yield workload, [*ANNOTATIONS, at], annotations.get(at), \
            "Istio turns the port to scrape into its proxy's port 15020, unless prometheus.istio.io/merge-metrics is \"false\""
    policies = [obj["spec"] for obj in of_kind(objects, "NetworkPolicy") if manifest.selects(obj["spec"]["podSelector"].get("matchLabels"), labels_of(workload))]
    if policies and not any(port.get("port") == manifest.PROXY_METRICS_PORT for spec in policies for rule in spec.get("ingress", []) for port in rule.get("ports", [])):
        yield workload, ["metadata", "name"], None, f"no NetworkPolicy lets monitoring read the proxies of {name(workload)} ({manifest.PROXY_METRICS_PORT})"


def check_mesh_routes(objects):
    """Inside a mesh a VirtualService stands for all HTTP ports of its Service: one without a route is 404."""
    services = {name(service): service for service in of_kind(objects, "Service")}
    for virtual in of_kind(objects, "VirtualService"):
        if "mesh" not in virtual["spec"].get("gateways", ["mesh"]):
            continue
        entries = [entry for rule in virtual["spec"]["http"] for entry in rule.get("match", [{}])]
        for host in virtual["spec"]["hosts"]:
            for port in services.get(host, {"spec": {"ports": []}})["spec"]["ports"]:
                if not any(entry.get("port", port["port"]) == port["port"] and "uri" not in entry and
                           "mesh" in entry.get("gateways", ["mesh"]) for entry in entries):
                    yield virtual, ["spec", "http"], None, f"port {port['name']} of {host} has no route in the mesh: its callers get 404"


def same_host(left, right):
    """Whether a name can be meant by both; None stands for every name, `*.` for all below."""
    if left is None or right is None or left == right:
        return True
    return any(wide.startswith("*.") and narrow.endswith(wide[1:]) for wide, narrow in ((left, right), (right, left)))


def check_route_kinds(objects):
    """Where an HTTPRoute and a GRPCRoute of one listener share a name, the Gateway API takes the older one alone. gRPC by an
    HTTPRoute needs a backend that is spoken to by HTTP/2."""
    def places(route):
        return [(parent["name"], parent.get("sectionName"), host) for parent in route["spec"]["parentRefs"]
                for host in route["spec"].get("hostnames", [None])]
    for route in of_kind(objects, "GRPCRoute"):
        for other in of_kind(objects, "HTTPRoute"):
            if any(ours[0] == theirs[0] and (ours[1] == theirs[1] or None in (ours[1], theirs[1])) and same_host(ours[2], theirs[2])
                   for ours in places(route) for theirs in places(other)):
                yield route, ["spec", "hostnames"], None, f"HTTPRoute {name(other)} has this name at the same listener: only one of the two is taken"
    protocols = {(name(service), port["port"]): port.get("appProtocol") for service in of_kind(objects, "Service") for port in service["spec"]["ports"]}
    for route in of_kind(objects, "HTTPRoute"):
        for index, rule in enumerate(route["spec"]["rules"]):
            if not any(match.get("path", {}).get("value", "").startswith(GRPC_PATHS) for match in rule.get("matches", [])):
                continue
            for number, backend in enumerate(rule["backendRefs"]):
                if protocols.get((backend["name"], backend["port"])) not in HTTP2_PROTOCOLS:
                    yield route, ["spec", "rules", index, "backendRefs", number, "port"], backend["port"], "gRPC to a port that is spoken to by HTTP/1.1"


def check_certificates(objects, required):
    known = references.known_secrets(objects, required)
    for gateway in of_kind(objects, "Gateway"):
        istio = manifest.group(gateway) == "networking.istio.io"
        for key in ("servers", "listeners"):
            for index, listener in enumerate(gateway["spec"].get(key, [])):
                tls = listener.get("tls", {})
                if istio and "credentialName" in tls and f"istio-system/{tls['credentialName']}" not in required:
                    yield gateway, ["spec", key, index, "tls", "credentialName"], tls["credentialName"], \
                        f"Secret {tls['credentialName']} is missing: kustomize/required-secrets.yaml does not list it in istio-system"
                for number, reference in enumerate(tls.get("certificateRefs", [])):
                    if reference["name"] not in known:
                        yield gateway, ["spec", key, index, "tls", "certificateRefs", number, "name"], reference["name"], \
                            f"Secret {reference['name']} is missing: no Certificate makes it"


def check(objects, required):
    for one in (check_encryption, check_authorization, check_members, check_mesh_routes, check_route_kinds):
        yield from one(objects)
    yield from check_certificates(objects, required)
