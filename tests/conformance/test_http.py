"""OTLP/HTTP: what the checklist asks of a server (docs/conformance.md), each id in a test's name.

Every refusal carries google.rpc.Status in the encoding of the request, is never retryable when the
data cannot succeed, and leaves the service as it was.
"""

import gzip
import http.client
import json
import socket
import zlib

import pytest
import zstandard
from google.rpc import status_pb2

import gateway
import otlp
from conformance_limits import LIMIT_BYTES

FINAL = {400, 401, 403, 404, 405, 411, 413, 415, 431}


def post(service, body, path="/v1/traces", method="POST", headers=None, **more):
    return gateway.http_request(service.http, method, path, body, {**(otlp.PROTOBUF if headers is None else headers), **more})


def assert_refused(answer, status, json_expected=False):
    """H-11, H-12, H-13: Status with a message of valid UTF-8 and bounded length."""
    assert answer.status == status, (answer.status, answer.body[:300])
    kind = answer.headers["content-type"].split(";")[0]
    if json_expected:
        assert kind == "application/json"
        message = json.loads(answer.body.decode("utf-8"))["message"]
    else:
        assert kind == "application/x-protobuf"
        message = status_pb2.Status.FromString(answer.body).message
    assert 0 < len(message) < 4096
    return message


GOOD = otlp.request("traces")


@pytest.mark.parametrize("signal", otlp.SIGNALS)
def test_H_02_each_path_takes_its_signal(service, signal):
    answer = post(service, otlp.request(signal), otlp.PATH[signal])
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["content-type"] == "application/x-protobuf"


@pytest.mark.parametrize("path", ["/v1/profiles", "/v1development/profiles", "/", "/v1/traces/", "/V1/traces", "/v1/trace", "/v1/traces/../logs"])
@pytest.mark.parametrize("encoding", ["protobuf", "json"])
def test_H_02_H_36_S_20_other_paths_are_404(service, path, encoding):
    answer = post(service, b"", path, headers=otlp.JSON if encoding == "json" else otlp.PROTOBUF)
    assert_refused(answer, 404, encoding == "json")


def test_H_36_a_query_is_ignored(service):
    assert post(service, GOOD, "/v1/traces?x=1").status == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_H_03_other_methods_are_405_with_allow(service, method):
    answer = post(service, b"", method=method)
    assert_refused(answer, 405)
    assert answer.headers["allow"] == "POST"


def test_H_03_head_is_405_without_a_body(service):
    answer = post(service, b"", method="HEAD")
    assert answer.status == 405 and answer.body == b""


def test_H_04_H_26_both_encodings_and_errors_on_one_connection(service):
    host, port = service.http.rsplit(":", 1)
    connection = http.client.HTTPConnection(host, int(port), timeout=20)
    for headers, body, status in ((otlp.PROTOBUF, GOOD, 200), (otlp.JSON, b"{}", 200), (otlp.PROTOBUF, b"\xff", 400),
                                  (otlp.JSON, b"{", 400), (otlp.PROTOBUF, GOOD, 200)):
        connection.request("POST", "/v1/traces", body, headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == status
    connection.close()


@pytest.mark.parametrize("content_type", ["application/x-protobuf", "Application/X-Protobuf", "application/x-protobuf; charset=utf-8"])
def test_H_05_media_types_are_compared_without_case_and_parameters(service, content_type):
    assert post(service, GOOD, headers={"Content-Type": content_type}).status == 200


@pytest.mark.parametrize("content_type", ["Application/JSON; charset=utf-8", "application/json"])
def test_H_05_the_same_for_json(service, content_type):
    answer = post(service, b"{}", headers={"Content-Type": content_type})
    assert (answer.status, answer.body) == (200, b"{}")


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/protobuf", "application/grpc", ""])
def test_H_06_H_15_other_types_are_415_in_json(service, content_type):
    assert_refused(post(service, GOOD, headers={} if content_type is None else {"Content-Type": content_type}), 415, True)


def test_H_07_the_answer_has_the_type_of_the_request_whatever_accept_says(service):
    assert_refused(post(service, b"{", headers=otlp.JSON, Accept="application/x-protobuf"), 400, True)
    assert_refused(post(service, b"\xff", Accept="application/json"), 400)


@pytest.mark.parametrize("signal", otlp.SIGNALS)
def test_H_08_H_09_an_empty_request_is_a_success(service, signal):
    answer = post(service, b"", otlp.PATH[signal])
    assert (answer.status, answer.body) == (200, b"")
    answer = post(service, b"{}", otlp.PATH[signal], headers=otlp.JSON)
    assert (answer.status, answer.body) == (200, b"{}")


def test_H_09_an_empty_json_body_is_400(service):
    assert_refused(post(service, b"", headers=otlp.JSON), 400, True)


UNDECODABLE = {
    "one byte": b"\xff",
    "W-08 field number 0": b"\x00\x00",
    "W-08 wire type 6": b"\x0e",
    "W-08 wire type 7": b"\x0f",
    "W-08 number above 2^29-1": b"\x80\x80\x80\x80\x10\x00",
    "W-08 end group without a start": b"\x0c",
    "W-08 group without an end": b"\xf3\xb8\x02",
    "W-08 length past the end": b"\x0a\x05\x0a",
    "W-08 a lying length of 2^63": b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
    "W-07 varint of 11 bytes": b"\x8a" + b"\x80" * 10 + b"\x00",
    "W-02 resource_spans as varint": b"\x08\x01",
    "cut in the middle": GOOD[:-3],
    "random": bytes((i * 197 + 13) % 256 for i in range(500)),
}


@pytest.mark.parametrize("case", UNDECODABLE)
def test_H_10_undecodable_bytes_are_400(service, case):
    assert_refused(post(service, UNDECODABLE[case]), 400)


@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b"1", b"{}x", b'{"resourceSpans":{}}', b'{"resourceSpans":[1]}', b"\xff\xfe{\x00}\x00",
                                  b'\xef\xbb\xbf{"resourceSpans":1}', b'{"a\xff":1}', b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"\xff"}]}]}]}'],
                         ids=repr)
def test_H_10_H_13_bad_json_is_400(service, body):
    assert_refused(post(service, body, headers=otlp.JSON), 400, True)


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "x-gzip"])
@pytest.mark.parametrize("encoding", ["protobuf", "json"])
def test_H_16_H_17_gzip(service, coding, encoding):
    headers, body, answer = (otlp.PROTOBUF, GOOD, b"") if encoding == "protobuf" else (otlp.JSON, b'{"resourceSpans":[]}', b"{}")
    got = post(service, gzip.compress(body), headers=headers, **{"Content-Encoding": coding})
    assert (got.status, got.body) == (200, answer)


def test_H_17_identity(service):
    assert post(service, GOOD, **{"Content-Encoding": "identity"}).status == 200


def test_zstd(service):
    assert post(service, zstandard.ZstdCompressor().compress(GOOD), **{"Content-Encoding": "zstd"}).status == 200


@pytest.mark.parametrize("coding", ["br", "compress", "deflate", "gzip, br", "unheard-of"])
def test_H_18_unsupported_codings_are_415_and_told(service, coding):
    answer = post(service, GOOD, **{"Content-Encoding": coding})
    assert_refused(answer, 415)
    assert "gzip" in answer.headers["accept-encoding"]


def test_H_19_several_codings_are_applied_in_order_or_refused(service):
    answer = post(service, gzip.compress(gzip.compress(GOOD)), **{"Content-Encoding": "gzip, gzip"})
    assert answer.status in (200, 415)
    assert post(service, gzip.compress(GOOD), **{"Content-Encoding": "gzip, gzip"}).status in (400, 415)


BROKEN_GZIP = {
    "not gzip": GOOD,
    "trailer cut": gzip.compress(GOOD)[:-4],
    "half": gzip.compress(GOOD)[:20],
    "empty": b"",
    "wrong checksum": gzip.compress(GOOD)[:-8] + b"\x00\x00\x00\x00" + gzip.compress(GOOD)[-4:],
    "wrong size": gzip.compress(GOOD)[:-4] + b"\x00\x00\x00\x00",
    "H-21 junk behind it": gzip.compress(GOOD) + b"junk",
    "zlib in place of gzip": zlib.compress(GOOD),
    "bad block": gzip.compress(GOOD)[:10] + b"\xff" * 30,
}


@pytest.mark.parametrize("case", BROKEN_GZIP)
def test_H_20_H_21_broken_gzip_is_400(service, case):
    assert_refused(post(service, BROKEN_GZIP[case], **{"Content-Encoding": "gzip"}), 400)


def test_broken_zstd_is_400(service):
    whole = zstandard.ZstdCompressor(write_checksum=True).compress(GOOD)
    for body in (GOOD, whole[:-3], whole + b"junk"):
        assert_refused(post(service, body, **{"Content-Encoding": "zstd"}), 400)


def test_H_21_two_gzip_members_are_one_body(service, target):
    first, second = otlp.request("logs"), otlp.request("logs")
    before = target.containers("logs")
    assert post(service, gzip.compress(first) + gzip.compress(second), "/v1/logs", **{"Content-Encoding": "gzip"}).status == 200
    gateway.until(lambda: target.containers("logs") - before == otlp.containers([first, second]), "both members' payloads")


def body_of(size):
    """A valid log request of exactly `size` bytes."""
    body = otlp.request("logs", items=1, text_bytes=size - 200, unknown=False)
    return body + otlp.unknown_padding(size - len(body))


@pytest.mark.parametrize("coding", ["identity", "gzip", "zstd"])
def test_H_22_the_limit_holds_before_and_after_decompression(service, coding):
    pack = {"identity": lambda b: b, "gzip": gzip.compress, "zstd": zstandard.ZstdCompressor().compress}[coding]
    for size, status in ((LIMIT_BYTES, 200), (LIMIT_BYTES + 1, 413)):
        body = body_of(size)
        assert len(body) == size
        answer = post(service, pack(body), "/v1/logs", **{"Content-Encoding": coding})
        assert answer.status == status, answer.body[:200]
        if status == 413:
            assert_refused(answer, 413)


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_H_23_a_bomb_is_413_in_bounded_memory(service, coding):
    before = service.note_rss_peak()
    zeros = bytes(256 << 20)
    bomb = gzip.compress(zeros, 9) if coding == "gzip" else zstandard.ZstdCompressor(19).compress(zeros)
    assert_refused(post(service, bomb, **{"Content-Encoding": coding}), 413)
    assert service.note_rss_peak() - before < 16 << 20


def raw(service, data, end=False, wait=True):
    """Sends bytes as they are; all that comes back until the peer closes or an answer is whole."""
    host, port = service.http.rsplit(":", 1)
    connection = socket.create_connection((host, int(port)), timeout=20)
    connection.sendall(data)
    if end:
        connection.shutdown(socket.SHUT_WR)
    received = b""
    try:
        while wait:
            chunk = connection.recv(65536)
            received += chunk
            if not chunk or b"\r\n\r\n" in received:
                break
    except ConnectionResetError:
        pass
    connection.close()
    return received


def head(path="/v1/traces", **headers):
    lines = [f"POST {path} HTTP/1.1", "Host: x", "Content-Type: application/x-protobuf"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def test_H_24_a_content_length_over_the_limit_is_refused_before_the_body(service):
    assert raw(service, head(Content_Length=10**12)).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("length", ["-1", "abc", "99999999999999999999999"])
def test_a_lying_content_length_is_refused(service, length):
    assert raw(service, head(Content_Length=length))[9:10] == b"4"


def test_H_25_chunked_bodies(service):
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (GOOD[:7], GOOD[7:])) + b"0\r\n\r\n"
    assert raw(service, head(Transfer_Encoding="chunked") + chunks).startswith(b"HTTP/1.1 200")


def test_H_24_a_chunked_body_over_the_limit_is_413(service):
    chunk = b"10000\r\n" + bytes(0x10000) + b"\r\n"
    said = raw(service, head(Transfer_Encoding="chunked") + chunk * 40)
    assert said == b"" or said.startswith(b"HTTP/1.1 413")


def test_H_25_expect_100_continue(service):
    said = raw(service, head(Content_Length=len(GOOD), Expect="100-continue"))
    assert said.startswith(b"HTTP/1.1 100")


def test_half_sent_bodies_and_abandoned_connections_store_nothing(service):
    before = service.metric("otlp_ledger_items", exporter="otlp", signal="traces", state="stored")
    for cut in (0, 1, len(GOOD) // 2, len(GOOD) - 1):
        raw(service, head(Content_Length=len(GOOD)) + GOOD[:cut], end=True)
        raw(service, head(Content_Length=len(GOOD)) + GOOD[:cut], wait=False)
    raw(service, head(Transfer_Encoding="chunked") + b"5\r\nab", end=True)
    assert post(service, GOOD).status == 200
    assert service.metric("otlp_ledger_items", exporter="otlp", signal="traces", state="stored") == before + 3


@pytest.mark.parametrize("data", [b"\r\n\r\n", b"GARBAGE\r\n\r\n", b"POST /v1/traces HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00", b"\x00" * 100,
                                  b"POST /v1/traces HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 5000 + b"\r\n",
                                  b"POST /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
                                  b"POST /v1/traces HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"], ids=lambda d: repr(d[:24]))
def test_what_is_not_http_gets_4xx_or_a_closed_connection(service, data):
    said = raw(service, data, end=True)
    assert said == b"" or said.startswith(b"HTTP/1.1 4") or said.startswith(b"HTTP/1.0 4") or said.startswith(b"HTTP/1.1 505"), said[:100]


@pytest.mark.parametrize("encoding", ["protobuf", "json"])
def test_P_01_P_02_P_05_P_08_partial_success_counts_and_explains(service, encoding):
    message = otlp.REQUEST["traces"].FromString(otlp.request("traces", items=3, unknown=False))
    spans = message.resource_spans[0].scope_spans[0].spans
    spans[0].trace_id = b""
    spans[2].span_id = bytes(8)
    if encoding == "protobuf":
        answer = post(service, message.SerializeToString())
        partial = otlp.RESPONSE["traces"].FromString(answer.body).partial_success
        rejected, text = partial.rejected_spans, partial.error_message
    else:
        spans_json = [{"traceId": span.trace_id.hex(), "spanId": span.span_id.hex(), "name": "x"} for span in spans]
        answer = post(service, json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans_json}]}]}).encode(), headers=otlp.JSON)
        partial = answer.json()["partialSuccess"]
        assert isinstance(partial["rejectedSpans"], str)
        rejected, text = int(partial["rejectedSpans"]), partial["errorMessage"]
    assert answer.status == 200 and rejected == 2 and "id" in text


def samples():
    folder = gateway.ROOT / "subprojects/otlpview/testdata/otlp_json"
    file = folder / "expected.tsv"
    lines = file.read_text().splitlines() if file.exists() else []
    return [line.split("\t") for line in lines if not line.startswith("#")][1:]


@pytest.mark.parametrize("row", samples(), ids=lambda row: row[0])
def test_J_sample(service, target, row):
    """Method: the answer is the expected one, and a destination gets the very message that the sample stands for."""
    file, path, status, partial, items, protobuf_hex = row
    body = (gateway.ROOT / "subprojects/otlpview/testdata/otlp_json" / file).read_bytes()
    answer = post(service, body, path, headers=otlp.JSON)
    if file.startswith("10-enum-names"):  # policy: accept_enum_names is on by default
        status, partial = "200", "unset"
    if status == "400":
        assert_refused(answer, 400, True)
        return
    assert answer.status == 200, answer.body
    if partial != "unset":
        name, count = partial.split("=")
        assert answer.json()["partialSuccess"][name] == count
        return
    assert answer.json() == {}
    if items == "-":
        return
    signal = path.rsplit("/", 1)[1]
    container = {"traces": "resource_spans", "metrics": "resource_metrics", "logs": "resource_logs"}[signal]
    expected, = getattr(otlp.REQUEST[signal].FromString(bytes.fromhex(protobuf_hex)), container)
    # NaN is not equal to itself, so the bytes are compared, in an order that both share.
    wanted = expected.SerializeToString(deterministic=True)
    gateway.until(lambda: any(one.SerializeToString(deterministic=True) == wanted for arrived in target.arrived(signal)
                              for one in getattr(otlp.REQUEST[signal].FromString(arrived), container)), f"{file} at the destination")


def tolerated(service, kind):
    return service.metric("otlp_receiver_json_tolerated_names_total", kind=kind)


NOT_OTLP_JSON = {
    "unknown_name": b'{"resourceSpans":[],"what":1}',
    "proto_name": b'{"resource_spans":[]}',
    "enum_name": b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"%s","spanId":"%s","kind":"SPAN_KIND_SERVER"}]}]}]}' % (b"1" * 32, b"1" * 16),
    "half_surrogate": b'{"resourceSpans":[{"schemaUrl":"\\ud800"}]}',
}


@pytest.mark.parametrize("kind", NOT_OTLP_JSON)
def test_J_02_J_03_J_12_J_28_what_is_let_pass_is_counted_by_kind(service, kind):
    before = {each: tolerated(service, each) for each in NOT_OTLP_JSON}
    answer = post(service, NOT_OTLP_JSON[kind], headers=otlp.JSON)
    assert (answer.status, answer.body) == (200, b"{}")
    for each in NOT_OTLP_JSON:
        assert tolerated(service, each) - before[each] == (1 if each == kind else 0)


def test_J_03_proto_names_are_read_where_a_setting_says_so(make_gateway, grpc_destination):
    service = make_gateway({"otlp": gateway.exporter("otlp", grpc_destination.endpoint)}, receivers={"otlp": {"accept_proto_names": True}}).start()
    row, = (row for row in samples() if row[0].startswith("07-snake"))
    body = (gateway.ROOT / "subprojects/otlpview/testdata/otlp_json" / row[0]).read_bytes()
    assert post(service, body, row[1], headers=otlp.JSON).body == b"{}"
    service.wait_delivered("otlp", "logs", 1)
    record = otlp.REQUEST["logs"].FromString(grpc_destination.arrived("logs")[0]).resource_logs[0].scope_logs[0].log_records[0]
    assert (record.severity_number, record.severity_text, record.trace_id.hex()) == (17, "ERROR", "0af7651916cd43dd8448eb211c80319c")
    assert record.body.string_value
    assert tolerated(service, "proto_name") > 0


def test_J_12_enum_names_are_refused_where_a_setting_says_so(make_gateway):
    service = make_gateway(receivers={"otlp": {"accept_enum_names": False}}).start()
    assert_refused(post(service, NOT_OTLP_JSON["enum_name"], headers=otlp.JSON), 400, True)


@pytest.mark.parametrize("signal", otlp.SIGNALS)
@pytest.mark.parametrize("other", otlp.SIGNALS)
def test_S_12_a_body_of_another_signal_stores_no_item_with_bad_ids(service, target, signal, other):
    if signal == other:
        return
    answer = post(service, otlp.request(signal), otlp.PATH[other])
    assert answer.status in (200, 400)


def test_S_06_strings_that_are_not_utf_8_are_never_forwarded(service, target):
    good = otlp.request("traces", items=1, unknown=False)
    name = otlp.REQUEST["traces"].FromString(good).resource_spans[0].scope_spans[0].spans[0].name.encode()
    for bad in (b"\xff\xfe", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80"):
        body = good.replace(name, bad + name[len(bad):])
        answer = post(service, body)
        assert answer.status in (200, 400)
        if answer.status == 200:
            assert otlp.RESPONSE["traces"].FromString(answer.body).partial_success.rejected_spans == 1


def nested(depth):
    """A log record whose body is `depth` arrays in each other."""
    value = b""
    for _ in range(depth):
        value = otlp.field(5, otlp.field(1, value))
    record = b"\x09" + otlp.TIME.to_bytes(8, "little") + otlp.field(5, value)
    return otlp.field(1, otlp.field(2, otlp.field(2, record)))


def test_W_09_deep_nesting_is_400(service):
    """Method: 100 message levels, 48 arrays in a body, are what protobuf's parsers take; one array more is refused."""
    for depth in (20, 40, 48):
        assert post(service, nested(depth), "/v1/logs").status == 200
        otlp.REQUEST["logs"].FromString(nested(depth))
    for depth in (49, 101, 1000, 20_000):
        assert_refused(post(service, nested(depth), "/v1/logs"), 400)
    deep = b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"1","body":' + b'{"arrayValue":{"values":[' * 5000 + b"]}}" * 5000 + b"}]}]}]}"
    assert_refused(post(service, deep, "/v1/logs", headers=otlp.JSON), 400, True)
    for depth, status in ((48, 200), (49, 400)):  # the same limit in both encodings
        text = b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"1","body":' + b'{"arrayValue":{"values":[' * depth + b"{}" + b"]}}" * depth + b"}]}]}]}"
        assert post(service, text, "/v1/logs", headers=otlp.JSON).status == status
    assert_refused(post(service, b"[" * 100_000, headers=otlp.JSON), 400, True)


@pytest.mark.long
def test_H_37_a_client_of_one_byte_a_second_is_cut_off(tmp_path):
    service = gateway.Gateway(tmp_path / "slow", receivers={"otlp": {"protocols": {"http": {"read_header_timeout": "1s", "read_timeout": "2s"}}}}).start()
    host, port = service.http.rsplit(":", 1)
    for data in (b"POST /v1/tra", head(Content_Length=100) + b"ab"):
        connection = socket.create_connection((host, int(port)), timeout=20)
        connection.sendall(data)
        said = connection.recv(65536)
        # 503 says "later", where 408 would make an OTLP client drop its data (H-31).
        assert said == b"" or said.startswith((b"HTTP/1.1 503", b"HTTP/1.1 408"))
        connection.close()
    service.close()
