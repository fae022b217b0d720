"""Own metrics and spans, sent as OTLP to a destination, and never about themselves."""

import time

import destination
import gateway
import otlp


def exporting(make_gateway, **export):
    defaults = {"interval": "200ms", "compression": "none"}
    return make_gateway(service={"telemetry": {
        "resource": {"service.name": "gw", "zone": "a"},
        "export": {name: {**defaults, **settings} for name, settings in export.items()}}}).start()


def metrics_of(bodies):
    """name -> metric of the newest request."""
    request = otlp.REQUEST["metrics"].FromString(bodies[-1])
    return {metric.name: metric for metric in request.resource_metrics[0].scope_metrics[0].metrics}


def spans_of(bodies):
    return [span for body in bodies for resource in otlp.REQUEST["traces"].FromString(body).resource_spans
            for scope in resource.scope_spans for span in scope.spans]


def attributes(item):
    return {attribute.key: attribute.value.string_value or attribute.value.int_value for attribute in item.attributes}


def test_own_metrics_are_those_of_the_scrape(make_gateway, http_destination):
    service = exporting(make_gateway, metrics={"endpoint": http_destination.endpoint})
    assert gateway.http_request(service.http, "POST", "/v1/logs", otlp.request("logs"), otlp.PROTOBUF).status == 200
    service.wait_delivered("debug", "logs", 3)
    arrived = len(http_destination.arrived("metrics"))
    gateway.until(lambda: len(http_destination.arrived("metrics")) >= arrived + 2, "two more requests")
    request = otlp.REQUEST["metrics"].FromString(http_destination.arrived("metrics")[-1])
    assert attributes(request.resource_metrics[0].resource) | {"service.version": ""} == {
        "service.name": "gw", "zone": "a", "service.version": ""}
    sent = metrics_of(http_destination.arrived("metrics"))
    scraped = service.metrics()
    families = {name.removesuffix("_bucket") for name in scraped if not name.endswith(("_sum", "_count"))}
    assert sent.keys() == families
    items = {tuple(sorted(attributes(point).items())): point.as_double for point in sent["otlp_items_total"].sum.data_points}
    assert items[("outcome", "accepted"), ("signal", "logs")] == 3
    assert sent["otlp_items_total"].sum.is_monotonic and sent["otlp_items_total"].sum.aggregation_temporality == 2
    histogram = next(point for point in sent["otlp_request_duration_seconds"].histogram.data_points
                     if attributes(point) == {"signal": "logs", "transport": "http"})
    assert histogram.count == 1 == sum(histogram.bucket_counts) and len(histogram.bucket_counts) == len(histogram.explicit_bounds) + 1
    assert sent["otlp_request_duration_seconds"].unit == "s"
    assert service.metric("otlp_own_exports_total", signal="metrics", outcome="delivered") >= 2


def test_a_request_is_a_span_in_its_senders_trace(make_gateway, grpc_destination):
    service = exporting(make_gateway, traces={"endpoint": f"http://{grpc_destination.endpoint}", "protocol": "grpc", "ratio": 1.0})
    trace, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    sender = otlp.GrpcSender(service.grpc)
    sender.send("metrics", otlp.request("metrics"), metadata=[("traceparent", f"00-{trace}-{parent}-01")])
    sender.close()
    assert gateway.http_request(service.http, "POST", "/v1/logs", b"\xff\xff", otlp.PROTOBUF).status == 400
    gateway.until(lambda: len(spans_of(grpc_destination.arrived("traces"))) == 2, "two spans")
    good, bad = spans_of(grpc_destination.arrived("traces"))
    assert good.name == "receive metrics" and good.kind == 2
    assert good.trace_id.hex() == trace and good.parent_span_id.hex() == parent and len(good.span_id) == 8
    assert attributes(good) == {"signal": "metrics", "transport": "grpc", "status": "ok", "items": 3, "size_bytes": attributes(good)["size_bytes"]}
    assert attributes(good)["size_bytes"] > 100
    assert good.end_time_unix_nano > good.start_time_unix_nano
    assert abs(good.end_time_unix_nano / 1e9 - time.time()) < gateway.DEADLINE_S
    assert attributes(bad)["status"] == "bad_data" and bad.status.code == 2 and bad.trace_id.hex() != trace


def test_own_telemetry_into_oneself_does_not_feed_on_itself(make_gateway):
    """The gateway is its own destination, every request a span: the spans are about what came, not about spans."""
    port = destination.free_port()
    service = make_gateway(receivers={"otlp": {"protocols": {"http": {"endpoint": f"127.0.0.1:{port}"}}}}, service={"telemetry": {"export": {
        "traces": {"endpoint": f"http://127.0.0.1:{port}", "interval": "100ms", "ratio": 1.0},
        "metrics": {"endpoint": f"http://127.0.0.1:{port}", "interval": "100ms"}}}}).start()
    for _ in range(5):
        assert gateway.http_request(service.http, "POST", "/v1/logs", otlp.request("logs"), otlp.PROTOBUF).status == 200
    service.wait_delivered("debug", "traces", 5)
    # Twenty more requests with own metrics come, none with spans.
    before = service.metric("otlp_own_exports_total", signal="metrics", outcome="delivered")
    gateway.until(lambda: service.metric("otlp_own_exports_total", signal="metrics", outcome="delivered") >= before + 20, "own metrics")
    assert service.ledger()["debug", "traces"]["stored"] == 5


def test_a_dead_destination_is_counted_told_and_holds_nobody(make_gateway):
    service = exporting(make_gateway, metrics={"endpoint": f"http://127.0.0.1:{destination.free_port()}"},
                        traces={"endpoint": f"http://127.0.0.1:{destination.free_port()}", "protocol": "grpc", "ratio": 1.0, "timeout": "500ms"})
    assert gateway.http_request(service.http, "POST", "/v1/logs", otlp.request("logs"), otlp.PROTOBUF).status == 200
    for name in ("metrics", "traces"):
        gateway.until(lambda: service.metric("otlp_own_exports_total", signal=name, outcome="failed") >= 1, "a failure")
    assert any(line["message"] == "own telemetry is not taken" for line in service.lines)
    assert service.get("/health").status == 200  # degraded
    assert service.get("/health/ready").status == 200


def test_the_collectors_form_is_understood(tmp_path):
    file = tmp_path / "collector.yaml"
    file.write_text("""
receivers: {otlp: {protocols: {grpc: {endpoint: "127.0.0.1:0"}}}}
exporters: {debug: {}}
service:
  pipelines: {traces: {receivers: [otlp], exporters: [debug]}}
  telemetry:
    metrics:
      readers:
        - periodic: {interval: 30000, exporter: {otlp: {protocol: http/protobuf, endpoint: "https://backend:4318/v1/metrics", headers: [{name: key, value: s3cret}]}}}
    traces:
      processors: [{batch: {schedule_delay: 2000, exporter: {otlp: {protocol: grpc, endpoint: "backend:4317", insecure: true}}}}]
      sampler: {parent_based: {root: {trace_id_ratio_based: {ratio: 0.25}}}}
""")
    said = gateway.run_command("config", "--config", file)
    assert said.returncode == 0, said.stderr
    import yaml
    export = yaml.safe_load(said.stdout)["service"]["telemetry"]["export"]
    assert export["metrics"]["endpoint"] == "https://backend:4318/v1/metrics" and str(export["metrics"]["interval"]) in ("30s", "30000ms")
    assert export["traces"] | {"timeout": 0, "compression": 0} == {
        "endpoint": "http://backend:4317", "protocol": "grpc", "interval": "2000ms", "ratio": 0.25, "timeout": 0, "compression": 0}
    assert "s3cret" not in said.stdout
    file.write_text(file.read_text().replace("[{batch:", "[{simple:"))
    wrong = gateway.run_command("validate", "--config", file)
    assert wrong.returncode == 1 and "only `batch`" in wrong.stdout + wrong.stderr
