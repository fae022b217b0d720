"""What of the gates needs no tool but Python: in the default suites, so that who adds a metric or edits a
shared file learns it at once. `./dev test gitops` has the rest."""

import pathlib

import pytest
import yaml

import argo
import gates
import monitoring
import parity
import problems
import toolbox


def settled(found):
    assert not found, problems.report(found)


class UniqueKeys(yaml.SafeLoader):
    """A key that stands twice is a mistake; PyYAML takes the last."""

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key.value} stands twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


# Goal: every file is read alike by all who read it.
def test_yaml_is_well_formed_and_no_key_stands_twice():
    found = []
    for file in gates.asset_files(toolbox.ROOT, ".yaml"):
        if "templates" in file.parts:
            continue
        try:
            list(yaml.load_all(file.read_text(), Loader=UniqueKeys))
        except yaml.MarkedYAMLError as error:
            found.append(problems.problem(toolbox.ROOT, file, error.problem_mark.line + 1, error.problem))
    settled(found)


# Goal: rules, panels and runbooks name what the gateway exports, and leave next to nothing out.
def test_metrics_are_watched_and_known():
    checks = monitoring.without_tools(toolbox.ROOT, monitoring.Rules(toolbox.ROOT))
    settled([problems.problem(toolbox.ROOT, *entry) for check in checks for entry in check])


def test_copies_are_copies():
    settled(parity.copies(toolbox.ROOT))


def test_digests_moved_in_order():
    settled(argo.promotion(toolbox.ROOT))


# Goal: these checks do fail. Method: the same on a copy with a mistake in it.
@pytest.mark.parametrize("file, old, new, line_is", [
    ("monitoring/rules/alerts.yaml", "otlp_storage_write_path_ok{", "otlp_storage_write_path{", "alerts.yaml"),
    ("monitoring/runbooks/README.md", "# ", "# OtlpNothing ", "README.md"),
    ("monitoring/runbooks/OtlpStorageDamaged.md", "-- otlp-service log verify", "-- ls -l", "OtlpStorageDamaged.md"),
    ("monitoring/runbooks/OtlpCircuitBreakerOpen.md", "-n $NS debug", "-n $NS run", "OtlpCircuitBreakerOpen.md"),
])
def test_a_mistake_is_found(assets, file, old, new, line_is):
    line = assets.change(file, old, new)
    root = pathlib.Path(assets.root)
    found = [problems.problem(root, *entry) for check in monitoring.without_tools(root, monitoring.Rules(root)) for entry in check]
    assert any(one.file.endswith(line_is) and one.line == line for one in found), found
