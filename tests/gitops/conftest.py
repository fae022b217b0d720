"""What the tests of the deployment assets share: a copy of the assets that a test may break."""

import pathlib
import shutil
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import gates  # noqa: E402


def pytest_collection_finish(session):
    """Installs the tools before the first test, whose own time limit is not meant for that."""
    if session.config.option.collectonly or all(item.path.name == "test_quick.py" for item in session.items):
        return
    for name in ("kustomize", "helm", "kubeconform", "psa"):
        gates.toolbox.tool(name)
    gates.toolbox.kubernetes_schemas()
    gates.toolbox.promtool()


class Assets:
    """A copy of the asset folders, so that each mistake is made in a tree of its own."""

    def __init__(self, root):
        self.root = root
        for folder in gates.ASSET_FOLDERS:
            source = gates.toolbox.ROOT / folder
            if source.exists():
                shutil.copytree(source, root / folder)
        # Production has all that a mistake can be in, and renders alone.
        for other in ("overlays/dev", "overlays/staging", "examples"):
            shutil.rmtree(root / "kustomize" / other)
        for values in (root / "charts/otlp-service/examples").iterdir():
            if values.name != "production.yaml":
                values.unlink()

    def change(self, file, old, new):
        """Replaces the first `old`; returns the line that it was on."""
        path = self.root / file
        text = path.read_text()
        assert old in text, f"{file} has no {old!r}"
        path.write_text(text.replace(old, new, 1))
        return text[:text.index(old)].count("\n") + 1

    def gate(self, name):
        return gates.guarded(gates.GATES[name], self.root)


@pytest.fixture
def assets(tmp_path):
    return Assets(tmp_path)
