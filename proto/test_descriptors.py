"""The .proto files here, field by field against what others have published.

Goal: no number, type or name is wrong, in a binary that never links the original.
Method: protoc describes our files; every message and enum in them is compared with the descriptors
inside the Python packages opentelemetry-proto, googleapis-common-protos and grpcio-health-checking.
Environment: OTLP_PROTO_DIR, this folder by default; protoc on PATH.
"""

import os
import pathlib
import subprocess

import pytest
from google.protobuf import descriptor_pb2, text_format
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.profiles.v1development import profiles_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.logs.v1 import logs_pb2
from opentelemetry.proto.metrics.v1 import metrics_pb2
from opentelemetry.proto.profiles.v1development import profiles_pb2
from opentelemetry.proto.resource.v1 import resource_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

PUBLISHED = {
    "google/rpc/error_details.proto": error_details_pb2,
    "google/rpc/status.proto": status_pb2,
    "grpc/health/v1/health.proto": health_pb2,
    "grpc/reflection/v1/reflection.proto": reflection_pb2,
    "grpc/reflection/v1alpha/reflection.proto": reflection_pb2,
    "opentelemetry/proto/collector/logs/v1/logs_service.proto": logs_service_pb2,
    "opentelemetry/proto/collector/metrics/v1/metrics_service.proto": metrics_service_pb2,
    "opentelemetry/proto/collector/profiles/v1development/profiles_service.proto": profiles_service_pb2,
    "opentelemetry/proto/collector/trace/v1/trace_service.proto": trace_service_pb2,
    "opentelemetry/proto/common/v1/common.proto": common_pb2,
    "opentelemetry/proto/logs/v1/logs.proto": logs_pb2,
    "opentelemetry/proto/metrics/v1/metrics.proto": metrics_pb2,
    "opentelemetry/proto/profiles/v1development/profiles.proto": profiles_pb2,
    "opentelemetry/proto/resource/v1/resource.proto": resource_pb2,
    "opentelemetry/proto/trace/v1/trace.proto": trace_pb2,
}

# Only these hold less than the original, on purpose.
PARTIAL = {"google/rpc/error_details.proto", "grpc/health/v1/health.proto"}


@pytest.fixture(scope="session")
def ours(tmp_path_factory):
    folder = pathlib.Path(os.environ.get("OTLP_PROTO_DIR", pathlib.Path(__file__).parent))
    out = tmp_path_factory.mktemp("descriptors") / "all.pb"
    files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.proto"))
    subprocess.run(
        ["protoc", f"--proto_path={folder}", f"--descriptor_set_out={out}", *files], check=True
    )
    described = descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes())
    return {file.name: file for file in described.file}


def theirs(name):
    file = descriptor_pb2.FileDescriptorProto()
    PUBLISHED[name].DESCRIPTOR.CopyToProto(file)
    if name == "grpc/reflection/v1/reflection.proto":
        # Published for Python under the older name only; the two are the same but for it.
        text_format.Parse(text_format.MessageToString(file).replace("v1alpha", "v1"), file := descriptor_pb2.FileDescriptorProto())
    return file


def camel(name):
    first, *rest = name.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in rest)


def enum_facts(prefix, enum):
    for value in enum.value:
        yield f"{prefix}{enum.name}.{value.name}", value.number
    yield f"{prefix}{enum.name} reserved", sorted((r.start, r.end) for r in enum.reserved_range)
    yield f"{prefix}{enum.name} alias", enum.options.allow_alias


def message_facts(prefix, message):
    name = prefix + message.name
    for field in message.field:
        yield f"{name}.{field.name}", {
            "number": field.number,
            "type": field.type,
            "type_name": field.type_name,
            "label": field.label,
            "json_name": field.json_name or camel(field.name),
            "oneof": message.oneof_decl[field.oneof_index].name
            if field.HasField("oneof_index")
            else None,
            "optional": field.proto3_optional,
            "packed": field.options.packed if field.options.HasField("packed") else None,
        }
    yield f"{name} reserved", sorted((r.start, r.end) for r in message.reserved_range)
    yield f"{name} reserved names", sorted(message.reserved_name)
    for enum in message.enum_type:
        yield from enum_facts(f"{name}.", enum)
    for nested in message.nested_type:
        yield from message_facts(f"{name}.", nested)


def facts(file):
    result = {"package": file.package, "syntax": file.syntax}
    for message in file.message_type:
        result.update(message_facts("", message))
    for enum in file.enum_type:
        result.update(enum_facts("", enum))
    for service in file.service:
        for method in service.method:
            result[f"{service.name}.{method.name}"] = (
                method.input_type,
                method.output_type,
                method.client_streaming,
                method.server_streaming,
            )
    return result


def test_every_file_is_compared(ours):
    assert sorted(ours) == sorted(PUBLISHED)


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_file_describes_what_is_published(ours, name):
    mine, published = facts(ours[name]), facts(theirs(name))
    if name in PARTIAL:
        published = {key: value for key, value in published.items() if key in mine}
    assert mine == published
