"""Cases that are not a stream of requests alone: starting, resting, latency below the limit, a backlog, work that grows.

Each prints what it found and returns findings: rows of the table of targets.
"""

import dataclasses
import http.client
import os
import resource
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
import placement
from report import Finding

REST_S = 3
HALF = 0.5
IDLE_CONNECTIONS = 10_000
FILES_BESIDE = 200          # descriptors that are not connections
LIVE_SHARE = 0.1            # of what the service accepts at most, sent while a backlog drains
LATENCY_TIMES_MAX = 3
GIB = 1 << 30
# What an HTTP/2 client says first, and nothing more: the preface and empty SETTINGS.
HTTP2_HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))


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
    median = statistics.median(times)
    print(f"\nstart: to the first 200 of /health/ready, empty log: median {median:.0f} ms, {min(times):.0f} to {max(times):.0f} of {len(times)}")
    return [Finding("start to ready, empty log", "below 100 ms", f"{median:.0f} ms", median < 100)]


def idle(build, sink, folder, options):
    service = contestants.Service(build, sink, folder / "idle", "commit", cases.CASES["grpc-100"])
    try:
        before = contestants.cpu_seconds(service.pid)
        time.sleep(REST_S)
        share = (contestants.cpu_seconds(service.pid) - before) / REST_S * 100
        size = contestants.rss_bytes(service.pid, "VmRSS") / measure.MIB
        own = contestants.rss_bytes(service.pid, "RssAnon") / measure.MIB
        print(f"\nidle: {size:.0f} MiB resident, {own:.0f} of them its own memory and not code, {share:.2f} % of a core")
        return [Finding("resident memory, idle", "below 16 MiB", f"{size:.0f} MiB", size < 16)]
    finally:
        service.end()


def idle_connections(build, sink, folder, options):
    """Connections that have said hello and then nothing, as agents between two batches."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(IDLE_CONNECTIONS, limit[1] - FILES_BESIDE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted + FILES_BESIDE, limit[1]))  # the service inherits it
    service = contestants.Service(build, sink, folder / "idle", "commit", cases.CASES["grpc-100"])
    held = []
    try:
        before = contestants.rss_bytes(service.pid, "VmRSS")
        for _ in range(wanted):
            held.append(socket.create_connection(("127.0.0.1", service.ports["grpc"])))
            held[-1].sendall(HTTP2_HELLO)
        for connection in held:
            assert connection.recv(9), "an idle connection was closed"
        size = contestants.rss_bytes(service.pid, "VmRSS")
        began = contestants.cpu_seconds(service.pid)
        time.sleep(REST_S)
        share = (contestants.cpu_seconds(service.pid) - began) / REST_S * 100
        print(f"\nidle-connections: {wanted} HTTP/2 connections at rest take {(size - before) / wanted / 1024:.1f} KiB each, "
              f"{size / measure.MIB:.0f} MiB resident in all, {share:.1f} % of a core")
        return []
    finally:
        for connection in held:
            connection.close()
        service.end()
        resource.setrlimit(resource.RLIMIT_NOFILE, limit)


def latency(build, sink, folder, options):
    """Acknowledgement at half of what the service accepts at most, beside the disk's own sync time."""
    case = cases.CASES["grpc-100"]
    prepared = load.Prepared.of(case, folder)
    begin = contestants.make(build, sink, folder)
    full = measure.measure(begin[cases.SERVICE], case, sink, prepared, options.items, folder)
    rate = full["rate"] * 1e6 / case.items * HALF
    requests = int(rate * 5)
    p99 = {}
    for name in (cases.COPIER, cases.SERVICE):  # the copier stores nothing: its latency is that of sender, sink and scheduler
        contestant = begin[name](case)
        try:
            before = sink.items()
            times = load.send(case, prepared, contestant.ports["grpc"], requests, folder / "half.log", per_second=rate)
            measure.wait_for(sink, before + requests * case.items)
        finally:
            contestant.end()
        p99[name] = measure.percentile(times, 0.99)
        print(f"\nlatency at half load ({rate * case.items / 1e6:.2f} M items/s), {name}: p50 {measure.percentile(times, 0.5):.2f}, "
              f"p99 {p99[name]:.2f}, p99.9 {measure.percentile(times, 0.999):.2f} ms")
    sync_ms = disk_sync_ms(folder)
    print(f"64 KiB written and synced by dd takes {sync_ms:.2f} ms")
    return [Finding("acknowledgement at half load, p99", f"below {LATENCY_TIMES_MAX} x {sync_ms:.2f} ms",
                    f"{p99[cases.SERVICE]:.2f} ms (copier {p99[cases.COPIER]:.2f})", p99[cases.SERVICE] < LATENCY_TIMES_MAX * sync_ms)]


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


def of_size(gib, prepared):
    """How many requests make that much."""
    return int(gib * GIB / prepared.size_bytes)


def away_while_stored(build, folder, case, prepared, requests):
    """A service, stopped, with so many requests in its log whose destination was away."""
    with socket.socket() as gone:  # bound and not listening: refused at once
        gone.bind(("127.0.0.1", 0))
        absent = dataclasses.make_dataclass("Absent", ["ports"])({"port": gone.getsockname()[1]})
        service = contestants.Service(build, absent, folder / "backlog", "commit", case)
        load.send(case, prepared, service.ports["grpc"], requests, folder / "backlog.log")
        service.gateway.note_rss_peak()
        service.gateway.stop()
    return service


def start_again(service, sink):
    """With a destination that is there; returns how long that took."""
    for exporter in service.gateway.settings["exporters"].values():
        exporter["endpoint"] = f"127.0.0.1:{sink.ports['port']}"
    service.gateway.config_file.write_text(yaml.safe_dump(service.gateway.settings))
    began = time.monotonic()
    service.gateway.start()
    service.learn_ports()
    return time.monotonic() - began


def backlog(build, sink, folder, options):
    """The destination is away while much is stored; then how long a restart takes to open it, how fast it drains, and
    what senders notice of that."""
    case = dataclasses.replace(cases.CASES["grpc-100"], log_size_max=int((options.backlog_gib * 1.5 + 1) * GIB))
    prepared = load.Prepared.of(case, folder)
    requests = of_size(options.backlog_gib, prepared)
    rate = measure.measure(contestants.make(build, sink, folder)[cases.SERVICE], case, sink, prepared, options.items, folder)["rate"]
    live_rate = rate * 1e6 / case.items * LIVE_SHARE
    live = int(live_rate * 5)
    service = away_while_stored(build, folder, case, prepared, requests)
    before = sink.items()
    opened_s = start_again(service, sink)
    try:
        cpu, began = contestants.cpu_seconds(service.pid), time.monotonic()
        beside = load.send(case, prepared, service.ports["grpc"], live, folder / "beside.log", per_second=live_rate)
        measure.wait_for(sink, before + (requests + live) * case.items)
        took = time.monotonic() - began
        size = (requests + live) * prepared.size_bytes
        cpu = contestants.cpu_seconds(service.pid) - cpu
        alone = load.send(case, prepared, service.ports["grpc"], live, folder / "alone.log", per_second=live_rate)
        measure.wait_for(sink, before + (requests + 2 * live) * case.items)
        p99 = [measure.percentile(times, 0.99) for times in (beside, alone)]
        speed = size / took / 1e6
        print(f"\nbacklog of {requests * prepared.size_bytes / GIB:.1f} GiB: opened and ready after {opened_s:.2f} s; drains at {speed:.0f} MB/s with "
              f"{cpu / size * GIB:.2f} CPU s a GiB; peak {service.gateway.rss_peak_bytes / measure.MIB:.0f} MiB while the destination was away; "
              f"acknowledgement p99 at {LIVE_SHARE:.0%} load {p99[0]:.2f} ms while it drains, {p99[1]:.2f} ms after")
        return [Finding(f"start to ready, {options.backlog_gib:g} GiB in the log", "below 1 s", f"{opened_s:.2f} s", opened_s < 1),
                Finding("backlog, drained", "500 MB/s", f"{speed:.0f} MB/s", speed >= 500),
                Finding("acknowledgement p99 beside a draining backlog", f"at most {LATENCY_TIMES_MAX} times that without", f"{p99[0] / p99[1]:.1f}",
                        p99[0] <= LATENCY_TIMES_MAX * p99[1])]
    finally:
        service.end()


def stored(build, sink, folder, options):
    """CPU per item with an empty log, and with much kept in it (history_size_max)."""
    case = dataclasses.replace(cases.CASES["grpc-100"], log_size_max=int((options.backlog_gib * 1.5 + 2) * GIB))
    prepared = load.Prepared.of(case, folder)
    requests = int(options.items / case.items)
    service = contestants.Service(build, sink, folder / "stored", "commit", case, history_size_max=int(options.backlog_gib * GIB))
    try:
        found = []
        for fill in (0, of_size(options.backlog_gib, prepared)):
            for count in (fill, requests):
                if not count:
                    continue
                before, cpu = sink.items(), contestants.cpu_seconds(service.pid)
                load.send(case, prepared, service.ports["grpc"], count, folder / "stored.log")
                measure.wait_for(sink, before + count * case.items)
                used = (contestants.cpu_seconds(service.pid) - cpu) / count / case.items * 1e6
            found.append(used)
        print(f"\nstored: {found[0]:.3f} CPU s a million items into an empty log, {found[1]:.3f} with {options.backlog_gib:g} GiB kept in it")
        ratio = found[1] / found[0]
        return [Finding(f"CPU per item with {options.backlog_gib:g} GiB stored beside an empty log", "at most 1.1", f"{ratio:.2f}", ratio <= 1.1)]
    finally:
        service.end()


def cores(build, sink, folder, options):
    """Throughput with one core and with all. The senders and the sink keep all of them, and compete for them."""
    case = cases.CASES["grpc-100"]
    prepared = load.Prepared.of(case, folder)
    begin = contestants.make(build, sink, folder)[cases.SERVICE]
    every = os.sched_getaffinity(0)

    def start_on(some):
        def started(wanted):
            with placement.on(some):
                return begin(wanted)
        return started
    rates = {len(some): statistics.median(measure.measure(start_on(some), case, sink, prepared, options.items, folder)["rate"] for _ in range(options.rounds))
             for some in ({min(every)}, every)}
    print("\ncores: " + ", ".join(f"{rate:.2f} M items/s on {count}" for count, rate in rates.items()))
    if len(every) == 1:
        return []
    return [Finding("throughput rises with cores", "more on two than on one", " and ".join(f"{rate:.2f}" for rate in rates.values()) + " M items/s",
                    rates[len(every)] > rates[1])]


CASES = {"start": start, "idle": idle, "idle-connections": idle_connections, "latency": latency, "backlog": backlog, "stored": stored, "cores": cores}
