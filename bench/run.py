"""CPU seconds per million spans, beside a byte copier in the same run. Called by `./dev bench`.

    h2load --> copier  --> sink      the floor: copies bytes, parses nothing
    h2load --> copier+file --> sink  the same, and appends them to a file
    h2load --> service --> sink      receive, check, store, acknowledge; batch and deliver

Times of one machine say little, and vary; so every round runs all contestants, one after the other,
and the medians of the rounds are compared as ratios. A run counts only if the sink has seen every
span that was sent. CPU is user and system time of the contestant's whole process.

    ./dev bench [spans...] [--rounds N] [--spans-sent N] [--parts]
"""

import argparse
import json
import os
import pathlib
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests" / "harness")]

import bodies  # noqa: E402
import gateway  # noqa: E402
import otlp  # noqa: E402

MIB = 1 << 20
CONNECTIONS, STREAMS = 4, 16
DRAIN_DEADLINE_S = 60


class Program:
    """A contestant or the sink: started, asked for its ports, measured, ended."""

    def __init__(self, command, ports):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        self.ports = {}
        for _ in range(ports):
            name, port = self.process.stdout.readline().split()
            self.ports[name] = int(port)

    pid = property(lambda self: self.process.pid)

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        self.process.stdout.close()


class Service:
    def __init__(self, binary, sink_port, durability, folder):
        gateway.BINARY = binary
        self.gateway = gateway.Gateway(
            folder / durability, {"otlp": {"endpoint": f"127.0.0.1:{sink_port}", "tls": {"insecure": True}, "compression": "none"}},
            storage={"durability": durability, "size_max": 4 << 30, "segment_size": 64 << 20})
        self.gateway.start()
        self.ports = {"port": int(self.gateway.grpc.rsplit(":", 1)[1])}

    pid = property(lambda self: self.gateway.process.pid)

    def end(self):
        self.gateway.close()


def cpu_seconds(pid):
    """User and system time of a process with all its threads, by its CPU clock: exact, not by ticks."""
    return time.clock_gettime((~pid << 3) | 2)  # clock_getcpuclockid(3)


def rss_peak_bytes(pid):
    return int(re.search(r"^VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text(), re.M).group(1)) * 1024


def sink_stats(sink):
    with socket.create_connection(("127.0.0.1", sink.ports["stats"])) as connection:
        return tuple(int(number) for number in connection.makefile().readline().split())


def percentile(sorted_values, share):
    return sorted_values[min(len(sorted_values) - 1, int(len(sorted_values) * share))]


def load(port, body_file, requests, log_file):
    """Sends `requests` copies; the latencies in ms, sorted. Ends the program when any was refused."""
    log_file.unlink(missing_ok=True)
    said = subprocess.run(
        ["h2load", "-n", str(requests), "-c", str(CONNECTIONS), "-m", str(STREAMS), "-t", "1", "-w", "24", "-W", "24",
         "-d", str(body_file), "-H", "content-type: application/grpc", "-H", "te: trailers", f"--log-file={log_file}",
         f"http://127.0.0.1:{port}{otlp.METHOD['traces']}"], capture_output=True, text=True, check=True).stdout
    succeeded = int(re.search(r"(\d+) succeeded", said).group(1))
    assert succeeded == requests, said
    return sorted(int(line.split("\t")[2]) / 1000 for line in log_file.read_text().splitlines())


def measure(start, sink, body_file, spans, requests, folder):
    before = sink_stats(sink)
    contestant = start()
    try:
        load(contestant.ports["port"], body_file, max(CONNECTIONS * STREAMS, requests // 20), folder / "warm.log")
        wanted = before[2] + max(CONNECTIONS * STREAMS, requests // 20) * spans
        wait_for(sink, wanted)
        cpu = cpu_seconds(contestant.pid)
        begun = time.monotonic()
        latencies = load(contestant.ports["port"], body_file, requests, folder / "load.log")
        accepted_s = time.monotonic() - begun
        wait_for(sink, wanted + requests * spans)
        delivered_s = time.monotonic() - begun
        used = cpu_seconds(contestant.pid) - cpu
        return {"cpu": used / (requests * spans) * 1e6, "rss": rss_peak_bytes(contestant.pid) / MIB,
                "p50": percentile(latencies, 0.5), "p99": percentile(latencies, 0.99),
                "rate": requests * spans / accepted_s / 1e6, "drain": delivered_s - accepted_s}
    finally:
        contestant.end()


def wait_for(sink, items):
    """Until the sink has seen exactly so many spans: none lost, none twice."""
    end = time.monotonic() + DRAIN_DEADLINE_S
    while (seen := sink_stats(sink)[2]) < items:
        assert time.monotonic() < end, f"the sink has {seen} of {items} spans"
        time.sleep(0.005)
    assert seen == items, f"the sink has {seen} spans, sent were {items}"


def parts(build):
    """Single operations, by the Google Benchmark programs of the same build."""
    print("\nparts (ns an item, one thread):")
    for program in sorted(path for path in build.rglob("*_bench") if os.access(path, os.X_OK) and path.is_file()):
        said = subprocess.run([str(program), "--benchmark_format=json", "--benchmark_min_time=0.2"],
                              capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL).stdout
        for entry in json.loads(said)["benchmarks"]:
            rate = entry.get("items_per_second")
            shown = f"{1e9 / rate:9.1f} ns an item" if rate else f"{entry['cpu_time']:9.1f} {entry['time_unit']}"
            speed = f"  {entry['bytes_per_second'] / 1e9:6.2f} GB/s" if "bytes_per_second" in entry else ""
            print(f"  {program.name:16} {entry['name']:44} {shown}{speed}")


def main():
    parser = argparse.ArgumentParser(prog="./dev bench")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build-bench")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--spans-sent", type=float, default=2e6, help="in each run")
    parser.add_argument("--parts", action="store_true", help="only the single operations")
    parser.add_argument("spans", type=int, nargs="*", default=[10, 100, 1000], help="spans a request")
    options = parser.parse_args()
    build = options.build.resolve()
    if options.parts:
        parts(build)
        return

    rows = {}
    with tempfile.TemporaryDirectory(prefix="bench-", dir=build) as name:
        folder = pathlib.Path(name)
        sink = Program([str(build / "bench" / "sink")], 2)
        copier = str(build / "bench" / "copier")
        port = str(sink.ports["port"])
        contestants = {
            "copier": lambda: Program([copier, port], 1),
            "copier, and to a file": lambda: Program([copier, port, str(folder / "copy")], 1),
            "service, commit": lambda: Service(build / "otlp-service", port, "commit", folder),
            "service, memory": lambda: Service(build / "otlp-service", port, "memory", folder),
        }
        for spans in options.spans or [10, 100, 1000]:
            body = bodies.request(spans)
            body_file = folder / "body"
            body_file.write_bytes(bodies.grpc_frame(body))
            requests = int(options.spans_sent / spans) if spans >= 100 else int(options.spans_sent / spans / 4)
            print(f"\n{spans} spans a request ({len(body)} bytes), {requests} requests, {options.rounds} rounds, "
                  f"{CONNECTIONS} connections of {STREAMS} streams", flush=True)
            for round_ in range(options.rounds):
                for contestant, start in contestants.items():
                    rows.setdefault((spans, contestant), []).append(measure(start, sink, body_file, spans, requests, folder))
                print(f"  round {round_ + 1} of {options.rounds}", file=sys.stderr, flush=True)
            show(spans, contestants, rows)
        sink.end()
    parts(build)


def show(spans, contestants, rows):
    print(f"  {'':24}{'CPU s / 1M spans':>18}{'x copier':>10}{'M spans/s':>11}{'p50 ms':>9}{'p99 ms':>9}{'peak MiB':>10}{'drain s':>9}")
    floor = statistics.median(run["cpu"] for run in rows[spans, "copier"])
    for contestant in contestants:
        runs = rows[spans, contestant]
        middle = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        spread = f"{min(run['cpu'] for run in runs):.2f}-{max(run['cpu'] for run in runs):.2f}"
        print(f"  {contestant:24}{middle['cpu']:6.2f} ({spread:>9}){middle['cpu'] / floor:10.2f}{middle['rate']:11.2f}"
              f"{middle['p50']:9.2f}{middle['p99']:9.2f}{middle['rss']:10.0f}{middle['drain']:9.2f}", flush=True)
    ratio = statistics.median(run["cpu"] for run in rows[spans, "service, commit"]) / floor
    print(f"  the service with durability commit costs {ratio:.2f} times the copier"
          + (" (target at 100 spans: at most 2)" if spans == 100 else ""))


if __name__ == "__main__":
    main()
