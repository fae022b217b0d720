"""The real Collector as a child process, with its default limits: 4 MiB a gRPC message, 20 MiB an HTTP body."""

import http.client
import pathlib
import socket
import subprocess

import yaml

import destination
import gateway
import toolbox


class Collector:
    """OTLP in on two free ports, OTLP out by `exporters`; `batch` puts its batch processor between them,
    `address` has it take the place of another. `processors` and `pipelines` are those of the oracle, which
    also keeps the headers of HTTP requests."""

    def __init__(self, directory, exporters, batch=False, address=None, program=None, processors=None, pipelines=None):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True)
        self.grpc, self.http = (address.grpc, address.http) if address else (f"127.0.0.1:{destination.free_port()}" for _ in range(2))
        pipeline = {"receivers": ["otlp"], "processors": ["batch"] if batch else [], "exporters": list(exporters)}
        file = self.directory / "collector.yaml"
        file.write_text(yaml.safe_dump({
            "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": self.grpc}, "http": {"endpoint": self.http, "include_metadata": processors is not None}}}},
            "processors": processors or {"batch": {}},
            "exporters": exporters,
            "service": {"telemetry": {"metrics": {"level": "none"}}, "pipelines": pipelines or {name: pipeline for name in ("traces", "metrics", "logs")}},
        }))
        self.log = open(self.directory / "collector.log", "wb")
        self.process = subprocess.Popen([str(program or toolbox.collector()), "--config", str(file)], stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log)
        gateway.until(self.listens, lambda: f"the Collector's listeners:\n{self.log_text()}")

    def log_text(self):
        return (self.directory / "collector.log").read_text(errors="replace")[-3000:]

    def listens(self):
        assert self.process.poll() is None, self.log_text()
        for address in (self.grpc, self.http):
            host, port = address.rsplit(":", 1)
            try:
                socket.create_connection((host, int(port)), timeout=1).close()
            except OSError:
                return False
        return True

    def post(self, path, body, headers):
        connection = http.client.HTTPConnection(self.http, timeout=30)
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer.status

    def close(self):
        """SIGTERM; a Collector empties its queues before it ends."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()
