"""Single operations, by the Google Benchmark programs of the same build: what one item, one byte, one call costs."""

import dataclasses
import json
import os
import subprocess

from report import Finding


@dataclasses.dataclass(frozen=True)
class Operation:
    program: str
    name: str
    ns: float                       # of CPU: an item where items are counted, else the whole call
    is_item: bool
    bytes_per_second: float | None
    mhz: float                      # as the kernel names it: a core that runs faster takes more cycles

    def cycles_text(self):
        """Of an item; of a byte where there are no items."""
        if not self.is_item and not self.bytes_per_second:
            return ""
        return f"{self.ns * self.mhz / 1e3:,.0f} an item" if self.is_item else f"{self.mhz * 1e6 / self.bytes_per_second:.2f} a byte"

    def time_text(self):
        return (f"{self.ns:.1f} ns" if self.ns < 10_000 else f"{self.ns / 1e3:.1f} us") + (" an item" if self.is_item else "")

    def speed_text(self):
        return f"{self.bytes_per_second / 1e9:.2f} GB/s" if self.bytes_per_second else ""


UNITS = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}
# program, operation, target: (what, at most so many ns an item, at least so many GB/s)
TARGETS = (
    ("otlpview_bench", "Check<Signal::traces>/100", "the check of a span of 344 bytes with 8 attributes", 60, None),
    ("otlpview_bench", "Check<Signal::logs>/100", "the check of log records", None, 5.7),
    ("otlpview_bench", "Check<Signal::metrics>/100", "the check of metric points", None, 5.7),
    ("otlpview_json_bench", "json_to_wire/traces", "JSON to protobuf, a core", None, 0.4),
)


def run(build):
    found = []
    for program in sorted(path for path in build.rglob("*_bench") if os.access(path, os.X_OK) and path.is_file()):
        said = subprocess.run([str(program), "--benchmark_format=json", "--benchmark_min_time=0.2"],
                              capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL).stdout
        answer = json.loads(said)
        for entry in answer["benchmarks"]:
            # "ns/item" is seconds turned round by the library: its figure is right, its unit is ours.
            an_item = entry.get("ns/item") or (1e9 / entry["items_per_second"] if "items_per_second" in entry else None)
            found.append(Operation(program.name, entry["name"], an_item or entry["cpu_time"] * UNITS[entry["time_unit"]], an_item is not None,
                                   entry.get("bytes_per_second"), answer["context"]["mhz_per_cpu"]))
    return found


def show(operations):
    print("\nparts (one thread):")
    for one in operations:
        print(f"  {one.program:20} {one.name:48} {one.time_text():>20}  {one.cycles_text():>16}  {one.speed_text()}")


def judged(operations):
    by_name = {(one.program, one.name): one for one in operations}
    found = []
    for program, name, what, ns_max, speed_min in TARGETS:
        one = by_name.get((program, name))
        if one is None:
            continue
        if ns_max is not None:
            found.append(Finding(what, f"{ns_max} ns", f"{one.ns:.0f} ns", one.ns <= ns_max))
        else:
            speed = one.bytes_per_second / 1e9
            found.append(Finding(what, f"{speed_min:g} GB/s", f"{speed:.2f} GB/s", speed >= speed_min))
    return found
