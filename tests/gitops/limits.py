"""Whether the numbers fit together: drain and grace period, log and volume, replicas and budgets.

As in `policy.py`, each check yields (object, path, value, message).
"""

import re

import yaml

from manifest import config_files, containers, of_kind, ours, seconds, size_bytes, template

SHUTDOWN_TIMEOUT_S = 20  # service.shutdown_timeout
STORAGE_SHARE_MAX = 0.9  # of its volume that the log may fill


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


CHECKS = (check_drain, check_storage, check_autoscaling)
