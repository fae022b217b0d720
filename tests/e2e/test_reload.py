"""Reload: another configuration and other certificates while requests come in; listeners stay open."""

import concurrent.futures
import http.client
import http.server
import os
import shutil
import signal
import ssl
import subprocess
import threading
import time

import grpc
import pytest
import yaml

import destination
import gateway
import otlp


def post(service, items=1):
    return gateway.http_request(service.http, "POST", "/v1/traces", otlp.request("traces", items=items), otlp.PROTOBUF)


def rewrite(service, change):
    """Changes the settings and replaces the file, as an editor does."""
    change(service.settings)
    new = service.config_file.with_suffix(".new")
    new.write_text(yaml.safe_dump(service.settings, sort_keys=False))
    os.replace(new, service.config_file)


def reloads(service, result):
    return service.metric("otlp_config_reloads_total", result=result)


def reload(service, change, result="success"):
    before = reloads(service, result)
    rewrite(service, change)
    service.process.send_signal(signal.SIGHUP)
    gateway.until(lambda: reloads(service, result) > before, lambda: f"a reload: {result}; log:\n{service.log_text()}")


def state_of(service, name):
    return next(s for s in service.get("/health").json()["services"] if s["name"] == name)


def said(service, text):
    return any(text in line.get("message", "") for line in service.lines)


def wait_said(service, text):
    """What it has written is read by a thread of the harness, a moment later."""
    gateway.until(lambda: said(service, text), lambda: f"{text!r} in the log:\n{service.log_text()}")


@pytest.fixture
def other_destination():
    made = destination.GrpcDestination()
    yield made
    made.close()


@pytest.fixture
def running(make_gateway, grpc_destination):
    return make_gateway({"otlp": gateway.exporter("otlp", grpc_destination.endpoint)}).start()


def test_a_changed_file_is_taken_over_without_a_signal(running):
    running.settings["service"]["telemetry"] = {"logs": {"level": "debug"}}
    rewrite(running, lambda settings: None)
    gateway.until(lambda: reloads(running, "success") == 1, "a reload")
    wait_said(running, "service.telemetry.logs.level: info -> debug")
    assert running.metric("otlp_config_last_reload_successful") == 1


def test_a_change_while_it_starts_is_taken_over(make_gateway, grpc_destination):
    """Method: the file is replaced when it has been read and no listener is open; the service is held meanwhile."""
    service = make_gateway({"otlp": gateway.exporter("otlp", grpc_destination.endpoint)}).start(ready=False)
    gateway.until(lambda: said(service, "starting"), "the start")
    service.process.send_signal(signal.SIGSTOP)
    service.settings["service"]["telemetry"] = {"logs": {"level": "debug"}}
    rewrite(service, lambda settings: None)
    service.process.send_signal(signal.SIGCONT)
    service.wait_ready()
    gateway.until(lambda: reloads(service, "success") == 1, service.log_text)
    wait_said(service, "service.telemetry.logs.level: info -> debug")


def test_a_volume_of_kubernetes_is_taken_over(make_gateway, tmp_path):
    """Method: the file is a symlink through ..data, which is replaced as kubelet does."""
    service = make_gateway()
    volume = tmp_path / "volume"
    (volume / "..one").mkdir(parents=True)
    shutil.copy(service.config_file, volume / "..one" / "gateway.yaml")
    (volume / "..data").symlink_to("..one")
    (volume / "gateway.yaml").symlink_to("..data/gateway.yaml")
    service.config_file = volume / "gateway.yaml"
    service.start()
    service.settings["service"]["shutdown_timeout"] = "7s"
    (volume / "..two").mkdir()
    (volume / "..two" / "gateway.yaml").write_text(yaml.safe_dump(service.settings))
    (volume / "..data_tmp").symlink_to("..two")
    os.replace(volume / "..data_tmp", volume / "..data")
    gateway.until(lambda: reloads(service, "success") == 1, "a reload")
    wait_said(service, "service.shutdown_timeout: 20s -> 7s")


def test_exporters_come_change_and_go_under_traffic_and_nothing_is_lost_or_sent_twice(running, grpc_destination, other_destination):
    """Method: a client on one connection sends without a pause while three reloads happen; then the
    first destination has every body once, and the listeners are those of the start."""
    addresses = running.grpc, running.http
    bodies = []
    sender = otlp.GrpcSender(running.grpc)

    def send(count):
        for _ in range(count):
            bodies.append(otlp.request("traces", items=2))
            sender.send("traces", bodies[-1])

    def add(settings):
        settings["exporters"]["otlp/other"] = gateway.exporter("otlp", other_destination.endpoint)
        settings["service"]["pipelines"]["traces"]["exporters"].append("otlp/other")

    def change(settings):
        settings["exporters"]["otlp"]["timeout"] = "9s"

    def remove(settings):
        del settings["exporters"]["otlp/other"]
        settings["service"]["pipelines"]["traces"]["exporters"].remove("otlp/other")

    send(50)
    for step in (add, change, remove):
        rewrite(running, step)
        before = reloads(running, "success")
        running.process.send_signal(signal.SIGHUP)
        while reloads(running, "success") == before:
            send(5)
        send(20)
    running.wait_delivered("otlp", "traces", 2 * len(bodies))
    sender.close()
    arrived = grpc_destination.containers("traces")
    assert arrived == otlp.containers(bodies)
    assert other_destination.containers("traces")
    assert ("otlp/other", "traces") not in running.ledger()
    assert (running.grpc, running.http) == addresses
    running.assert_balanced()


def test_a_bad_file_leaves_the_old_configuration_running_and_says_so(running):
    def spoil(settings):
        settings["exporters"]["otlp"]["timeot"] = "1s"

    reload(running, spoil, "failure")
    assert running.metric("otlp_config_last_reload_successful") == 0
    told = state_of(running, "config_service")
    assert told["state"] == "degraded" and "timeot" in told["reason"] and "gateway.yaml:" in told["reason"]
    assert post(running).status == 200
    running.wait_delivered("otlp", "traces", 1)
    assert running.get("/health/ready").status == 200
    reload(running, lambda settings: settings["exporters"]["otlp"].pop("timeot"), "unchanged")
    assert running.metric("otlp_config_last_reload_successful") == 1
    assert state_of(running, "config_service")["state"] == "healthy"


def test_an_exporter_that_cannot_start_is_put_back_as_it_was(make_gateway, tmp_path):
    """Method: the new path of a file exporter is below a file."""
    service = make_gateway({"file": {"path": str(tmp_path / "out.jsonl")}}).start()
    (tmp_path / "plain").write_text("a file")
    good = str(tmp_path / "out.jsonl")
    reload(service, lambda settings: settings["exporters"]["file"].update(path=str(tmp_path / "plain/out.jsonl")), "failure")
    assert "exporter/file" in state_of(service, "config_service")["reason"]
    assert post(service).status == 200
    service.wait_delivered("file", "traces", 1)
    assert state_of(service, "exporter/file")["running"]
    assert os.path.getsize(good) > 0


def test_what_needs_a_restart_is_named_and_the_rest_holds(running):
    def change(settings):
        settings["storage"]["directory"] = str(running.directory / "elsewhere")
        settings["receivers"]["otlp"]["protocols"]["http"]["max_request_body_size"] = 2048

    reload(running, change)
    told = state_of(running, "config_service")
    assert told["state"] == "degraded" and "storage.directory" in told["reason"]
    assert "max_request_body_size" not in told["reason"]
    assert running.metric("otlp_config_restart_pending") == 1
    large = gateway.http_request(running.http, "POST", "/v1/traces",
                                 otlp.request("traces", items=1, text_bytes=4000), otlp.PROTOBUF)
    assert large.status == 413
    assert post(running).status == 200
    assert not (running.directory / "elsewhere").exists()


def test_limits_change_while_it_runs(running):
    def change(settings):
        settings["storage"]["size_max"] = 128 << 20
        settings["processors"] = {"memory_limiter": {"limit_mib": 40}}
        for pipeline in settings["service"]["pipelines"].values():
            pipeline["processors"] = ["memory_limiter"]

    reload(running, change)
    assert running.metric("otlp_storage_size_max_bytes") == 128 << 20
    assert running.metric("otlp_memory_budget_limit_bytes") == 40 << 20


def test_a_signal_comes_and_goes_with_its_pipeline(running):
    pipeline = running.settings["service"]["pipelines"]["traces"]
    reload(running, lambda settings: settings["service"]["pipelines"].pop("traces"))
    assert post(running).status == 404
    assert all(s["name"] != "trace_service" for s in running.get("/health").json()["services"])
    reload(running, lambda settings: settings["service"]["pipelines"].update(traces=pipeline))
    assert post(running).status == 200
    running.wait_delivered("otlp", "traces", 1)
    assert state_of(running, "trace_service")["running"]


def test_a_removed_exporters_backlog_is_shown_and_delivered_when_it_comes_back(running, other_destination):
    dead = other_destination
    dead.down()
    settings = gateway.exporter("otlp", dead.endpoint)

    def add(config):
        config["exporters"]["otlp/dead"] = settings
        config["service"]["pipelines"]["traces"]["exporters"].append("otlp/dead")

    def remove(config):
        del config["exporters"]["otlp/dead"]
        config["service"]["pipelines"]["traces"]["exporters"].remove("otlp/dead")

    reload(running, add)
    for _ in range(7):
        assert post(running).status == 200
    running.wait_delivered("otlp", "traces", 7)
    reload(running, remove)
    told = state_of(running, "config_service")
    assert told["state"] == "degraded"
    assert "exporter otlp/dead is no longer configured, and 7 traces items wait for it" in told["reason"]
    assert running.metric("otlp_config_removed_exporter_items") == 7
    dead.up()
    reload(running, add)
    running.wait_delivered("otlp/dead", "traces", 7)
    assert state_of(running, "config_service")["state"] == "healthy"


def test_an_exporter_that_comes_back_is_sent_nothing_twice(make_gateway, grpc_destination, other_destination):
    """Method: two exporters have delivered everything; a reload without one of them, one with it again, and one more body."""
    exporters = {"otlp": gateway.exporter("otlp", grpc_destination.endpoint),
                 "otlp/other": gateway.exporter("otlp", other_destination.endpoint)}
    service = make_gateway(exporters).start()

    def use(names):
        def change(settings):
            settings["exporters"] = {name: exporters[name] for name in names}
            for pipeline in settings["service"]["pipelines"].values():
                pipeline["exporters"] = list(names)
        return change

    for _ in range(7):
        assert post(service).status == 200
    for name in exporters:
        service.wait_delivered(name, "traces", 7)
    reload(service, use(["otlp"]))
    assert state_of(service, "config_service")["state"] == "healthy"
    reload(service, use(exporters))
    assert post(service).status == 200
    service.wait_delivered("otlp/other", "traces", 8)
    assert other_destination.items("traces") == 8
    service.assert_balanced()


def test_config_diff_tells_beforehand(running, tmp_path):
    wanted = gateway.merged(running.settings, {"storage": {"directory": "/elsewhere"}, "service": {"shutdown_timeout": "3s"}})
    wanted["exporters"] = {"otlp/new": {**running.settings["exporters"]["otlp"], "headers": {"authorization": "s3cret"}}}
    for pipeline in wanted["service"]["pipelines"].values():
        pipeline["exporters"] = ["otlp/new"]
    new = tmp_path / "new.yaml"
    new.write_text(yaml.safe_dump(wanted))
    post(running)
    shown = gateway.run_command("config", "--config", running.config_file, "--set", f"admin.endpoint={running.admin}", "--diff", new)
    assert shown.returncode == 0, shown.stderr
    lines = shown.stdout.splitlines()
    assert "restart  storage.directory: " + running.settings["storage"]["directory"] + " -> /elsewhere" in lines
    assert "live     service.shutdown_timeout: 20s -> 3s" in lines
    assert "rebuild  exporters.otlp/new: (none) -> there" in lines
    assert any(line.startswith("exporter otlp goes; ") and "backlog" in line for line in lines), lines
    assert "s3cret" not in shown.stdout
    same = gateway.run_command("config", "--config", new, "--diff", new)
    assert same.returncode == 0 and "no change" in same.stdout
    bad = tmp_path / "bad.yaml"
    bad.write_text("storage: {size_max: many}\n")
    refused = gateway.run_command("config", "--config", running.config_file, "--diff", bad)
    assert refused.returncode == 1 and "size_max" in refused.stderr


def test_a_processor_that_changes_counts_from_then_on(running, grpc_destination):
    """Method: a filter comes, changes and goes; what it drops is counted, and the exporter's place in the log stays."""
    def filter_by(name):
        def change(settings):
            settings["processors"] = {"filter": {"traces": {"span": [f'IsMatch(name, "{name}")']}}}
            settings["service"]["pipelines"]["traces"]["processors"] = ["filter"]
        return change

    def remove(settings):
        del settings["processors"], settings["service"]["pipelines"]["traces"]["processors"]

    assert post(running, 2).status == 200
    running.wait_delivered("otlp", "traces", 2)
    reload(running, filter_by("^GET"))
    assert post(running, 3).status == 200
    gateway.until(lambda: running.ledger()["otlp", "traces"]["filtered"] == 3, running.ledger)
    reload(running, filter_by("^nothing"))
    assert post(running, 4).status == 200
    running.wait_delivered("otlp", "traces", 6)
    reload(running, remove)
    assert post(running, 5).status == 200
    running.wait_delivered("otlp", "traces", 11)
    assert running.ledger()["otlp", "traces"]["filtered"] == 3
    assert grpc_destination.items("traces") == 11


def test_a_receiver_comes_and_goes_with_a_restart(make_gateway):
    """Method: a reload puts a receiver that was in no pipeline into the place of the one that listens. Both are named, and what
    listens goes on; after a restart it is the other one."""
    service = make_gateway()
    service.settings["receivers"]["otlp/late"] = {"protocols": {"http": {"endpoint": "127.0.0.1:0", "max_request_body_size": 1 << 20}}}
    rewrite(service, lambda settings: None)
    service.start()

    def use(receiver):
        def change(settings):
            for pipeline in settings["service"]["pipelines"].values():
                pipeline["receivers"] = [receiver]
        return change

    reload(service, use("otlp/late"))
    told = state_of(service, "config_service")
    assert told["state"] == "degraded" and "receivers.otlp, receivers.otlp/late" in told["reason"]
    assert service.metric("otlp_config_restart_pending") == 2
    assert post(service).status == 200
    reload(service, use("otlp"))
    assert state_of(service, "config_service")["state"] == "healthy"
    rewrite(service, use("otlp/late"))
    service.restart()
    assert "grpc" not in service.addresses
    assert post(service).status == 200


# --- certificates ---

def make_certificate(folder, name):
    """A self-signed certificate for localhost, in tls.crt and tls.key; written one after the other."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-days", "2",
                    "-keyout", folder / "new.key", "-out", folder / "new.crt"], check=True, capture_output=True)
    os.replace(folder / "new.crt", folder / "tls.crt")
    os.replace(folder / "new.key", folder / "tls.key")


def served_certificate(address):
    host, port = address.rsplit(":", 1)
    return ssl.get_server_certificate((host, int(port)))


def test_changed_certificates_are_served_without_closing_a_listener(make_gateway, tmp_path):
    """Method: a connection opened before the change goes on; a new one sees the new certificate; a
    broken one changes nothing, and is told."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    make_certificate(tmp_path, "one")
    tls = {"cert_file": str(tmp_path / "tls.crt"), "key_file": str(tmp_path / "tls.key")}
    listeners = gateway.receivers(16)
    listeners["otlp"]["protocols"]["http"]["tls"] = tls
    service = make_gateway(receivers=listeners).start()
    first = served_certificate(service.http)
    context = ssl.create_default_context(cafile=str(tmp_path / "tls.crt"))
    host, port = service.http.rsplit(":", 1)
    kept = http.client.HTTPSConnection(host, int(port), context=context, timeout=gateway.DEADLINE_S)

    def send():
        kept.request("POST", "/v1/traces", otlp.request("traces"), otlp.PROTOBUF)
        answer = kept.getresponse()
        answer.read()
        return answer.status

    assert send() == 200
    make_certificate(tmp_path, "two")
    gateway.until(lambda: served_certificate(service.http) != first, "the new certificate")
    assert send() == 200
    second = served_certificate(service.http)
    (tmp_path / "tls.crt").write_text("not a certificate")
    gateway.until(lambda: service.metric("otlp_tls_reloads_total", result="failure") >= 1, "a refusal")
    assert "tls.crt" in state_of(service, "config_service")["reason"]
    assert served_certificate(service.http) == second
    make_certificate(tmp_path, "three")
    gateway.until(lambda: served_certificate(service.http) != second, "the third certificate")
    gateway.until(lambda: state_of(service, "config_service")["state"] == "healthy", "health")
    kept.close()


class MutualHttps(destination.Destination):
    """OTLP/HTTP over TLS; remembers the name in each client's certificate."""

    def __init__(self, folder, clients):
        super().__init__()
        self.names = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.decide(otlp.SIGNAL_OF_PATH[self.path], body, dict(self.headers), self.client_address)
                outer.names.append(dict(pair for part in self.connection.getpeercert()["subject"] for pair in part)["commonName"])
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
        context.load_verify_locations(cadata=clients)
        context.verify_mode = ssl.CERT_REQUIRED
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.endpoint = f"https://localhost:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


class MutualGrpc:
    """OTLP/gRPC over TLS, the same."""

    def __init__(self, folder, clients):
        self.names = []

        def export(_, context):
            self.names.append(context.auth_context()["x509_common_name"][0].decode())
            return b""

        handler = grpc.method_handlers_generic_handler(
            "opentelemetry.proto.collector.trace.v1.TraceService", {"Export": grpc.unary_unary_rpc_method_handler(export)})
        self._server = grpc.server(concurrent.futures.ThreadPoolExecutor(4), handlers=[handler])
        credentials = grpc.ssl_server_credentials(
            [((folder / "tls.key").read_bytes(), (folder / "tls.crt").read_bytes())], clients.encode(), True)
        self.endpoint = f"https://localhost:{self._server.add_secure_port('localhost:0', credentials)}"
        self._server.start()

    def close(self):
        self._server.stop(None).wait()


@pytest.mark.parametrize(("kind", "server"), [("otlp", MutualGrpc), ("otlp_http", MutualHttps)])
def test_an_exporter_goes_on_with_a_changed_client_certificate(make_gateway, tmp_path, kind, server):
    """Method: a destination that asks for certificates and trusts two; the exporter's is swapped for the second while it
    runs. Then a key that does not fit: the exporter goes on with what it has, and health says so."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folders = {name: tmp_path / name for name in ("server", "one", "two", "client")}
    for name, folder in folders.items():
        folder.mkdir()
        if name != "client":
            make_certificate(folder, name)
    client = folders["client"]

    def swap(name):
        for file in ("tls.crt", "tls.key"):
            shutil.copy(folders[name] / file, client / "new")
            os.replace(client / "new", client / file)

    swap("one")
    target = server(folders["server"], "".join((folders[name] / "tls.crt").read_text() for name in ("one", "two")))
    try:
        tls = {"ca_file": str(folders["server"] / "tls.crt"), "cert_file": str(client / "tls.crt"), "key_file": str(client / "tls.key")}
        service = make_gateway({kind: gateway.exporter(kind, target.endpoint, tls=tls)}).start()
        process = service.process.pid
        assert post(service).status == 200
        service.wait_delivered(kind, "traces", 1)
        assert set(target.names) == {"one"}
        swap("two")
        gateway.until(lambda: said(service, "certificates of an exporter renewed"), service.log_text)
        assert post(service).status == 200
        service.wait_delivered(kind, "traces", 2)
        assert target.names[-1] == "two"
        (client / "tls.key").write_text("no key")
        gateway.until(lambda: service.metric("otlp_tls_reloads_total", result="failure") >= 1, "a refusal")
        assert f"exporter/{kind}" in state_of(service, "config_service")["reason"]
        assert post(service).status == 200
        service.wait_delivered(kind, "traces", 3)
        assert target.names[-1] == "two" and service.process.pid == process
        service.assert_balanced()
    finally:
        target.close()


def test_a_reload_at_the_same_time_does_not_hide_a_changed_certificate(make_gateway, tmp_path):
    """Method: a deployment writes a client certificate and another setting, and sends SIGHUP before the files have settled."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    for name in ("server", "one", "two", "client"):
        (tmp_path / name).mkdir()
        make_certificate(tmp_path / name, name)
    client = tmp_path / "client"

    def swap(name):
        for file in ("tls.crt", "tls.key"):
            shutil.copy(tmp_path / name / file, client / "new")
            os.replace(client / "new", client / file)

    swap("one")
    target = MutualHttps(tmp_path / "server", "".join((tmp_path / name / "tls.crt").read_text() for name in ("one", "two")))
    try:
        tls = {"ca_file": str(tmp_path / "server/tls.crt"), "cert_file": str(client / "tls.crt"), "key_file": str(client / "tls.key")}
        service = make_gateway({"otlp_http": gateway.exporter("otlp_http", target.endpoint, tls=tls)}).start()
        swap("two")
        reload(service, lambda settings: settings["service"].update(shutdown_timeout="7s"))
        wait_said(service, "certificates of an exporter renewed")
        assert post(service).status == 200
        service.wait_delivered("otlp_http", "traces", 1)
        assert target.names == ["two"]
        (client / "tls.key").write_text("no key")
        gateway.until(lambda: service.metric("otlp_tls_reloads_total", result="failure") >= 1, "a refusal")
        reload(service, lambda settings: settings["service"].update(shutdown_timeout="8s"))
        assert "exporter/otlp_http" in state_of(service, "config_service")["reason"]
    finally:
        target.close()


def test_an_exporter_whose_new_certificate_fails_holds_up_no_other(make_gateway, tmp_path):
    """Method: the certificates of two exporters change; while one of them waits for its request in flight, its key is
    spoiled, so that it cannot start. The other one goes on with its new certificate."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    for name in ("server", "a", "b", "new"):
        (tmp_path / name).mkdir()
        make_certificate(tmp_path / name, name)
    trusted = "".join((tmp_path / name / "tls.crt").read_text() for name in ("a", "b", "new"))
    targets = {name: MutualHttps(tmp_path / "server", trusted) for name in ("a", "b")}
    ids = {name: f"otlp_http/{name}" for name in targets}
    try:
        def exporter(name):
            folder = tmp_path / name
            return gateway.exporter("otlp_http", targets[name].endpoint, tls={
                "ca_file": str(tmp_path / "server/tls.crt"), "cert_file": str(folder / "tls.crt"), "key_file": str(folder / "tls.key")})

        service = make_gateway({ids[name]: exporter(name) for name in targets}).start()
        release, held = threading.Event(), threading.Event()
        decide = targets["a"].decide

        def hold(*arguments):
            held.set()
            release.wait(gateway.DEADLINE_S)
            return decide(*arguments)

        targets["a"].decide = hold
        assert post(service).status == 200
        assert held.wait(gateway.DEADLINE_S)
        for name in targets:
            for file in ("tls.crt", "tls.key"):
                shutil.copy(tmp_path / "new" / file, tmp_path / name / "new")
                os.replace(tmp_path / name / "new", tmp_path / name / file)

        def b_is_quiesced():
            sent = len(targets["b"].names)
            assert post(service).status == 200
            time.sleep(0.3)
            return len(targets["b"].names) == sent

        service.wait_delivered(ids["b"], "traces", 1)
        gateway.until(b_is_quiesced, "an exporter that waits for the other")
        (tmp_path / "a/tls.key").write_text("no key")
        release.set()
        gateway.until(lambda: targets["b"].names[-1] == "new", service.log_text)
        gateway.until(lambda: ids["a"] in state_of(service, "config_service")["reason"], service.log_text)
        assert service.metric("otlp_service_health", service=f"exporter/{ids['a']}") == 2
        shutil.copy(tmp_path / "new/tls.key", tmp_path / "a/tls.key")
        gateway.until(lambda: "new" in targets["a"].names, service.log_text)
    finally:
        for target in targets.values():
            target.close()
