"""Every item arrives, once, unchanged byte for byte: from real clients, to every kind of destination.

Method: clients keep what they sent; destinations keep raw requests. ResourceSpans, ResourceMetrics and
ResourceLogs are compared as multisets of bytes, so that a batch may merge requests but change nothing.
"""

import collections
import gzip
import json

import grpc
import pytest
import yaml

import destination
import gateway
import otlp
import sdk

CLIENTS = [("grpc", False), ("grpc", True), ("http", False), ("http", True)]
CLIENT_IDS = ["grpc", "grpc-gzip", "http", "http-gzip"]


def assert_same(sent, arrived, signal):
    missing, extra = sent - arrived, arrived - sent
    assert not missing and not extra, f"{signal}: {missing.total()} missing, {extra.total()} not sent"


def send_all(client):
    client.work()
    client.close()
    assert all(client.sent[name] for name in otlp.SIGNALS)


def assert_arrived(client, service, exporter_id, target):
    for name in otlp.SIGNALS:
        service.wait_delivered(exporter_id, name, client.items_sent(name))
        assert_same(otlp.containers(client.sent[name]), target.containers(name), name)
    ledger = service.assert_balanced()
    for name in otlp.SIGNALS:
        assert ledger[exporter_id, name]["stored"] == client.items_sent(name)
        assert ledger[exporter_id, name]["pending"] == 0


@pytest.mark.parametrize("protocol,compressed", CLIENTS, ids=CLIENT_IDS)
def test_sdk_to_a_grpc_destination(make_gateway, grpc_destination, protocol, compressed):
    service = make_gateway({"otlp/out": gateway.exporter("otlp", grpc_destination.endpoint)}).start()
    client = sdk.Sdk(service, protocol, compressed)
    send_all(client)
    assert_arrived(client, service, "otlp/out", grpc_destination)


@pytest.mark.parametrize("protocol,compressed", CLIENTS, ids=CLIENT_IDS)
def test_sdk_to_an_http_destination(make_gateway, http_destination, protocol, compressed):
    service = make_gateway({"otlp_http/out": gateway.exporter("otlp_http", http_destination.endpoint)}).start()
    client = sdk.Sdk(service, protocol, compressed)
    send_all(client)
    assert_arrived(client, service, "otlp_http/out", http_destination)


# gRPC has no zstd; the configuration refuses it there.
@pytest.mark.parametrize(("kind", "compression"), [("otlp", "gzip"), ("otlp_http", "gzip"), ("otlp_http", "zstd")])
def test_compressed_on_the_way_out(make_gateway, kind, compression):
    target = destination.GrpcDestination() if kind == "otlp" else destination.HttpDestination()
    service = make_gateway({kind: gateway.exporter(kind, target.endpoint, compression=compression)}).start()
    sender = otlp.GrpcSender(service.grpc)
    bodies = [otlp.request("traces", items=20) for _ in range(20)]
    for body in bodies:
        assert sender.send("traces", body) == b""
    service.wait_delivered(kind, "traces", 400)
    assert_same(otlp.containers(bodies), target.containers("traces"), "traces")
    if kind == "otlp_http":
        assert {arrival.headers.get("content-encoding") for arrival in target.seen} == {compression}
    sender.close()
    service.close()
    target.close()


@pytest.mark.parametrize("kind", ["otlp", "otlp_http"])
def test_what_came_as_gzip_goes_out_as_it_came(make_gateway, http_destination, kind):
    """Method: gzip and plain requests into a gateway that reuses gzip; over HTTP to a destination, over gRPC to a second
    gateway, for Python's gRPC reads one member only. What is stored is the senders' gzip."""
    target, wanted = http_destination, f"{kind}/out"
    if kind == "otlp":
        inner = make_gateway({"otlp_http": gateway.exporter("otlp_http", target.endpoint)}, name="inner").start()
    endpoint = inner.grpc if kind == "otlp" else target.endpoint
    service = make_gateway({wanted: gateway.exporter(kind, endpoint, compression="gzip", compression_params={"reuse": True})}, name="outer",
                           storage={"history_size_max": 64 << 20}).start()
    bodies = [otlp.request("traces", items=20) for _ in range(20)]
    packed = [gzip.compress(body) for body in bodies[5:]]
    for body, headers in [*((body, {}) for body in bodies[:5]), *((body, {"content-encoding": "gzip"}) for body in packed)]:
        assert gateway.http_request(service.http, "POST", "/v1/traces", body, {"content-type": "application/x-protobuf", **headers}).status == 200
    service.wait_delivered(wanted, "traces", 400)
    if kind == "otlp":
        inner.wait_delivered("otlp_http", "traces", 400)
    assert_same(otlp.containers(bodies), target.containers("traces"), "traces")
    service.assert_balanced()
    gateway.until(lambda: service.metric("otlp_traces_total") > 0, "the trace service, which reads gzip too")
    service.stop()
    stored = b"".join(segment.read_bytes() for segment in (service.directory / "data").glob("segment-*"))
    assert all(body in stored for body in packed) and not any(body in stored for body in bodies[5:])


def test_raw_requests_with_unknown_fields_through_a_second_gateway(make_gateway, grpc_destination):
    inner = make_gateway({"otlp": gateway.exporter("otlp", grpc_destination.endpoint)}, name="inner").start()
    outer = make_gateway({"otlp": gateway.exporter("otlp", inner.grpc),
                          "otlp_http": gateway.exporter("otlp_http", f"http://{inner.http}")}, name="outer").start()
    sender = otlp.GrpcSender(outer.grpc)
    sent = collections.defaultdict(list)
    for _ in range(10):
        for name in otlp.SIGNALS:
            body = otlp.request(name, items=4, resources=2)
            assert sender.send(name, body) == b""
            sent[name].append(body)
    sender.close()
    for name in otlp.SIGNALS:
        outer.wait_delivered("otlp", name, 80)
        outer.wait_delivered("otlp_http", name, 80)
        inner.wait_delivered("otlp", name, 160)
        once = otlp.containers(sent[name])
        assert_same(once + once, grpc_destination.containers(name), name)
    outer.assert_balanced()
    inner.assert_balanced()


@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_all_signals_into_a_file(make_gateway, tmp_path, protocol):
    path = tmp_path / "out.jsonl"
    service = make_gateway({"file": {"path": str(path)}}).start()
    client = sdk.Sdk(service, protocol)
    send_all(client)
    for name in otlp.SIGNALS:
        service.wait_delivered("file", name, client.items_sent(name))
    service.assert_balanced()
    service.stop()
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    spans = [span for line in lines for r in line.get("resourceSpans", []) for s in r["scopeSpans"] for span in s["spans"]]
    sent = [span for body in client.sent["traces"] for r in otlp.REQUEST["traces"].FromString(body).resource_spans
            for s in r.scope_spans for span in s.spans]
    assert sorted(span["spanId"] for span in spans) == sorted(span.span_id.hex() for span in sent)
    records = [record for line in lines for r in line.get("resourceLogs", []) for s in r["scopeLogs"] for record in s["logRecords"]]
    assert len(records) == client.items_sent("logs")
    names = {metric["name"] for line in lines for r in line.get("resourceMetrics", []) for s in r["scopeMetrics"] for metric in s["metrics"]}
    assert {"orders", "latency", "stock"} <= names


def test_json_by_plain_http_arrives_as_protobuf(make_gateway, grpc_destination):
    service = make_gateway({"otlp": gateway.exporter("otlp", grpc_destination.endpoint)}).start()
    folder = gateway.ROOT / "subprojects/otlpview/testdata/otlp_json"
    rows = [line.split("\t") for line in (folder / "expected.tsv").read_text().splitlines() if not line.startswith("#")][1:]
    sent = collections.Counter()
    for file, path, status, partial, items, expected in rows:
        if status != "200" or partial != "unset":
            continue
        body = (folder / file).read_bytes()
        for coding in ("identity", "gzip"):
            answer = gateway.http_request(service.http, "POST", path, gzip.compress(body) if coding == "gzip" else body,
                                          {**otlp.JSON, "Content-Encoding": coding})
            assert (answer.status, answer.body) == (200, b"{}"), file
            sent[otlp.SIGNAL_OF_PATH[path]] += int(items)
    for name, items in sent.items():
        service.wait_delivered("otlp", name, items)
        assert grpc_destination.items(name) == items
    want = {name: collections.Counter() for name in otlp.SIGNALS}
    for file, path, status, partial, _, expected in rows:
        if status == "200" and partial == "unset":
            name = otlp.SIGNAL_OF_PATH[path]
            want[name] += collections.Counter({canonical(name, expected): 2})
    for name in sent:
        got = collections.Counter()
        for container, times in grpc_destination.containers(name).items():
            got[canonical(name, otlp.field(1, container).hex())] += times
        assert got == want[name], name


def canonical(signal, body_hex):
    """The message in field order, whichever order it came in."""
    return otlp.REQUEST[signal].FromString(bytes.fromhex(body_hex)).SerializeToString(deterministic=True)


def test_both_protocols_on_either_port(make_gateway, grpc_destination):
    service = make_gateway({"otlp": gateway.exporter("otlp", grpc_destination.endpoint)}).start()
    sent = []
    for address in (service.grpc, service.http):
        sender = otlp.GrpcSender(address)
        sent.append(otlp.request("logs"))
        assert sender.send("logs", sent[-1], compression=grpc.Compression.Gzip) == b""
        sender.close()
        sent.append(otlp.request("logs"))
        assert gateway.http_request(address, "POST", "/v1/logs", sent[-1], otlp.PROTOBUF).status == 200
    service.wait_delivered("otlp", "logs", 12)
    assert_same(otlp.containers(sent), grpc_destination.containers("logs"), "logs")


def test_a_receiver_takes_the_signals_of_its_pipelines(make_gateway, grpc_destination):
    """Method: traces from one receiver, logs from another; a third is in no pipeline, and does not listen."""
    service = make_gateway({"otlp": gateway.exporter("otlp", grpc_destination.endpoint)})
    service.settings["receivers"] = {name: {"protocols": {"http": {"endpoint": "127.0.0.1:0", "max_request_body_size": 1 << 20}}}
                                     for name in ("otlp/a", "otlp/none", "otlp/b")}
    service.settings["service"]["pipelines"] = {"traces": {"receivers": ["otlp/a"], "exporters": ["otlp"]},
                                                "logs": {"receivers": ["otlp/b"], "exporters": ["otlp"]}}
    service.config_file.write_text(yaml.safe_dump(service.settings, sort_keys=False))
    service.start()
    listening = [line["address"] for line in service.lines if line.get("message") == "listening" and line["protocol"] == "http"]
    assert len(listening) == 2

    def post(address, signal):
        return gateway.http_request(address, "POST", f"/v1/{signal}", otlp.request(signal, items=1), otlp.PROTOBUF).status

    a, b = listening
    assert [post(a, "traces"), post(a, "logs"), post(b, "traces"), post(b, "logs")] == [200, 404, 404, 200]
    for signal in ("traces", "logs"):
        service.wait_delivered("otlp", signal, 1)


def test_a_dead_destination_delays_no_other(make_gateway, grpc_destination):
    """Promise 5, R-11. Method: one exporter's port refuses, the other's answers; both read one stored copy."""
    nobody = f"127.0.0.1:{destination.free_port()}"
    service = make_gateway({"otlp/alive": gateway.exporter("otlp", grpc_destination.endpoint),
                            "otlp/dead": gateway.exporter("otlp", nobody)}).start()
    sender = otlp.GrpcSender(service.grpc)
    bodies = [otlp.request("traces", items=5) for _ in range(50)]
    for body in bodies:
        assert sender.send("traces", body) == b""
    sender.close()
    service.wait_delivered("otlp/alive", "traces", 250)
    assert_same(otlp.containers(bodies), grpc_destination.containers("traces"), "traces")
    ledger = service.assert_balanced()
    assert ledger["otlp/dead", "traces"]["pending"] == 250
    assert service.is_ready()


def test_large_requests_are_delivered_below_the_peers_limit(make_gateway, grpc_destination):
    """One request above the batch size leaves in parts; items are counted, containers repeated (W-11)."""
    service = make_gateway({"otlp": gateway.exporter("otlp", grpc_destination.endpoint)}).start()
    sender = otlp.GrpcSender(service.grpc)
    body = otlp.request("traces", items=20_000, text_bytes=400)
    assert len(body) > 8 << 20
    assert sender.send("traces", body) == b""
    sender.close()
    service.wait_delivered("otlp", "traces", 20_000)
    assert grpc_destination.items("traces") == 20_000
    assert max(len(arrived) for arrived in grpc_destination.arrived("traces")) <= 4 << 20
    ids = [span.span_id for arrived in grpc_destination.arrived("traces")
           for r in otlp.REQUEST["traces"].FromString(arrived).resource_spans for s in r.scope_spans for span in s.spans]
    assert len(set(ids)) == 20_000
