"""What a schema cannot see: whether the objects of one rendering are fit to run, alone and together.

Each check takes the objects and yields (object, path, value, message); `gates.py` turns them into
file and line.
"""

import re

import yaml

import limits
import references
import wiring
from manifest import CLUSTER_KINDS, WORKLOADS, containers, group, name, of_kind, ours


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


def check_least_rights(objects):
    for role in of_kind(objects, "Role", "ClusterRole"):
        for index, rule in enumerate(role["rules"]):
            broad = {"*"} & {*rule.get("verbs", []), *rule.get("resources", []), *rule.get("apiGroups", [])}
            if broad or "secrets" in rule.get("resources", []):
                yield role, ["rules", index], None, "a rule over everything, or over secrets"


def check_gateway_pods(objects):
    """Istio makes the pods of a Gateway beside it, and its own template has no seccomp profile: where the namespace
    enforces "restricted" (a chart's does, by its README), the Gateway has to bring one."""
    levels = [namespace["metadata"]["labels"].get("pod-security.kubernetes.io/enforce") for namespace in of_kind(objects, "Namespace")]
    if levels and "restricted" not in levels:
        return
    overlays = {name(obj): yaml.safe_load(obj.get("data", {}).get("deployment", "")) or {} for obj in of_kind(objects, "ConfigMap")}
    for gateway in of_kind(objects, "Gateway"):
        if group(gateway) != "gateway.networking.k8s.io" or gateway["spec"]["gatewayClassName"] != "istio":
            continue
        found = overlays.get(gateway["spec"].get("infrastructure", {}).get("parametersRef", {}).get("name"), {})
        for key in ("spec", "template", "spec", "securityContext", "seccompProfile", "type"):
            found = found.get(key) or {}
        if found != "RuntimeDefault":
            yield gateway, ["spec", "infrastructure", "parametersRef", "name"], None, "Pod Security restricted: the Gateway's pods have no seccomp profile"


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


CHECKS = (check_images, check_namespaces, check_unique, check_least_rights, check_gateway_pods, check_deprecated)


def check(objects, environment="", required=None):
    for one in (*CHECKS, *wiring.CHECKS, *limits.CHECKS):
        yield from one(objects)
    yield from references.check(objects, required or {})
    if environment == "production":
        yield from check_production(objects)
