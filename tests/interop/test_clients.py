"""gRPC clients of each language: deadlines, cancellation, pings, GOAWAY, a restart, health, reflection."""

import pytest

import clients
import destination
import gateway

TRACE_SERVICE = "opentelemetry.proto.collector.trace.v1.TraceService"
EXPORT_SERVICES = {f"opentelemetry.proto.collector.{name}" for name in
                   ("trace.v1.TraceService", "metrics.v1.MetricsService", "logs.v1.LogsService")}
LANGUAGES = [language for language in clients.LANGUAGES if language != "python"]  # tests/conformance is Python's

pytestmark = [pytest.mark.parametrize("language", LANGUAGES, indirect=True), pytest.mark.timeout(300)]


@pytest.fixture
def caller(language):
    started = []

    def start(mode, endpoint):
        started.append(clients.Caller(language, mode, endpoint))
        return started[-1]
    yield start
    for one in started:
        one.close()


def stored(service):
    return service.metric("otlp_ledger_items", exporter="otlp", signal="traces", state="stored")


def test_deadlines_cancellation_health_and_reflection(service, caller):
    client = caller("calls", service.grpc)
    calls, health, reflection = (client.said() for _ in range(3))
    # G-23: a call ends by its deadline or by cancellation, or it was faster; the connection stays good.
    assert set(calls["deadlines"]) <= {"OK", "DEADLINE_EXCEEDED"} and calls["deadlines"]["DEADLINE_EXCEEDED"] > 0
    assert set(calls["cancelled"]) <= {"OK", "CANCELLED"} and calls["cancelled"]["CANCELLED"] > 0
    assert calls["after"] == {"OK": 10}
    answered = sum(tally.get("OK", 0) for tally in (calls["deadlines"], calls["cancelled"], calls["after"]))
    assert stored(service) >= answered
    assert health["check"] == {"": "SERVING", TRACE_SERVICE: "SERVING", "no.such.Service": "NOT_FOUND"}
    assert health["watch"] == "SERVING"
    assert EXPORT_SERVICES | {"grpc.health.v1.Health"} <= set(reflection["services"])
    assert f"{TRACE_SERVICE}/Export" in reflection["methods"]
    assert reflection["unknown_symbol"] == "NOT_FOUND" and reflection["end"] == "EOF"
    assert reflection["alpha_services"] == len(reflection["services"])


def test_G_25_goaway_during_traffic_loses_and_repeats_no_call(make_gateway, grpc_destination, caller):
    """Method: connections of a second; every call is answered OK, and as many spans are stored as calls were answered."""
    settings = {"keepalive": {"server_parameters": {"max_connection_age": "1s", "max_connection_age_grace": "5s"}}}
    service = make_gateway({"otlp": gateway.exporter("otlp", grpc_destination.endpoint)},
                           receivers={"otlp": {"protocols": {"grpc": settings}}}).start()
    client = caller("traffic", service.grpc)
    client.said()
    gateway.until(lambda: service.metric("otlp_receiver_connections_accepted_total", listener="otlp/grpc") >= 5, "connections that come and go")
    calls = client.end()["calls"]
    assert set(calls) == {"OK"}, calls
    assert stored(service) == calls["OK"]
    service.wait_delivered("otlp", "traces", calls["OK"])


def test_a_client_comes_back_after_a_restart(make_gateway, grpc_destination, caller):
    """Method: SIGTERM under traffic, the same address again; calls wait for it, and none that was answered is lost."""
    address = f"127.0.0.1:{destination.free_port()}"
    service = make_gateway({"otlp": gateway.exporter("otlp", grpc_destination.endpoint)},
                           receivers={"otlp": {"protocols": {"grpc": {"endpoint": address}}}}).start()
    client = caller("traffic", address)
    client.said()
    service.restart()
    before = stored(service)
    gateway.until(lambda: stored(service) > before + 200, "calls after the restart")
    calls = client.end()["calls"]
    assert set(calls) <= {"OK", "UNAVAILABLE"}, calls
    service.wait_delivered("otlp", "traces", calls["OK"])
    assert grpc_destination.items("traces") >= calls["OK"]


def test_G_24_pings_every_ten_seconds_are_welcome(service, caller):
    """Method: one open Watch and nothing else for 35 s; the call's own deadline ends it, not a GOAWAY."""
    assert caller("pings", service.grpc).said() == {"watch_ended_by": "DEADLINE_EXCEEDED"}
