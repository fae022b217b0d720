"""Profiles: off unless a pipeline takes them; then forwarded whole, one request each, never merged or cut."""

import collections
import gzip
import json

import pytest

import destination
import gateway
import otlp


def request(serial):
    """Samples that point into the dictionary by index: merged bodies would point at the wrong entries (W-05)."""
    message = otlp.REQUEST["profiles"]()
    message.dictionary.string_table.extend(["", f"frame-{serial}", "cpu", "ns"])
    message.dictionary.function_table.add()
    message.dictionary.function_table.add(name_strindex=1)
    profile = message.resource_profiles.add().scope_profiles.add().profiles.add(profile_id=serial.to_bytes(16, "big"), time_unix_nano=otlp.TIME)
    profile.sample_type.type_strindex, profile.sample_type.unit_strindex = 2, 3
    profile.samples.add(values=[serial])
    return message


@pytest.fixture(params=["otlp", "otlp_http"])
def chain(request, make_gateway):
    target = destination.GrpcDestination() if request.param == "otlp" else destination.HttpDestination()
    pipeline = {"receivers": ["otlp"], "exporters": [request.param]}
    service = make_gateway({request.param: gateway.exporter(request.param, target.endpoint)}, service={"pipelines": {"profiles": pipeline}}).start()
    yield service, target, request.param
    target.close()


def test_G_01_H_02_S_20_W_05_W_17_profiles_are_forwarded_whole_and_never_merged(chain):
    service, target, kind = chain
    sender, sent = otlp.GrpcSender(service.grpc), []
    calls = []
    for serial in range(1, 31):
        sent.append(request(serial).SerializeToString() + otlp.UNKNOWN_FIELD)
        calls.append(sender.begin("profiles", sent[-1]))
    assert [call.result() for call in calls] == [b""] * 30
    for serial in range(31, 41):
        sent.append(request(serial).SerializeToString())
        answer = gateway.http_request(service.http, "POST", otlp.PATH["profiles"], gzip.compress(sent[-1]),
                                      {**otlp.PROTOBUF, "Content-Encoding": "gzip"})
        assert (answer.status, answer.body) == (200, b"")
    service.wait_delivered(kind, "profiles", 40)
    assert collections.Counter(target.arrived("profiles")) == collections.Counter(sent)
    ledger = service.assert_balanced()[kind, "profiles"]
    assert (ledger["stored"], ledger["delivered"]) == (40, 40)
    sender.close()


def test_J_09_profiles_in_json(chain):
    service, target, kind = chain
    body = {"resourceProfiles": [{"scopeProfiles": [{"profiles": [{"profileId": "AAAAAAAAAAAAAAAAAAAABw==", "timeUnixNano": "5"}]}]}],
            "dictionary": {"stringTable": ["", "a"]}}
    answer = gateway.http_request(service.http, "POST", otlp.PATH["profiles"], json.dumps(body).encode(), otlp.JSON)
    assert (answer.status, answer.body) == (200, b"{}")
    service.wait_delivered(kind, "profiles", 1)
    arrived = otlp.REQUEST["profiles"].FromString(target.arrived("profiles")[0])
    assert arrived.resource_profiles[0].scope_profiles[0].profiles[0].profile_id == (7).to_bytes(16, "big")
    assert list(arrived.dictionary.string_table) == ["", "a"]


def test_profiles_that_do_not_decode_are_refused_as_a_whole(chain):
    """Method: broken framing, and a string that is not UTF-8, which no part of a profile can be cut out for."""
    service, _, _ = chain
    bad_text = request(1).SerializeToString().replace(b"frame-1", b"fram\xff-1")
    for body in (b"\xff", request(1).SerializeToString()[:-1], bad_text):
        assert gateway.http_request(service.http, "POST", otlp.PATH["profiles"], body, otlp.PROTOBUF).status == 400


def test_S_20_without_a_pipeline_they_are_off(service):
    """Method: the service of the other cases, which has no pipeline for profiles."""
    answer = gateway.http_request(service.http, "POST", otlp.PATH["profiles"], request(1).SerializeToString(), otlp.PROTOBUF)
    assert answer.status == 404
