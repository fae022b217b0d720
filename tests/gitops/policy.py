"""What a schema cannot see: whether the objects of one rendering fit together.

Each check takes the objects and yields (object, path, value, message); `gates.py` turns them into
file and line. Ports, health paths and the drain time are the gateway's own contract.
"""

import re

import yaml

# The contract of the binary (docs/configuration.md, docs/operations.md).
PORTS = {"otlp-grpc": 4317, "otlp-http": 4318, "http-admin": 8080, "http-metrics": 9090}
HEALTH_PATHS = {"/health", "/ready", "/health/live", "/health/ready", "/health/startup"}
LISTENERS = {"otlp-grpc": ("receivers", "otlp", "protocols", "grpc", "endpoint"),
             "otlp-http": ("receivers", "otlp", "protocols", "http", "endpoint"),
             "http-admin": ("admin", "endpoint"),
             "http-metrics": ("admin", "metrics_endpoint")}
SHUTDOWN_TIMEOUT_S = 20  # service.shutdown_timeout
OUR_IMAGE = "otlp-service"
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "Job")
CLUSTER_KINDS = {"Namespace", "ClusterRole", "ClusterRoleBinding"}
STORAGE_SHARE_MAX = 0.9  # of its volume that the log may fill

UNITS = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30,
         "TiB": 2**40, "B": 1, "": 1, "k": 10**3, "M": 10**6, "G": 10**9}


def size_bytes(text):
    number, unit = re.fullmatch(r"([\d.]+)\s*([A-Za-z]*)", str(text)).groups()
    return float(number) * UNITS[unit]


def seconds(text):
    found = re.fullmatch(r"(\d+)(ms|s|m|h)", str(text))
    return int(found.group(1)) * {"ms": 0.001, "s": 1, "m": 60, "h": 3600}[found.group(2)] if found else None


def of_kind(objects, *kinds):
    return [obj for obj in objects if obj.get("kind") in kinds]


def group(obj):
    return obj["apiVersion"].rpartition("/")[0]


def name(obj):
    return obj["metadata"]["name"]


def template(workload):
    return workload["spec"]["template"]


def containers(workload):
    spec = template(workload)["spec"]
    for key in ("initContainers", "containers"):
        for index, container in enumerate(spec.get(key, [])):
            yield ["spec", "template", "spec", key, index], container


def ports_of(workload):
    return {port["name"]: port["containerPort"] for _, container in containers(workload)
            for port in container.get("ports", []) if "name" in port}


def selects(selector, labels):
    return all(labels.get(key) == value for key, value in (selector or {}).items())


def pods_selected(objects, selector):
    """The workloads whose pods carry these labels."""
    return [workload for workload in of_kind(objects, *WORKLOADS)
            if selects(selector, template(workload)["metadata"].get("labels", {}))]


def ours(container):
    return container["image"].split("@")[0].rpartition("/")[2].split(":")[0] == OUR_IMAGE


# --- images, namespaces --------------------------------------------------------------------------

def check_images(objects):
    for workload in of_kind(objects, *WORKLOADS):
        for path, container in containers(workload):
            image = container["image"]
            if ours(container):
                if not re.search(r"@sha256:[0-9a-f]{64}$", image):
                    yield workload, [*path, "image"], image, f"image {image} is not named by digest (sha256:...)"
            elif "@sha256:" not in image and (":" not in image or image.endswith(":latest")):
                yield workload, [*path, "image"], image, f"image {image} has no fixed version"


def check_namespaces(objects):
    namespaces = [name(obj) for obj in of_kind(objects, "Namespace")]
    for obj in objects:
        here = obj["metadata"].get("namespace")
        if obj["kind"] in CLUSTER_KINDS:
            continue
        if here is None:
            yield obj, ["metadata", "name"], None, f"{obj['kind']} {name(obj)} is in no namespace"
        elif namespaces and here not in namespaces:
            yield obj, ["metadata", "namespace"], here, f"{obj['kind']} {name(obj)} is in namespace {here}, not in {namespaces[0]}"


def check_unique(objects):
    seen = set()
    for obj in objects:
        key = (group(obj), obj["kind"], name(obj))
        if key in seen:
            yield obj, ["metadata", "name"], None, f"two objects {obj['kind']} {name(obj)}"
        seen.add(key)


# --- ports, selectors, probes --------------------------------------------------------------------

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
                    if port["port"] not in known and port["port"] not in known.values():
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


# --- references ----------------------------------------------------------------------------------

def known_secrets(objects, required):
    known = {name(obj): set(obj.get("data", {})) | set(obj.get("stringData", {})) for obj in of_kind(objects, "Secret")}
    for certificate in of_kind(objects, "Certificate"):
        known[certificate["spec"]["secretName"]] = {"tls.crt", "tls.key", "ca.crt"}
    return {**known, **required}


def check_references(objects, required):
    secrets = known_secrets(objects, required)
    maps = {name(obj): set(obj.get("data", {})) for obj in of_kind(objects, "ConfigMap")}
    accounts = {name(obj) for obj in of_kind(objects, "ServiceAccount")}

    def missing(known, kind, which, keys):
        if which not in known:
            return f"{kind} {which} is missing: no manifest makes it" + \
                (", and kustomize/required-secrets.yaml does not list it for this environment" if kind == "Secret" else "")
        lost = [key for key in keys if key not in known[which]]
        return f"{kind} {which} has no key {', '.join(lost)}" if lost else ""

    for workload in of_kind(objects, *WORKLOADS):
        spec = template(workload)["spec"]
        account = spec.get("serviceAccountName")
        if account and account not in accounts:
            yield workload, ["spec", "template", "spec", "serviceAccountName"], account, f"ServiceAccount {account} is missing"
        if spec.get("automountServiceAccountToken") is not False:
            yield workload, ["spec", "template", "spec", "automountServiceAccountToken"], None, "pods get no API token: automountServiceAccountToken: false"
        for index, volume in enumerate(spec.get("volumes", [])):
            path = ["spec", "template", "spec", "volumes", index]
            if "configMap" in volume:
                said = missing(maps, "ConfigMap", volume["configMap"]["name"], [item["key"] for item in volume["configMap"].get("items", [])])
                if said:
                    yield workload, [*path, "configMap", "name"], volume["configMap"]["name"], said
            if "secret" in volume:
                said = missing(secrets, "Secret", volume["secret"]["secretName"], [item["key"] for item in volume["secret"].get("items", [])])
                if said:
                    yield workload, [*path, "secret", "secretName"], volume["secret"]["secretName"], said
        for path, container in containers(workload):
            for index, entry in enumerate(container.get("env", [])):
                source = entry.get("valueFrom", {})
                for field, known, kind in (("secretKeyRef", secrets, "Secret"), ("configMapKeyRef", maps, "ConfigMap")):
                    if field in source:
                        said = missing(known, kind, source[field]["name"], [source[field]["key"]])
                        if said:
                            yield workload, [*path, "env", index, "valueFrom", field, "key" if "has no key" in said else "name"], None, said
            for index, entry in enumerate(container.get("envFrom", [])):
                if "secretRef" in entry:
                    yield workload, [*path, "envFrom", index], None, "a whole Secret as environment: name the keys that are needed"
                elif entry.get("configMapRef", {}).get("name") not in maps:
                    yield workload, [*path, "envFrom", index, "configMapRef", "name"], entry["configMapRef"]["name"], \
                        f"ConfigMap {entry['configMapRef']['name']} is missing"
            mounted = {mount["name"] for mount in container.get("volumeMounts", [])}
            claims = {claim["metadata"]["name"] for claim in workload["spec"].get("volumeClaimTemplates", [])}
            volumes = {volume["name"] for volume in spec.get("volumes", [])} | claims
            for lost in sorted(mounted - volumes):
                yield workload, [*path, "volumeMounts"], None, f"volume {lost} is mounted, but not defined"
            yield from check_config_files(objects, workload, path, container)


def config_files(objects, workload, container):
    """The configuration files that the container is started with: path in the pod, text or None."""
    spec = template(workload)["spec"]
    by_volume = {volume["name"]: volume["configMap"]["name"] for volume in spec.get("volumes", []) if "configMap" in volume}
    maps = {name(obj): obj.get("data", {}) for obj in of_kind(objects, "ConfigMap")}
    for argument in container.get("args", []):
        if not argument.startswith("--config="):
            continue
        file = argument.removeprefix("--config=")
        text = None
        for mount in container.get("volumeMounts", []):
            if file.startswith(mount["mountPath"] + "/") and mount["name"] in by_volume:
                text = maps.get(by_volume[mount["name"]], {}).get(file.removeprefix(mount["mountPath"] + "/"))
        yield argument, text


def check_config_files(objects, workload, path, container):
    if not ours(container):
        return
    for argument, text in config_files(objects, workload, container):
        if text is None:
            yield workload, [*path, "args", container["args"].index(argument)], argument, f"{argument}: no ConfigMap that is mounted there has this file"
            continue
        settings = yaml.safe_load(text)
        for port_name, where in LISTENERS.items():
            at = settings
            for key in where:
                at = (at or {}).get(key)
            known = {port["name"]: port["containerPort"] for port in container.get("ports", [])}
            if at and port_name in known and int(str(at).rpartition(":")[2]) != known[port_name]:
                yield workload, [*path, "ports"], None, \
                    f"the configuration listens on {at}, the container's port {port_name} is {known[port_name]}"


def check_targets(objects):
    for scaler in of_kind(objects, "HorizontalPodAutoscaler", "VerticalPodAutoscaler"):
        key = "scaleTargetRef" if scaler["kind"].startswith("H") else "targetRef"
        target = scaler["spec"][key]
        found = [obj for obj in of_kind(objects, target["kind"]) if name(obj) == target["name"]]
        if not found:
            yield scaler, ["spec", key, "name"], target["name"], f"{target['kind']} {target['name']} is missing"
            continue
        if scaler["kind"].startswith("H") and "replicas" in found[0]["spec"]:
            yield found[0], ["spec", "replicas"], None, "replicas belong to the autoscaler: leave them out"
    services = {name(service): {port["port"] for port in service["spec"]["ports"]}
                | {port["name"] for port in service["spec"]["ports"]} for service in of_kind(objects, "Service")}

    def wrong(service, port):
        if service not in services:
            return f"Service {service} is missing"
        return "" if port in services[service] else f"Service {service} has no port {port}"

    gateways = {(group(obj), name(obj)) for obj in of_kind(objects, "Gateway")}
    for route in of_kind(objects, "HTTPRoute", "GRPCRoute"):
        for index, rule in enumerate(route["spec"]["rules"]):
            for number, backend in enumerate(rule["backendRefs"]):
                said = wrong(backend["name"], backend["port"])
                if said:
                    yield route, ["spec", "rules", index, "backendRefs", number, "port" if "port" in said.split() else "name"], None, said
        for index, parent in enumerate(route["spec"]["parentRefs"]):
            if ("gateway.networking.k8s.io", parent["name"]) not in gateways:
                yield route, ["spec", "parentRefs", index, "name"], parent["name"], f"Gateway {parent['name']} is missing"
    for ingress in of_kind(objects, "Ingress"):
        for index, rule in enumerate(ingress["spec"]["rules"]):
            for number, way in enumerate(rule["http"]["paths"]):
                backend = way["backend"]["service"]
                said = wrong(backend["name"], backend["port"].get("name", backend["port"].get("number")))
                if said:
                    yield ingress, ["spec", "rules", index, "http", "paths", number, "backend", "service"], None, said
    for virtual in of_kind(objects, "VirtualService"):
        for index, rule in enumerate(virtual["spec"]["http"]):
            for number, route in enumerate(rule["route"]):
                said = wrong(route["destination"]["host"], route["destination"]["port"]["number"])
                if said:
                    yield virtual, ["spec", "http", index, "route", number, "destination"], None, said
        for index, gateway in enumerate(virtual["spec"].get("gateways", [])):
            if gateway != "mesh" and ("networking.istio.io", gateway) not in gateways:
                yield virtual, ["spec", "gateways", index], gateway, f"Gateway {gateway} is missing"
    for rule in of_kind(objects, "DestinationRule"):
        if rule["spec"]["host"] not in services:
            yield rule, ["spec", "host"], rule["spec"]["host"], f"Service {rule['spec']['host']} is missing"


# --- arithmetic ----------------------------------------------------------------------------------

def check_drain(objects):
    for workload in of_kind(objects, "Deployment", "StatefulSet", "DaemonSet"):
        grace = template(workload)["spec"].get("terminationGracePeriodSeconds", 30)
        for path, container in containers(workload):
            if not ours(container):
                continue
            sleep = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
            shutdown = SHUTDOWN_TIMEOUT_S
            for _, text in config_files(objects, workload, container):
                said = ((yaml.safe_load(text or "") or {}).get("service") or {}).get("shutdown_timeout")
                shutdown = seconds(said) if said else shutdown
            if sleep + shutdown >= grace:
                yield workload, ["spec", "template", "spec", "terminationGracePeriodSeconds"], grace, \
                    f"preStop {sleep} s and shutdown_timeout {shutdown} s do not fit into the grace period of {grace} s"
            if not sleep:
                yield workload, [*path, "lifecycle"], None, "no preStop sleep: endpoints would lag behind the exit"


def check_storage(objects):
    for workload in of_kind(objects, "Deployment", "StatefulSet", "DaemonSet"):
        spec = template(workload)["spec"]
        for path, container in containers(workload):
            mount = next((m["name"] for m in container.get("volumeMounts", []) if m["mountPath"] == "/data"), None)
            if not ours(container) or mount is None:
                continue
            room = [volume["emptyDir"].get("sizeLimit") for volume in spec.get("volumes", [])
                    if volume["name"] == mount and "emptyDir" in volume]
            room += [claim["spec"]["resources"]["requests"]["storage"]
                     for claim in workload["spec"].get("volumeClaimTemplates", []) if claim["metadata"]["name"] == mount]
            wanted = [entry["value"] for entry in container.get("env", []) if entry["name"] == "OTLP_STORAGE_SIZE"]
            for _, text in config_files(objects, workload, container):
                said = ((yaml.safe_load(text or "") or {}).get("storage") or {}).get("size_max")
                if said:
                    wanted.append(re.sub(r"^\$\{env:\w+:-(.*)\}$", r"\1", str(said)))
            if room and room[0] and wanted and size_bytes(wanted[0]) > STORAGE_SHARE_MAX * size_bytes(room[0]):
                claims = [index for index, claim in enumerate(workload["spec"].get("volumeClaimTemplates", []))
                          if claim["metadata"]["name"] == mount]
                yield workload, ["spec", "volumeClaimTemplates", claims[0], "spec", "resources", "requests", "storage"] \
                    if claims else [*path, "env"], None, \
                    f"the log may take {wanted[0]}, more than {STORAGE_SHARE_MAX:.0%} of its volume of {room[0]}"


def check_autoscaling(objects):
    for scaler in of_kind(objects, "HorizontalPodAutoscaler"):
        spec = scaler["spec"]
        if spec["minReplicas"] > spec["maxReplicas"]:
            yield scaler, ["spec", "minReplicas"], spec["minReplicas"], "minReplicas is above maxReplicas"
        resources = {metric["resource"]["name"] for metric in spec["metrics"] if metric["type"] == "Resource"}
        for vertical in of_kind(objects, "VerticalPodAutoscaler"):
            if vertical["spec"]["targetRef"]["name"] != spec["scaleTargetRef"]["name"]:
                continue
            mode = vertical["spec"].get("updatePolicy", {}).get("updateMode", "Auto")
            if mode != "Off" and resources:
                yield vertical, ["spec", "updatePolicy", "updateMode"], mode, \
                    f"VPA mode {mode} beside an HPA on {', '.join(sorted(resources))}: the two would fight"
    for vertical in of_kind(objects, "VerticalPodAutoscaler"):
        if vertical["spec"].get("updatePolicy", {}).get("updateMode") == "Auto":
            yield vertical, ["spec", "updatePolicy", "updateMode"], "Auto", "VPA mode Auto is deprecated"
    for budget in of_kind(objects, "PodDisruptionBudget"):
        if budget["spec"].get("maxUnavailable") in (0, "0%"):
            yield budget, ["spec", "maxUnavailable"], budget["spec"]["maxUnavailable"], "no pod could ever be evicted: nodes would not drain"


def check_least_rights(objects):
    for role in of_kind(objects, "Role", "ClusterRole"):
        for index, rule in enumerate(role["rules"]):
            broad = {"*"} & {*rule.get("verbs", []), *rule.get("resources", []), *rule.get("apiGroups", [])}
            if broad or "secrets" in rule.get("resources", []):
                yield role, ["rules", index], None, "a rule over everything, or over secrets"


def check_deprecated(objects):
    for rule in of_kind(objects, "DestinationRule"):
        policy = rule["spec"]["trafficPolicy"]
        if policy.get("loadBalancer", {}).get("simple") == "LEAST_CONN":
            yield rule, ["spec", "trafficPolicy", "loadBalancer", "simple"], "LEAST_CONN", "LEAST_CONN is deprecated: LEAST_REQUEST"


def check_production(objects):
    for virtual in of_kind(objects, "VirtualService"):
        for index, rule in enumerate(virtual["spec"]["http"]):
            if "fault" in rule:
                yield virtual, ["spec", "http", index, "fault"], None, "fault injection in production"
    for secret in of_kind(objects, "Secret"):
        yield secret, ["metadata", "name"], None, f"Secret {name(secret)} is in the repository"
    if not of_kind(objects, "StatefulSet"):
        for workload in of_kind(objects, "Deployment"):
            yield workload, ["metadata", "name"], None, "production keeps acknowledged data: components/durable is missing"
    for namespace in of_kind(objects, "Namespace"):
        if namespace["metadata"]["labels"].get("pod-security.kubernetes.io/enforce") != "restricted":
            yield namespace, ["metadata", "labels"], None, "the namespace does not enforce the restricted standard"


CHECKS = (check_images, check_namespaces, check_unique, check_selectors, check_container_ports, check_service_ports,
          check_probes, check_network_policies, check_monitors, check_targets, check_drain, check_storage,
          check_autoscaling, check_least_rights, check_deprecated)


def check(objects, environment="", required=None):
    for one in CHECKS:
        yield from one(objects)
    yield from check_references(objects, required or {})
    if environment == "production":
        yield from check_production(objects)


def pod_templates(objects):
    """Input of the Pod Security evaluator."""
    return [{"name": f"{workload['kind']}/{name(workload)}",
             "metadata": {"labels": template(workload)["metadata"].get("labels", {})},
             "spec": template(workload)["spec"]} for workload in of_kind(objects, *WORKLOADS)]
