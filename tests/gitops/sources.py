"""Where a value of a rendered object was written: file and line.

kustomize does not say it, so it is looked up: the files that an overlay is made of are read with
their lines, the overlay's own first, then its components from the last to the first, then the base,
and the first that has the value at its path is named. A patch counts as what it patches.
"""

import pathlib
import re

import yaml

KUSTOMIZATION = "kustomization.yaml"
WORKLOADS = {"Deployment", "StatefulSet"}  # one may become the other


def nodes(text):
    """The documents of a YAML text, as nodes that know their lines; none when it is malformed."""
    try:
        return [node for node in yaml.compose_all(text, Loader=yaml.SafeLoader) if node is not None]
    except yaml.YAMLError:
        return []


def malformed_line(file):
    """Where a file stops being YAML, from 1; 0 when it does not."""
    try:
        list(yaml.compose_all(pathlib.Path(file).read_text(), Loader=yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        return (error.context_mark or error.problem_mark).line + 1
    return 0


def child(node, key):
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            if name.value == str(key):
                return name, value
    if isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
        return node.value[key], node.value[key]
    return None


def scalar(node, *path):
    """The text at a path, or None."""
    for key in path:
        found = child(node, key)
        if found is None:
            return None
        node = found[1]
    return node.value if isinstance(node, yaml.ScalarNode) else None


def line_of(node, path, value=None):
    """The line of the key at `path`, from 1; with `value`, only if that scalar stands there."""
    at = node
    line = node.start_mark.line + 1
    for index, key in enumerate(path):
        if isinstance(key, int) and isinstance(at, yaml.SequenceNode):
            # A patch's list may hold fewer entries than the object's: any that fits will do.
            lines = [line_of(entry, path[index + 1:], value) for entry in at.value]
            exact = lines[key] if key < len(lines) else None
            return exact or next((found for found in lines if found), None)
        found = child(at, key)
        if found is None:
            return None
        line, at = found[0].start_mark.line + 1, found[1]
    if value is not None and not (isinstance(at, yaml.ScalarNode) and at.value == str(value)):
        return None
    return line


def files_of(folder, root, seen=None):
    """The kustomization folders below an overlay, the last word first."""
    seen = set() if seen is None else seen
    folder = folder.resolve()
    if folder in seen or not (folder / KUSTOMIZATION).exists():
        return []
    seen.add(folder)
    try:
        made = yaml.safe_load((folder / KUSTOMIZATION).read_text()) or {}
    except yaml.YAMLError:
        made = {}
    found = [folder]
    for name in [*reversed(made.get("components", [])), *reversed(made.get("resources", []))]:
        found += files_of(folder / name, root, seen)
    return found


def yaml_files(folder):
    """A folder's own files: its patches before its resources, the kustomization between them."""
    made = yaml.safe_load((folder / KUSTOMIZATION).read_text()) or {}
    patches = [folder / patch["path"] for patch in made.get("patches", []) if "path" in patch]
    resources = [folder / name for name in made.get("resources", []) if (folder / name).is_file()]
    return [*patches, folder / KUSTOMIZATION, *resources]


def in_operations(operations, path, value, first_line=0):
    """The line of what a JSON patch (a sequence node) writes at `path`."""
    for operation in reversed(getattr(operations, "value", [])):
        if not isinstance(operation, yaml.MappingNode) or scalar(operation, "op") not in ("add", "replace"):
            continue
        pointer = [part.replace("~1", "/").replace("~0", "~")
                   for part in (scalar(operation, "path") or "").split("/")[1:]]
        if len(pointer) > len(path):
            continue
        fits = all(str(key) == part or part == "-" or (isinstance(key, int) and part.isdigit())
                   for part, key in zip(pointer, path))
        written = child(operation, "value")
        if not fits or written is None:
            continue
        rest = path[len(pointer):]
        line = line_of(written[1], rest, value) if rest or value is not None else written[0].start_mark.line + 1
        if line:
            return first_line + (line if rest or value is None else written[1].start_mark.line + 1)
    return None


def in_file(file, kind, name, path, value, exact):
    text = file.read_text()
    for document in nodes(text):
        if isinstance(document, yaml.SequenceNode):
            line = in_operations(document, path, value)
            if line:
                return line
            continue
        found = scalar(document, "kind")
        if found == kind or {found, kind} <= WORKLOADS:
            written = scalar(document, "metadata", "name") or ""
            if written != name and (exact or not name.startswith(written)):
                continue
            line = line_of(document, path, value)
            if line:
                return line
        elif found in ("Kustomization", "Component"):
            line = in_kustomization(document, path, value) or \
                (in_generators(document, name) if kind in ("ConfigMap", "Secret") else None)
            if line:
                return line
    return None


def in_kustomization(document, path, value):
    """Inline patches, and the fields that set one thing: images, replicas, generators, labels."""
    patches = child(document, "patches")
    for entry in reversed(patches[1].value if patches else []):
        inline = child(entry, "patch")
        if inline is None:
            continue
        offset = inline[1].start_mark.line + (1 if inline[1].style in ("|", ">") else 0)
        for patch in nodes(inline[1].value):
            line = in_operations(patch, path, value, offset) if isinstance(patch, yaml.SequenceNode) \
                else line_of(patch, path, value)
            if line:
                return line if isinstance(patch, yaml.SequenceNode) else line + offset
    last = path[-1] if path else ""
    images = child(document, "images")
    if last == "image" and images and value:
        for index, image in enumerate(images[1].value):
            if (scalar(image, "newName") or scalar(image, "name")) in value:
                return (line_of(document, ["images", index, "digest"]) or line_of(document, ["images", index, "newTag"])
                        or image.start_mark.line + 1)
    if last == "replicas" and child(document, "replicas"):
        return line_of(document, ["replicas"])
    return None


def in_generators(document, name):
    """The line of the generator that makes a ConfigMap or Secret of this name (and a hash)."""
    for field in ("configMapGenerator", "secretGenerator"):
        found = child(document, field)
        for entry in found[1].value if found else []:
            if re.fullmatch(re.escape(scalar(entry, "name") or "") + r"(-[a-z0-9]{10})?", name):
                return entry.start_mark.line + 1
    return None


def is_written(folders, kind, name):
    """Whether an object of just this name is written; else it has got a suffix on its way."""
    kinds = WORKLOADS if kind in WORKLOADS else {kind}
    return any(scalar(document, "kind") in kinds and scalar(document, "metadata", "name") == name
               for folder in folders for file in yaml_files(folder) for document in nodes(file.read_text()))


def locate(overlay, obj, path, value=None):
    """(file, line) of the value of `obj` at `path`; of its parents where it is itself written nowhere."""
    kind = obj.get("kind", "")
    name = obj.get("metadata", {}).get("name", "")
    folders = files_of(pathlib.Path(overlay), pathlib.Path(overlay))
    exact = is_written(folders, kind, name)
    for wanted in ([value] if value is None or isinstance(value, (dict, list)) else [value, None]):
        wanted = None if isinstance(wanted, (dict, list)) else wanted
        for depth in range(len(path), -1, -1):
            if depth < len(path) and wanted is not None:
                break
            for folder in folders:
                for file in yaml_files(folder):
                    if depth == 0 and file.name == KUSTOMIZATION:
                        continue
                    line = in_file(file, kind, name, path[:depth], wanted, exact)
                    if line:
                        return file, line
    return pathlib.Path(overlay) / KUSTOMIZATION, 1


def locate_in_chart(values, obj, path):
    """(file, line) in the chart's templates of what renders `obj` at `path`: as deep as its keys are found.

    A template is no YAML, so keys are looked for in their order, from the object's `kind:` on.
    """
    chart = next(folder for folder in values.parents if (folder / "Chart.yaml").exists())
    kind, suffix = obj["kind"], obj["metadata"]["name"].removeprefix("otlp-service")
    kinds = rf"^kind: (?:{kind}|{{{{.*\.kind.*}}}})$" if kind in WORKLOADS else rf"^kind: {kind}$"
    best = None
    for file in sorted((chart / "templates").rglob("*.yaml")):
        lines = file.read_text().splitlines()
        for number in (number for number, line in enumerate(lines) if re.match(kinds, line)):
            end = next((at for at in range(number, len(lines)) if lines[at] == "---"), len(lines))
            named = next((line for line in lines[number:end] if re.match(r"  name: ", line)), "")
            score = 2 if named.endswith("}}" + suffix) or named.endswith(" " + obj["metadata"]["name"]) else 1
            if obj["apiVersion"] not in "\n".join(lines[max(0, number - 3):number + 1]):
                score = 0
            if best is None or score > best[0]:
                best = score, file, number, end, lines
    if best is None:
        return values, 1
    _, file, at, end, lines = best
    for key in (key for key in path if isinstance(key, str)):
        at = next((number for number in range(at + 1, end) if re.match(rf"\s*(?:- )?{re.escape(key)}:", lines[number])), at)
    return file, at + 1


def pointer(text):
    """'/spec/containers/0' as ['spec', 'containers', 0]."""
    return [int(part) if re.fullmatch(r"\d+", part) else part.replace("~1", "/").replace("~0", "~")
            for part in text.strip("/").split("/") if part]


def find_line(file, pattern):
    """The first line of a file that matches, from 1; 1 when none does."""
    for number, line in enumerate(pathlib.Path(file).read_text().splitlines(), 1):
        if re.search(pattern, line):
            return number
    return 1
