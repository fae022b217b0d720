"""The gate of argocd/: applications and projects fit the overlays, and digests move in order."""

import importlib.util
import pathlib

import yaml

import manifest
import problems
import render
import sources

SYNC_OPTIONS = {"CreateNamespace=true", "PrunePropagationPolicy=foreground", "PruneLast=true", "ServerSideApply=true"}


def load(file):
    return yaml.safe_load(file.read_text())


def line_at(file, *path):
    return next((line for node in sources.nodes(file.read_text()) if (line := sources.line_of(node, list(path)))), 1)


def check_application(root, file, projects):
    application = load(file)
    spec = application["spec"]
    if spec["project"] not in projects:
        yield file, line_at(file, "spec", "project"), f"project {spec['project']} is none of ours"
        return
    project_file, project = projects[spec["project"]]
    allowed = project["spec"]
    if spec["source"]["repoURL"] not in allowed["sourceRepos"]:
        yield file, line_at(file, "spec", "source", "repoURL"), f"project {spec['project']} allows no repository {spec['source']['repoURL']}"
    if spec["destination"] not in allowed["destinations"]:
        yield file, line_at(file, "spec", "destination", "namespace"), f"project {spec['project']} allows no destination {spec['destination']}"
    if not (root / spec["source"]["path"]).exists():
        yield file, line_at(file, "spec", "source", "path"), f"there is no folder {spec['source']['path']}"
        return
    automated = spec["syncPolicy"].get("automated", {})
    for wanted in ("prune", "selfHeal"):
        if automated.get(wanted) is not True:
            yield file, line_at(file, "spec", "syncPolicy", "automated"), f"syncPolicy.automated.{wanted} is not true"
    if spec.get("revisionHistoryLimit") != 10:
        yield file, line_at(file, "spec", "revisionHistoryLimit"), "revisionHistoryLimit is not 10"
    if not spec["syncPolicy"].get("retry", {}).get("backoff"):
        yield file, line_at(file, "spec", "syncPolicy"), "no retry with backoff"
    if spec["project"] != "otlp":
        return
    lost = SYNC_OPTIONS - set(spec["syncPolicy"].get("syncOptions", []))
    if lost:
        yield file, line_at(file, "spec", "syncPolicy", "syncOptions"), f"sync options are missing: {', '.join(sorted(lost))}"
    overlay = root / spec["source"]["path"]
    objects = render.overlay_objects(str(overlay), str(root))
    cluster = {(kind["group"], kind["kind"]) for kind in allowed["clusterResourceWhitelist"]}
    namespaced = {(kind["group"], kind["kind"]) for kind in allowed["namespaceResourceWhitelist"]}
    for obj in objects:
        key = (manifest.group(obj), obj["kind"])
        if key not in (cluster if obj["kind"] in manifest.CLUSTER_KINDS else namespaced):
            yield project_file, line_at(project_file, "spec", "namespaceResourceWhitelist"), \
                f"project {spec['project']} allows no {obj['kind']} of group {key[0]!r}, which {overlay.name} renders"
        namespace = obj["metadata"].get("namespace", obj["metadata"]["name"])
        if namespace != spec["destination"]["namespace"]:
            yield file, line_at(file, "spec", "destination", "namespace"), \
                f"{overlay.name} renders into {namespace}, the application goes to {spec['destination']['namespace']}"
    hooks = {(obj["metadata"].get("annotations") or {}).get("argocd.argoproj.io/hook") for obj in manifest.of_kind(objects, "Job")}
    for hook in sorted({"PreSync", "PostSync"} - hooks):
        yield file, line_at(file, "spec", "source", "path"), f"{overlay.name} has no {hook} job"


def check_unused(root, projects):
    """Rights that no overlay needs are no rights to give."""
    file, project = projects["otlp"]
    rendered = {(manifest.group(obj), obj["kind"]) for overlay in render.overlays(root)
                for obj in render.overlay_objects(str(overlay), str(root))}
    for index, kind in enumerate(project["spec"]["namespaceResourceWhitelist"]):
        if (kind["group"], kind["kind"]) not in rendered | {("", "Secret"), ("apps", "Deployment"), ("apps", "DaemonSet")}:
            yield file, line_at(file, "spec", "namespaceResourceWhitelist", index, "kind"), f"no overlay renders {kind['kind']} of {kind['group']!r}"


def gate(root):
    root = pathlib.Path(root)
    if not (root / "argocd").exists():
        return []
    projects = {load(file)["metadata"]["name"]: (file, load(file)) for file in sorted((root / "argocd/projects").glob("*.yaml"))}
    found = []
    applications = [root / "argocd/root.yaml", *sorted((root / "argocd/applications").glob("*.yaml"))]
    for file in applications:
        if (root / load(file)["spec"]["source"]["path"]).exists() or file.name == "root.yaml" or \
                len(render.overlays(root)) == len(applications) - 1:
            found += [problems.problem(root, *entry) for entry in check_application(root, file, projects)]
    found += [problems.problem(root, *entry) for entry in check_unused(root, projects)]
    return found


def promote_script(root):
    script = pathlib.Path(root) / "argocd/promotion/promote.py"
    spec = importlib.util.spec_from_file_location("promote", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def promotion_note(root):
    """What the gate lets pass, and a reader should know."""
    if len(render.overlays(root)) < len(promote_script(root).BEFORE):
        return ""
    waiting = promote_script(root).empty(pathlib.Path(root))
    return f"no image was ever promoted to {', '.join(waiting)}: all zeros, which ./dev deploy refuses" if waiting else ""


def promotion(root):
    root = pathlib.Path(root)
    module = promote_script(root)
    if len(render.overlays(root)) < len(module.BEFORE):
        return []
    return [problems.problem(root, root / file, line, message) for file, line, message in module.mistakes(root)]
