"""A Collector's file as it is: the service starts with it, does what it says, and tells beforehand."""

import os

import pytest

import gateway
import otlp

FILE = gateway.ROOT / "tests" / "golden" / "config" / "collector_runs" / "gateway.yaml"


@pytest.fixture
def environment(tmp_path, grpc_destination, http_destination):
    return {"GRPC": "127.0.0.1:0", "HTTP": "127.0.0.1:0", "HEALTH": "127.0.0.1:0", "METRICS": "127.0.0.1:0",
            "QUEUE": str(tmp_path / "queue"), "TOKEN": "s3cret-token",
            "FIRST": grpc_destination.endpoint, "SECOND": http_destination.endpoint}


def spans(*names):
    made = otlp.REQUEST["traces"].FromString(otlp.request("traces", items=len(names), unknown=False))
    for span, name in zip(made.resource_spans[0].scope_spans[0].spans, names, strict=True):
        span.name = name
    return made.SerializeToString()


def arrived_spans(destination):
    return [span for body in destination.arrived("traces") for r in otlp.REQUEST["traces"].FromString(body).resource_spans
            for s in r.scope_spans for span in s.spans]


def test_the_service_starts_on_the_file_as_it_is_and_does_what_it_says(
        make_gateway, environment, monkeypatch, tmp_path, grpc_destination, http_destination):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    service = make_gateway()
    service.config_file = FILE
    service.start()
    sender = otlp.GrpcSender(service.grpc)
    sender.send("traces", spans("GET /health/live", "buy", "pay"))
    sender.close()
    for signal in ("metrics", "logs"):
        answer = gateway.http_request(service.http, "POST", f"/v1/{signal}", otlp.request(signal), otlp.PROTOBUF)
        assert answer.status == 200
    service.wait_delivered("otlp/first", "traces", 2)
    service.wait_delivered("otlp_http/second", "traces", 2)
    service.wait_delivered("otlp_http/second", "metrics", 3)
    service.wait_delivered("otlp/first", "logs", 3)
    service.wait_delivered("debug", "logs", 3)
    ledger = service.assert_balanced()
    assert ledger["otlp/first", "traces"]["filtered"] == 1
    for destination in (grpc_destination, http_destination):
        found = arrived_spans(destination)
        assert sorted(span.name for span in found) == ["buy", "pay"]
        assert all(any(a.key == "gateway" and a.value.string_value == "edge" for a in span.attributes) for span in found)
    assert {arrival.headers["x-tenant"] for arrival in grpc_destination.seen} == {"shop"}
    seconds = [{k.lower(): v for k, v in arrival.headers.items()} for arrival in http_destination.seen]
    assert {headers["authorization"] for headers in seconds} == {"Bearer s3cret-token"}
    # health_check, zpages, pprof, file_storage and the address of the metrics
    assert service.get("/healthz").status == 200
    assert service.get("/debug/servicez").json()["services"]
    assert "Go" in service.get("/debug/pprof/heap").json()["message"]
    assert gateway.http_request(service.address("metrics"), "GET", "/metrics").status == 200
    assert os.listdir(tmp_path / "queue")


def test_validate_tells_what_becomes_of_each_key(environment):
    told = gateway.run_command("validate", "--from-collector", FILE, env=environment)
    assert told.returncode == 0, told.stdout + told.stderr
    lines = [line.split(": ", 1)[1] for line in told.stdout.splitlines() if ": " in line]
    assert "mapped  extensions.health_check.path -> admin.health_path" in lines
    assert "renamed exporters.otlphttp/second -> exporters.otlp_http/second" in lines
    assert "mapped  extensions.bearertokenauth.token -> exporters.otlp_http/second.headers" in lines
    assert any(line.startswith("better  exporters.otlp/first.sending_queue.storage") for line in lines)
    assert any(line.startswith("ignored receivers.jaeger") for line in lines)
    assert told.stdout.splitlines()[-1].endswith("0 refused: it would start")
    assert "s3cret" not in told.stdout


def test_validate_refuses_with_line_and_reason(tmp_path):
    file = tmp_path / "gateway.yaml"
    file.write_text("receivers: {otlp: {protocols: {grpc: {}}}, jaeger: {}}\nexporters: {debug: {}}\n"
                    "service: {pipelines: {traces: {receivers: [otlp, jaeger], exporters: [debug]}}}\n")
    told = gateway.run_command("validate", "--from-collector", file)
    assert told.returncode == 1
    assert f"{file}:1:52: refused receivers.jaeger: is not supported: only OTLP is received" in told.stdout
    assert told.stdout.splitlines()[-1].endswith(": it would not start")
    missing = gateway.run_command("validate", "--from-collector", tmp_path / "no.yaml")
    assert missing.returncode == 1 and "cannot be read" in missing.stdout
