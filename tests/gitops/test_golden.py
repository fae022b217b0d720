"""Every overlay renders as its golden file says, so that a review sees what a change does to all
environments. TEST_ACCEPT=1 rewrites the files."""

import os
import pathlib

import pytest

import render
import toolbox

GOLDEN = toolbox.ROOT / "tests" / "golden" / "gitops"


def compare(golden: pathlib.Path, text: str):
    if os.environ.get("TEST_ACCEPT"):
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(text)
        pytest.skip(f"{golden.name} rewritten")
    assert golden.exists(), f"{golden.name} is missing: TEST_ACCEPT=1 ./dev test gitops"
    assert text == golden.read_text(), f"{golden.name} differs: look at it, then TEST_ACCEPT=1 ./dev test gitops"


@pytest.mark.parametrize("overlay", render.kustomizations(toolbox.ROOT), ids=lambda path: path.name)
def test_overlay(overlay):
    compare(GOLDEN / f"{overlay.parent.name[:-1]}-{overlay.name}.yaml", render.text_of_overlay(overlay, toolbox.ROOT))


@pytest.mark.parametrize("values", render.examples(toolbox.ROOT), ids=lambda path: path.stem)
def test_chart(values):
    compare(GOLDEN / f"chart-{values.stem}.yaml", render.text_of_chart(values, toolbox.ROOT))
