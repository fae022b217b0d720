"""The recording destinations record, and compare, without any gateway between: else no test proves much."""

import types

import pytest

import gateway
import otlp
import sdk


@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_what_an_sdk_sends_is_what_a_destination_records(grpc_destination, http_destination, protocol, compressed):
    target = grpc_destination if protocol == "grpc" else http_destination
    address = f"127.0.0.1:{target.port}"
    client = sdk.Sdk(types.SimpleNamespace(grpc=address, http=address), protocol, compressed)
    client.work(rounds=5)
    client.close()
    for name in otlp.SIGNALS:
        assert client.items_sent(name) == target.items(name) > 0
        assert otlp.containers(client.sent[name]) == target.containers(name)


def test_a_destination_goes_down_and_up_on_one_port(grpc_destination):
    import grpc
    for _ in range(2):
        sender = otlp.GrpcSender(grpc_destination.endpoint)
        assert sender.send("logs", otlp.request("logs")) == b""
        grpc_destination.down()
        with pytest.raises(grpc.RpcError):
            sender.send("logs", otlp.request("logs"))
        sender.close()
        grpc_destination.up()
    assert grpc_destination.items("logs") == 6


def test_metrics_text_is_read_with_labels_and_values():
    found = gateway.parse_metrics('# TYPE a counter\na{x="1",y="b\\"c"} 3\na 1e3\nb NaN\n')
    assert found["a"] == [({"x": "1", "y": 'b\\"c'}, 3.0), ({}, 1000.0)]
