"""`otlp-service log replay`: stored requests and dead letters, sent once more."""

import datetime
import signal
import subprocess
import time

import destination
import gateway
import otlp


def post(service, signal_name, body):
    answer = gateway.http_request(service.http, "POST", otlp.PATH[signal_name], body, otlp.PROTOBUF)
    assert answer.status == 200, answer.body


def replay(*arguments, **more):
    return gateway.run_command("log", "replay", *arguments, **more)


def filled(make_gateway, *, stop=True):
    """A gateway that has stored three requests of each signal and keeps them."""
    service = make_gateway(storage={"history_size_max": 256 << 20}).start()
    bodies = {name: [otlp.request(name) for _ in range(3)] for name in otlp.SIGNALS}
    for name in otlp.SIGNALS:
        for body in bodies[name]:
            post(service, name, body)
    for name in otlp.SIGNALS:
        service.wait_delivered("debug", name, 9)
    if stop:
        service.stop()
    return service, bodies


def test_a_stopped_directory_is_replayed_byte_for_byte_over_both_protocols(make_gateway, grpc_destination, http_destination):
    service, bodies = filled(make_gateway)
    for target, url in ((grpc_destination, f"grpc://{grpc_destination.endpoint}"), (http_destination, http_destination.endpoint)):
        said = replay(service.directory / "data", "--to", url)
        assert said.returncode == 0, said.stderr
        assert "9 chosen with 27 items" in said.stdout and "delivered 27 items, refused 0, not sent 0" in said.stdout
        for name in otlp.SIGNALS:
            assert target.arrived(name) == bodies[name]
    verify = gateway.run_command("log", "verify", service.directory / "data")
    assert verify.returncode == 0, verify.stdout


def test_time_signal_and_dry_run_choose(make_gateway, http_destination):
    service, _ = filled(make_gateway, stop=False)
    gateway.until(lambda: time.time() % 1 > 0.1, "a moment")
    moment = datetime.datetime.now(datetime.timezone.utc).isoformat()
    late = otlp.request("logs")
    post(service, "logs", late)
    service.wait_delivered("debug", "logs", 12)
    service.stop()
    data = service.directory / "data"
    dry = replay(data, "--dry-run", "--signal", "logs,traces")
    assert dry.returncode == 0 and "7 chosen with 21 items: traces 9, logs 12" in dry.stdout and "nothing was sent" in dry.stdout
    assert http_destination.seen == []
    assert replay(data, "--to", http_destination.endpoint, "--from", moment).returncode == 0
    assert http_destination.arrived("logs") == [late] and http_destination.arrived("traces") == []
    assert "0 chosen" in replay(data, "--dry-run", "--until", "2020-01-01").stdout


def test_through_a_running_gateway_into_another_and_into_itself(make_gateway):
    """The ledger of who receives grows by what was replayed; a replay into its own source ends."""
    service, _ = filled(make_gateway, stop=False)
    other = make_gateway(name="other").start()
    said = replay("--endpoint", service.admin, "--to", f"http://{other.http}")
    assert said.returncode == 0 and "delivered 27 items" in said.stdout, said.stderr
    for name in otlp.SIGNALS:
        other.wait_delivered("debug", name, 9)
    said = replay("--endpoint", service.admin, "--to", f"grpc://{service.grpc}", "--signal", "metrics")
    assert said.returncode == 0 and "delivered 9 items" in said.stdout, said.stderr
    service.wait_delivered("debug", "metrics", 18)
    assert service.ledger()["debug", "metrics"]["stored"] == 18
    assert service.ledger()["debug", "traces"]["stored"] == 9


def test_dead_letters_are_sent_again_to_their_exporter(make_gateway, http_destination):
    """A destination that called everything bad is mended; the ledger stays, as documented."""
    http_destination.answer = lambda *_: destination.Answer(400, record=False)
    service = make_gateway({"otlp_http/picky": gateway.exporter("otlp_http", http_destination.endpoint)}).start()
    bodies = [otlp.request("logs", items=1) for _ in range(4)]
    for body in bodies:
        post(service, "logs", body)
    gateway.until(lambda: service.ledger()["otlp_http/picky", "logs"].get("dead_lettered") == 4, "dead letters")
    http_destination.answer = lambda *_: destination.Answer()
    arguments = ("--dead-letters", "otlp_http/picky", "--to-exporter", "otlp_http/picky", "--config", service.config_file)
    said = replay("--endpoint", service.admin, *arguments)
    assert said.returncode == 0 and "delivered 4 items" in said.stdout, said.stderr
    assert http_destination.containers("logs") == otlp.containers(bodies)
    assert service.ledger()["otlp_http/picky", "logs"]["dead_lettered"] == 4
    service.stop()
    said = replay(service.directory / "data", *arguments)
    assert said.returncode == 0 and "delivered 4 items" in said.stdout, said.stderr


def test_later_is_waited_for_bad_data_is_passed_over_and_a_refusal_ends_it(make_gateway, http_destination):
    service, _ = filled(make_gateway)
    data = service.directory / "data"
    http_destination.answer = lambda name, body, count: destination.Answer(503 if count == 0 else 200, record=count != 0)
    said = replay(data, "--to", http_destination.endpoint, "--signal", "logs")
    assert said.returncode == 0 and "delivered 9 items" in said.stdout, said.stderr
    http_destination.answer = lambda name, body, count: destination.Answer(400 if name == "metrics" else 200, record=name != "metrics")
    said = replay(data, "--to", http_destination.endpoint)
    assert said.returncode == 1 and "delivered 18 items, refused 9, not sent 0" in said.stdout
    assert "metrics received at" in said.stderr
    http_destination.answer = lambda *_: destination.Answer(401, record=False)
    said = replay(data, "--to", http_destination.endpoint)
    assert said.returncode == 1 and "delivered 0 items, refused 0, not sent" in said.stdout and "refused, whatever is sent" in said.stderr
    http_destination.answer = lambda *_: destination.Answer(503, record=False)
    said = replay(data, "--to", http_destination.endpoint, "--give-up-after", "1")
    assert said.returncode == 1 and "given up" in said.stderr


def test_the_rate_is_kept_and_a_signal_ends_it(make_gateway, http_destination):
    service, _ = filled(make_gateway)
    process = subprocess.Popen(
        [str(gateway.BINARY), "log", "replay", str(service.directory / "data"), "--to", http_destination.endpoint, "--rate", "10"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    gateway.until(lambda: len(http_destination.seen) >= 3, "three requests")
    seen = list(http_destination.seen)
    assert seen[2].at - seen[0].at > 0.4  # six items at ten a second, less what starting took
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=gateway.DEADLINE_S)
    assert process.returncode == 1 and "stopped" in err and "not sent" in out


def test_a_damaged_record_is_told_and_the_others_are_sent(make_gateway, http_destination):
    service, bodies = filled(make_gateway)
    segment = sorted((service.directory / "data").glob("segment-*"))[0]
    data = bytearray(segment.read_bytes())
    at = data.find(bodies["metrics"][1])
    data[at + 20] ^= 1
    segment.write_bytes(data)
    said = replay(service.directory / "data", "--to", http_destination.endpoint)
    assert said.returncode == 1 and "1 damaged places were passed over" in said.stderr
    assert http_destination.arrived("metrics") == [bodies["metrics"][0], bodies["metrics"][2]]
    assert "delivered 24 items" in said.stdout


def test_mistakes_are_told(tmp_path):
    for arguments, said in (
            (("--to", "http://h:1"), None),
            ((tmp_path,), "say where to"),
            ((tmp_path, "--to", "ftp://h"), "is no destination"),
            ((tmp_path, "--dry-run", "--from", "yesterday"), "is no time"),
            ((tmp_path, "--dry-run", "--signal", "spans"), "is no signal"),
            ((tmp_path, "--to-exporter", "otlp/none"), "has no exporter")):
        run = replay(*arguments, "--endpoint", "127.0.0.1:1")
        assert run.returncode in (1, 2), arguments
        assert said is None or said in run.stderr, run.stderr
    assert "no segment files" in replay(tmp_path, "--dry-run").stderr
    assert replay(tmp_path / "missing", "--dry-run").returncode == 1
    (tmp_path / "text").write_text("this is\nno recording\n")
    assert "no captured request" in replay(tmp_path / "text", "--dry-run").stderr
