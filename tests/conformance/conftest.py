"""One running service for all cases of a module: after each case it must still live, and store nothing it refused."""

import pytest

import destination
import gateway
from conformance_limits import LIMIT_BYTES


@pytest.fixture(scope="module")
def target():
    made = destination.GrpcDestination()
    yield made
    made.close()


@pytest.fixture(scope="module")
def module_service(tmp_path_factory, target):
    made = gateway.Gateway(
        tmp_path_factory.mktemp("service"), {"otlp": gateway.exporter("otlp", target.endpoint)},
        receivers={"otlp": {"protocols": {"grpc": {"max_recv_msg_size_mib": 1}, "http": {"max_request_body_size": LIMIT_BYTES}}}})
    made.start()
    yield made
    made.close()


@pytest.fixture
def service(module_service):
    yield module_service
    assert module_service.alive(), module_service.log_text()
    module_service.assert_balanced()
