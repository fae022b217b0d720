"""Each processor through the running service: a real SDK or raw requests in, a recording destination out.

Method: what arrives is compared with what protobuf's classes make of what was sent; the ledger must
say of every item whether it was delivered or filtered, also after `kill -9` and over an outage.
"""

import collections

import grpc
import pytest
import yaml
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased

import destination
import gateway
import otlp
import sdk


def with_processors(make_gateway, target, processors, used=None, **changes):
    names = used or list(processors)
    return make_gateway(
        {"otlp/out": gateway.exporter("otlp", target.endpoint)}, processors=processors,
        service={"pipelines": {name: {"receivers": ["otlp"], "processors": names, "exporters": ["otlp/out"]}
                               for name in otlp.SIGNALS if name != "metrics" or "probabilistic_sampler" not in names}},
        **changes).start()


def spans_of(bodies):
    return [span for body in bodies for r in otlp.REQUEST["traces"].FromString(body).resource_spans
            for s in r.scope_spans for span in s.spans]


def records_of(bodies):
    return [record for body in bodies for r in otlp.REQUEST["logs"].FromString(body).resource_logs
            for s in r.scope_logs for record in s.log_records]


def attributes_of(message):
    return {pair.key: pair.value for pair in message.attributes}


def wait_settled(service, signal, items):
    """All `items` of a signal have come to their end."""
    def settled():
        states = service.ledger()["otlp/out", signal]
        return states.get("stored", 0) >= items and states["pending"] == 0
    gateway.until(settled, lambda: f"{items} {signal}: {service.ledger()}")
    return service.assert_balanced()["otlp/out", signal]


def test_filter_and_the_ledger(make_gateway, grpc_destination):
    service = with_processors(make_gateway, grpc_destination, {"filter": {
        "traces": {"span": ['name == "charge card"']},
        "logs": {"log_record": ["severity_number >= SEVERITY_NUMBER_ERROR"]},
        "metrics": {"metric": ['name == "stock"']}}})
    client = sdk.Sdk(service, "grpc")
    client.work(rounds=40)
    client.close()
    sent = spans_of(client.sent["traces"])
    dropped = [span for span in sent if span.name == "charge card"]
    assert len(dropped) == 40
    states = wait_settled(service, "traces", len(sent))
    assert (states["filtered"], states["delivered"]) == (40, len(sent) - 40)
    # What stays is what was sent, byte for byte.
    want = collections.Counter(s.SerializeToString() for s in sent if s.name != "charge card")
    assert collections.Counter(s.SerializeToString() for s in spans_of(grpc_destination.arrived("traces"))) == want
    errors = [r for r in records_of(client.sent["logs"]) if r.severity_number >= 17]
    states = wait_settled(service, "logs", client.items_sent("logs"))
    assert states["filtered"] == len(errors) > 0
    states = wait_settled(service, "metrics", client.items_sent("metrics"))
    assert states["filtered"] > 0
    assert service.metric("otlp_export_items_total", outcome="filtered", signal="traces") == 40


def test_a_request_that_no_processor_touches_arrives_byte_for_byte(make_gateway, grpc_destination):
    service = with_processors(make_gateway, grpc_destination, {
        "filter": {"traces": {"span": ['name == "nobody"']}},
        "attributes": {"actions": [{"key": "nobody", "action": "delete"}]},
        "transform": {"trace_statements": ['set(span.name, "x") where span.name == "nobody"']}})
    sender = otlp.GrpcSender(service.grpc)
    bodies = [otlp.request("traces", items=10, resources=2) for _ in range(20)]
    for body in bodies:
        assert sender.send("traces", body) == b""
    sender.close()
    service.wait_delivered("otlp/out", "traces", 400)
    assert otlp.containers(bodies) == grpc_destination.containers("traces")


def test_attributes_and_resource(make_gateway, grpc_destination):
    service = with_processors(make_gateway, grpc_destination, {
        "attributes": {"actions": [
            {"key": "http.route", "action": "delete"},
            {"key": "gateway", "value": "edge-1", "action": "insert"},
            {"key": "user.id", "action": "convert", "converted_type": "string"}]},
        "resource": {"attributes": [{"key": "deployment.environment", "value": "production", "action": "update"}]}})
    client = sdk.Sdk(service, "http")
    client.work()
    client.close()
    for name in otlp.SIGNALS:
        service.wait_delivered("otlp/out", name, client.items_sent(name))
    sent = {span.span_id: span for span in spans_of(client.sent["traces"])}
    for span in spans_of(grpc_destination.arrived("traces")):
        want = sent.pop(span.span_id)
        for index in reversed(range(len(want.attributes))):
            if want.attributes[index].key == "http.route":
                del want.attributes[index]
            elif want.attributes[index].key == "user.id":
                want.attributes[index].value.string_value = str(want.attributes[index].value.int_value)
        added = want.attributes.add()
        added.key, added.value.string_value = "gateway", "edge-1"
        assert span == want
    assert not sent
    for body in grpc_destination.arrived("logs"):
        for group in otlp.REQUEST["logs"].FromString(body).resource_logs:
            assert attributes_of(group.resource)["deployment.environment"].string_value == "production"


def test_transform(make_gateway, grpc_destination):
    service = with_processors(make_gateway, grpc_destination, {"transform": {
        "trace_statements": [
            'set(span.attributes["failed"], true) where span.status.code == STATUS_CODE_ERROR',
            {"context": "span", "conditions": ["kind == SPAN_KIND_SERVER"], "statements": [
                'replace_pattern(name, "^([A-Z]+) /", "$$1 ")',
                'keep_keys(attributes, ["http.request.method", "user.id"])']}],
        "log_statements": [{"context": "log", "statements": [
            'set(body, Concat(["masked", severity_text], " ")) where IsMatch(body, "declined")']}]}})
    client = sdk.Sdk(service, "grpc")
    client.work(rounds=40)
    client.close()
    service.wait_delivered("otlp/out", "traces", 80)
    arrived = spans_of(grpc_destination.arrived("traces"))
    servers = [span for span in arrived if span.kind == 2]
    assert {span.name for span in servers} == {"POST checkout"}
    assert {frozenset(attributes_of(span)) for span in servers} == {frozenset({"http.request.method", "user.id"})}
    failed = [span for span in arrived if span.status.code == 2]
    assert failed and all(attributes_of(span)["failed"].bool_value for span in failed)
    service.wait_delivered("otlp/out", "logs", client.items_sent("logs"))
    bodies = {record.body.string_value for record in records_of(grpc_destination.arrived("logs"))}
    assert "masked ERROR" in bodies and not any("declined" in body for body in bodies)


def test_redaction(make_gateway, grpc_destination):
    service = with_processors(make_gateway, grpc_destination, {"redaction": {
        "allow_all_keys": True, "blocked_key_patterns": ["^user[.]"], "blocked_values": ["declined|größer"], "summary": "debug"}})
    client = sdk.Sdk(service, "grpc")
    client.work(rounds=40)
    client.close()
    for name in otlp.SIGNALS:
        service.wait_delivered("otlp/out", name, client.items_sent(name))
    for span in spans_of(grpc_destination.arrived("traces")):
        found = attributes_of(span)
        if "user.id" in found:
            assert found["user.id"].string_value == "****"
            assert found["text"].string_value == "**** £ 🛒"
            assert found["redaction.masked.keys"].string_value == "text,user.id"
            assert found["redaction.masked.count"].int_value == 2
    everything = b"".join(grpc_destination.arrived("logs")) + b"".join(
        span.events[i].SerializeToString() for span in spans_of(grpc_destination.arrived("traces")) for i in range(len(span.events)))
    assert b"declined" not in everything


@pytest.mark.parametrize("percentage", [25, 50])
def test_the_sampler_decides_as_the_sdk_does(make_gateway, grpc_destination, percentage):
    """`trace_id_ratio` keeps the traces that the SDK's TraceIdRatioBased of that ratio keeps, no other."""
    service = with_processors(make_gateway, grpc_destination, {"probabilistic_sampler": {
        "sampling_percentage": percentage, "mode": "trace_id_ratio"}})
    client = sdk.Sdk(service, "grpc")
    client.work(rounds=200)
    client.close()
    sampler = TraceIdRatioBased(percentage / 100)
    sent = spans_of(client.sent["traces"])
    kept = [span for span in sent if sampler.should_sample(
        None, int.from_bytes(span.trace_id, "big"), span.name).decision.is_sampled()]
    states = wait_settled(service, "traces", len(sent))
    assert states["delivered"] == len(kept) and 0 < len(kept) < len(sent)
    assert ({span.span_id for span in spans_of(grpc_destination.arrived("traces"))} == {span.span_id for span in kept})


def test_the_ledger_balances_over_an_outage_kill_and_restart(make_gateway, grpc_destination):
    """Dropped items are booked once, although they are read again after `kill -9`."""
    service = with_processors(make_gateway, grpc_destination, {"filter": {
        "traces": {"span": ['IsMatch(span_id.string, "[0-7]$")']}}}, used=["filter"])
    sender = otlp.GrpcSender(service.grpc)
    bodies = [otlp.request("traces", items=50) for _ in range(40)]
    for body in bodies[:10]:
        sender.send("traces", body)
    wait_settled(service, "traces", 500)
    grpc_destination.answer = lambda *_: destination.Answer(code=grpc.StatusCode.UNAVAILABLE, record=False)
    for body in bodies[10:30]:
        sender.send("traces", body)
    sender.close()
    service.kill()
    grpc_destination.answer = lambda *_: destination.Answer()
    service.start()
    sender = otlp.GrpcSender(service.grpc)
    for body in bodies[30:]:
        sender.send("traces", body)
    sender.close()
    states = wait_settled(service, "traces", 2000)
    dropped = sum(span.span_id.hex()[-1] in "01234567" for span in spans_of(bodies))
    assert (states["stored"], states["filtered"], states["delivered"]) == (2000, dropped, 2000 - dropped)
    kept = {span.span_id for span in spans_of(bodies) if span.span_id.hex()[-1] not in "01234567"}
    assert {span.span_id for span in spans_of(grpc_destination.arrived("traces"))} == kept
    service.stop()
    service.start()
    assert service.assert_balanced()["otlp/out", "traces"]["filtered"] == dropped


@pytest.mark.parametrize("asked_late", [False, True])
def test_from_context_comes_from_the_disk(make_gateway, grpc_destination, asked_late):
    """Headers and the sender's address are there when the request is long gone, if they were asked for when it came. Method:
    requests are stored while the destination is away, the service is killed, and delivers in its next life."""
    listeners = {"otlp": {"protocols": {"grpc": {"include_metadata": True}, "http": {"include_metadata": True}}}}
    asking = {"attributes": {"actions": [
        {"key": "tenant", "from_context": "metadata.X-Tenant", "action": "insert"},
        {"key": "none", "from_context": "metadata.x-none", "action": "upsert"}]},
        "resource": {"attributes": [{"key": "sender", "from_context": "client.address", "action": "upsert"}]}}
    grpc_destination.answer = lambda *_: destination.Answer(code=grpc.StatusCode.UNAVAILABLE, record=False)
    idle = {"attributes": {"actions": [{"key": "nobody", "action": "delete"}]}, "resource": {"attributes": [{"key": "nobody", "action": "delete"}]}}
    service = with_processors(make_gateway, grpc_destination, idle if asked_late else asking, receivers=listeners)
    for round_ in range(3):
        sender = otlp.GrpcSender(service.grpc)
        sender.send("traces", otlp.request("traces", items=2), metadata=[("x-tenant", f"grpc-{round_}"), ("x-tenant", "b"), ("x-other", "secret")])
        sender.close()
        answer = gateway.http_request(service.http, "POST", "/v1/traces", otlp.request("traces", items=2), {**otlp.PROTOBUF, "X-TENANT": f"http-{round_}"})
        assert answer.status == 200
        assert gateway.http_request(service.http, "POST", "/v1/traces", otlp.request("traces", items=2), otlp.PROTOBUF).status == 200
    service.kill()
    stored = b"".join(path.read_bytes() for path in (service.directory / "data").glob("segment-*"))
    assert (b"grpc-0;b" in stored) != asked_late and b"secret" not in stored
    if asked_late:
        service.settings["processors"] = asking
        service.config_file.write_text(yaml.safe_dump(service.settings, sort_keys=False))
    grpc_destination.answer = lambda *_: destination.Answer()
    service.start()
    wait_settled(service, "traces", 18)
    found = collections.Counter()
    for body in grpc_destination.arrived("traces"):
        for group in otlp.REQUEST["traces"].FromString(body).resource_spans:
            senders = attributes_of(group.resource)
            for span in (span for scope in group.scope_spans for span in scope.spans):
                values = attributes_of(span)
                assert "none" not in values
                found[values["tenant"].string_value if "tenant" in values else None,
                      senders["sender"].string_value if "sender" in senders else None] += 1
    if asked_late:
        assert found == {(None, None): 18}
    else:
        want = {(None, "127.0.0.1"): 6}
        for round_ in range(3):
            want.update({(f"grpc-{round_};b", "127.0.0.1"): 2, (f"http-{round_}", "127.0.0.1"): 2})
        assert found == want


def test_each_exporter_has_its_own_processors(make_gateway, grpc_destination, http_destination):
    """One stored copy, two forms of it: what one pipeline drops another delivers."""
    service = make_gateway(
        {"otlp/out": gateway.exporter("otlp", grpc_destination.endpoint),
         "otlp_http/all": gateway.exporter("otlp_http", http_destination.endpoint)},
        processors={"filter": {"traces": {"span": ['kind == SPAN_KIND_CLIENT']}}},
        service={"pipelines": {
            "traces": {"receivers": ["otlp"], "processors": ["filter"], "exporters": ["otlp/out"]},
            "traces/all": {"receivers": ["otlp"], "exporters": ["otlp_http/all"]}}}).start()
    client = sdk.Sdk(service, "grpc")
    client.work()
    client.tracers.force_flush()
    service.wait_delivered("otlp_http/all", "traces", 40)
    assert wait_settled(service, "traces", 40)["filtered"] == 20
    assert otlp.containers(client.sent["traces"]) == http_destination.containers("traces")
    client.tracers.shutdown()
