"""Nothing acknowledged is missing: while a destination is down, over a restart, after kill -9.

Method: senders keep the bodies that were answered well. Whatever happens to the service, all of these
must arrive in the end; what was not answered may or may not. At-least-once: copies are allowed only
where a crash or a lost answer explains them.
"""

import threading

import grpc
import pytest

import destination
import gateway
import otlp
from traffic import Traffic, idle, wait_arrived


def outage(make_gateway, target, seconds):
    service = make_gateway({"otlp": gateway.exporter("otlp", target.endpoint)}).start()
    traffic = Traffic(service)
    traffic.wait_for(50)
    target.down()
    stopper = threading.Event()
    stopper.wait(seconds)
    traffic.wait_for(50)  # it accepts all the while
    assert service.is_ready()
    service.note_rss_peak()
    target.up()
    traffic.wait_for(50)
    wanted = traffic.stop()
    extra = wait_arrived(service, target, wanted)
    idle(service, "otlp")
    ledger = service.assert_balanced()["otlp", "traces"]
    assert ledger["stored"] >= wanted.total() * 5
    assert ledger["dead_lettered"] == ledger["expired"] == ledger["damaged"] == 0
    # Copies: only what was on its way when the connection was cut.
    assert extra.total() <= 2000
    service.assert_rss_peak()
    assert traffic.refused == 0


def test_a_destination_that_is_down_for_a_while(make_gateway, grpc_destination):
    outage(make_gateway, grpc_destination, 2)


@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_destination_that_is_down_for_a_minute(make_gateway, grpc_destination):
    outage(make_gateway, grpc_destination, 60)


def test_an_http_destination_that_is_down_for_a_while(make_gateway, http_destination):
    service = make_gateway({"otlp_http": gateway.exporter("otlp_http", http_destination.endpoint)}).start()
    traffic = Traffic(service, signal="logs")
    traffic.wait_for(30)
    http_destination.down()
    traffic.wait_for(30)
    http_destination.up()
    traffic.wait_for(30)
    wanted = traffic.stop()
    wait_arrived(service, http_destination, wanted, "logs")
    idle(service, "otlp_http", "logs")
    service.assert_balanced()


def test_what_is_undelivered_at_sigterm_goes_out_after_the_next_start(make_gateway, grpc_destination):
    grpc_destination.down()
    service = make_gateway({"otlp": gateway.exporter("otlp", grpc_destination.endpoint)}).start()
    sender = otlp.GrpcSender(service.grpc)
    bodies = [otlp.request(name) for name in otlp.SIGNALS for _ in range(20)]
    for index, body in enumerate(bodies):
        sender.send(otlp.SIGNALS[index // 20], body)
    sender.close()
    service.stop()
    grpc_destination.up()
    service.start()
    for index, name in enumerate(otlp.SIGNALS):
        wanted = otlp.containers(bodies[index * 20:index * 20 + 20])
        assert not wait_arrived(service, grpc_destination, wanted, name)
        idle(service, "otlp", name)
        assert service.ledger()["otlp", name]["stored"] == 60  # the ledger outlives the process
    service.assert_balanced()


def test_a_clean_restart_delivers_nothing_twice(make_gateway, grpc_destination):
    service = make_gateway({"otlp": gateway.exporter("otlp", grpc_destination.endpoint)}).start()
    bodies = []
    for _ in range(3):
        sender = otlp.GrpcSender(service.grpc)
        for _ in range(20):
            bodies.append(otlp.request("traces"))
            sender.send("traces", bodies[-1])
        sender.close()
        service.restart()
    assert not wait_arrived(service, grpc_destination, otlp.containers(bodies))
    idle(service, "otlp")
    assert grpc_destination.containers("traces") == otlp.containers(bodies)


def test_a_clean_restart_with_a_backlog_delivers_nothing_twice(make_gateway, grpc_destination, http_destination):
    """Both destinations take a second for each request, and the time to drain ends long before the backlog."""
    targets = {"otlp": grpc_destination, "otlp_http": http_destination}
    for target in targets.values():
        target.answer = lambda signal, body, count: destination.Answer(delay_s=1)
    batch = {"send_batch_size": 3, "send_batch_max_size": 3}  # a request each
    exporters = {kind: gateway.exporter(kind, target.endpoint, batch=batch) for kind, target in targets.items()}
    service = make_gateway(exporters, service={"shutdown_timeout": "3s"}).start()
    sender = otlp.GrpcSender(service.grpc)
    bodies = [otlp.request("traces") for _ in range(60)]
    for body in bodies:
        sender.send("traces", body)
    sender.close()
    for target in targets.values():
        gateway.until(lambda target=target: len(target.seen) > 2, "requests on their way")
    service.stop()
    sent = {kind: len(target.seen) for kind, target in targets.items()}
    assert max(sent.values()) < len(bodies), "there was no backlog"
    for target in targets.values():
        target.answer = lambda signal, body, count: destination.Answer()
    service.start()
    for kind, target in targets.items():
        assert not wait_arrived(service, target, otlp.containers(bodies)), kind
        idle(service, kind)


def test_sigterm_under_load_loses_nothing_acknowledged(make_gateway, grpc_destination):
    service = make_gateway({"otlp": gateway.exporter("otlp", grpc_destination.endpoint)}).start()
    traffic = Traffic(service, senders=8)
    traffic.wait_for(100)
    service.stop()  # exit code 0 within the grace time
    wanted = traffic.stop()
    service.start()
    wait_arrived(service, grpc_destination, wanted)
    idle(service, "otlp")
    service.assert_balanced()


@pytest.mark.parametrize("durability", ["commit"])
def test_kill_9_in_the_middle_of_traffic(make_gateway, grpc_destination, durability):
    """Promise 1, S-13. Method: four rounds of traffic, each ended by kill -9; what was acknowledged arrives."""
    service = make_gateway({"otlp": gateway.exporter("otlp", grpc_destination.endpoint)}, storage={"durability": durability}).start()
    traffic = Traffic(service)
    for round_ in range(4):
        traffic.wait_for(60)
        if round_ == 1:
            grpc_destination.down()  # killed with a backlog, and started again with it
        service.kill()
        service.start()
        if round_ == 2:
            grpc_destination.up()
    traffic.wait_for(60)
    wanted = traffic.stop()
    wait_arrived(service, grpc_destination, wanted)
    idle(service, "otlp")
    ledger = service.assert_balanced()["otlp", "traces"]
    assert ledger["damaged"] == ledger["expired"] == ledger["dead_lettered"] == 0


def test_a_slow_and_throttling_destination_is_waited_for(make_gateway, grpc_destination):
    """Every second request is told to come back by RetryInfo: all arrives, none before its delay."""
    waits = {}

    def answer(signal, body, count):
        if body in waits:
            return destination.Answer()
        waits[body] = True
        return destination.Answer(grpc.StatusCode.RESOURCE_EXHAUSTED, retry_after_s=0.3)
    grpc_destination.answer = answer
    service = make_gateway({"otlp": gateway.exporter("otlp", grpc_destination.endpoint)}).start()
    sender = otlp.GrpcSender(service.grpc)
    bodies = [otlp.request("traces") for _ in range(5)]
    for body in bodies:
        sender.send("traces", body)
    sender.close()
    service.wait_delivered("otlp", "traces", 15)
    first = {arrival.body: arrival.at for arrival in reversed(grpc_destination.seen) if not arrival.recorded}
    for arrival in grpc_destination.seen:
        if arrival.recorded and arrival.body in first:
            assert arrival.at - first[arrival.body] >= 0.28
    assert not wait_arrived(service, grpc_destination, otlp.containers(bodies))


def test_a_permanent_refusal_is_dead_lettered_and_never_retried(make_gateway, grpc_destination):
    grpc_destination.answer = lambda signal, body, count: destination.Answer(grpc.StatusCode.INVALID_ARGUMENT)
    service = make_gateway({"otlp": gateway.exporter("otlp", grpc_destination.endpoint)}).start()
    sender = otlp.GrpcSender(service.grpc)
    sender.send("traces", otlp.request("traces", items=1))
    sender.close()
    gateway.until(lambda: service.ledger()["otlp", "traces"].get("dead_lettered") == 1, "a dead letter")
    assert service.assert_balanced()["otlp", "traces"]["pending"] == 0
    assert len(grpc_destination.seen) == 1


def test_partial_success_from_a_destination_is_counted_and_never_retried(make_gateway, grpc_destination):
    response = otlp.RESPONSE["traces"]()
    response.partial_success.rejected_spans = 1
    response.partial_success.error_message = "one of them is too old"
    grpc_destination.answer = lambda signal, body, count: destination.Answer(body=response.SerializeToString())
    service = make_gateway({"otlp": gateway.exporter("otlp", grpc_destination.endpoint)}).start()
    sender = otlp.GrpcSender(service.grpc)
    sender.send("traces", otlp.request("traces", items=3))
    sender.close()
    idle_states = gateway.until(lambda: (lambda s: s if s.get("stored") == 3 and s.get("pending") == 0 else None)(
        service.ledger()["otlp", "traces"]), "an outcome of all 3 items")
    assert idle_states["delivered"] == 2 and idle_states["dead_lettered"] == 1
    service.assert_balanced()
    assert len(grpc_destination.seen) == 1
