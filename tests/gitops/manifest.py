"""Objects of a rendering, and how to read them: what the checks of this folder share."""

import re

OUR_IMAGE = "otlp-service"
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "Job")
CLUSTER_KINDS = {"Namespace", "ClusterRole", "ClusterRoleBinding"}
UNITS = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30,
         "TiB": 2**40, "B": 1, "": 1, "k": 10**3, "M": 10**6, "G": 10**9}


PROXY_METRICS_PORT = 15090  # of Istio's proxy beside a pod: no port of the pod's own


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


def pod_templates(objects):
    """Input of the Pod Security evaluator."""
    return [{"name": f"{workload['kind']}/{name(workload)}",
             "metadata": {"labels": template(workload)["metadata"].get("labels", {})},
             "spec": template(workload)["spec"]} for workload in of_kind(objects, *WORKLOADS)]
