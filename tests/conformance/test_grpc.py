"""OTLP/gRPC: what the checklist asks of a server (docs/conformance.md), each id in a test's name.

Frames that a gRPC library would not send are written by hand on an HTTP/2 connection.
"""

import gzip
import urllib.parse

import grpc
import pytest
import zstandard
from google.protobuf import descriptor_pool, message_factory
from google.rpc import error_details_pb2, status_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

import gateway
import otlp
from conformance_limits import LIMIT_BYTES
from http2 import Http2, frame

OK, INVALID_ARGUMENT, RESOURCE_EXHAUSTED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE = 0, 3, 8, 12, 13, 14
GOOD = otlp.request("traces")


@pytest.fixture
def connection(service):
    made = Http2(service.grpc)
    yield made
    # The connection is still good for others after every case.
    if made.went_away is None:
        answer = made.call(frame(GOOD))
        assert (answer.status, answer.grpc_status, answer.body) == (200, OK, frame(b""))
    made.close()


@pytest.mark.parametrize("signal", otlp.SIGNALS)
def test_G_01_G_13_G_14_each_method_takes_its_signal_and_an_empty_message(connection, signal):
    for body in (b"", otlp.request(signal)):
        answer = connection.call(frame(body), path=otlp.METHOD[signal])
        assert (answer.status, answer.grpc_status, answer.body) == (200, OK, frame(b""))
        assert answer.headers["content-type"].startswith("application/grpc")


def test_G_03_G_04_gzip_is_taken_and_offered(connection):
    answer = connection.call(frame(gzip.compress(GOOD), 1), grpc_encoding="gzip")
    assert answer.grpc_status == OK
    assert "gzip" in answer.headers["grpc-accept-encoding"].split(",")
    # Flag 0 says: not compressed, whatever the header says.
    assert connection.call(frame(GOOD), grpc_encoding="gzip").grpc_status == OK


def test_zstd_is_taken_too(connection):
    assert connection.call(frame(zstandard.ZstdCompressor().compress(GOOD), 1), grpc_encoding="zstd").grpc_status == OK


@pytest.mark.parametrize("coding,body", [("snappy", GOOD), ("deflate", GOOD), ("br", GOOD)])
def test_G_05_other_encodings_are_unimplemented(connection, coding, body):
    answer = connection.call(frame(body, 1), grpc_encoding=coding)
    assert answer.grpc_status == UNIMPLEMENTED


@pytest.mark.parametrize("headers", [{}, {"grpc_encoding": "identity"}])
def test_G_06_a_compressed_flag_without_an_encoding_is_internal(connection, headers):
    assert connection.call(frame(gzip.compress(GOOD), 1), **headers).grpc_status == INTERNAL


@pytest.mark.parametrize("content_type", ["application/grpc", "application/grpc+proto"])
def test_G_07_content_types(connection, content_type):
    assert connection.call(frame(GOOD), content_type=content_type).grpc_status == OK


@pytest.mark.parametrize("content_type", ["text/plain", "application/grpc+json", None])
def test_G_07_other_content_types_are_415(connection, content_type):
    answer = connection.call(frame(GOOD), content_type=content_type)
    assert answer.status == 415


UNDECODABLE = {"ff ff": b"\xff\xff", "cut": GOOD[:-2], "wrong wire type": b"\x08\x01", "field 0": b"\x00\x00", "lying length": b"\x0a\xff\xff\xff\xff\x0f"}


@pytest.mark.parametrize("case", UNDECODABLE)
def test_G_08_undecodable_bytes_are_invalid_argument(connection, case):
    answer = connection.call(frame(UNDECODABLE[case]))
    assert answer.grpc_status == INVALID_ARGUMENT and answer.grpc_message


@pytest.mark.parametrize("compressed", [False, True])
def test_G_09_G_10_the_limit_is_resource_exhausted_without_retry_info(service, compressed):
    sender = otlp.GrpcSender(service.grpc)
    coding = grpc.Compression.Gzip if compressed else None
    fits = otlp.request("logs", items=1, text_bytes=LIMIT_BYTES - 400)
    assert sender.send("logs", fits, compression=coding) == b""
    with pytest.raises(grpc.RpcError) as caught:
        sender.send("logs", otlp.request("logs", items=1, text_bytes=LIMIT_BYTES), compression=coding)
    assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    details = dict(caught.value.trailing_metadata()).get("grpc-status-details-bin", b"")
    assert not any(detail.Is(error_details_pb2.RetryInfo.DESCRIPTOR) for detail in status_pb2.Status.FromString(details).details)
    sender.close()


def test_G_11_a_bomb_is_refused_in_bounded_memory(service, connection):
    before = service.note_rss_peak()
    answer = connection.call(frame(gzip.compress(bytes(256 << 20), 9), 1), grpc_encoding="gzip")
    assert answer.grpc_status == RESOURCE_EXHAUSTED
    assert service.note_rss_peak() - before < 16 << 20


BROKEN = {
    "not gzip": GOOD, "cut": gzip.compress(GOOD)[:-4], "wrong checksum": gzip.compress(GOOD)[:-8] + bytes(8),
    "junk behind it": gzip.compress(GOOD) + b"junk", "empty": b"",
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_gzip_is_final(connection, case):
    assert connection.call(frame(BROKEN[case], 1), grpc_encoding="gzip").grpc_status in (INVALID_ARGUMENT, INTERNAL)


@pytest.mark.parametrize("path", ["/opentelemetry.proto.collector.trace.v1.TraceService/Exprt", "/no.such.Service/Export", "/",
                                  "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export",
                                  "/opentelemetry.proto.experimental.arrow.v1.ArrowTracesService/ArrowTraces"])
def test_G_20_S_19_S_20_unknown_methods_are_unimplemented(connection, path):
    answer = connection.call(frame(GOOD), path=path)
    assert answer.grpc_status == UNIMPLEMENTED


def test_reflection_describes_what_is_served(service):
    """Method: the client of grpcio-reflection builds messages from the answers alone."""
    with grpc.insecure_channel(service.grpc) as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        names = database.get_services()
        assert "opentelemetry.proto.collector.trace.v1.TraceService" in names and "grpc.health.v1.Health" in names
        assert not any("profiles" in name for name in names)
        described = descriptor_pool.DescriptorPool(database)
        for name in names:
            assert described.FindServiceByName(name).methods
        request = described.FindMessageTypeByName("opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest")
        assert message_factory.GetMessageClass(request).FromString(GOOD).resource_spans
        with pytest.raises(KeyError):
            described.FindMessageTypeByName("no.such.Message")


def test_another_method_than_post_is_refused(connection):
    answer = connection.call(b"", method="GET")
    assert answer.status == 405 or answer.grpc_status in (UNIMPLEMENTED, INTERNAL)


LYING_FRAMES = {
    "longer than what follows": frame(GOOD, length=len(GOOD) + 1),
    "shorter than what follows": frame(GOOD, length=len(GOOD) - 1),
    "half a prefix": b"\x00\x00",
    "nothing": b"",
    "two messages": frame(GOOD) + frame(GOOD),
    "flag 7": b"\x07" + frame(GOOD)[1:],
    "4 GiB": frame(GOOD, length=0xFFFFFFFF),
}


@pytest.mark.parametrize("case", LYING_FRAMES)
def test_lying_frames_are_refused_for_good(connection, case):
    answer = connection.call(LYING_FRAMES[case])
    assert answer.grpc_status in (INVALID_ARGUMENT, RESOURCE_EXHAUSTED, UNIMPLEMENTED, INTERNAL), (answer.headers, answer.trailers)


def test_G_23_abandoned_streams_hold_nothing_and_store_nothing(service, connection):
    """Method: 200 streams reset after half a message, then one good call on the same connection."""
    before = service.metric("otlp_ledger_items", exporter="otlp", signal="traces", state="stored")
    for _ in range(200):
        stream = connection.begin(connection.grpc_headers())
        connection.send(stream, frame(GOOD)[:-4], end=False)
        connection.connection.reset_stream(stream, error_code=8)
        connection.flush()
    assert connection.call(frame(GOOD)).grpc_status == OK
    after = service.metric("otlp_ledger_items", exporter="otlp", signal="traces", state="stored")
    assert after - before == 3


def test_G_23_an_expired_deadline_ends_the_call(connection):
    stream = connection.begin(connection.grpc_headers(grpc_timeout="50m"))
    connection.send(stream, frame(GOOD)[:-4], end=False)
    answer = connection.wait(stream)
    assert answer.grpc_status == 4 or answer.reset is not None


def test_G_24_a_ping_is_answered(connection):
    import h2.events
    connection.connection.ping(b"12345678")
    connection.flush()
    acknowledged = []
    while not acknowledged:
        data = connection.socket.recv(65536)
        acknowledged = [e for e in connection.connection.receive_data(data) if isinstance(e, h2.events.PingAckReceived)]
    connection.flush()


def test_G_26_nine_kibibytes_of_metadata(connection):
    assert connection.call(frame(GOOD), authorization="x" * 9216).grpc_status == OK


def test_G_27_messages_are_percent_encoded_utf_8(connection):
    bad = GOOD.replace(b"GET", b"\xff\xfeT")
    answer = connection.call(frame(bad))
    assert answer.grpc_message.isascii()
    urllib.parse.unquote(answer.grpc_message, errors="strict")


def test_P_01_partial_success(connection):
    message = otlp.REQUEST["traces"].FromString(otlp.request("traces", items=3, unknown=False))
    message.resource_spans[0].scope_spans[0].spans[1].trace_id = b"\x01\x02"
    answer = connection.call(frame(message.SerializeToString()))
    assert answer.grpc_status == OK
    partial = otlp.RESPONSE["traces"].FromString(answer.body[5:]).partial_success
    assert partial.rejected_spans == 1 and partial.error_message


def test_H_33_otlp_http_over_http_2(connection):
    headers = [(":method", "POST"), (":scheme", "http"), (":path", "/v1/traces"), (":authority", "x"), ("content-type", "application/x-protobuf")]
    stream = connection.begin(headers)
    connection.send(stream, GOOD)
    answer = connection.wait(stream)
    assert (answer.status, answer.body) == (200, b"")
    stream = connection.begin(headers)
    connection.send(stream, b"\xff")
    assert connection.wait(stream).status == 400


@pytest.mark.parametrize("data", [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 200, b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", b"\x00" * 64],
                         ids=["bad frame", "bad preface", "zeroes"])
def test_what_is_not_http_2_is_closed_and_harms_nobody(service, data):
    import socket
    host, port = service.grpc.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=20) as wild:
        wild.sendall(data)
        wild.shutdown(socket.SHUT_WR)
        try:
            while wild.recv(65536):
                pass
        except ConnectionResetError:
            pass
    assert gateway.http_request(service.http, "POST", "/v1/traces", GOOD, otlp.PROTOBUF).status == 200
