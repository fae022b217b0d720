"""What a destination gets: the bytes that came, through the running service, by protobuf and by JSON."""

import base64
import collections
import gzip
import json

import pytest
from google.protobuf import json_format

import gateway
import otlp
from opentelemetry.proto.common.v1 import common_pb2


def rich_traces():
    request = otlp.REQUEST["traces"]()
    for url in ("https://one", "https://two"):  # S-09: the same resource under two urls
        entry = request.resource_spans.add(schema_url=url)
        entry.resource.attributes.add(key="service.name").value.string_value = "rich"
        entry.resource.dropped_attributes_count = 3
        entry.resource.entity_refs.add(type="service", id_keys=["service.name"], schema_url="https://entity")
        for inner in ("", "https://inner"):
            scope = entry.scope_spans.add(schema_url=inner)
            scope.scope.name, scope.scope.dropped_attributes_count = "rich", 2**32 - 1
            span = scope.spans.add(trace_id=b"t" * 16, span_id=b"s" * 8, flags=0xFFFFFFFF, kind=99,
                                   dropped_attributes_count=1, dropped_events_count=2, dropped_links_count=3)
            span.events.add(name="", time_unix_nano=0, dropped_attributes_count=4)
            span.links.add(trace_id=b"t" * 16, span_id=b"s" * 8, flags=0xFFFFFFFF, dropped_attributes_count=5)
            span.status.code = 12
            for key, value in (("zero", {"int_value": 0}), ("empty", {"string_value": ""}), ("false", {"bool_value": False}),
                               ("bytes", {"bytes_value": b"\x00\xff"}), ("nothing", {}), ("", {"double_value": 0.0})):
                span.attributes.append(common_pb2.KeyValue(key=key, value=common_pb2.AnyValue(**value)))
    return request


def rich_metrics():
    request = otlp.REQUEST["metrics"]()
    scope = request.resource_metrics.add().scope_metrics.add()
    for _ in range(2):  # M-11: equal names, other types and temporality
        total = scope.metrics.add(name="same", unit="1")
        total.sum.aggregation_temporality, total.sum.is_monotonic = 1, True
        total.sum.data_points.add(time_unix_nano=1, as_int=-3)
        scope.metrics.add(name="same", unit="1").gauge.data_points.add(time_unix_nano=1, as_double=-3.0)
    scope.metrics[0].metadata.add(key="k").value.string_value = "v"
    histogram = scope.metrics.add(name="h").histogram
    histogram.aggregation_temporality = 2
    histogram.data_points.add(time_unix_nano=1, count=1, sum=0.0, min=0.0, max=0.0, bucket_counts=[1])
    histogram.data_points.add(time_unix_nano=1, count=1, bucket_counts=[1])
    exponential = scope.metrics.add(name="e").exponential_histogram
    exponential.aggregation_temporality = 1
    point = exponential.data_points.add(time_unix_nano=1, count=3, scale=-2, zero_count=1, zero_threshold=0.5)
    point.positive.offset = -5
    point.positive.bucket_counts.extend([0, 2])
    gauge = scope.metrics.add(name="nothing recorded").gauge
    gauge.data_points.add(time_unix_nano=1, flags=1)
    return request


def rich_logs():
    request = otlp.REQUEST["logs"]()
    scope = request.resource_logs.add().scope_logs.add()
    record = scope.log_records.add(event_name="order.placed", observed_time_unix_nano=5, severity_number=77, flags=0xFFFFFFFF,
                                   dropped_attributes_count=9)
    record.body.kvlist_value.values.add(key="list").value.array_value.values.add().int_value = 2**53 + 1
    scope.log_records.add()
    return request


RICH = {"traces": rich_traces, "metrics": rich_metrics, "logs": rich_logs}


def arrived_after(target, signal, before):
    return gateway.until(lambda: target.arrived(signal)[before:], f"{signal} at the destination")


@pytest.mark.parametrize("signal", otlp.SIGNALS)
def test_M_06_M_07_M_11_M_13_S_07_S_08_S_09_S_10_S_11_W_16_bytes_in_are_bytes_out(service, target, signal):
    """Method: a request with everything that a careless gateway would change, and a field that no schema knows (W-01)."""
    body = RICH[signal]().SerializeToString()
    sent = otlp.field(1, otlp.read_field(body) + otlp.UNKNOWN_FIELD) + body
    before = len(target.arrived(signal))
    answer = gateway.http_request(service.http, "POST", otlp.PATH[signal], sent, otlp.PROTOBUF)
    assert (answer.status, answer.body) == (200, b"")
    assert otlp.containers(arrived_after(target, signal, before)) == otlp.containers([sent])


def strict_json(message):
    """OTLP's JSON of a message: ids in hex, enumerations as numbers."""
    def hex_ids(node):
        if isinstance(node, list):
            return [hex_ids(one) for one in node]
        if isinstance(node, dict):
            return {key: base64.b64decode(value).hex() if key in ("traceId", "spanId", "parentSpanId") else hex_ids(value)
                    for key, value in node.items()}
        return node

    return json.dumps(hex_ids(json_format.MessageToDict(message, use_integers_for_enums=True))).encode()


@pytest.mark.parametrize("signal", otlp.SIGNALS)
def test_J_27_J_33_the_same_by_json(service, target, signal):
    before = len(target.arrived(signal))
    answer = gateway.http_request(service.http, "POST", otlp.PATH[signal], strict_json(RICH[signal]()), otlp.JSON)
    assert (answer.status, answer.body) == (200, b"{}")
    arrived, = arrived_after(target, signal, before)
    assert otlp.REQUEST[signal].FromString(arrived) == RICH[signal]()


def test_S_02_S_03_wrong_lengths_of_ids_are_cleared_and_the_item_is_kept(service, target):
    message = otlp.REQUEST["logs"]()
    message.resource_logs.add().scope_logs.add().log_records.add(trace_id=b"abc", span_id=b"s" * 8, time_unix_nano=7)
    before = len(target.arrived("logs"))
    answer = gateway.http_request(service.http, "POST", "/v1/logs", message.SerializeToString(), otlp.PROTOBUF)
    assert (answer.status, answer.body) == (200, b"")
    arrived, = arrived_after(target, "logs", before)
    record = otlp.REQUEST["logs"].FromString(arrived).resource_logs[0].scope_logs[0].log_records[0]
    assert (record.trace_id, record.time_unix_nano) == (b"", 7)


def test_S_18_W_10_a_request_of_an_old_sender_is_forwarded_and_not_counted(service, target):
    """Method: field 1000 of ResourceSpans, where senders of 2021 put their spans."""
    legacy = otlp.field(1000, otlp.field(2, otlp.field(5, b"old span")))
    sent = otlp.field(1, legacy) + otlp.request("traces", items=1, unknown=False)
    before = len(target.arrived("traces"))
    stored = service.metric("otlp_ledger_items", exporter="otlp", signal="traces", state="stored")
    assert gateway.http_request(service.http, "POST", "/v1/traces", sent, otlp.PROTOBUF).status == 200
    assert otlp.containers(arrived_after(target, "traces", before)) == otlp.containers([sent])
    assert service.metric("otlp_ledger_items", exporter="otlp", signal="traces", state="stored") == stored + 1


def test_P_06_accepted_and_rejected_are_what_was_sent(service, target):
    """Method: every mix of eight good and bad spans."""
    good = otlp.REQUEST["traces"].FromString(otlp.request("traces", items=8, unknown=False))
    for mask in range(256):
        message = otlp.REQUEST["traces"]()
        message.CopyFrom(good)
        spans = message.resource_spans[0].scope_spans[0].spans
        for index in range(8):
            if mask >> index & 1:
                spans[index].span_id = b"short"
        rejected, before = bin(mask).count("1"), service.metric("otlp_ledger_items", exporter="otlp", signal="traces", state="stored")
        answer = gateway.http_request(service.http, "POST", "/v1/traces", message.SerializeToString(), otlp.PROTOBUF)
        assert answer.status == 200
        assert otlp.RESPONSE["traces"].FromString(answer.body).partial_success.rejected_spans == rejected
        assert service.metric("otlp_ledger_items", exporter="otlp", signal="traces", state="stored") == before + 8 - rejected


def test_M_12_the_points_of_a_stream_keep_their_order(make_gateway, grpc_destination):
    """Method: 200 requests of one stream, one at a time in flight to the destination, read back in order."""
    service = make_gateway({"otlp": gateway.exporter("otlp", grpc_destination.endpoint, sending_queue={"num_consumers": 1})}).start()
    sender = otlp.GrpcSender(service.grpc)
    for index in range(200):
        message = otlp.REQUEST["metrics"]()
        message.resource_metrics.add().scope_metrics.add().metrics.add(name="s").gauge.data_points.add(time_unix_nano=1 + index, as_int=index)
        sender.send("metrics", message.SerializeToString())
    sender.close()
    service.wait_delivered("otlp", "metrics", 200)
    points = [point.as_int for body in grpc_destination.arrived("metrics") for r in otlp.REQUEST["metrics"].FromString(body).resource_metrics
              for s in r.scope_metrics for m in s.metrics for point in m.gauge.data_points]
    assert points == list(range(200))


def test_R_12_R_20_a_peer_that_goes_away_every_second_loses_and_repeats_nothing(make_gateway, grpc_destination):
    """Goal: calls that a GOAWAY cuts off are sent again. Method: a second gateway whose connections live for a second."""
    inner = make_gateway({"otlp": gateway.exporter("otlp", grpc_destination.endpoint)}, name="inner", receivers={"otlp": {"protocols": {
        "grpc": {"keepalive": {"server_parameters": {"max_connection_age": "1s"}}}}}}).start()
    outer = make_gateway({"otlp": gateway.exporter("otlp", inner.grpc, batch={"timeout": "5ms"})}, name="outer").start()
    sender, sent = otlp.GrpcSender(outer.grpc), []

    def connections():
        return inner.metric("otlp_receiver_connections_accepted_total", listener="otlp/grpc")
    first = connections()
    while connections() < first + 3:
        sent.append(otlp.request("traces", items=5, unknown=False))
        sender.send("traces", sent[-1])
    sender.close()
    outer.wait_delivered("otlp", "traces", 5 * len(sent))
    inner.wait_delivered("otlp", "traces", 5 * len(sent))
    assert grpc_destination.containers("traces") == otlp.containers(sent)


@pytest.mark.parametrize("kind", ["otlp", "otlp_http"])
def test_R_13_what_is_sent_stays_below_a_peers_limit(make_gateway, grpc_destination, http_destination, kind):
    """Method: one request of 9 MiB, by the default batch; no message that leaves is above 4 MiB."""
    target = grpc_destination if kind == "otlp" else http_destination
    service = make_gateway({kind: gateway.exporter(kind, target.endpoint)}).start()
    body = otlp.request("logs", items=90, text_bytes=100_000, unknown=False)
    assert gateway.http_request(service.http, "POST", "/v1/logs", body, otlp.PROTOBUF).status == 200
    service.wait_delivered(kind, "logs", 90)
    sizes = [len(one) for one in target.arrived("logs")]
    assert len(sizes) > 1 and max(sizes) <= 4 << 20
    assert target.items("logs") == 90


def test_G_02_H_01_S_17_the_default_is_loopback_at_4317_and_4318(tmp_path):
    shown = gateway.run_command("config", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    found = collections.Counter(word for word in shown.stdout.replace('"', " ").split() if word.startswith(("127.0.0.1:", "0.0.0.0:", ":43")))
    assert found["127.0.0.1:4317"] == 1 and found["127.0.0.1:4318"] == 1
    assert not any(word.startswith(("0.0.0.0", ":43")) for word in found)


def test_G_09_H_22_the_default_limit_is_64_mib(make_gateway, grpc_destination):
    """Method: nothing is configured but free ports; 64 MiB are stored and delivered in parts, one byte more is too large."""
    service = make_gateway({"otlp": gateway.exporter("otlp", grpc_destination.endpoint)})
    del service.settings["storage"]["segment_size"], service.settings["receivers"]
    service.settings["receivers"] = {"otlp": {"protocols": {"grpc": {"endpoint": "127.0.0.1:0"}, "http": {"endpoint": "127.0.0.1:0"}}}}
    service.config_file.write_text(json.dumps(service.settings))
    service.start()
    limit = 64 << 20
    body = otlp.request("logs", items=64, text_bytes=(1 << 20) - 200, unknown=False)
    body += otlp.unknown_padding(limit - len(body))
    assert len(body) == limit
    assert gateway.http_request(service.http, "POST", "/v1/logs", body, otlp.PROTOBUF, timeout=60).status == 200
    sender = otlp.GrpcSender(service.grpc)
    assert sender.send("logs", body) == b""
    head = {**otlp.PROTOBUF, "Content-Length": str(limit + 1)}  # refused before the body, which is not sent
    assert gateway.http_request(service.http, "POST", "/v1/logs", None, head).status == 413
    bomb = gzip.compress(bytes(limit + 1), 1)
    assert gateway.http_request(service.http, "POST", "/v1/logs", bomb, {**otlp.PROTOBUF, "Content-Encoding": "gzip"}, timeout=60).status == 413
    sender.close()
    service.wait_delivered("otlp", "logs", 128, deadline_s=60)
    print(f"peak of resident memory: {service.note_rss_peak() >> 20} MiB")
    service.assert_rss_peak(256 << 20)
