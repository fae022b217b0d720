"""Sends prepared requests by h2load, and says how long each took to be acknowledged.

A 2xx of gRPC hides a refusal: whoever calls this must look at what reached the sink (measure.py does).
"""

import dataclasses
import pathlib
import re
import subprocess

import bodies
import otlp

JSON, PROTOBUF, GRPC = "application/json", "application/x-protobuf", "application/grpc"


@dataclasses.dataclass(frozen=True)
class Prepared:
    """What one request of a case is: a file, its headers and where it goes."""
    file: pathlib.Path
    headers: tuple
    path: str
    port_name: str
    size_bytes: int
    scheme: str

    @classmethod
    def of(cls, case, folder):
        make = bodies.as_json if case.encoding == "json" else bodies.request
        body = bodies.compress(make(case.items, case.signal, case.resources), case.coding_in)
        compressed = case.coding_in != "identity"
        scheme = "https" if case.tls else "http"
        file = folder / f"{case.name}.body"
        if case.transport == "grpc":
            file.write_bytes(bodies.grpc_frame(body, compressed))
            coding = (f"grpc-encoding: {case.coding_in}",) if compressed else ()
            return cls(file, (f"content-type: {GRPC}", "te: trailers", *coding), otlp.METHOD[case.signal], "grpc", len(body), scheme)
        file.write_bytes(body)
        coding = (f"content-encoding: {case.coding_in}",) if compressed else ()
        kind = JSON if case.encoding == "json" else PROTOBUF
        return cls(file, (f"content-type: {kind}", *coding), otlp.PATH[case.signal], "http", len(body), scheme)


def send(case, prepared, port, requests, log_file, per_second=None):
    """Sends `requests` copies and returns the latencies in ms, sorted. `per_second` holds the rate down."""
    connections = min(case.connections, requests)
    log_file.unlink(missing_ok=True)
    command = ["h2load", "-n", str(requests), "-c", str(connections), "-m", str(case.streams), "-t", "1", "-w", "24", "-W", "24",
               "-d", str(prepared.file), f"--log-file={log_file}"]
    for header in prepared.headers:
        command += ["-H", header]
    if case.transport == "http1":
        command.append("--h1")
    if per_second is not None:
        command.append(f"--rps={per_second / connections}")
    said = subprocess.run([*command, f"{prepared.scheme}://127.0.0.1:{port}{prepared.path}"], capture_output=True, text=True, check=True).stdout
    succeeded = int(re.search(r"(\d+) succeeded", said).group(1))
    assert succeeded == requests, said
    lines = [line.split("\t") for line in log_file.read_text().splitlines()]
    assert all(line[1] == "200" for line in lines), f"{log_file}: a request was refused"
    return sorted(int(line[2]) / 1000 for line in lines)
