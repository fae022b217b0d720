"""Where a case's CPU goes: a flame graph a thread role, and the top of the list. `./dev profile CASE` calls it.

Samples the service with perf while the case runs as in `./dev bench CASE`. Writes CASE.folded (one line a stack, as
flame graph tools read it) and CASE.svg into the build's results folder.

    ./dev profile [CASE] [--items N] [--frequency HZ]
"""

import argparse
import collections
import html
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests" / "harness")]

import cases  # noqa: E402
import contestants  # noqa: E402
import load  # noqa: E402
import measure  # noqa: E402
import placement  # noqa: E402

WIDTH, ROW, SMALLEST = 1200, 17, 0.6  # of the picture, in pixels; what is narrower is left out


def stage_of(thread):
    return next((stage for stage, pattern in contestants.STAGES if re.match(pattern, thread)), "rest")


def short(symbol):
    """Without arguments and offset: a flame's name."""
    symbol = re.sub(r"\+0x[0-9a-f]+$", "", symbol)
    depth, kept = 0, []
    for character in symbol:
        depth += character in "(<"
        if not depth:
            kept.append(character)
        depth -= character in ")>"
    return "".join(kept).replace(";", ":").strip() or symbol


def fold(perf_data):
    """stack, outermost first -> samples"""
    said = subprocess.run(["perf", "script", "-i", str(perf_data), "-F", "comm,ip,sym"], capture_output=True, text=True, check=True,
                          errors="replace").stdout
    folded = collections.Counter()
    for block in said.split("\n\n"):
        lines = block.strip().splitlines()
        if len(lines) < 2:
            continue
        frames = [short(re.sub(r"^\s*[0-9a-f]+ ", "", line).strip()) for line in lines[1:]]
        folded[(stage_of(lines[0].strip()), *reversed(frames))] += 1
    return folded


def flames(folded, title):
    """SVG: a box a function, as wide as its share, its callees above it."""
    tree = {"count": 0, "below": {}}
    for stack, count in folded.items():
        node = tree
        node["count"] += count
        for frame in stack:
            node = node["below"].setdefault(frame, {"count": 0, "below": {}})
            node["count"] += count
    boxes, deepest = [], 0

    def draw(name, node, x, depth):
        nonlocal deepest
        width = node["count"] / tree["count"] * WIDTH
        if width < SMALLEST:
            return
        deepest = max(deepest, depth)
        boxes.append((name, x, depth, width, node["count"]))
        for below, child in sorted(node["below"].items()):
            draw(below, child, x, depth + 1)
            x += child["count"] / tree["count"] * WIDTH

    draw(title, tree, 0.0, 0)
    height = (deepest + 2) * ROW
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" font-family="monospace" font-size="11">']
    for name, x, depth, width, count in boxes:
        y = height - (depth + 1) * ROW
        hue = 10 + sum(name.encode()) % 45
        label = html.escape(name[:int(width / 7)]) if width > 24 else ""
        lines.append(f'<g><title>{html.escape(name)}: {count} samples, {count / tree["count"]:.1%}</title>'
                     f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{ROW - 1}" fill="hsl({hue},80%,65%)"/>'
                     f'<text x="{x + 2:.1f}" y="{y + 12}">{label}</text></g>')
    return "\n".join([*lines, "</svg>", ""])


def top(folded, count=25):
    own, total = collections.Counter(), sum(folded.values())
    for stack, samples in folded.items():
        own[stack[0], stack[-1]] += samples
    print(f"{'share':>7}  {'stage':18} function (its own time)")
    for (stage, frame), samples in own.most_common(count):
        print(f"{samples / total:7.1%}  {stage:18} {frame[:90]}")


def main():
    parser = argparse.ArgumentParser(prog="./dev profile")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build-bench")
    parser.add_argument("--items", type=float, default=5e6)
    parser.add_argument("--frequency", type=int, default=1000)
    parser.add_argument("case", nargs="?", default="grpc-100", choices=sorted(cases.CASES))
    options = parser.parse_args()
    if shutil.which("perf") is None:
        sys.exit("perf is missing: install the package linux-perf")
    build, case = options.build.resolve(), cases.CASES[options.case]
    out = build / "results"
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="profile-", dir=build) as name:
        folder = pathlib.Path(name)
        data = folder / "perf.data"
        sink = contestants.Sink(build)

        def watch(pid):
            perf = subprocess.Popen(["perf", "record", "-q", "-g", "-e", "cpu-clock", "-F", str(options.frequency), "-o", str(data), "-p", str(pid)],
                                    stdin=subprocess.DEVNULL)
            return lambda: (perf.send_signal(signal.SIGINT), perf.wait())

        start = contestants.make(build, sink, folder)[cases.SERVICE]
        with placement.apart(sink) as placed:
            run = measure.measure(placed(start), case, sink, load.Prepared.of(case, folder), options.items, folder, watch)
        sink.end()
        folded = fold(data)
    (out / f"{case.name}.folded").write_text("".join(f"{';'.join(stack)} {count}\n" for stack, count in sorted(folded.items())))
    (out / f"{case.name}.svg").write_text(flames(folded, f"{case.name}: {run['cpu']:.3f} CPU s per million items"))
    top(folded)
    print(f"\n{run['cpu']:.3f} CPU s per million items; {sum(folded.values())} samples\nthe flame graph is {out / case.name}.svg")


if __name__ == "__main__":
    main()
