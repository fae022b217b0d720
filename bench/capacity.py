"""Turns the measured costs of docs/performance.md into cores, memory and disk: the tables of docs/capacity.md.

    python3 bench/capacity.py            writes them anew
    python3 bench/capacity.py --check    exit 1 when the page does not follow from the measurements

The model: a request costs `a`, and each of its items `b`, of CPU. Both come from the requests of 10 and of 1,000 spans;
the requests of 100 are what it is checked against.
"""

import math
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
MEASURED, PAGE = ROOT / "docs" / "performance.md", ROOT / "docs" / "capacity.md"
MARKS = ("<!-- model -->", "<!-- end of model -->")

ITEM_BYTES = 343            # a span of the benchmark, uncompressed
RATES = (10_000, 1_000_000, 100_000_000)  # items a second
USE = 0.7                   # of its cores, at which a gateway should stand: the target of the HPA component
POD_CORES = 4
POD_MEMORY_MIB = 192        # the byte budget and the in-flight limit by default, the tail cache, and as much again
OUTAGE_HOURS = 4            # of a destination, that the disk shall carry
HOUR_S = 3600
# docs/formats/segment.md: a header for each request; large ones begin on a block, small ones share some.
HEADER_BYTES, BLOCK_BYTES, PACKED_BYTES_MAX = 64, 4096, 8192


def costs(text):
    """case -> CPU seconds per million items of the service at durability commit"""
    return {case: float(cpu) for case, cpu in re.findall(r"^\| (\S+) \| service, commit \| ([\d.]+) \|", text, re.M)}


def fit(measured):
    """(a, b): microseconds a request, microseconds an item."""
    small, large = 10, 1000
    a = (measured["grpc-10"] - measured["grpc-1000"]) / (1 / small - 1 / large)
    return a, measured["grpc-1000"] - a / large


def predicted(a, b, items):
    """CPU seconds per million items in requests of so many."""
    return a / items + b


def stored_bytes(items):
    """What a request of so many items takes in the log."""
    size = HEADER_BYTES + items * ITEM_BYTES
    return size if size <= PACKED_BYTES_MAX else math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES


def size_text(size):
    """Of 1,000s, as disks and networks are sold."""
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if size < 1000 or unit == "TB":
            return f"{size:.3g} {unit}"
        size /= 1000


def tables(measured):
    a, b = fit(measured)
    lines = ["", f"A request costs {a:.1f} us of CPU and each span {b:.3f} us more.", "",
             "| Spans a request | predicted, CPU s per million spans | measured | |", "| --- | --- | --- | --- |"]
    for items in (10, 100, 1000, 8000):
        if f"grpc-{items}" in measured:
            ours, theirs = predicted(a, b, items), measured[f"grpc-{items}"]
            lines.append(f"| {items:,} | {ours:.3f} | {theirs:.3f} | {'fitted' if items in (10, 1000) else f'{ours / theirs - 1:+.0%}'} |")
    lines += ["", "| Spans a second | in requests of | cores busy | pods of 4 cores | memory | written to disk | network in and out | "
              f"disk for {OUTAGE_HOURS} h without a destination |", "| --- | --- | --- | --- | --- | --- | --- | --- |"]
    for rate in RATES:
        for items in (10, 100, 1000):
            busy = rate * predicted(a, b, items) / 1e6
            pods = max(2, math.ceil(busy / USE / POD_CORES))
            written = rate / items * stored_bytes(items)
            busy_text = f"{busy:.2f}" if busy < 10 else f"{busy:,.0f}"
            lines.append(f"| {rate:,} | {items:,} | {busy_text} | {pods} | {size_text(pods * POD_MEMORY_MIB * 2**20)} | {size_text(written)}/s | "
                         f"{size_text(rate * ITEM_BYTES)}/s each | {size_text(written * OUTAGE_HOURS * HOUR_S)} |")
    return "\n".join(lines) + "\n\n"


def page():
    text = PAGE.read_text()
    before, after = text.index(MARKS[0]) + len(MARKS[0]), text.index(MARKS[1])
    return text[:before] + "\n" + tables(costs(MEASURED.read_text())) + text[after:]


def main():
    if "--check" in sys.argv:
        sys.exit(0 if page() == PAGE.read_text() else "docs/capacity.md does not follow from docs/performance.md: run python3 bench/capacity.py")
    PAGE.write_text(page())


if __name__ == "__main__":
    main()
