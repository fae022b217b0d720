"""Results as tables, as JSON to compare later, and as a picture."""

import json
import os
import platform
import re
import statistics
import subprocess

import cases

COLUMNS = (("CPU s/1M", "cpu", ".3f"), ("M items/s", "rate", ".2f"), ("p50 ms", "p50", ".2f"), ("p99 ms", "p99", ".2f"),
           ("p99.9 ms", "p999", ".2f"), ("peak MiB", "rss", ".0f"), ("drain s", "drain", ".2f"))


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
    """(the figure, whether it is met), or None when the run has not measured it."""
    runs = results.get(target.case, {})
    others = results.get(target.beside_case or target.case, {})
    if target.of not in runs or (target.beside is not None and target.beside not in others):
        return None
    mine = median(runs[target.of], target.figure)
    if target.beside is None:
        return mine, mine <= target.at_most
    ratio = mine / median(others[target.beside], target.figure)
    return (ratio, ratio <= target.at_most) if target.at_most is not None else (1 / ratio, 1 / ratio >= target.at_least)


def show_targets(results):
    """Prints the table; returns how many are missed."""
    print(f"\n{'target':62}{'wanted':>12}{'measured':>10}")
    missed = 0
    for target in cases.TARGETS:
        found = judge(target, results)
        if found is None:
            continue
        figure, met = found
        missed += not met
        wanted = f"<= {target.at_most:g}" if target.at_most is not None else f">= {target.at_least:g}x less"
        print(f"{target.what:62}{wanted:>12}{figure:10.2f}  {'met' if met else 'MISSED'}")
    return missed


MARKS = ("<!-- results -->", "<!-- end of results -->")


def machine():
    """What ran it, in a sentence."""
    with open("/proc/cpuinfo", encoding="utf-8") as cpuinfo:
        model = re.search(r"^model name\s*: (.*)$", cpuinfo.read(), re.M)
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / (1 << 30)
    h2load = subprocess.run(["h2load", "--version"], capture_output=True, text=True, check=False).stdout.strip()
    return (f"{os.cpu_count()} cores of {model.group(1) if model else platform.machine()}, {memory:.0f} GiB, Linux {platform.release()}, "
            f"load {os.getloadavg()[0]:.1f} when it ended; {h2load}; OpenTelemetry Collector 0.155.0")


def page(path, results, rounds, items):
    """Puts the tables of this run between the marks of a Markdown page."""
    lines = ["", f"{machine()}. Medians of {rounds} rounds of {items / 1e6:g} million items each.", "",
             "| Case | Who | CPU s per million items | beside the copier | M items/s | p50, p99, p99.9 ms | peak MiB |", "| --- | --- | --- | --- | --- | --- | --- |"]
    for name, runs in results.items():
        floor = median(runs[cases.COPIER], "cpu") if cases.COPIER in runs else None
        for contestant, measured in runs.items():
            beside = f"{median(measured, 'cpu') / floor:.2f}" if floor else ""
            lines.append(f"| {name} | {contestant} | {median(measured, 'cpu'):.3f} | {beside} | {median(measured, 'rate'):.2f} | "
                         f"{median(measured, 'p50'):.1f}, {median(measured, 'p99'):.1f}, {median(measured, 'p999'):.1f} | {median(measured, 'rss'):.0f} |")
    lines += ["", "| Target | wanted | measured | |", "| --- | --- | --- | --- |"]
    for target in cases.TARGETS:
        found = judge(target, results)
        if found:
            wanted = f"at most {target.at_most:g}" if target.at_most is not None else f"at least {target.at_least:g} times less"
            lines.append(f"| {target.what} | {wanted} | {found[0]:.2f} | {'met' if found[1] else '**missed**'} |")
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
