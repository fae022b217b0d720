"""The assets as they are pass every gate. Each gate is one case; what it says has file and line."""

import pytest

import gates
import problems
import toolbox


# Goal: nothing is wrong with the assets. Method: every gate over the repository itself.
@pytest.mark.parametrize("name", gates.GATES)
@pytest.mark.timeout(1800)  # the first run builds the tools
def test_gate(name):
    found = gates.guarded(gates.GATES[name], toolbox.ROOT)
    assert not found, problems.report(found)
