"""Each OpenTelemetry SDK sends one of everything, over each transport, and a recording destination has it all."""

import pytest

import clients
import expected
import gateway

PROTOCOLS = {"go": ("grpc", "http"), "java": ("grpc", "http"), "javascript": ("grpc", "http", "json"), "python": ("grpc", "http")}


def send(language, protocol, coding, service, target):
    """The bytes that the gateway has read so far."""
    target.seen.clear()
    clients.export(language, protocol, coding, service.grpc if protocol == "grpc" else service.http)
    for signal, items in expected.ITEMS.items():
        gateway.until(lambda: target.items(signal) >= items, lambda: f"{items} {signal}; {service.log_text()}")  # noqa: B023
    expected.check_all(target, language)
    return service.metric("otlp_receiver_received_bytes_total")


@pytest.mark.timeout(400)
@pytest.mark.parametrize("protocol", ["grpc", "http", "json"])
def test_sdk_sends_one_of_everything(language, protocol, service, grpc_destination):
    """Goal: the SDK's own bytes are taken, plain and gzip, and arrive whole. Method: the same data twice."""
    if protocol not in PROTOCOLS[language]:
        pytest.skip(f"the {language} SDK has no exporter for {protocol}")
    plain = send(language, protocol, "none", service, grpc_destination)
    gzip = send(language, protocol, "gzip", service, grpc_destination) - plain
    assert gzip < plain, "gzip was asked for, and no fewer bytes came"
    service.assert_balanced()
