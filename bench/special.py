"""Cases that are not a stream of requests: starting, resting, a backlog, and latency below the limit."""

import dataclasses
import http.client
import shutil
import socket
import statistics
import subprocess
import time

import yaml

import cases
import contestants
import destination
import gateway
import load
import measure

BACKLOG_REQUESTS = 30_000   # of 34 KB: 1 GiB
REST_S = 3
HALF = 0.5


def start_to_ready_ms(build, folder):
    """From exec to the first 200 of /health/ready, asked without pause."""
    folder.mkdir(parents=True, exist_ok=True)
    port = destination.free_port()
    settings = gateway.configuration(folder, {"debug": {}}, admin={"endpoint": f"127.0.0.1:{port}"})
    file = folder / "gateway.yaml"
    file.write_text(yaml.safe_dump(settings))
    began = time.monotonic()
    process = subprocess.Popen([str(build / "otlp-service"), "run", "--config", str(file)], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                connection.request("GET", "/health/ready")
                if connection.getresponse().status == 200:
                    return (time.monotonic() - began) * 1000
            except OSError:
                assert process.poll() is None, "the service ended"
                time.sleep(0.001)
    finally:
        process.terminate()
        process.wait()


def start(build, sink, folder, options):
    times = []
    for number in range(5 * options.rounds):
        times.append(start_to_ready_ms(build, folder / f"start-{number}"))
        shutil.rmtree(folder / f"start-{number}")
    print(f"\nstart: to the first 200 of /health/ready, empty log: median {statistics.median(times):.0f} ms, "
          f"{min(times):.0f} to {max(times):.0f} of {len(times)} (target: below 100)")


def idle(build, sink, folder, options):
    service = contestants.Service(build, sink, folder / "idle", "commit", cases.CASES["grpc-100"])
    try:
        before = contestants.cpu_seconds(service.pid)
        time.sleep(REST_S)
        used = contestants.cpu_seconds(service.pid) - before
        print(f"\nidle: {contestants.rss_bytes(service.pid, 'VmRSS') / measure.MIB:.0f} MiB resident (target: below 16), "
              f"{used / REST_S * 100:.2f} % of a core")
    finally:
        service.end()


def latency(build, sink, folder, options):
    """Acknowledgement at half of what the service accepts at most, beside the disk's own sync time."""
    case = cases.CASES["grpc-100"]
    prepared = load.Prepared.of(case, folder)
    begin = contestants.make(build, sink, folder)[cases.SERVICE]
    full = measure.measure(begin, case, sink, prepared, options.items, folder)
    service = begin(case)
    try:
        before = sink.items()
        rate = full["rate"] * 1e6 / case.items * HALF
        requests = int(rate * 5)
        times = load.send(case, prepared, service.ports["grpc"], requests, folder / "half.log", per_second=rate)
        measure.wait_for(sink, before + requests * case.items)
        sync_ms = disk_sync_ms(folder)
        print(f"\nlatency at half load ({rate * case.items / 1e6:.2f} M items/s): p50 {measure.percentile(times, 0.5):.2f}, "
              f"p99 {measure.percentile(times, 0.99):.2f}, p99.9 {measure.percentile(times, 0.999):.2f} ms; 64 KiB written and synced by dd takes {sync_ms:.2f} ms "
              f"(target: p99 below three times that)")
    finally:
        service.end()


def disk_sync_ms(folder):
    """64 KiB by O_DIRECT and fdatasync into a file that is there, as dd does it; the median of many."""
    file = folder / "sync"
    count = 64
    subprocess.run(["dd", "if=/dev/zero", f"of={file}", "bs=64k", f"count={count}", "oflag=direct", "status=none"], check=True)
    times = []
    for number in range(count):
        began = time.monotonic()
        subprocess.run(["dd", "if=/dev/zero", f"of={file}", "bs=64k", "count=1", f"seek={number}", "oflag=direct", "conv=notrunc,fdatasync", "status=none"], check=True)
        times.append((time.monotonic() - began) * 1000)
    began = time.monotonic()
    for _ in range(count):
        subprocess.run(["dd", "if=/dev/null", "of=/dev/null", "status=none"], check=True)
    return max(0.01, statistics.median(times) - (time.monotonic() - began) * 1000 / count)


def backlog(build, sink, folder, options):
    """The destination is away while a GiB is stored; then how fast it drains, and how long a restart takes to open it."""
    case = dataclasses.replace(cases.CASES["grpc-100"], log_size_max=8 << 30)
    prepared = load.Prepared.of(case, folder)
    with socket.socket() as gone:  # bound and not listening: refused at once
        gone.bind(("127.0.0.1", 0))
        absent = dataclasses.make_dataclass("Absent", ["ports"])({"port": gone.getsockname()[1]})
        service = contestants.Service(build, absent, folder / "backlog", "commit", case)
        load.send(case, prepared, service.ports["grpc"], BACKLOG_REQUESTS, folder / "backlog.log")
        rss = contestants.rss_bytes(service.pid, "VmHWM") / measure.MIB
        service.gateway.stop()
    before = sink.items()
    for exporter in service.gateway.settings["exporters"].values():
        exporter["endpoint"] = f"127.0.0.1:{sink.ports['port']}"
    service.gateway.config_file.write_text(yaml.safe_dump(service.gateway.settings))
    began = time.monotonic()
    service.gateway.start()
    opened_s = time.monotonic() - began
    cpu = contestants.cpu_seconds(service.pid)
    began = time.monotonic()
    try:
        measure.wait_for(sink, before + BACKLOG_REQUESTS * case.items)
        took = time.monotonic() - began
        size = BACKLOG_REQUESTS * prepared.size_bytes
        print(f"\nbacklog of {size / (1 << 30):.1f} GiB: drains at {size / took / 1e6:.0f} MB/s with "
              f"{(contestants.cpu_seconds(service.pid) - cpu) / size * (1 << 30):.2f} CPU s a GiB (target: 500 MB/s); opened and ready after {opened_s:.2f} s; "
              f"peak {rss:.0f} MiB while the destination was away")
    finally:
        service.end()


CASES = {"start": start, "idle": idle, "latency": latency, "backlog": backlog}
