"""One run of one contestant: CPU, memory, rate and latency, counted only if the sink saw every item once."""

import threading
import time

import contestants
import load

MIB = 1 << 20
DRAIN_DEADLINE_S = 300
WARM_SHARE = 20  # one request in so many is sent before anything is measured
POLL_S = 0.005   # how often the sink is asked; it answers from a counter
MEMORY_S = 0.1   # how often resident memory is looked at


def percentile(sorted_values, share):
    return sorted_values[min(len(sorted_values) - 1, int(len(sorted_values) * share))]


def wait_for(sink, items):
    """Until the sink has seen exactly so many: none lost, none twice."""
    end = time.monotonic() + DRAIN_DEADLINE_S
    while (seen := sink.items()) < items:
        assert time.monotonic() < end, f"the sink has {seen} of {items} items"
        time.sleep(POLL_S)
    assert seen == items, f"the sink has {seen} items, sent were {items}"


class MemoryWatch:
    """Resident memory over time, in MiB."""

    def __init__(self, pid):
        self.series, self._over = [], threading.Event()
        self._thread = threading.Thread(target=self._look, args=(pid,), daemon=True)
        self._thread.start()

    def _look(self, pid):
        while not self._over.wait(MEMORY_S):
            self.series.append(round(contestants.rss_bytes(pid, "VmRSS") / MIB, 1))

    def end(self):
        self._over.set()
        self._thread.join()


def measure(start, case, sink, prepared, items_sent, folder, watch=None):
    """`watch(pid)` is called when the warm-up is over; what it returns is called when the sink has everything."""
    requests = max(case.connections * case.streams, int(items_sent * case.share / case.items))
    warm = max(case.connections * case.streams, requests // WARM_SHARE)
    before = sink.items()
    contestant = start(case)
    memory = None
    copies = 1 if isinstance(contestant, contestants.Copier) else case.exporters
    try:
        port = contestant.ports[prepared.port_name]
        load.send(case, prepared, port, warm, folder / "warm.log")
        wanted = before + warm * case.items * copies
        wait_for(sink, wanted)
        done = watch(contestant.pid) if watch else None
        memory = MemoryWatch(contestant.pid)
        stages = contestants.cpu_by_stage(contestant.pid)
        cpu = contestants.cpu_seconds(contestant.pid)
        begun = time.monotonic()
        latencies = load.send(case, prepared, port, requests, folder / "load.log")
        accepted_s = time.monotonic() - begun
        wait_for(sink, wanted + requests * case.items * copies)
        delivered_s = time.monotonic() - begun
        used = contestants.cpu_seconds(contestant.pid) - cpu
        if done:
            done()
        items = requests * case.items
        after = contestants.cpu_by_stage(contestant.pid)
        return {"cpu": used / items * 1e6, "stages": {stage: (value - stages.get(stage, 0)) / items * 1e6 for stage, value in after.items()}, "rss": contestants.rss_bytes(contestant.pid, "VmHWM") / MIB, "rss_over_time": memory.series,
                "p50": percentile(latencies, 0.5), "p99": percentile(latencies, 0.99), "p999": percentile(latencies, 0.999),
                "rate": items / accepted_s / 1e6, "drain": delivered_s - accepted_s, "bytes": prepared.size_bytes / case.items}
    finally:
        if memory:
            memory.end()
        contestant.end()
