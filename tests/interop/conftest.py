"""The languages of this machine, and a gateway before a recording destination."""

import pytest

import clients
import gateway
import toolbox


@pytest.fixture(params=clients.LANGUAGES)
def language(request):
    reason = toolbox.missing(request.param)
    if reason:
        pytest.skip(f"{request.param}: {reason}")
    clients.command(request.param)  # builds it, once
    return request.param


@pytest.fixture
def service(make_gateway, grpc_destination):
    return make_gateway({"otlp": gateway.exporter("otlp", grpc_destination.endpoint)}).start()
