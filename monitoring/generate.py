"""Makes what is derived here: dashboards/json/ from dashboards/*.py, and prometheusrule.yaml from rules/.

    generate.py [--out DIR]     Python with tests/gitops/requirements.txt; DIR instead of this folder

The results are committed; a gate makes them again and compares.
"""

import argparse
import json
import pathlib
import sys

import yaml

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "dashboards"))


def dashboards(out):
    from grafana_foundation_sdk.cog.encoder import JSONEncoder

    from pages import PAGES
    (out / "dashboards" / "json").mkdir(parents=True, exist_ok=True)
    for name, make in PAGES.items():
        text = json.dumps(json.loads(JSONEncoder(sort_keys=True).encode(make())), indent=1, sort_keys=True)
        (out / "dashboards" / "json" / f"otlp-{name}.json").write_text(text + "\n")


class Block(yaml.SafeDumper):
    """Expressions of several lines stay readable, lists are indented."""

    def increase_indent(self, flow=False, indentless=False):
        return super().increase_indent(flow, False)


def represent_text(dumper, text):
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


Block.add_representer(str, represent_text)


def prometheus_rule(out):
    groups = []
    for file in sorted(set((HERE / "rules").glob("*.yaml")) - {HERE / "rules" / "kustomization.yaml"}):
        groups += yaml.safe_load(file.read_text())["groups"]
    rule = {"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule",
            "metadata": {"name": "otlp-service", "labels": {"app.kubernetes.io/name": "otlp-service"},
                         "annotations": {"argocd.argoproj.io/sync-wave": "3"}},
            "spec": {"groups": groups}}
    text = yaml.dump(rule, Dumper=Block, sort_keys=False, width=1000)
    (out / "prometheusrule.yaml").write_text("# Made by generate.py from rules/: edit those.\n" + text)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=pathlib.Path, default=HERE)
    out = parser.parse_args().out
    dashboards(out)
    prometheus_rule(out)


if __name__ == "__main__":
    main()
