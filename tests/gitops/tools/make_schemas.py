"""Makes the JSON schemas that custom resources are checked against: tests/gitops/schemas/.

    make_schemas.py BIN_DIR     BIN_DIR holds controller-gen; Go is on the PATH

The definitions come out of the projects' own Go modules (crdgen/, argocrd/: pinned in go.mod), by
controller-gen or, for Istio, out of a file that its module carries. The result is committed, so that
the gate needs neither modules nor network; run this after a version in a go.mod changed.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import yaml

HERE = pathlib.Path(__file__).resolve().parent
SCHEMAS = HERE.parent / "schemas"

# module folder, package, and the kinds of it that the assets use
GENERATED = [
    ("crdgen", "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1",
     {"ServiceMonitor", "PrometheusRule"}),
    ("crdgen", "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1", {"Certificate"}),
    ("crdgen", "sigs.k8s.io/gateway-api/apis/v1", {"Gateway", "GRPCRoute", "HTTPRoute"}),
    ("crdgen", "k8s.io/autoscaler/vertical-pod-autoscaler/pkg/apis/autoscaling.k8s.io/v1",
     {"VerticalPodAutoscaler"}),
    ("argocrd", "github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1",
     {"Application", "AppProject"}),
]
ISTIO = {"AuthorizationPolicy", "DestinationRule", "Gateway", "PeerAuthentication", "Telemetry",
         "VirtualService"}
ISTIO_VERSIONS = {"v1"}


def strict(schema):
    """The structural schema as plain JSON Schema, refusing fields that it does not name."""
    if not isinstance(schema, dict):
        return schema
    out = {key: value for key, value in schema.items()
           if key in ("type", "enum", "pattern", "minimum", "maximum", "minLength", "maxLength",
                      "minItems", "maxItems", "required", "format", "minProperties", "maxProperties")}
    for key in ("oneOf", "anyOf", "allOf"):
        if key in schema:
            out[key] = [loose(part) for part in schema[key]]
    if "not" in schema:
        out["not"] = loose(schema["not"])
    if schema.get("x-kubernetes-int-or-string"):
        return {"anyOf": [{"type": "integer"}, {"type": "string"}]}
    if "properties" in schema:
        out["properties"] = {name: strict(part) for name, part in schema["properties"].items()}
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            out["additionalProperties"] = False
    elif isinstance(schema.get("additionalProperties"), dict):
        out["additionalProperties"] = strict(schema["additionalProperties"])
    if "items" in schema:
        out["items"] = strict(schema["items"])
    # Go's formats are no JSON Schema formats.
    if out.get("format") in ("int32", "int64", "double", "byte"):
        del out["format"]
    if schema.get("nullable") and "type" in out:
        out["type"] = [out["type"], "null"]
    return out


def loose(part):
    """A branch of oneOf and the like: constraints only, it closes nothing."""
    if isinstance(part, dict):
        return {key: loose(value) for key, value in part.items() if key != "description"}
    if isinstance(part, list):
        return [loose(value) for value in part]
    return part


def write(definition, versions=None):
    spec = definition["spec"]
    kind = spec["names"]["kind"]
    for version in spec["versions"]:
        if versions and version["name"] not in versions or not version.get("served", True):
            continue
        schema = strict(version["schema"]["openAPIV3Schema"])
        schema["properties"].update(apiVersion={"type": "string"}, kind={"type": "string"},
                                    metadata={"type": "object"})
        path = SCHEMAS / spec["group"] / f"{kind.lower()}_{version['name']}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(schema, sort_keys=True, separators=(",", ":")) + "\n")
        print(f"{path.relative_to(SCHEMAS)}: {path.stat().st_size} bytes")


def wanted(definition, kinds):
    return definition["spec"]["names"]["kind"] in kinds


def definitions(generator, go="go"):
    """The CustomResourceDefinitions of the kinds that the assets use."""
    for module, package, kinds in GENERATED:
        with tempfile.TemporaryDirectory() as out:
            # It ends with an error for a kind that we do not use (VPA's checkpoint); a kind that is
            # missing shows below.
            subprocess.run([generator, "crd:allowDangerousTypes=true,maxDescLen=0", f"paths={package}",
                            f"output:crd:dir={out}"], cwd=HERE / module, check=False, stderr=subprocess.DEVNULL)
            found = [yaml.safe_load(path.read_text()) for path in sorted(pathlib.Path(out).glob("*.yaml"))]
        missing = kinds - {definition["spec"]["names"]["kind"] for definition in found}
        if missing:
            raise RuntimeError(f"{package}: controller-gen made no {missing}")
        yield from (definition for definition in found if wanted(definition, kinds))
    text = subprocess.run([go, "run", "."], cwd=HERE / "crdgen", check=True, capture_output=True).stdout
    yield from (definition for definition in yaml.safe_load_all(text) if definition and wanted(definition, ISTIO))


def main():
    for definition in definitions(pathlib.Path(sys.argv[1]).resolve() / "controller-gen"):
        write(definition, ISTIO_VERSIONS if definition["spec"]["group"].endswith("istio.io") else None)


if __name__ == "__main__":
    main()
