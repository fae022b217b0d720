"""The Python client of tests/interop: main.js in its own language.

    sdk_python.py export grpc|http none|gzip ENDPOINT
"""

import sys
import time

from grpc import Compression as GrpcCompression
from opentelemetry import trace
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as GrpcLogs
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter as GrpcMetrics
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcSpans
from opentelemetry.exporter.otlp.proto.http import Compression as HttpCompression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as HttpLogs
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter as HttpMetrics
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpSpans
from opentelemetry.metrics import Observation
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExplicitBucketHistogramAggregation, ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor


def exporters(protocol, coding, endpoint):
    if protocol == "grpc":
        compression = GrpcCompression.Gzip if coding == "gzip" else GrpcCompression.NoCompression
        return [made(endpoint=f"http://{endpoint}", insecure=True, compression=compression) for made in (GrpcSpans, GrpcMetrics, GrpcLogs)]
    compression = HttpCompression.Gzip if coding == "gzip" else HttpCompression.NoCompression
    return [made(endpoint=f"http://{endpoint}/v1/{signal}", compression=compression)
            for made, signal in ((HttpSpans, "traces"), (HttpMetrics, "metrics"), (HttpLogs, "logs"))]


def export(protocol, coding, endpoint):
    spans_to, metrics_to, logs_to = exporters(protocol, coding, endpoint)
    about = Resource.create({"service.name": "interop-python"})
    traces = TracerProvider(resource=about)
    traces.add_span_processor(BatchSpanProcessor(spans_to))
    metrics = MeterProvider(resource=about, metric_readers=[PeriodicExportingMetricReader(metrics_to)], views=[
        View(instrument_name="payload", aggregation=ExponentialBucketHistogramAggregation()),
        View(instrument_name="latency", aggregation=ExplicitBucketHistogramAggregation([5, 10]))])
    logs = LoggerProvider(resource=about)
    logs.add_log_record_processor(BatchLogRecordProcessor(logs_to))

    tracer = traces.get_tracer("interop", "1.2")
    parent = tracer.start_span("parent", kind=trace.SpanKind.SERVER, attributes={
        "text": "größer £ 🛒", "ok": True, "count": 2**53 + 1, "ratio": 0.25, "names": ["a", "b"], "sizes": [1, 2]})
    parent.add_event("cache.miss", {"attempt": 2})
    in_parent = trace.set_span_in_context(parent)
    child = tracer.start_span("child", in_parent, trace.SpanKind.CLIENT, links=[trace.Link(parent.get_span_context(), {"why": "test"})])
    child.set_status(trace.StatusCode.ERROR, "broken")
    child.end()

    meter = metrics.get_meter("interop", "1.2")
    meter.create_counter("requests", unit="{request}").add(3, {"route": "/"})
    meter.create_up_down_counter("connections").add(-2)
    meter.create_gauge("temperature").set(21.5)
    latency, payload = meter.create_histogram("latency"), meter.create_histogram("payload")
    for value in (1.0, 7.0, 50.0):
        latency.record(value)
    for value in (0.0, 1.0, 2.0, 4.0):
        payload.record(value)
    meter.create_observable_counter("ticks", callbacks=[lambda _: [Observation(7)]])

    logger = logs.get_logger("interop", "1.2")
    logger.emit(LogRecord(timestamp=time.time_ns(), context=in_parent, severity_number=SeverityNumber.WARN, severity_text="WARN",
                          body="an order was placed", attributes={"order": 17}))
    logger.emit(LogRecord(timestamp=time.time_ns(), severity_number=SeverityNumber.INFO, body={"kind": "map", "list": [1, True]}))

    parent.end()
    for provider in (traces, metrics, logs):
        provider.shutdown()


if __name__ == "__main__":
    assert sys.argv[1] == "export"
    export(*sys.argv[2:])
