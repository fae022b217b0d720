"""The gate that chart and kustomize render the same objects, and that the chart's copies are copies.

What may differ, and is taken away before the comparison: the name of a generated ConfigMap's hash,
labels and annotations of the tool that applies it, the Namespace, what its label says (the chart has no Namespace, so its
pods say themselves that they are in the mesh), and each tool's own hooks.
"""

import pathlib
import re

import yaml

import problems
import render
import sources

# The chart cannot read outside of itself.
COPIES = {
    "files/gateway.yaml": "kustomize/base/config/gateway.yaml",
    "files/logging.yaml": "kustomize/base/config/logging.yaml",
    "files/tls.yaml": "kustomize/components/listener-tls/tls.yaml",
    "files/agent.yaml": "kustomize/components/collector-agent/agent.yaml",
    "files/smoke.py": "kustomize/components/hooks/smoke.py",
}
TOOL_LABELS = {"app.kubernetes.io/managed-by", "app.kubernetes.io/part-of", "app.kubernetes.io/instance",
               "app.kubernetes.io/version", "helm.sh/chart", "otlp.io/environment", "sidecar.istio.io/inject"}
TOOL_ANNOTATIONS = re.compile(r"^(argocd\.argoproj\.io/|checksum/)")
HASHED = re.compile(r"^(otlp-(?:service-config|env|agent-config|secrets|service-smoke))-[a-z0-9]{10}$")


def is_hook(obj):
    annotations = obj["metadata"].get("annotations") or {}
    name = obj["metadata"]["name"]
    return any("/hook" in key for key in annotations) or HASHED.sub(r"\1", name) in (
        "otlp-service-smoke", "otlp-service-smoke-test")


def plain(value, key=""):
    if isinstance(value, dict):
        if key == "labels":
            return {k: v for k, v in value.items() if k not in TOOL_LABELS}
        if key == "annotations":
            return {k: v for k, v in value.items() if not TOOL_ANNOTATIONS.match(k)}
        made = {k: plain(v, k) for k, v in value.items()}
        return {k: v for k, v in made.items() if not (k in ("labels", "annotations") and not v)}
    if isinstance(value, list):
        return [plain(entry) for entry in value]
    if isinstance(value, str):
        return HASHED.sub(r"\1", value).rstrip("\n")
    return value


def by_identity(objects):
    made = {}
    for obj in objects:
        if obj["kind"] == "Namespace" or is_hook(obj):
            continue
        obj = plain(obj)
        obj["metadata"].pop("namespace", None)
        if obj["kind"] == "Secret" and obj.get("type") == "Opaque":
            obj.pop("type")
        made[f"{obj['apiVersion']} {obj['kind']} {obj['metadata']['name']}"] = obj
    return made


def difference(left, right, path=()):
    """The first place where two values differ: (path, left, right); None when nowhere."""
    if isinstance(left, dict) and isinstance(right, dict):
        for key in sorted(left.keys() | right.keys()):
            if left.get(key) != right.get(key):
                return difference(left.get(key), right.get(key), (*path, key))
    if isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        for index, (a, b) in enumerate(zip(left, right)):
            if a != b:
                return difference(a, b, (*path, index))
    return None if left == right else (path, left, right)


def template_of(chart, obj):
    for file in sorted((chart / "templates").rglob("*.yaml")):
        if re.search(rf"^kind: {obj['kind']}$", file.read_text(), re.M) and \
                obj["apiVersion"] in file.read_text():
            return file
    return chart / "templates/workload.yaml"


def copies(root):
    """The chart's copies are copies, the rule object holds the rules, a major version has its notes."""
    chart = root / "charts/otlp-service"
    found = []
    for copy, origin in COPIES.items():
        lines = zip((chart / copy).read_text().splitlines(), (root / origin).read_text().splitlines())
        if (chart / copy).read_text() != (root / origin).read_text():
            line = next((number for number, (a, b) in enumerate(lines, 1) if a != b), 1)
            found.append(problems.problem(root, chart / copy, line, f"is not a copy of {origin}"))
    for page in sorted((root / "monitoring/dashboards/json").glob("*.json")):
        copy = chart / "files/dashboards" / page.name
        if not copy.exists() or copy.read_text() != page.read_text():
            found.append(problems.problem(root, copy, 1, f"is not a copy of monitoring/dashboards/json/{page.name}"))
    rules = yaml.safe_load((root / "monitoring/prometheusrule.yaml").read_text())["spec"]
    if yaml.safe_load((chart / "files/rules.yaml").read_text()) != rules:
        found.append(problems.problem(root, chart / "files/rules.yaml", 1, "is not the spec of monitoring/prometheusrule.yaml"))
    version = yaml.safe_load((chart / "Chart.yaml").read_text())["version"]
    if f"## {version.split('.')[0]}.0.0" not in (chart / "UPGRADING.md").read_text():
        found.append(problems.problem(root, chart / "Chart.yaml", sources.find_line(chart / "Chart.yaml", "^version:"),
                                      f"UPGRADING.md has no entry for major version {version}"))
    return found


def gate(root):
    root = pathlib.Path(root)
    chart = root / "charts/otlp-service"
    if not chart.exists():
        return []
    found = copies(root)
    for overlay in render.kustomizations(root):
        values = chart / "examples" / f"{overlay.name}.yaml"
        if not values.exists() and overlay.parent.name == "examples":
            continue
        ours = by_identity(render.overlay_objects(str(overlay), str(root)))
        theirs = by_identity(render.objects(render.text_of_chart(values, root)))
        for key in sorted(ours.keys() | theirs.keys()):
            if key not in theirs:
                found.append(problems.problem(root, values, 1, f"the chart renders no {key}, kustomize does"))
            elif key not in ours:
                found.append(problems.problem(root, template_of(chart, theirs[key]), 1, f"kustomize renders no {key}, the chart does"))
            elif ours[key] != theirs[key]:
                path, left, right = difference(ours[key], theirs[key])
                file, line = sources.locate(overlay, ours[key], list(path))
                found.append(problems.problem(root, file, line, f"{overlay.name}: {key}: {'.'.join(map(str, path))}: "
                                              f"kustomize {str(left)[:120]!r}, chart {str(right)[:120]!r}"))
    return found
