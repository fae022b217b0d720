"""What is measured: the copier, this service, the OpenTelemetry Collector. Each is a child process with a port to
send to, ended by its own process id.

    start = contestants.make(...)["service, commit"];  program = start(case);  program.ports["http"];  program.end()
"""

import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

import yaml

import destination
import gateway

ROOT = pathlib.Path(__file__).resolve().parent.parent
START_DEADLINE_S = 30
# Batches as they are sent on: the Collector's default, and so this service's.
BATCH_ITEMS = 8192


def cpu_seconds(pid):
    """User and system time of a process with all its threads, by its CPU clock: exact, not by ticks."""
    return time.clock_gettime((~pid << 3) | 2)  # clock_getcpuclockid(3)


# Whose threads do what, by the names the service gives them; gRPC's own threads send.
STAGES = (("receive and check", r"io/"), ("store", r"log-"), ("deliver", r"otlp|grpc|nexting|default-exec|resolver|event_engine|timer"),
          ("traces", r"trace_"))


def cpu_by_stage(pid):
    """stage -> CPU seconds so far, by the kernel's account of each thread that lives."""
    found = {}
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            name = (task / "comm").read_text().strip()
            used = int((task / "schedstat").read_text().split()[0]) / 1e9
        except OSError:  # it has just ended
            continue
        stage = next((stage for stage, pattern in STAGES if re.match(pattern, name)), "rest")
        found[stage] = found.get(stage, 0.0) + used
    return found


def rss_bytes(pid, field):
    return int(re.search(rf"^{field}:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text(), re.M).group(1)) * 1024


class Program:
    """One of our own: started, asked for its ports, measured, ended."""

    def __init__(self, command, port_count):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        self.ports = {}
        for _ in range(port_count):
            name, port = self.process.stdout.readline().split()
            self.ports[name] = int(port)

    pid = property(lambda self: self.process.pid)

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        self.process.stdout.close()


class Sink(Program):
    def __init__(self, build):
        super().__init__([str(build / "bench" / "sink")], 2)

    def settle(self):
        """Until nothing more comes: after a run that went wrong."""
        seen = -1
        while (now := self.items()) != seen:
            seen = now
            time.sleep(1)

    def items(self):
        with socket.create_connection(("127.0.0.1", self.ports["stats"])) as connection:
            return int(connection.makefile().readline().split()[2])


class Copier(Program):
    """Its one port is whatever it is spoken to in."""

    def __init__(self, build, sink, file=None):
        super().__init__([str(build / "bench" / "copier"), str(sink.ports["port"])] + ([str(file)] if file else []), 1)
        self.ports = dict.fromkeys(("grpc", "http"), self.ports["port"])


def exporter(case, sink):
    """Its kind and its settings, which the service and the Collector share."""
    address = f"127.0.0.1:{sink.ports['port']}"
    if case.transport_out == "grpc":
        return "otlp", {"endpoint": address, "tls": {"insecure": True}, "compression": case.coding_out}
    return "otlphttp", {"endpoint": f"http://{address}", "compression": case.coding_out}


def make_certificate(folder):
    """A self-signed one for loopback; h2load asks no further. Returns `tls` of a receiver."""
    folder.mkdir(parents=True, exist_ok=True)
    certificate, key = folder / "tls.crt", folder / "tls.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=localhost",
                    "-days", "2", "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return {"cert_file": str(certificate), "key_file": str(key)}


class Service:
    def __init__(self, build, sink, folder, durability, case, **storage):
        gateway.BINARY = build / "otlp-service"
        kind, one = exporter(case, sink)
        if case.reuse:
            one = {**one, "compression_params": {"reuse": True}}
        shutil.rmtree(folder, ignore_errors=True)
        secured = {"receivers": {"otlp": {"protocols": dict.fromkeys(("grpc", "http"), {"tls": make_certificate(folder / "tls")})}}} if case.tls else {}
        limited = {} if case.budget_mib is None else {
            "processors": {"memory_limiter": {"limit_mib": case.budget_mib}},
            "service": {"pipelines": {signal: {"processors": ["memory_limiter"]} for signal in ("traces", "metrics", "logs")}}}
        self.gateway = gateway.Gateway(
            folder, {f"{kind}/{number}": one for number in range(case.exporters)},
            storage={"durability": durability, "size_max": case.log_size_max, "segment_size": 64 << 20, **storage}, **limited, **secured)
        self.gateway.start()
        self.learn_ports()

    def learn_ports(self):
        self.ports = {name: int(getattr(self.gateway, name).rsplit(":", 1)[1]) for name in ("grpc", "http")}

    pid = property(lambda self: self.gateway.process.pid)

    def end(self):
        self.gateway.close()
        shutil.rmtree(self.gateway.directory, ignore_errors=True)


class Collector:
    """Built by its own builder; `persistent` gives its sending queue a file_storage."""

    def __init__(self, binary, sink, folder, persistent, case):
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "queue").mkdir(parents=True)
        self.folder = folder
        self.ports = {name: destination.free_port() for name in ("grpc", "http")}
        limit = 64
        secured = {"tls": make_certificate(folder / "tls")} if case.tls else {}
        kind, one = exporter(case, sink)
        queue = {"sending_queue": {"queue_size": 1000, **({"storage": "file_storage"} if persistent else {})}}
        exporters = {f"{kind}/{number}": {**one, **queue} for number in range(case.exporters)}
        pipeline = {"receivers": ["otlp"], "processors": ["batch"], "exporters": list(exporters)}
        settings = {
            "receivers": {"otlp": {"protocols": {
                "grpc": {"endpoint": f"127.0.0.1:{self.ports['grpc']}", "max_recv_msg_size_mib": limit, **secured},
                "http": {"endpoint": f"127.0.0.1:{self.ports['http']}", "max_request_body_size": limit << 20, **secured}}}},
            "processors": {"batch": {"send_batch_size": BATCH_ITEMS, "send_batch_max_size": BATCH_ITEMS}},
            "exporters": exporters,
            "extensions": {"file_storage": {"directory": str(folder / "queue")}} if persistent else {},
            "service": {"extensions": ["file_storage"] if persistent else [],
                        "telemetry": {"metrics": {"level": "none"}},
                        "pipelines": dict.fromkeys(("traces", "metrics", "logs"), pipeline)},
        }
        file = folder / "collector.yaml"
        file.write_text(yaml.safe_dump(settings))
        self.log = open(folder / "collector.log", "wb")
        self.process = subprocess.Popen([str(binary), "--config", str(file)], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        end = time.monotonic() + START_DEADLINE_S
        while not all(listens(port) for port in self.ports.values()):
            assert self.process.poll() is None and time.monotonic() < end, (folder / "collector.log").read_text()[-2000:]
            time.sleep(0.05)

    pid = property(lambda self: self.process.pid)

    def end(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


def collector_binary():
    """(its path, None), or (None, why there is none)."""
    given = os.environ.get("BENCH_COLLECTOR")
    if given:
        return pathlib.Path(given), None
    said = subprocess.run([sys.executable, str(ROOT / "tests" / "interop" / "toolbox.py"), "collector"], capture_output=True, text=True,
                          check=False, stdin=subprocess.DEVNULL)
    if said.returncode != 0:
        return None, (said.stderr or said.stdout).strip().splitlines()[-1]
    return pathlib.Path(said.stdout.strip().splitlines()[-1]), None


def make(build, sink, folder, collector=None):
    """name -> start(case)"""
    made = {
        "copier": lambda case: Copier(build, sink),
        "copier, and to a file": lambda case: Copier(build, sink, folder / "copy"),
        "service, commit": lambda case: Service(build, sink, folder / "service", "commit", case),
        "service, interval": lambda case: Service(build, sink, folder / "service", "interval", case),
        "service, memory": lambda case: Service(build, sink, folder / "service", "memory", case),
    }
    if collector is not None:
        made["Collector, memory"] = lambda case: Collector(collector, sink, folder / "collector", False, case)
        made["Collector, persistent queue"] = lambda case: Collector(collector, sink, folder / "collector", True, case)
    return made
