"""`otlp-service tap`: what a running gateway stores, shown, filtered and recorded, without slowing it."""

import json
import signal
import subprocess
import tempfile

import gateway
import otlp


class Tap:
    """The command beside a running gateway; what it prints is read when it has ended."""

    def __init__(self, service, *arguments):
        self._errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [str(gateway.BINARY), "tap", "--endpoint", service.admin, *map(str, arguments)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._errors, text=True)
        gateway.until(lambda: "Ctrl-C ends it" in self.err or self.process.poll() is not None, lambda: f"the first answer: {self.err}")

    @property
    def err(self):
        self._errors.seek(0)
        return self._errors.read()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.wait()

    def wait(self):
        self.out, _ = self.process.communicate(timeout=gateway.DEADLINE_S)
        return self.process.returncode


def post(service, signal_name, body):
    answer = gateway.http_request(service.http, "POST", otlp.PATH[signal_name], body, otlp.PROTOBUF)
    assert answer.status == 200, answer.body


def read_captured(data):
    """docs/formats/captured_requests.md, read by hand."""
    entries = []
    while data:
        line, _, data = data.partition(b"\n")
        head = json.loads(line)
        payload, data = data[:head["size_bytes"]], data[head["size_bytes"]:]
        assert data[:1] == b"\n"
        data = data[1:]
        entries.append((head, payload))
    return entries


def test_a_tap_shows_what_comes_as_text_and_as_otlp_json(make_gateway):
    service = make_gateway().start()
    post(service, "logs", otlp.request("logs"))  # before the taps
    text, lines = Tap(service, "--count", 3), Tap(service, "--count", 3, "--output", "json")
    assert service.metric("otlp_taps") == 2
    bodies = {name: otlp.request(name) for name in otlp.SIGNALS}
    for name, body in bodies.items():
        post(service, name, body)
    assert text.wait() == 0, text.err
    assert len(text.out.splitlines()) == 3 + 1 + 3  # spans, a metric, log records
    assert all(word in text.out for word in ("traces", "metrics", "logs", "GET /", "queue.length", "INFO"))
    assert lines.wait() == 0, lines.err
    shown = [json.loads(line) for line in lines.out.splitlines()]
    assert [next(iter(one)) for one in shown] == ["resourceSpans", "resourceMetrics", "resourceLogs"]
    assert "3 requests with 7 spans, metrics and log records" in lines.err


def test_filters_narrow_what_is_shown(make_gateway):
    service = make_gateway().start()
    wanted, other = otlp.request("traces"), otlp.request("traces")
    message = otlp.REQUEST["traces"].FromString(wanted)
    service_name = message.resource_spans[0].resource.attributes[0].value.string_value
    span = message.resource_spans[0].scope_spans[0].spans[1]
    taps = [Tap(service, "--count", 1, "--output", "json", *conditions) for conditions in (
        ("--service", service_name, "--name", "*/1"), ("--trace-id", span.trace_id.hex(), "--name", span.name))]
    severe = Tap(service, "--severity", "error", "--count", 1)
    post(service, "traces", other)
    post(service, "traces", wanted)
    post(service, "logs", otlp.request("logs"))
    for tap in taps:
        assert tap.wait() == 0, tap.err
        spans = json.loads(tap.out)["resourceSpans"][0]["scopeSpans"][0]["spans"]
        assert [one["spanId"] for one in spans] == [span.span_id.hex()]
    assert severe.stop() == 0
    assert severe.out == ""


def test_a_recording_is_byte_exact_and_is_appended_to(make_gateway, tmp_path):
    service = make_gateway().start()
    file = tmp_path / "requests.otlp"
    bodies = [otlp.request(name) for name in otlp.SIGNALS for _ in range(3)]
    for part in (bodies[:5], bodies[5:]):
        tap = Tap(service, "--record", file, "--count", len(part))
        for body in part:
            post(service, otlp.SIGNALS[bodies.index(body) // 3], body)
        assert tap.wait() == 0, tap.err
        assert tap.out == ""
    entries = read_captured(file.read_bytes())
    assert [payload for _, payload in entries] == bodies
    assert [head["signal"] for head, _ in entries] == [name for name in otlp.SIGNALS for _ in range(3)]
    assert all(head["item_count"] == 3 for head, _ in entries)


def test_dead_letters_can_be_followed(make_gateway, http_destination):
    import destination
    http_destination.answer = lambda *_: destination.Answer(400, record=False)
    service = make_gateway({"otlp_http/picky": gateway.exporter("otlp_http", http_destination.endpoint)}).start()
    body = otlp.request("logs", items=1)
    post(service, "logs", body)
    gateway.until(lambda: service.ledger()["otlp_http/picky", "logs"].get("dead_lettered") == 1, "a dead letter")
    shown = gateway.run_command("tap", "--endpoint", service.admin, "--dead-letters", "otlp_http/picky", "--from", "oldest", "--until-end")
    assert shown.returncode == 0, shown.stderr
    assert "refused_by_destination: " in shown.stdout and "INFO" in shown.stdout
    wrong = gateway.run_command("tap", "--endpoint", service.admin, "--dead-letters", "otlp/nowhere")
    assert wrong.returncode == 1 and "there is no exporter" in wrong.stderr


def test_a_slow_tap_loses_items_with_a_count_and_slows_nobody(make_gateway):
    """A tap that does not read for two segments; the gateway stores on, and what was not shown is counted exactly."""
    service = make_gateway(receivers=gateway.receivers(8), storage={"segment_size": 16 << 20, "history_size_max": 256 << 20}).start()
    tap = Tap(service, "--output", "json")
    tap.process.send_signal(signal.SIGSTOP)
    for _ in range(14):  # of 4 MB
        post(service, "logs", otlp.request("logs", items=10, text_bytes=400_000))
    tap.process.send_signal(signal.SIGCONT)
    gateway.until(lambda: service.metric("otlp_tap_dropped_items_total") > 0, "a count of what was not shown")
    post(service, "logs", otlp.request("logs", items=1))
    stored = 14 * 10 + 1

    def looked_at():
        return service.metric("otlp_ledger_items", exporter="debug", signal="logs", state="stored") == stored
    gateway.until(looked_at, "all stored")
    lines = iter(tap.process.stdout)
    shown = 0
    while True:  # the last record comes alone
        records = json.loads(next(lines))["resourceLogs"][0]["scopeLogs"][0]["logRecords"]
        shown += len(records)
        if len(records) == 1:
            break
    assert tap.stop() == 0
    assert shown + service.metric("otlp_tap_dropped_items_total") == stored
    assert "items not looked at" in tap.err


def test_a_tap_goes_on_after_a_restart(make_gateway):
    service = make_gateway().start()
    port = service.admin.rsplit(":", 1)[1]
    tap = Tap(service, "--count", 2, "--output", "json")
    post(service, "logs", otlp.request("logs"))
    gateway.until(lambda: service.ledger()["debug", "logs"].get("delivered") == 3, "the first request")
    service.stop()
    service.start("--set", f"admin.endpoint=127.0.0.1:{port}")
    post(service, "logs", otlp.request("logs"))
    assert tap.wait() == 0, tap.err
    assert len(tap.out.splitlines()) == 2


def test_mistakes_are_told(make_gateway):
    service = make_gateway().start()
    for arguments, code, said in (
            (("--severity", "loud"), 2, "is no severity"),
            (("--trace-id", "12"), 2, "no trace id"),
            (("--resource", "novalue"), 2, "not key=value"),
            (("--record", "/proc/no/such"), 1, "/proc/no/such")):
        run = gateway.run_command("tap", "--endpoint", service.admin, *arguments)
        assert run.returncode == code and said in run.stderr, (arguments, run.stderr)
    address = service.admin
    assert gateway.http_request(address, "GET", "/api/v1/tap?from=nowhere").status == 400
    service.stop()
    run = gateway.run_command("tap", "--endpoint", address)
    assert run.returncode == 1 and address in run.stderr
