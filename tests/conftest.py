"""What the tests of the running service share; see harness/."""

import pytest

import destination
import gateway


@pytest.fixture
def grpc_destination():
    made = destination.GrpcDestination()
    yield made
    made.close()


@pytest.fixture
def http_destination():
    made = destination.HttpDestination()
    yield made
    made.close()


@pytest.fixture
def make_gateway(tmp_path):
    """make_gateway(exporters, name=..., **settings) -> a Gateway that is closed, and checked, at the end."""
    made = []

    def make(exporters=None, name="gateway", **changes):
        made.append(gateway.Gateway(tmp_path / name, exporters, **changes))
        return made[-1]
    yield make
    failures = []
    for one in reversed(made):
        try:
            one.close()
        except AssertionError as failure:
            failures.append(failure)
    if failures:
        raise failures[0]
