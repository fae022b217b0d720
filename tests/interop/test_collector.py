"""The real Collector upstream and downstream of the gateway: agent -> gateway -> Collector -> recording destination.

The Collector decodes and encodes, drops fields that it does not know and merges as it likes, so items are compared
one by one, each with the resource and the scope it belongs to, as multisets.
"""

import collections
import gzip

import pytest

import collector
import destination
import gateway
import otlp
from expected import attributes

OUTER = {"traces": ("resource_spans", "scope_spans", "spans"), "metrics": ("resource_metrics", "scope_metrics", "metrics"),
         "logs": ("resource_logs", "scope_logs", "log_records")}


def items(signal, bodies):
    """(resource, scope, item) in a canonical form; a metric counts as one item a point."""
    outer, inner, leaf = OUTER[signal]
    found = collections.Counter()
    for body in bodies:
        for resource in getattr(otlp.REQUEST[signal].FromString(body), outer):
            for scope in getattr(resource, inner):
                origin = (tuple(sorted(attributes(resource.resource.attributes).items())), resource.schema_url, scope.scope.name, scope.schema_url)
                for item in getattr(scope, leaf):
                    if signal == "traces" and not item.status.ByteSize():
                        item.ClearField("status")  # the Collector writes an empty one
                    if signal != "metrics":
                        found[origin, item.SerializeToString(deterministic=True)] += 1
                        continue
                    data = item.WhichOneof("data")
                    for point in getattr(item, data).data_points:
                        found[origin, item.name, item.unit, item.description, data, point.SerializeToString(deterministic=True)] += 1
    return found


def assert_same(signal, sent, target):
    expected, arrived = items(signal, sent), items(signal, target.arrived(signal))
    missing, extra = expected - arrived, arrived - expected
    assert not missing and not extra, f"{signal}: {missing.total()} missing, {extra.total()} not sent, of {expected.total()}"


def make_chain(tmp_path, make_gateway, **exporter):
    """A gateway before two Collectors, one by gRPC and one by HTTP, each before a recording destination."""
    targets = [destination.GrpcDestination(), destination.GrpcDestination()]
    plain = {"tls": {"insecure": True}}
    behind = [collector.Collector(tmp_path / f"behind-{index}", {"otlp": {"endpoint": target.endpoint, **plain}})
              for index, target in enumerate(targets)]
    service = make_gateway({"otlp": {"endpoint": behind[0].grpc, **plain, **exporter},
                            "otlp_http": {"endpoint": f"http://{behind[1].http}", **exporter}}).start()
    yield service, targets
    for one in behind:
        one.close()
    for target in targets:
        target.close()


@pytest.fixture
def chain(tmp_path, make_gateway):
    """With the gateway's own defaults for batches and compression: they must suit a peer's defaults."""
    yield from make_chain(tmp_path, make_gateway)


@pytest.fixture
def chain_with_reused_gzip(tmp_path, make_gateway):
    yield from make_chain(tmp_path, make_gateway, compression_params={"reuse": True})


def assert_all_arrived(service, targets, sent):
    for signal, bodies in sent.items():
        count = sum(otlp.item_count(signal, body) for body in bodies)
        for exporter in ("otlp", "otlp_http"):
            service.wait_delivered(exporter, signal, count, deadline_s=60)
        for target in targets:
            gateway.until(lambda: target.items(signal) >= count, lambda: f"{count} {signal}, {target.items(signal)} are there", 60)  # noqa: B023
            assert_same(signal, bodies, target)
    ledger = service.assert_balanced()
    for states in ledger.values():
        assert not states.get("dead_lettered") and not states.get("expired")


@pytest.mark.timeout(600)
def test_a_collector_reads_gzip_of_several_members(chain_with_reused_gzip):
    """Method: gzip from many senders, and some requests that are not, in batches; over both protocols."""
    service, targets = chain_with_reused_gzip
    sent = {signal: [otlp.request(signal, items=30) for _ in range(40)] for signal in otlp.SIGNALS}
    for signal, bodies in sent.items():
        for number, body in enumerate(bodies):
            packed = number % 5 != 0
            headers = {"content-type": "application/x-protobuf", **({"content-encoding": "gzip"} if packed else {})}
            assert gateway.http_request(service.http, "POST", otlp.PATH[signal], gzip.compress(body) if packed else body, headers).status == 200
    assert_all_arrived(service, targets, sent)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_agent_to_gateway_to_collector(chain, tmp_path, protocol):
    """Method: 12 requests a signal into the agent, whose batch processor makes of the logs one of up to 7 MiB, gzip."""
    service, targets = chain
    exporters = ({"otlp": {"endpoint": service.grpc, "tls": {"insecure": True}}} if protocol == "grpc" else
                 {"otlphttp": {"endpoint": f"http://{service.http}"}})
    agent = collector.Collector(tmp_path / "agent", exporters, batch=True)
    sent = {signal: [otlp.request(signal, items=40, text_bytes=8_000 if signal == "logs" else 500, resources=2, unknown=False) for _ in range(12)]
            for signal in otlp.SIGNALS}
    for signal, bodies in sent.items():
        for body in bodies:
            assert agent.post(otlp.PATH[signal], body, otlp.PROTOBUF) == 200
    agent.close()
    assert_all_arrived(service, targets, sent)


@pytest.mark.timeout(600)
def test_what_is_larger_than_a_peer_takes_is_split(chain):
    """Goal: 4 MiB by gRPC and 20 MiB by HTTP are the peer's business, not the sender's. Method: 12 MiB in one request."""
    service, targets = chain
    body = otlp.request("logs", items=600, text_bytes=20_000, unknown=False)
    assert len(body) > 12_000_000
    answer = gateway.http_request(service.http, "POST", "/v1/logs", body, otlp.PROTOBUF)
    assert (answer.status, answer.body) == (200, b"")
    assert_all_arrived(service, targets, {"logs": [body]})


@pytest.mark.timeout(600)
def test_nothing_is_lost_while_the_collector_is_away(tmp_path, make_gateway):
    """Method: requests before, during and after an absence of the Collector behind the gateway."""
    target = destination.GrpcDestination()
    first = collector.Collector(tmp_path / "first", {"otlp": {"endpoint": target.endpoint, "tls": {"insecure": True}}})
    service = make_gateway({"otlp": gateway.exporter("otlp", first.grpc)}).start()
    sent = []

    def send():
        sent.append(otlp.request("traces", items=50, unknown=False))
        assert gateway.http_request(service.http, "POST", "/v1/traces", sent[-1], otlp.PROTOBUF).status == 200
    for _ in range(5):
        send()
    service.wait_delivered("otlp", "traces", 250)
    first.close()
    for _ in range(20):
        send()
    gateway.until(lambda: service.metric("otlp_circuit_breaker_state", exporter="otlp") != 0, "an open circuit breaker")
    again = collector.Collector(tmp_path / "again", {"otlp": {"endpoint": target.endpoint, "tls": {"insecure": True}}}, address=first)
    for _ in range(5):
        send()
    service.wait_delivered("otlp", "traces", 1500, deadline_s=60)
    gateway.until(lambda: target.items("traces") >= 1500, "all spans behind the Collector", 60)
    again.close()
    assert_same("traces", sent, target)
    target.close()
