"""Overlays and chart examples as objects: by kustomize and by helm themselves."""

import functools
import pathlib
import re
import subprocess

import yaml

import problems
import sources
import toolbox

ENVIRONMENTS = ("dev", "staging", "production")


class RenderError(Exception):
    def __init__(self, found):
        super().__init__(problems.report(found))
        self.problems = found


def overlays(root):
    return sorted(path.parent for path in (pathlib.Path(root) / "kustomize/overlays").glob("*/kustomization.yaml"))


def kustomizations(root):
    """The overlays, and the examples that show components which no overlay uses."""
    found = (pathlib.Path(root) / "kustomize/examples").glob("*/kustomization.yaml")
    return [*overlays(root), *sorted(path.parent for path in found)]


def examples(root):
    """The value files that the chart is rendered with."""
    chart = pathlib.Path(root) / "charts/otlp-service"
    return [chart / "values.yaml", *sorted((chart / "examples").glob("*.yaml"))]


def text_of_overlay(overlay, root):
    said = subprocess.run([str(toolbox.tool("kustomize")), "build", str(overlay)],
                          capture_output=True, text=True, check=False)
    if said.returncode != 0:
        raise RenderError([where_kustomize_failed(pathlib.Path(overlay), root, said.stderr)])
    return said.stdout


def where_kustomize_failed(overlay, root, text):
    """kustomize names a file or a field, never a line: the line is looked for."""
    message = re.sub(re.escape(str(pathlib.Path(root).resolve())) + "/?", "", text.strip())[:600]
    folders = sources.files_of(overlay, overlay)
    for folder in folders:
        for file in sorted(folder.glob("*.yaml")):
            line = sources.malformed_line(file)
            if line:
                return problems.problem(root, file, line, message)
    unknown = re.search(r'unknown field "(\w+)"|no such file or directory|([\w./-]+): file does not exist', text)
    words = [word for word in re.findall(r"[\w./-]+", text) if len(word) > 3]
    if unknown and unknown.group(1):
        words = [unknown.group(1)]
    best = None
    for folder in folders:
        file = folder / sources.KUSTOMIZATION
        for number, line in enumerate(file.read_text().splitlines(), 1):
            value = line.strip().removeprefix("- ").split(":")[-1 if not unknown or not unknown.group(1) else 0].strip()
            for word in words:
                if value and (value == word or word.endswith("/" + value.replace("../", ""))):
                    best = max(best or (0,), (len(value), str(file), number))
    if best:
        return problems.problem(root, best[1], best[2], message)
    return problems.problem(root, overlay / sources.KUSTOMIZATION, 1, message)


def objects(text):
    return [document for document in yaml.safe_load_all(text) if document]


@functools.lru_cache(maxsize=None)
def overlay_objects(overlay, root):
    return tuple(objects(text_of_overlay(overlay, root)))


def text_of_chart(values, root, *arguments, release="otlp-service"):
    chart = pathlib.Path(root) / "charts/otlp-service"
    said = subprocess.run([str(toolbox.tool("helm")), "template", release, str(chart), "--namespace",
                           "otlp-system", "--kube-version", "1.30.0", "--values", str(values), *arguments],
                          capture_output=True, text=True, check=False)
    if said.returncode != 0:
        raise RenderError([where_helm_failed(pathlib.Path(values), root, said.stderr)])
    return said.stdout


def where_helm_failed(values, root, text):
    """A key that the schema does not know, a value that it refuses, or an error in a template."""
    message = re.sub(re.escape(str(pathlib.Path(root).resolve())) + "/?", "", text.strip())[:600]
    unknown = re.search(r"at '([^']*)': additional properties '([^']+)'", text) or \
        re.search(r"- ([\w.()]+): Additional property (\w+)", text)
    if unknown:
        at = unknown.group(1)
        path = sources.pointer(at) if "/" in at or not at else [p for p in at.split(".") if p != "(root)"]
        for document in sources.nodes(values.read_text()):
            line = sources.line_of(document, [*path, unknown.group(2)])
            if line:
                return problems.problem(root, values, line, message)
    refused = re.search(r"at '(/[^']+)'", text)
    if refused:
        for document in sources.nodes(values.read_text()):
            line = sources.line_of(document, sources.pointer(refused.group(1)))
            if line:
                return problems.problem(root, values, line, message)
    template = re.search(r"\(?otlp-service/(templates/[\w./-]+):(\d+)", text)
    if template:
        return problems.problem(root, pathlib.Path(root) / "charts/otlp-service" / template.group(1), int(template.group(2)), message)
    malformed = re.search(r"yaml: line (\d+)", text)
    return problems.problem(root, values, int(malformed.group(1)) if malformed else 1, message)
