"""OTLP requests as bytes: made, taken apart and counted, by the published protobuf classes.

`containers` splits at the top level by hand, so that what a test compares are the very bytes.
"""

import collections
import itertools

import grpc
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.profiles.v1development import profiles_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

SIGNALS = ("traces", "metrics", "logs")  # profiles are served only where a pipeline takes them
REQUEST = {
    "traces": trace_service_pb2.ExportTraceServiceRequest,
    "metrics": metrics_service_pb2.ExportMetricsServiceRequest,
    "logs": logs_service_pb2.ExportLogsServiceRequest,
    "profiles": profiles_service_pb2.ExportProfilesServiceRequest,
}
RESPONSE = {
    "traces": trace_service_pb2.ExportTraceServiceResponse,
    "metrics": metrics_service_pb2.ExportMetricsServiceResponse,
    "logs": logs_service_pb2.ExportLogsServiceResponse,
    "profiles": profiles_service_pb2.ExportProfilesServiceResponse,
}
METHOD = {
    "traces": "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    "metrics": "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
    "logs": "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
    "profiles": "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export",
}
PATH = {**{name: f"/v1/{name}" for name in SIGNALS}, "profiles": "/v1development/profiles"}
SIGNAL_OF_METHOD = {path: name for name, path in METHOD.items()}
SIGNAL_OF_PATH = {path: name for name, path in PATH.items()}
PROTOBUF = {"Content-Type": "application/x-protobuf"}
JSON = {"Content-Type": "application/json"}

# A field that no schema knows: number 5000, length-delimited. It must survive (promise 3).
UNKNOWN_FIELD = b"\xc2\xb8\x02\x07unknown"


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number, payload):
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def read_field(data):
    """The payload of the length-delimited field that `data` begins with."""
    _, at = read_varint(data, 0)
    size, at = read_varint(data, at)
    return data[at:at + size]


def unknown_padding(size):
    """Bytes of an unknown field, `size` in all; some sizes at the ends of varints cannot be made."""
    for prefix in range(2, 8):
        payload = size - prefix
        if payload >= 0 and 1 + len(varint(payload)) == prefix:
            return varint(15 << 3 | 2) + varint(payload) + b"x" * payload
    raise AssertionError(size)


def read_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
        shift += 7


def containers(bodies):
    """Field 1 of each body, byte for byte, as a multiset; nothing else may stand there."""
    found = collections.Counter()
    for body in bodies:
        at = 0
        while at < len(body):
            assert body[at] == 0x0A, f"tag {body[at]:#x} at the top level"
            size, at = read_varint(body, at + 1)
            found[body[at:at + size]] += 1
            at += size
            assert at <= len(body)
    return found


def item_count(signal, body):
    request = REQUEST[signal].FromString(body)
    if signal == "traces":
        return sum(len(s.spans) for r in request.resource_spans for s in r.scope_spans)
    if signal == "logs":
        return sum(len(s.log_records) for r in request.resource_logs for s in r.scope_logs)
    if signal == "profiles":
        return sum(len(s.profiles) for r in request.resource_profiles for s in r.scope_profiles)
    return sum(len(getattr(m, m.WhichOneof("data")).data_points) for r in request.resource_metrics
               for s in r.scope_metrics for m in s.metrics if m.WhichOneof("data"))


_serial = itertools.count(1)
TIME = 1_760_000_000_000_000_000


def request(signal, items=3, text_bytes=20, resources=1, unknown=True):
    """A valid request of `items` items that is like no other, with unknown fields at two levels."""
    message = REQUEST[signal]()
    body = b""
    for _ in range(resources):
        serial = next(_serial)
        container = message.resource_spans if signal == "traces" else (
            message.resource_metrics if signal == "metrics" else message.resource_logs)
        entry = container.add(schema_url="https://opentelemetry.io/schemas/1.27.0")
        attribute = entry.resource.attributes.add(key="service.name")
        attribute.value.string_value = f"service-{serial}"
        _fill(signal, entry, serial, items, text_bytes)
        data = entry.SerializeToString()
        if unknown:
            data += UNKNOWN_FIELD
        body += field(1, data)
    return body


def _fill(signal, entry, serial, items, text_bytes):
    text = "x" * text_bytes
    if signal == "traces":
        scope = entry.scope_spans.add()
        for index in range(items):
            span = scope.spans.add(
                trace_id=(serial << 64 | 1).to_bytes(16, "big"), span_id=(serial << 20 | index + 1).to_bytes(8, "big"),
                name=f"GET /{serial}/{index}", kind=2, start_time_unix_nano=TIME, end_time_unix_nano=TIME + 1000 * index)
            span.attributes.add(key="text").value.string_value = text
    elif signal == "logs":
        scope = entry.scope_logs.add()
        for index in range(items):
            record = scope.log_records.add(time_unix_nano=TIME + index, severity_number=9, severity_text="INFO")
            record.body.string_value = f"{serial}/{index} {text}"
    else:
        scope = entry.scope_metrics.add()
        metric = scope.metrics.add(name=f"queue.length.{serial}", unit="{item}", description=text)
        for index in range(items):
            metric.gauge.data_points.add(time_unix_nano=TIME + index, as_int=index)
    scope.scope.name = "tests"


class GrpcSender:
    """Raw bytes over one gRPC connection."""

    def __init__(self, address, **options):
        self.channel = grpc.insecure_channel(address, options=[
            ("grpc.use_local_subchannel_pool", 1), ("grpc.max_send_message_length", -1), *options.items()])
        self._calls = {name: self.channel.unary_unary(path) for name, path in METHOD.items()}

    def send(self, signal, body, timeout=30, compression=None, metadata=None):
        return self._calls[signal](body, timeout=timeout, compression=compression, metadata=metadata)

    def begin(self, signal, body, timeout=60):
        return self._calls[signal].future(body, timeout=timeout)

    def close(self):
        self.channel.close()
