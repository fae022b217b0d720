"""Starts the built service as a user would: a configuration file, real sockets, SIGTERM at the end.

Every address is a free loopback port, learned from the service's own log. A Gateway that is stopped
must exit with 0, and its ledger must balance: what was stored is delivered, lost for a named reason,
or still pending (promise 7).
"""

import collections
import dataclasses
import http.client
import json
import os
import pathlib
import re
import signal
import subprocess
import threading
import time

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BINARY = pathlib.Path(os.environ.get("OTLP_SERVICE", ROOT / "build" / "otlp-service"))
# A sanitizer takes several times the memory.
SANITIZED = "build-" in str(BINARY)
# Promise 4: 64 MiB, and the memory budget that there is by default.
RSS_SIZE_BYTES_MAX = (64 << 20) + (32 << 20)
# Sanitizers slow everything down; a deadline here is a guard against hanging, never a measurement.
DEADLINE_S = float(os.environ.get("OTLP_TEST_DEADLINE_S", "20"))

OUTCOMES = ("delivered", "filtered", "dead_lettered", "expired", "damaged", "pending")


@dataclasses.dataclass
class Response:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self):
        return json.loads(self.body)


def http_request(address, method, path, body=b"", headers=None, timeout=DEADLINE_S) -> Response:
    host, port = address.rsplit(":", 1)
    connection = http.client.HTTPConnection(host, int(port), timeout=timeout)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        answer = connection.getresponse()
        return Response(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
    finally:
        connection.close()


def until(condition, what, deadline_s=DEADLINE_S):
    """Waits for `condition` to return something true, and returns it."""
    end = time.monotonic() + deadline_s
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < end, f"waited {deadline_s} s for {what() if callable(what) else what}"
        time.sleep(0.01)


_SAMPLE = re.compile(r'^(\w+)(?:\{(.*)\})? (\S+)$')
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def parse_metrics(text):
    """name -> list of (labels, value)."""
    found = collections.defaultdict(list)
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, labels, value = _SAMPLE.match(line).groups()
            found[name].append((dict(_LABEL.findall(labels or "")), float(value)))
    return found


def exporter(kind, endpoint, **more):
    """The settings of an exporter that retries fast, as tests need it."""
    settings = {
        "endpoint": endpoint,
        "tls": {"insecure": True},
        "compression": "none",
        "retry_on_failure": {"initial_interval": "20ms", "max_interval": "200ms"},
        "circuit_breaker": {"open_interval": "50ms", "open_interval_max": "200ms"},
    }
    if kind in ("otlp_http", "otlphttp"):
        settings.pop("tls")
    settings.update(more)
    return settings


def receivers(limit_mib):
    """Both listeners on free ports; a message of at most `limit_mib` must fit into a segment."""
    return {"otlp": {"protocols": {"grpc": {"endpoint": "127.0.0.1:0", "max_recv_msg_size_mib": limit_mib},
                                   "http": {"endpoint": "127.0.0.1:0", "max_request_body_size": limit_mib << 20}}}}


def configuration(directory, exporters, **changes):
    """The Collector's shape with one pipeline a signal; `changes` are merged into the top level."""
    settings = {
        "receivers": receivers(16),
        "exporters": exporters,
        "storage": {"directory": str(directory / "data"), "size_max": 512 << 20,
                    "segment_size": 32 << 20},
        "admin": {"endpoint": "127.0.0.1:0"},
        "service": {"pipelines": {signal_name: {"receivers": ["otlp"], "exporters": list(exporters)}
                                  for signal_name in ("traces", "metrics", "logs")}},
    }
    return merged(settings, changes)


def merged(base, changes):
    result = dict(base)
    for key, value in changes.items():
        result[key] = merged(result[key], value) if isinstance(value, dict) and isinstance(result.get(key), dict) else value
    return result


class Gateway:
    def __init__(self, directory, exporters=None, **changes):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.config_file = self.directory / "gateway.yaml"
        self.configure(exporters, **changes)
        self.process = None
        self.lines = []
        self.rss_peak_bytes = 0

    def configure(self, exporters=None, **changes):
        self.settings = configuration(self.directory, exporters or {"debug": {}}, **changes)
        self.config_file.write_text(yaml.safe_dump(self.settings, sort_keys=False))

    def start(self, *arguments, ready=True):
        self.lines, self.addresses = [], {}
        self.process = subprocess.Popen(
            [str(BINARY), "run", "--config", str(self.config_file), *arguments], cwd=self.directory,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace")
        self._reader = threading.Thread(target=self._read_log, args=(self.process,), daemon=True)
        self._reader.start()
        if ready:
            self.wait_ready()
        return self

    def _read_log(self, process):
        with open(self.directory / "service.log", "a", encoding="utf-8") as kept:
            for line in process.stderr:
                kept.write(line)
                kept.flush()
                try:
                    event = json.loads(line)
                except ValueError:
                    event = {"message": line.rstrip("\n"), "level": "text"}
                self.lines.append(event)
                if event.get("message") == "listening":
                    self.addresses[event.get("protocol")] = event["address"]

    def log_text(self):
        return "\n".join(json.dumps(line) for line in self.lines[-60:])

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def address(self, protocol):
        def known():
            assert self.alive() or protocol in self.addresses, f"the service ended: {self.log_text()}"
            return self.addresses.get(protocol)
        return until(known, lambda: f"the {protocol} listener; log:\n{self.log_text()}")

    grpc = property(lambda self: self.address("grpc"))
    http = property(lambda self: self.address("http"))
    admin = property(lambda self: self.address("admin"))

    def get(self, path) -> Response:
        return http_request(self.admin, "GET", path)

    def is_ready(self):
        assert self.alive(), f"the service ended: {self.log_text()}"
        try:
            return self.get("/health/ready").status == 200
        except OSError:
            return False

    def wait_ready(self):
        until(self.is_ready, lambda: f"readiness; log:\n{self.log_text()}")

    # --- numbers ---

    def metrics(self):
        answer = self.get("/metrics")
        assert answer.status == 200
        return parse_metrics(answer.body.decode())

    def metric(self, name, **labels):
        """The sum of the series of a family that have these labels."""
        return sum(value for series, value in self.metrics()[name]
                   if all(series.get(k) == v for k, v in labels.items()))

    def ledger(self):
        """(exporter, signal) -> state -> items."""
        found = collections.defaultdict(dict)
        for labels, value in self.metrics()["otlp_ledger_items"]:
            found[labels["exporter"], labels["signal"]][labels["state"]] = int(value)
        return found

    def assert_balanced(self):
        ledger = self.ledger()
        for key, states in ledger.items():
            assert states["stored"] == sum(states[name] for name in OUTCOMES), f"{key}: {states}"
        return ledger

    def wait_delivered(self, exporter_id, signal_name, items, deadline_s=DEADLINE_S):
        def arrived():
            assert self.alive(), f"the service ended: {self.log_text()}"
            return self.ledger()[exporter_id, signal_name].get("delivered", 0) >= items
        until(arrived, lambda: f"{items} {signal_name} delivered by {exporter_id}, ledger "
              f"{self.ledger()[exporter_id, signal_name]}; log:\n{self.log_text()}", deadline_s)

    def process_status(self, field):
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"^{field}:\s+(\d+) kB", text, re.M).group(1)) * 1024

    def rss_bytes(self):
        return self.process_status("VmRSS")

    def note_rss_peak(self):
        self.rss_peak_bytes = max(self.rss_peak_bytes, self.process_status("VmHWM"))
        return self.rss_peak_bytes

    def assert_rss_peak(self, size_bytes_max=RSS_SIZE_BYTES_MAX):
        peak = self.note_rss_peak()
        if not SANITIZED:
            assert peak < size_bytes_max, f"{peak / (1 << 20):.0f} MiB resident at the peak"

    # --- the end ---

    def stop(self, grace_s=DEADLINE_S):
        """SIGTERM; the service must end with 0 within its grace time."""
        assert self.alive(), f"the service ended by itself: {self.log_text()}"
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(grace_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"no exit within {grace_s} s of SIGTERM; log:\n{self.log_text()}") from None
        self._reader.join(5)
        assert code == 0, f"exit {code}; log:\n{self.log_text()}"

    def kill(self):
        self.process.kill()
        self.process.wait()
        self._reader.join(5)

    def restart(self, **changes):
        self.stop()
        return self.start(**changes)

    def close(self):
        """At the end of a test: a service that still runs must balance and stop cleanly."""
        if self.alive():
            try:
                if self.is_ready():
                    self.assert_balanced()
                self.stop()
            finally:
                if self.alive():
                    self.kill()


def run_command(*arguments, timeout=DEADLINE_S, env=None, cwd=None):
    """The service's command line, to its end."""
    return subprocess.run([str(BINARY), *map(str, arguments)], capture_output=True, text=True, check=False,
                          stdin=subprocess.DEVNULL, timeout=timeout, env=None if env is None else {**os.environ, **env}, cwd=cwd)
