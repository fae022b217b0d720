"""Whether what is named is there: Secrets, ConfigMaps and their keys, configuration files, Services, autoscaled workloads.

As in `policy.py`, each check yields (object, path, value, message).
"""

import yaml

from manifest import WORKLOADS, config_files, containers, group, name, of_kind, ours, template

# Where the configuration says what a port of the container listens on.
LISTENERS = {"otlp-grpc": ("receivers", "otlp", "protocols", "grpc", "endpoint"),
             "otlp-http": ("receivers", "otlp", "protocols", "http", "endpoint"),
             "http-admin": ("admin", "endpoint"),
             "http-metrics": ("admin", "metrics_endpoint")}


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


def check(objects, required):
    yield from check_references(objects, required)
    yield from check_targets(objects)
