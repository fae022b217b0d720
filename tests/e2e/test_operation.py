"""Operation: health that is true, clear refusals to start, damage that is survived, a clean end."""

import json
import os
import pathlib
import re
import signal
import subprocess
import time

import grpc
import pytest
import yaml

import destination
import gateway
import otlp

HEALTH = "/grpc.health.v1.Health/"


def grpc_health(service, name=""):
    channel = grpc.insecure_channel(service.grpc)
    try:
        answer = channel.unary_unary(HEALTH + "Check")(otlp.field(1, name.encode()) if name else b"", timeout=5)
        return answer[1] if answer else 0
    finally:
        channel.close()


def test_health_pages_and_grpc_health_of_a_good_service(make_gateway):
    service = make_gateway().start()
    for path in ("/health/live", "/health/ready", "/health/startup", "/health", "/ready"):
        assert service.get(path).status == 200, path
    assert service.get("/health").json()
    assert service.get("/api/v1/status").json()
    assert grpc_health(service) == 1
    assert service.get("/nothing").status == 404


def test_grpc_health_watch_tells_of_the_end(make_gateway):
    service = make_gateway().start()
    channel = grpc.insecure_channel(service.grpc)
    stream = channel.unary_stream(HEALTH + "Watch")(b"", timeout=30)
    assert next(stream) == b"\x08\x01"
    service.process.send_signal(signal.SIGTERM)
    try:
        rest = list(stream)
    except grpc.RpcError as error:
        assert error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)
        rest = []
    assert all(answer == b"\x08\x02" for answer in rest)
    assert service.process.wait(20) == 0
    channel.close()


def test_an_unknown_service_has_no_grpc_health(make_gateway):
    service = make_gateway().start()
    with pytest.raises(grpc.RpcError) as caught:
        grpc_health(service, "no.such.Service")
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND


def test_the_command_health_exits_0_and_1(make_gateway):
    service = make_gateway().start()
    assert gateway.run_command("health", "--endpoint", service.admin).returncode == 0
    address = service.admin
    service.stop()
    assert gateway.run_command("health", "--endpoint", address).returncode == 1


def test_version_is_the_one_of_the_source():
    said = gateway.run_command("version")
    assert said.returncode == 0
    assert (gateway.ROOT / "VERSION").read_text().strip() in said.stdout


# --- a configuration mistake stops the start with a clear error ---

MISTAKES = {
    "unknown key": ("receivers: {otlp: {protocols: {grpc: {endpiont: '127.0.0.1:0'}}}}", "endpoint"),
    "unknown component": ("exporters: {otpl: {endpoint: 'x:1'}}", "otlp"),
    "wrong type": ("storage: {size_max: many}", "size_max"),
    "undefined exporter in a pipeline": ("service: {pipelines: {traces: {receivers: [otlp], exporters: [otlp/nowhere]}}}", "otlp/nowhere"),
    "negative duration": ("exporters: {otlp: {endpoint: 'localhost:1', timeout: -5s}}", "timeout"),
    "not YAML": ("receivers: [", "gateway.yaml"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_configuration_mistake_stops_the_start(tmp_path, mistake):
    text, named = MISTAKES[mistake]
    file = tmp_path / "gateway.yaml"
    file.write_text(text + "\n")
    for command in ("run", "validate"):
        said = gateway.run_command(command, "--config", file, cwd=tmp_path)
        output = said.stdout + said.stderr
        assert said.returncode not in (0, -6, -11), output
        assert named in output and re.search(r"gateway\.yaml:\d+", output), output
    assert not (tmp_path / "data").exists()


def test_all_mistakes_are_told_at_once(tmp_path):
    file = tmp_path / "gateway.yaml"
    file.write_text("storage: {durabilty: commit, size_max: many}\nadmin: {endpiont: 'x'}\n")
    said = gateway.run_command("validate", "--config", file, cwd=tmp_path)
    output = said.stdout + said.stderr
    assert said.returncode != 0
    assert all(word in output for word in ("durabilty", "size_max", "endpiont")), output


def test_an_address_in_use_stops_the_start_and_is_named(make_gateway):
    first = make_gateway(name="first").start()
    second = make_gateway(name="second", receivers={"otlp": {"protocols": {"http": {"endpoint": first.http}}}})
    second.start(ready=False)
    assert second.process.wait(20) not in (0, -6, -11)
    second._reader.join(5)
    assert first.http in second.log_text()


def test_a_data_directory_in_use_stops_the_start(make_gateway, tmp_path):
    first = make_gateway(name="first").start()
    second = make_gateway(name="second", storage={"directory": str(first.directory / "data")})
    second.start(ready=False)
    assert second.process.wait(20) not in (0, -6, -11)
    assert first.is_ready()


# --- damage ---

def fill(service, count=60):
    sender = otlp.GrpcSender(service.grpc)
    bodies = [otlp.request("traces", items=2, text_bytes=20_000) for _ in range(count)]
    for body in bodies:
        sender.send("traces", body)
    sender.close()
    return bodies


def segments(service):
    found = sorted((service.directory / "data").glob("segment-*"))
    assert found
    return found


def test_a_damaged_data_directory_opens_as_far_as_it_is_sound(make_gateway, grpc_destination):
    """Method: 60 records undelivered at a stop; 100 bytes in the middle of the segment are overwritten."""
    grpc_destination.down()
    service = make_gateway({"otlp": gateway.exporter("otlp", grpc_destination.endpoint)}).start()
    bodies = fill(service)
    service.stop()
    segment = segments(service)[0]
    with open(segment, "r+b") as file:
        file.seek(1 << 20)
        file.write(b"\xde\xad" * 50)
    grpc_destination.up()
    service.start()
    gateway.until(lambda: service.ledger()["otlp", "traces"].get("pending") == 0, "an empty backlog")
    ledger = service.assert_balanced()["otlp", "traces"]
    arrived = grpc_destination.containers("traces")
    assert not arrived - otlp.containers(bodies)
    assert 2 <= ledger["damaged"] <= 4 and ledger["delivered"] == 120 - ledger["damaged"]
    assert arrived.total() * 2 == ledger["delivered"]
    verify = gateway.run_command("log", "verify", service.directory / "data")
    assert "damage" in (verify.stdout + verify.stderr).lower()


def test_junk_in_the_data_directory_is_reported_and_survived(make_gateway, grpc_destination):
    service = make_gateway({"otlp": gateway.exporter("otlp", grpc_destination.endpoint)}).start()
    bodies = fill(service, 5)
    service.wait_delivered("otlp", "traces", 10)
    service.stop()
    for index, path in enumerate(sorted(p for p in (service.directory / "data").rglob("*") if p.is_file())):
        if path not in segments(service) and path.name != "LOCK":
            path.write_bytes(os.urandom(100 + index))
    (service.directory / "data" / "not-ours.txt").write_text("hello")
    service.start()
    gateway.until(lambda: service.ledger()["otlp", "traces"].get("pending") == 0, "an empty backlog")
    bodies += fill(service, 5)
    gateway.until(lambda: not otlp.containers(bodies) - grpc_destination.containers("traces"), "all bodies")


def test_readiness_goes_when_the_write_path_fails_and_comes_back(make_gateway, tmp_path):
    """Promise 6. Method: a small file system of its own fills up behind the service's back."""
    mount = tmp_path / "small"
    mount.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(mount)], capture_output=True, check=False)
    if mounted.returncode != 0:
        pytest.skip("mounting a small file system needs root")
    try:
        service = make_gateway(storage={"directory": str(mount / "data"), "segment_size": 2 << 20, "size_max": 64 << 20},
                               receivers=gateway.receivers(1))
        service.start()
        filler = mount / "filler"
        with open(filler, "wb", buffering=0) as file:
            try:
                while file.write(b"x" * 65536):
                    pass
            except OSError:
                pass
        refused = None
        for _ in range(60):
            answer = gateway.http_request(service.http, "POST", "/v1/logs", otlp.request("logs", items=1, text_bytes=200_000), otlp.PROTOBUF)
            if answer.status != 200:
                refused = answer
                break
        assert refused is not None and refused.status in (429, 503), refused
        gateway.until(lambda: service.get("/health/ready").status == 503, "readiness to go")
        assert service.get("/health/live").status == 200
        assert grpc_health(service) == 2
        filler.unlink()
        gateway.until(service.is_ready, "readiness to come back")

        def accepted():
            return gateway.http_request(service.http, "POST", "/v1/logs", otlp.request("logs", items=1), otlp.PROTOBUF).status == 200
        gateway.until(accepted, "a stored request")
        service.close()
    finally:
        subprocess.run(["umount", "-l", str(mount)], check=False)


# --- start and end ---

def test_the_embedded_default_needs_nothing(tmp_path):
    """`otlp-service run` alone: loopback listeners, data in ./data. Ports are moved; the rest is as it is."""
    service = gateway.Gateway(tmp_path)
    service.process = subprocess.Popen(
        [str(gateway.BINARY), "run", "--set", "receivers.otlp.protocols.grpc.endpoint=127.0.0.1:0",
         "--set", "receivers.otlp.protocols.http.endpoint=127.0.0.1:0", "--set", "admin.endpoint=127.0.0.1:0"],
        cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    import threading
    service.addresses = {}
    service._reader = threading.Thread(target=service._read_log, args=(service.process,), daemon=True)
    service._reader.start()
    service.wait_ready()
    assert gateway.http_request(service.http, "POST", "/v1/logs", otlp.request("logs"), otlp.PROTOBUF).status == 200
    assert (tmp_path / "data").is_dir()
    service.close()


def test_the_log_is_text_on_a_terminal(tmp_path):
    """And JSON everywhere else, as all other tests read it."""
    leader, follower = os.openpty()
    process = subprocess.Popen(
        [str(gateway.BINARY), "run", "--set", "receivers.otlp.protocols.grpc.endpoint=127.0.0.1:0",
         "--set", "receivers.otlp.protocols.http.endpoint=127.0.0.1:0", "--set", "admin.endpoint=127.0.0.1:0"],
        cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=follower)
    os.close(follower)
    seen = b""
    try:
        while b"listening" not in seen:
            seen += os.read(leader, 4096)
    finally:
        process.terminate()
        process.wait(30)
        os.close(leader)
    assert " app: starting version=" in seen.decode() and "{" not in seen.decode()


def test_own_log_is_json_lines_without_secrets(make_gateway, grpc_destination):
    """S-16. Method: a token in an exporter's headers and in a request's never shows in log or API."""
    secret = "s3cr3t-t0ken-value"
    service = make_gateway({"otlp": gateway.exporter("otlp", grpc_destination.endpoint, headers={"authorization": f"Bearer {secret}"})},
                           service={"telemetry": {"logs": {"level": "debug"}}}).start()
    sender = otlp.GrpcSender(service.grpc)
    sender.send("traces", otlp.request("traces"), metadata=[("authorization", f"Bearer {secret}")])
    sender.close()
    service.wait_delivered("otlp", "traces", 3)
    assert grpc_destination.seen[0].headers["authorization"] == f"Bearer {secret}"
    shown = service.get("/api/v1/status").body.decode() + service.get("/health").body.decode()
    shown += gateway.run_command("config", "--config", service.config_file).stdout
    service.stop()
    text = (service.directory / "service.log").read_text()
    assert secret not in text and secret not in shown
    for line in text.splitlines():
        event = json.loads(line)
        assert {"time", "level", "module", "message"} <= event.keys()


def test_start_to_ready_is_quick_and_sigterm_ends_an_idle_service_at_once(make_gateway):
    service = make_gateway()
    begun = time.monotonic()
    service.start()
    assert time.monotonic() - begun < 5
    begun = time.monotonic()
    service.stop()
    assert time.monotonic() - begun < 5


def test_a_second_signal_or_sigint_ends_it_too(make_gateway):
    service = make_gateway().start()
    service.process.send_signal(signal.SIGINT)
    assert service.process.wait(20) == 0


def test_config_shows_the_effective_configuration_and_it_loads_again(make_gateway, tmp_path):
    service = make_gateway()
    shown = gateway.run_command("config", "--config", service.config_file)
    assert shown.returncode == 0, shown.stderr
    assert yaml.safe_load(shown.stdout)["storage"]["segment_size"] in (32 << 20, "32MiB")
    again = pathlib.Path(tmp_path / "again.yaml")
    again.write_text(shown.stdout)
    assert gateway.run_command("validate", "--config", again).returncode == 0


def test_log_inspect_and_verify_tell_what_is_on_disk(make_gateway, grpc_destination):
    service = make_gateway({"otlp": gateway.exporter("otlp", grpc_destination.endpoint)}).start()
    fill(service, 7)
    service.wait_delivered("otlp", "traces", 14)
    service.stop()
    data = service.directory / "data"
    inspect = gateway.run_command("log", "inspect", data)
    assert inspect.returncode == 0, inspect.stderr
    assert "traces" in inspect.stdout and "14" in inspect.stdout
    verify = gateway.run_command("log", "verify", data)
    assert verify.returncode == 0, verify.stderr


def test_every_documented_metric_is_exposed_and_every_exposed_one_documented(make_gateway, grpc_destination):
    """docs/metrics.md is a contract. Method: the first column of its tables against a scrape after traffic."""
    service = make_gateway({"otlp": gateway.exporter("otlp", grpc_destination.endpoint)}).start()
    fill(service, 3)
    service.wait_delivered("otlp", "traces", 6)
    text = service.get("/metrics").body.decode()
    exposed = set(re.findall(r"^# TYPE (\w+) ", text, re.M))
    documented = set(re.findall(r"^\| `((?:otlp|process|grpc|http)_\w+)", (gateway.ROOT / "docs/metrics.md").read_text(), re.M))
    assert exposed - documented == set(), "exposed, not documented"
    assert documented - exposed == set(), "documented, not exposed"


def test_metrics_have_the_documented_type_and_labels(make_gateway, grpc_destination):
    """The rest of the contract. Method: the second and third column of docs/metrics.md against a scrape after traffic."""
    service = make_gateway({"otlp": gateway.exporter("otlp", grpc_destination.endpoint)}).start()
    fill(service, 3)
    service.wait_delivered("otlp", "traces", 6)
    text = service.get("/metrics").body.decode()
    types = dict(re.findall(r"^# TYPE (\w+) (\w+)$", text, re.M))
    labels = {name: set() for name in types}
    for name, series in gateway.parse_metrics(text).items():
        family = name if name in types else re.sub("_(bucket|sum|count)$", "", name)
        for found, _ in series:
            labels[family] |= found.keys() - {"le"}
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| ([^|]*)\|", (gateway.ROOT / "docs/metrics.md").read_text(), re.M)
    documented = {name: (kind, set(filter(None, re.split(r"[, ]+", said.strip())))) for name, kind, said in rows}
    for name, kind in types.items():
        assert documented[name][0] == kind, name
        assert labels[name] <= documented[name][1], f"{name}: {labels[name]}"


def test_log_levels_change_while_it_runs(make_gateway):
    """By module, and back to what is configured; a mistake changes nothing; the metrics' listener has no such page."""
    service = make_gateway(admin={"metrics_endpoint": f"127.0.0.1:{destination.free_port()}"}).start()

    def put(text, address=None):
        return gateway.http_request(address or service.admin, "PUT", "/api/v1/log-levels", text)
    assert service.get("/api/v1/log-levels").json() == {"filter": "info", "configured": "info"}
    assert put(b"warn,app=debug\n").json() == {"filter": "warn,app=debug", "configured": "info"}
    gateway.until(lambda: any(line["message"] == "log levels changed" for line in service.lines), "the change in the service's own log")
    wrong = put(b"loud")
    assert wrong.status == 400 and "loud" in wrong.json()["message"]
    assert service.get("/api/v1/log-levels").json()["filter"] == "warn,app=debug"
    assert put(b"x" * 70_000).status == 413
    assert put(b"debug", service.address("metrics")).status == 405
    assert gateway.http_request(service.admin, "POST", "/api/v1/log-levels", b"debug").status == 405
    assert put(b"").json()["filter"] == "info"


# --- --services ---

def services_of(service):
    return {one["name"] for one in service.get("/health").json()["services"]}


@pytest.mark.parametrize(("chosen", "signals"), [
    ("trace", {"traces"}), ("trace,health", {"traces"}), ("metric,log", {"metrics", "logs"}), ("config", set())])
def test_a_subset_of_services_takes_its_signals_and_no_others(make_gateway, chosen, signals):
    """Method: each signal over HTTP and gRPC; a reload changes nothing of the choice."""
    service = make_gateway().start(f"--services={chosen}")
    names = {"traces": "trace_service", "metrics": "metric_service", "logs": "log_service"}

    def look():
        assert services_of(service) & set(names.values()) == {names[name] for name in signals}
        assert {"config_service", "health_service"} <= services_of(service)
        for name in names:
            answer = gateway.http_request(service.http, "POST", f"/v1/{name}", otlp.request(name), otlp.PROTOBUF)
            assert answer.status == (200 if name in signals else 404)
            sender = otlp.GrpcSender(service.grpc)
            if name in signals:
                sender.send(name, otlp.request(name))
            else:
                with pytest.raises(grpc.RpcError) as refused:
                    sender.send(name, otlp.request(name))
                assert refused.value.code() == grpc.StatusCode.UNIMPLEMENTED
            sender.close()

    look()
    service.settings["service"]["telemetry"] = {"logs": {"level": "debug"}}
    service.config_file.write_text(yaml.safe_dump(service.settings, sort_keys=False))
    service.process.send_signal(signal.SIGHUP)
    gateway.until(lambda: service.metric("otlp_config_reloads_total", result="success") >= 1, "a reload")
    look()
    for name in signals:
        service.wait_delivered("debug", name, 12)
    assert {name for _, name in service.ledger()} == signals


def test_a_service_that_there_is_not_is_refused(make_gateway):
    service = make_gateway()
    told = gateway.run_command("run", "--config", service.config_file, "--services=trace,spans")
    assert told.returncode == 2 and "spans" in told.stderr
