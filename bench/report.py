"""Results as tables, as JSON to compare later, and as a picture."""

import dataclasses
import json
import os
import pathlib
import platform
import re
import statistics
import subprocess

import cases
import placement

COLUMNS = (("CPU s/1M", "cpu", ".3f"), ("M items/s", "rate", ".2f"), ("p50 ms", "p50", ".2f"), ("p99 ms", "p99", ".2f"),
           ("p99.9 ms", "p999", ".2f"), ("peak MiB", "rss", ".0f"), ("drain s", "drain", ".2f"))


@dataclasses.dataclass(frozen=True)
class Finding:
    """A row of the table of targets."""
    what: str
    wanted: str
    measured: str
    met: bool


def median(runs, figure):
    return statistics.median(run[figure] for run in runs)


def show_case(case, runs):
    """`runs`: contestant -> list of what measure() returned."""
    floor = median(runs[cases.COPIER], "cpu") if cases.COPIER in runs else None
    print(f"\n{case.name}: {case.items} {case.signal} a request, {next(iter(runs.values()))[0]['bytes']:.0f} bytes an item, {case.transport}, "
          f"{case.encoding}, in {case.coding_in}, out {case.coding_out}, {case.connections} connections of {case.streams}")
    print(f"  {'':28}" + "".join(f"{title:>11}" for title, _, _ in COLUMNS) + f"{'CPU min-max':>14}{'x copier':>10}")
    for contestant, measured in runs.items():
        spread = f"{min(run['cpu'] for run in measured):.2f}-{max(run['cpu'] for run in measured):.2f}"
        beside = f"{median(measured, 'cpu') / floor:10.2f}" if floor else ""
        print(f"  {contestant:28}" + "".join(f"{median(measured, figure):11{form}}" for _, figure, form in COLUMNS) + f"{spread:>14}{beside}", flush=True)


def show_stages(runs):
    """Where the service's CPU goes, by its threads."""
    stages = [run["stages"] for run in runs.get(cases.SERVICE, [])]
    if stages:
        print(f"  {cases.SERVICE}, CPU s/1M by stage: " + ", ".join(
            f"{name} {statistics.median(run.get(name, 0) for run in stages):.3f}" for name in stages[0]), flush=True)


def judge(target, results):
    """A Finding, or None when the run has not measured it."""
    runs = results.get(target.case, {})
    others = results.get(target.beside_case or target.case, {})
    if target.of not in runs or (target.beside is not None and target.beside not in others):
        return None
    mine = median(runs[target.of], target.figure)
    if target.beside is None:
        return Finding(target.what, f"at most {target.at_most:g}", f"{mine:.0f}", mine <= target.at_most)
    ratio = mine / median(others[target.beside], target.figure)
    if target.at_most is not None:
        return Finding(target.what, f"at most {target.at_most:g} times", f"{ratio:.2f}", ratio <= target.at_most)
    return Finding(target.what, f"at least {target.at_least:g} times less", f"{1 / ratio:.1f}", 1 / ratio >= target.at_least)


def judged(results, findings):
    return [found for found in (judge(target, results) for target in cases.TARGETS) if found] + findings


def show_targets(found):
    print(f"\n{'target':64}{'wanted':>34}{'measured':>24}")
    for one in found:
        print(f"{one.what:64}{one.wanted:>34}{one.measured:>24}  {'met' if one.met else 'MISSED'}")


MARKS = ("<!-- results -->", "<!-- end of results -->")


def collector_version():
    """As tests/interop/toolbox.py builds it."""
    toolbox = pathlib.Path(__file__).resolve().parent.parent / "tests" / "interop" / "toolbox.py"
    return re.search(r"builder@v([\d.]+)", toolbox.read_text()).group(1)


def machine():
    """What ran it, in a sentence."""
    with open("/proc/cpuinfo", encoding="utf-8") as cpuinfo:
        model = re.search(r"^model name\s*: (.*)$", cpuinfo.read(), re.M)
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / (1 << 30)
    h2load = subprocess.run(["h2load", "--version"], capture_output=True, text=True, check=False).stdout.strip()
    return (f"{os.cpu_count()} cores of {model.group(1) if model else platform.machine()}, {memory:.0f} GiB, Linux {platform.release()}, "
            f"load {os.getloadavg()[0]:.1f} when it ended; {h2load}; OpenTelemetry Collector {collector_version()}")


def page(path, results, found, operations, rounds, items):
    """Puts the tables of this run between the marks of a Markdown page."""
    lines = ["", f"{machine()}. Medians of {rounds} rounds of {items / 1e6:g} million items each; "
             f"of the cores a contestant has {len(placement.halves()[1])}, sender and sink {len(placement.halves()[0])}.", "",
             "| Case | Who | CPU s per million items | beside the copier | M items/s | p50, p99, p99.9 ms | peak MiB |", "| --- | --- | --- | --- | --- | --- | --- |"]
    for name, runs in results.items():
        floor = median(runs[cases.COPIER], "cpu") if cases.COPIER in runs else None
        for contestant, measured in runs.items():
            beside = f"{median(measured, 'cpu') / floor:.2f}" if floor else ""
            lines.append(f"| {name} | {contestant} | {median(measured, 'cpu'):.3f} | {beside} | {median(measured, 'rate'):.2f} | "
                         f"{median(measured, 'p50'):.1f}, {median(measured, 'p99'):.1f}, {median(measured, 'p999'):.1f} | {median(measured, 'rss'):.0f} |")
    lines += ["", "| Target | wanted | measured | |", "| --- | --- | --- | --- |"]
    lines += [f"| {one.what} | {one.wanted} | {one.measured} | {'met' if one.met else '**missed**'} |" for one in found]
    if operations:
        lines += ["", "Single operations, one thread:", "", "| Program | Operation | time | cycles | speed |", "| --- | --- | --- | --- | --- |"]
        lines += [f"| {one.program} | {one.name} | {one.time_text()} | {one.cycles_text()} | {one.speed_text()} |" for one in operations]
    text = path.read_text()
    before, after = text.index(MARKS[0]) + len(MARKS[0]), text.index(MARKS[1])
    path.write_text(text[:before] + "\n" + "\n".join(lines) + "\n\n" + text[after:])


def save(path, results):
    path.write_text(json.dumps(results, indent=1))


def plot(path, results):
    """CPU per million items, a bar a contestant, as SVG. No library: the pages of docs/ show it as it is."""
    colours = {"copier": "#9aa5b1", "copier, and to a file": "#7b8794", "service, commit": "#0b7a75", "service, interval": "#2cb1a5",
               "service, memory": "#54d1c5", "Collector, memory": "#d64545", "Collector, persistent queue": "#8a041a"}
    rows = [(case, contestant, median(runs, "cpu")) for case, measured in results.items() for contestant, runs in measured.items()]
    most = max(value for _, _, value in rows)
    height, left, width = 18, 330, 520
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 90}" height="{height * (len(rows) + 2)}" font-family="sans-serif" font-size="12">',
             f'<text x="8" y="14">CPU seconds per million items; shorter is better</text>']
    for number, (case, contestant, value) in enumerate(rows):
        y = height * (number + 1) + 8
        lines.append(f'<text x="8" y="{y + 12}">{case}: {contestant}</text>'
                     f'<rect x="{left}" y="{y + 2}" width="{max(1, value / most * width):.1f}" height="{height - 5}" fill="{colours.get(contestant, "#3e4c59")}"/>'
                     f'<text x="{left + value / most * width + 5:.1f}" y="{y + 12}">{value:.2f}</text>')
    path.write_text("\n".join([*lines, "</svg>", ""]))
