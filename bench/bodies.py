"""The requests of the benchmark: what an instrumented HTTP service sends, from a seed.

100 spans with 8 attributes each are 34 KB, 344 bytes a span. Log records and metric points carry the same
attributes. `resources` spreads the items over so many resources.
"""

import base64
import gzip
import json
import random
import struct

import zstandard
from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

SEED = 20261121
TIME = 1_760_000_000_000_000_000
GZIP_LEVEL, ZSTD_LEVEL = 6, 3  # what the SDKs use
TEXT = (("http.request.method", "GET"), ("http.route", "/api/v1/orders/{id}"), ("url.scheme", "https"),
        ("server.address", "orders.shop"), ("network.protocol.version", "1.1"), ("user_agent.original", "curl/8.5"))


def attribute_all(target, chance):
    for key, value in TEXT:
        target.attributes.add(key=key).value.string_value = value
    target.attributes.add(key="http.response.status_code").value.int_value = chance.choice([200, 200, 200, 404, 500])
    target.attributes.add(key="server.port").value.int_value = 443


def add_span(scope, index, chance):
    span = scope.spans.add(
        trace_id=chance.randbytes(16), span_id=chance.randbytes(8), parent_span_id=chance.randbytes(8),
        name="GET /api/v1/orders/{id}", kind=2, start_time_unix_nano=TIME + index * 1_000_000,
        end_time_unix_nano=TIME + index * 1_000_000 + chance.randrange(10_000, 90_000_000), flags=0x101)
    attribute_all(span, chance)
    span.status.SetInParent()


def add_log(scope, index, chance):
    record = scope.log_records.add(
        time_unix_nano=TIME + index * 1_000_000, observed_time_unix_nano=TIME + index * 1_000_000 + 5_000, severity_number=9,
        severity_text="INFO", trace_id=chance.randbytes(16), span_id=chance.randbytes(8), flags=1)
    record.body.string_value = f"order {chance.randrange(1_000_000)} priced in {chance.randrange(1, 90)} ms"
    attribute_all(record, chance)


def add_point(scope, index, chance):
    """Ten points a metric, as a histogram's or counter's series come."""
    if index % 10 == 0:
        metric = scope.metrics.add(name=f"http.server.requests.{index // 10}", description="Requests served.", unit="{request}")
        metric.sum.aggregation_temporality, metric.sum.is_monotonic = 2, True
    point = scope.metrics[-1].sum.data_points.add(start_time_unix_nano=TIME, time_unix_nano=TIME + 10_000_000_000,
                                                  as_int=chance.randrange(1_000_000))
    attribute_all(point, chance)


KINDS = {
    "traces": (trace_service_pb2.ExportTraceServiceRequest, "resource_spans", "scope_spans", add_span),
    "logs": (logs_service_pb2.ExportLogsServiceRequest, "resource_logs", "scope_logs", add_log),
    "metrics": (metrics_service_pb2.ExportMetricsServiceRequest, "resource_metrics", "scope_metrics", add_point),
}


def message(signal, items, resources=1):
    chance = random.Random(SEED)
    make, of_resource, of_scope, add = KINDS[signal]
    made = make()
    for number in range(resources):
        entry = getattr(made, of_resource).add()
        for key, value in (("service.name", f"checkout{number or ''}"), ("service.version", "2.14.3"), ("host.name", f"node-{17 + number}"),
                           ("telemetry.sdk.language", "python")):
            entry.resource.attributes.add(key=key).value.string_value = value
        scope = getattr(entry, of_scope).add()
        scope.scope.name, scope.scope.version = "io.opentelemetry.http", "1.27.0"
        for index in range(number, items, resources):
            add(scope, index // resources, chance)
    return made


def request(items, signal="traces", resources=1) -> bytes:
    return message(signal, items, resources).SerializeToString()


def as_json(items, signal="traces", resources=1) -> bytes:
    """OTLP's JSON: protobuf's, but for ids in hex and enums as numbers."""
    def hex_ids(node):
        if isinstance(node, list):
            return [hex_ids(entry) for entry in node]
        if not isinstance(node, dict):
            return node
        return {key: base64.b64decode(value).hex() if key in ("traceId", "spanId", "parentSpanId") else hex_ids(value)
                for key, value in node.items()}
    tree = json_format.MessageToDict(message(signal, items, resources), use_integers_for_enums=True)
    return json.dumps(hex_ids(tree), separators=(",", ":")).encode()


def compress(body: bytes, coding) -> bytes:
    if coding == "gzip":
        return gzip.compress(body, GZIP_LEVEL, mtime=0)
    if coding == "zstd":
        return zstandard.ZstdCompressor(ZSTD_LEVEL).compress(body)
    return body


def grpc_frame(body: bytes, compressed=False) -> bytes:
    return struct.pack(">BI", compressed, len(body)) + body


if __name__ == "__main__":
    for kind in KINDS:
        for count in (10, 100, 1000):
            size = len(request(count, kind))
            print(f"{count} {kind}: {size} bytes, {size / count:.0f} an item, as JSON {len(as_json(count, kind))}")
