"""Many streams, many connections, more than fits: memory stays within 64 MiB and the configured budget."""

import socket
import threading

import grpc
import pytest

import gateway
import otlp

MIB = 1 << 20


def start(make_gateway, target, **changes):
    return make_gateway({"otlp": gateway.exporter("otlp", target.endpoint)}, **changes).start()


def test_1000_concurrent_streams_on_one_connection(make_gateway, grpc_destination):
    """G-22. Method: 1,000 calls begun before the first answer is looked at."""
    service = start(make_gateway, grpc_destination)
    sender = otlp.GrpcSender(service.grpc)
    bodies = [otlp.request("traces", items=10) for _ in range(1000)]
    calls = [sender.begin("traces", body) for body in bodies]
    assert all(call.result() == b"" for call in calls)
    sender.close()
    service.wait_delivered("otlp", "traces", 10_000)
    assert grpc_destination.containers("traces") == otlp.containers(bodies)
    service.assert_rss_peak()


def http_post(path, body):
    return (f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-protobuf\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode() + body


def read_answer(connection):
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(65536)
        assert chunk, f"closed after {data!r}"
        data += chunk
    return data.split(b"\r\n", 1)[0]


def test_1000_connections(make_gateway, grpc_destination):
    """Method: 1,000 sockets open at once, each answered twice; half of the first body held back by all."""
    service = start(make_gateway, grpc_destination)
    host, port = service.http.rsplit(":", 1)
    connections = [socket.create_connection((host, int(port)), timeout=30) for _ in range(1000)]
    bodies = [otlp.request("logs", items=2) for _ in range(2000)]
    try:
        for connection, body in zip(connections, bodies):
            connection.sendall(http_post("/v1/logs", body)[:-10])
        for connection, body in zip(connections, bodies):
            connection.sendall(body[-10:])
        for connection in connections:
            assert read_answer(connection) == b"HTTP/1.1 200 OK"
        for connection, body in zip(connections, bodies[1000:]):
            connection.sendall(http_post("/v1/logs", body))
        for connection in connections:
            assert read_answer(connection) == b"HTTP/1.1 200 OK"
    finally:
        for connection in connections:
            connection.close()
    service.wait_delivered("otlp", "logs", 4000)
    assert grpc_destination.containers("logs") == otlp.containers(bodies)
    service.assert_rss_peak()


def flood(service, protocol, body, senders, seconds):
    """Keeps `senders` connections busy; returns bodies stored and refused."""
    stop = threading.Event()
    counts = {"stored": 0, "refused": 0}
    lock = threading.Lock()
    wrong = []

    def send_grpc():
        sender = otlp.GrpcSender(service.grpc)
        while not stop.is_set():
            try:
                sender.send("logs", body)
                outcome = "stored"
            except grpc.RpcError as error:
                if error.code() != grpc.StatusCode.UNAVAILABLE:
                    wrong.append(error)
                outcome = "refused"
            with lock:
                counts[outcome] += 1
        sender.close()

    def send_http():
        while not stop.is_set():
            status = gateway.http_request(service.http, "POST", "/v1/logs", body, otlp.PROTOBUF).status
            if status not in (200, 429, 503):
                wrong.append(status)
            with lock:
                counts["stored" if status == 200 else "refused"] += 1
    threads = [threading.Thread(target=send_grpc if protocol == "grpc" else send_http, daemon=True) for _ in range(senders)]
    for thread in threads:
        thread.start()
    stop.wait(seconds)
    stop.set()
    for thread in threads:
        thread.join(30)
    assert not wrong, wrong[:3]
    return counts


@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_more_in_flight_than_the_budget_holds(make_gateway, grpc_destination, protocol):
    """Promise 4. Method: 24 senders of 4 MiB bodies against a budget of 32 MiB, nothing delivered meanwhile."""
    grpc_destination.down()
    service = start(make_gateway, grpc_destination, storage={"size_max": 1 << 30})
    counts = flood(service, protocol, otlp.request("logs", items=10, text_bytes=400_000), 24, 2)
    assert counts["stored"] > 0
    service.assert_rss_peak()
    service.assert_balanced()
    grpc_destination.up()


def test_a_full_log_refuses_and_goes_on_when_there_is_room(make_gateway, grpc_destination):
    """Promise 2: a full disk is "later" with a delay, never a loss; readiness says so."""
    grpc_destination.down()
    service = start(make_gateway, grpc_destination, storage={"size_max": 32 * MIB, "segment_size": 4 * MIB},
                    receivers=gateway.receivers(2))
    sender = otlp.GrpcSender(service.grpc)
    stored = []
    refusal = None
    for _ in range(200):
        body = otlp.request("logs", items=1, text_bytes=500_000)
        try:
            sender.send("logs", body)
            stored.append(body)
        except grpc.RpcError as error:
            refusal = error
            break
    assert refusal is not None and refusal.code() == grpc.StatusCode.UNAVAILABLE
    assert "grpc-status-details-bin" in dict(refusal.trailing_metadata())
    refused = service.metric("otlp_storage_appends_refused_total")
    answer = gateway.http_request(service.http, "POST", "/v1/logs", otlp.request("logs", items=1, text_bytes=500_000), otlp.PROTOBUF)
    assert answer.status in (429, 503) and int(answer.headers["retry-after"]) >= 1
    assert service.metric("otlp_storage_appends_refused_total") == refused + 1
    service.assert_balanced()
    grpc_destination.up()
    service.wait_delivered("otlp", "logs", len(stored))

    def accepted():
        try:
            return sender.send("logs", otlp.request("logs", items=1)) == b""
        except grpc.RpcError:
            return False
    gateway.until(accepted, "room after delivery")
    gateway.until(service.is_ready, "readiness")
    assert not otlp.containers(stored) - grpc_destination.containers("logs")
    sender.close()


@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_minutes_of_overload_stay_within_memory(make_gateway, grpc_destination, protocol):
    grpc_destination.keep_bodies = False
    service = start(make_gateway, grpc_destination, storage={"size_max": 1 << 30})
    counts = flood(service, protocol, otlp.request("logs", items=100, text_bytes=1000), 32, 120)
    assert counts["stored"] > 1000
    service.assert_rss_peak()
    gateway.until(lambda: service.ledger()["otlp", "logs"].get("pending") == 0, "an empty backlog", 120)
    service.assert_balanced()
