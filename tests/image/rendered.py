"""Renders overlays, examples and the chart with the kustomize and helm in PATH, and compares with the goldens."""

import pathlib
import shutil
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/gitops"))

import render  # noqa: E402
import toolbox  # noqa: E402


def main():
    toolbox.tool = lambda name: shutil.which(name) or sys.exit(f"{name} is not in PATH")
    golden = ROOT / "tests/golden/gitops"
    rendered = {f"{path.parent.name[:-1]}-{path.name}": render.text_of_overlay(path, ROOT) for path in render.kustomizations(ROOT)}
    rendered |= {f"chart-{values.stem}": render.text_of_chart(values, ROOT) for values in render.examples(ROOT)}
    wrong = [name for name, text in rendered.items() if text != (golden / f"{name}.yaml").read_text()]
    if wrong or len(rendered) < 5:
        sys.exit(f"{len(rendered)} rendered, and these differ from tests/golden/gitops: {', '.join(wrong)}")
    print(f"{len(rendered)} renderings are as their goldens")


if __name__ == "__main__":
    main()
