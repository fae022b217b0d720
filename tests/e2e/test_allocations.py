"""What a request allocates, once everything is warm: a small number, and no more for a hundred items than for ten.

Method: jemalloc prints its counters when the service ends. The same run with more requests differs from the
first by those requests alone: what the start, the ticks and the scrapes take is in both.
"""

import http.client
import json
import subprocess

import pytest

import gateway
import otlp

FEW, MORE = 100, 600
# Of the whole process, and requests come one at a time: each is a group of its own for the writer, and the reason for a
# Of the whole process, and requests come one at a time: each is a group of its own for the writer, and the reason for a
# wake-up. The group, its answer and the delivery take them, the I/O thread none (allocations_test.cc beside the receiver).
# Measured: 14.1 and 14.4.
ALLOCATIONS_MAX = {"grpc": 17, "http": 17}
# Nothing is allocated for an item.
GROWTH_MAX = 2

linked = subprocess.run(["ldd", str(gateway.BINARY)], capture_output=True, text=True, check=False).stdout
pytestmark = pytest.mark.skipif("jemalloc" not in linked, reason="this build of the service has no jemalloc to count")


def send_by_grpc(service, body, requests):
    sender = otlp.GrpcSender(service.grpc)
    for _ in range(requests):
        sender.send("traces", body)
    sender.close()


def send_by_http(service, body, requests):
    connection = http.client.HTTPConnection(*service.http.rsplit(":", 1), timeout=gateway.DEADLINE_S)
    for _ in range(requests):
        connection.request("POST", otlp.PATH["traces"], body, {"content-type": "application/x-protobuf"})
        answer = connection.getresponse()
        assert answer.status == 200 and answer.read() == b""
    connection.close()


SENDERS = {"grpc": send_by_grpc, "http": send_by_http}


def allocations(make_gateway, target, protocol, items, requests):
    service = make_gateway({"otlp/out": gateway.exporter("otlp", target.endpoint)}, name=f"{protocol}-{items}-{requests}").start()
    SENDERS[protocol](service, otlp.request("traces", items=items), requests)
    service.wait_delivered("otlp/out", "traces", requests * items)
    service.stop()
    said = (service.directory / "service.log").read_text()
    text = said[said.index('{"jemalloc"'):]
    counters = json.loads(text[:text.rindex("}") + 1])["jemalloc"]["stats.arenas"]["merged"]
    return counters["small"]["nrequests"] + counters["large"]["nrequests"]


@pytest.fixture
def counting(monkeypatch):
    monkeypatch.setenv("MALLOC_CONF", "stats_print:true,stats_print_opts:Jdablxeh")


@pytest.mark.usefixtures("counting")
@pytest.mark.parametrize("protocol", ALLOCATIONS_MAX)
def test_a_request_allocates_little_and_no_more_for_more_items(make_gateway, grpc_destination, protocol):
    def of_one_request(items):
        few, more = (allocations(make_gateway, grpc_destination, protocol, items, requests) for requests in (FEW, MORE))
        return (more - few) / (MORE - FEW)
    small, large = of_one_request(10), of_one_request(100)
    print(f"{protocol}: {small:.1f} allocations a request of 10 spans, {large:.1f} of 100")
    assert small <= ALLOCATIONS_MAX[protocol]
    assert large <= small + GROWTH_MAX
