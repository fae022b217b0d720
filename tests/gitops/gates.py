"""The gates: each looks at a tree of assets and says what is wrong in it, with file and line.

    gates.py [--root DIR] [GATE...]     prints a line a gate, then every mistake; exits 1 on any

`root` is a repository or a copy of its asset folders, so that tests can break a copy.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys

import yaml

import argo
import manifest
import monitoring
import parity
import policy
import problems
import render
import sources
import toolbox
import transport

SCHEMA_FOLDER = toolbox.HERE / "schemas"
ASSET_FOLDERS = ("kustomize", "charts", "argocd", "monitoring")


def asset_files(root, *suffixes):
    return [path for folder in ASSET_FOLDERS for path in sorted((pathlib.Path(root) / folder).rglob("*"))
            if path.is_file() and path.suffix in suffixes]


# --- G1 text -------------------------------------------------------------------------------------

def text(root):
    """YAML that parsers agree on: no duplicate keys, no tabs, no truthy surprises."""
    files = [path for path in asset_files(root, ".yaml", ".yml") if "templates" not in path.parts]
    said = subprocess.run([str(toolbox.python()), "-m", "yamllint", "--format", "parsable", "--strict",
                           "--config-file", str(toolbox.HERE / "yamllint.yaml"), *map(str, files)],
                          capture_output=True, text=True, check=False)
    if said.stderr:
        raise RuntimeError(said.stderr)
    found = []
    for line in said.stdout.splitlines():
        file, number, _, message = line.split(":", 3)
        found.append(problems.problem(root, file, int(number), message.strip()))
    for path in asset_files(root, ".json"):
        try:
            json.loads(path.read_text())
        except ValueError as error:
            found.append(problems.problem(root, path, getattr(error, "lineno", 1), str(error)))
    return found


# --- G2 render -----------------------------------------------------------------------------------

def each_overlay(root):
    for overlay in render.kustomizations(root):
        yield overlay, render.overlay_objects(str(overlay), str(root))


def rendering(root):
    """Everything renders, twice the same, and no value file holds a key that the chart lacks."""
    found = []
    for overlay in render.kustomizations(root):
        try:
            if render.text_of_overlay(overlay, root) != render.text_of_overlay(overlay, root):
                found.append(problems.problem(root, overlay / sources.KUSTOMIZATION, 1, "renders differently each time"))
        except render.RenderError as error:
            found += error.problems
    for values in render.examples(root):
        if not values.exists():
            continue
        try:
            if render.text_of_chart(values, root) != render.text_of_chart(values, root):
                found.append(problems.problem(root, values, 1, "renders differently each time"))
        except render.RenderError as error:
            found += error.problems
    return found


# --- G3 schemas ----------------------------------------------------------------------------------

def resource_key(obj):
    return obj.get("kind"), obj.get("metadata", {}).get("name")


def schema_errors(objects, version):
    """(object, path, message) of what kubeconform refuses at one version of Kubernetes."""
    command = [str(toolbox.tool("kubeconform")), "-strict", "-output", "json",
               "-schema-location", str(toolbox.kubernetes_schemas() / version / "{{.ResourceKind}}{{.KindSuffix}}.json"),
               "-schema-location", str(SCHEMA_FOLDER / "{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json"), "-"]
    said = subprocess.run(command, input=yaml.safe_dump_all(objects), capture_output=True, text=True, check=False)
    if not said.stdout:
        raise RuntimeError(f"kubeconform: {said.stderr}")
    by_key = {resource_key(obj): obj for obj in objects}
    for entry in json.loads(said.stdout)["resources"]:
        obj = by_key.get((entry["kind"], entry["name"]), {"kind": entry["kind"], "metadata": {"name": entry["name"]}})
        details = re.findall(r"at '([^']*)': (.+)", entry.get("msg", "")) or [("", entry.get("msg", ""))]
        for at, message in details:
            if message == "validation failed":
                continue
            path = sources.pointer(at)
            extra = re.search(r"[aA]dditional propert(?:y|ies) '?([\w.-]+)'?", message)
            yield obj, [*path, extra.group(1)] if extra else path, message


def schema(root):
    """Every object of every overlay, at the oldest Kubernetes that is promised and the newest."""
    found = []
    for overlay, objects in each_overlay(root):
        for version in toolbox.SCHEMA_VERSIONS:
            for obj, path, message in schema_errors(list(objects), version):
                file, line = sources.locate(overlay, obj, path)
                found.append(problems.problem(root, file, line, f"{overlay.name}: {obj['kind']}: {'.'.join(map(str, path))}: {message}"))
    for values in render.examples(root):
        if not values.exists():
            continue
        objects = render.objects(render.text_of_chart(values, root))
        for version in toolbox.SCHEMA_VERSIONS:
            for obj, path, message in schema_errors(objects, version):
                file, line = sources.locate_in_chart(values, obj, path)
                found.append(problems.problem(root, file, line, f"with {values.name}: {obj['kind']}: {'.'.join(map(str, path))}: {message}"))
    for path in asset_files(root, ".yaml"):
        if "argocd" not in path.parts and path.parent != pathlib.Path(root) / "monitoring/prometheus":
            continue
        objects = [obj for obj in render.objects(path.read_text()) if "apiVersion" in obj]
        for obj, at, message in schema_errors(objects, toolbox.SCHEMA_VERSIONS[0]) if objects else []:
            lines = [sources.line_of(node, at) or sources.line_of(node, at[:-1]) for node in sources.nodes(path.read_text())]
            found.append(problems.problem(root, path, next((line for line in lines if line), 1), message))
    return found


# --- G4 policy -----------------------------------------------------------------------------------

def required_secrets(root, environment):
    listed = yaml.safe_load((pathlib.Path(root) / "kustomize/required-secrets.yaml").read_text())["secrets"]
    return {"/".join(filter(None, (secret.get("namespace"), secret["name"]))): set(secret["keys"])
            for secret in listed if environment in secret["environments"]}


def misfits(objects, environment, required):
    yield from policy.check(objects, environment, required)
    yield from transport.check(objects, required)


def refused_pods(objects):
    """(workload, path, message) of what the restricted Pod Security Standard refuses."""
    said = toolbox.run([toolbox.tool("psa")], input=json.dumps(manifest.pod_templates(objects)))
    by_name = {f"{obj['kind']}/{obj['metadata']['name']}": obj for obj in manifest.of_kind(objects, *manifest.WORKLOADS)}
    for line in sorted(set(said.splitlines())):
        which, check, detail = line.split("\t")
        at = ["spec", "template", "spec", "securityContext"]
        for path, container in manifest.containers(by_name[which]):
            if f'"{container["name"]}"' in detail:
                at = [*path, "securityContext", *re.findall(r"^\w+", check)]
        yield by_name[which], at, f"Pod Security restricted: {check}: {detail}"


def fit(root):
    """The objects of an overlay fit together and to the gateway, and their pods are restricted."""
    found = []
    for overlay, objects in each_overlay(root):
        objects = list(objects)
        for obj, path, value, message in misfits(objects, overlay.name, required_secrets(root, overlay.name)):
            file, line = sources.locate(overlay, obj, path, value)
            found.append(problems.problem(root, file, line, f"{overlay.name}: {obj['kind']} {manifest.name(obj)}: {message}"))
        for obj, path, message in refused_pods(objects):
            file, line = sources.locate(overlay, obj, path)
            found.append(problems.problem(root, file, line, f"{overlay.name}: {obj['kind']} {manifest.name(obj)}: {message}"))
    for values in render.examples(root):
        if not values.exists():
            continue
        objects = render.objects(render.text_of_chart(values, root))
        for obj in objects:
            obj["metadata"].setdefault("namespace", "otlp-system")  # as helm does when it applies
        wrong = [(obj, path, message) for obj, path, _, message in misfits(objects, "chart", required_secrets(root, "production"))]
        for obj, path, message in [*wrong, *refused_pods(objects)]:
            file, line = sources.locate_in_chart(values, obj, path)
            found.append(problems.problem(root, file, line, f"with {values.name}: {obj['kind']} {manifest.name(obj)}: {message}"))
    return found


GATES = {"text": text, "render": rendering, "schema": schema, "policy": fit, "monitoring": monitoring.gate,
         "parity": parity.gate, "argocd": argo.gate, "promotion": argo.promotion}
NOTES = {"promotion": argo.promotion_note}


def guarded(gate, root):
    """A gate that cannot render says why, with file and line."""
    try:
        return gate(root)
    except render.RenderError as error:
        return error.problems


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", type=pathlib.Path, default=toolbox.ROOT)
    parser.add_argument("gates", nargs="*", choices=[[], *GATES])
    options = parser.parse_args()
    wrong = []
    for name in options.gates or GATES:
        found = guarded(GATES[name], options.root.resolve())
        note = NOTES[name](options.root) if name in NOTES and not found else ""
        print(f"{name:12} {'passed' if not found else f'{len(set(found))} mistakes'}{note and f' ({note})'}", flush=True)
        wrong += found
    if wrong:
        print(problems.report(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
