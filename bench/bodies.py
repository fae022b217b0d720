"""The requests of the benchmark: spans as an instrumented HTTP service sends them, from a seed.

100 spans with 8 attributes each are 34 KB, 344 bytes a span.
"""

import random
import struct

from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

SEED = 20261121
TIME = 1_760_000_000_000_000_000


def request(spans: int) -> bytes:
    chance = random.Random(SEED)
    message = trace_service_pb2.ExportTraceServiceRequest()
    entry = message.resource_spans.add()
    for key, value in (("service.name", "checkout"), ("service.version", "2.14.3"), ("host.name", "node-17"),
                       ("telemetry.sdk.language", "python")):
        entry.resource.attributes.add(key=key).value.string_value = value
    scope = entry.scope_spans.add()
    scope.scope.name, scope.scope.version = "io.opentelemetry.http", "1.27.0"
    for index in range(spans):
        span = scope.spans.add(
            trace_id=chance.randbytes(16), span_id=chance.randbytes(8), parent_span_id=chance.randbytes(8),
            name="GET /api/v1/orders/{id}", kind=2, start_time_unix_nano=TIME + index * 1_000_000,
            end_time_unix_nano=TIME + index * 1_000_000 + chance.randrange(10_000, 90_000_000), flags=0x101)
        for key, value in (("http.request.method", "GET"), ("http.route", "/api/v1/orders/{id}"), ("url.scheme", "https"),
                           ("server.address", "orders.shop"), ("network.protocol.version", "1.1"),
                           ("user_agent.original", "curl/8.5")):
            span.attributes.add(key=key).value.string_value = value
        span.attributes.add(key="http.response.status_code").value.int_value = chance.choice([200, 200, 200, 404, 500])
        span.attributes.add(key="server.port").value.int_value = 443
        span.status.SetInParent()
    return message.SerializeToString()


def grpc_frame(body: bytes) -> bytes:
    return struct.pack(">BI", 0, len(body)) + body


if __name__ == "__main__":
    for count in (10, 100, 1000):
        size = len(request(count))
        print(f"{count} spans: {size} bytes, {size / count:.0f} a span")
