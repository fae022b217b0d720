"""CPU per million items beside a byte copier and the OpenTelemetry Collector, in the same run. `./dev bench` calls it.

    h2load --> copier    --> sink    the floor: copies bytes, parses nothing; also one that writes them to a file
    h2load --> service   --> sink    receive, check, store, acknowledge; batch and deliver
    h2load --> Collector --> sink    batch processor; in memory, and with its persistent queue

Times of one machine say little, and vary; so every round runs all contestants, one after the other, and the
medians of the rounds are compared as ratios. A run counts only if the sink has seen every item that was sent,
once. CPU is user and system time of the contestant's whole process, which has one half of the cores to itself
(placement.py).

    ./dev bench [CASE...] [all] [quick] [parts] [--rounds N] [--items N] [--add] [--no-collector]
    ./dev bench --gate FILE quick    the ratio to the copier must not be worse than FILE's by more than a quarter;
    ./dev bench --gate main          than what main's last commit has on the branch benchmark-history
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests" / "harness")]

import cases  # noqa: E402
import contestants  # noqa: E402
import history  # noqa: E402
import load  # noqa: E402
import measure  # noqa: E402
import parts  # noqa: E402
import placement  # noqa: E402
import report  # noqa: E402
import special  # noqa: E402

GATE_WORSE_MAX = 1.25


def chosen(names):
    found = []
    for name in names or (*cases.DEFAULT, "parts"):
        found += {"all": [*cases.CASES, *special.CASES, "parts"], "quick": list(cases.QUICK)}.get(name, [name])
    unknown = [name for name in found if name not in cases.CASES and name not in special.CASES and name != "parts"]
    if unknown:
        sys.exit(f"no such case: {', '.join(unknown)}; there are {', '.join([*cases.CASES, *special.CASES])}, and parts, quick, all")
    return list(dict.fromkeys(found))


def run_case(case, start_of, sink, folder, options):
    runs = {}
    prepared = load.Prepared.of(case, folder)
    names = [name for name in case.contestants if name in start_of]
    for round_ in range(options.rounds):
        for name in names:
            try:
                with placement.apart(sink) as placed:
                    runs.setdefault(name, []).append(
                        measure.measure(placed(start_of[name]), case, sink, prepared, options.items, folder))
            except AssertionError as failure:
                if name.startswith("service"):
                    raise
                # What another program loses or refuses is its result, not the end of the run.
                print(f"  {case.name}, {name}: {str(failure)[-300:]}", file=sys.stderr)
                sink.settle()
        print(f"  {case.name}: round {round_ + 1} of {options.rounds}", file=sys.stderr, flush=True)
    return {name: measured for name, measured in runs.items() if measured}


def baseline(name, build):
    """The file that --gate names; there may be none yet where that is main's."""
    if name != "main":
        return pathlib.Path(name)
    file = build / "before.json"
    file.unlink(missing_ok=True)
    history.fetch(file)
    return file


def gate(file, results):
    """The exit code: whether a case costs more, beside the copier, than when `file` was saved."""
    if not file.exists():
        print(f"gate: no {file}: nothing to compare with")
        return 0
    before, worse = json.loads(file.read_text()), 0
    for name, runs in results.items():
        if name not in before or cases.COPIER not in runs:
            continue
        ratio, was = (history.ratio(of) for of in (runs, before[name]))
        bad = ratio > was * GATE_WORSE_MAX
        worse += bad
        print(f"gate: {name}: {ratio:.2f} times the copier, was {was:.2f}: {'WORSE' if bad else 'good'}")
    return 1 if worse else 0


def main():
    parser = argparse.ArgumentParser(prog="./dev bench")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build-bench")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--items", type=float, default=5e6, help="in each run")
    parser.add_argument("--backlog-gib", type=float, default=10, help="how much is stored in the cases backlog and stored")
    parser.add_argument("--add", action="store_true", help="to the cases of the last run, in its results.json")
    parser.add_argument("--no-collector", action="store_true", help="leave the OpenTelemetry Collector out")
    parser.add_argument("--gate", metavar="FILE|main", help="compare with the results of an earlier run")
    parser.add_argument("--out", type=pathlib.Path, help="where results.json and results.svg go (default: in the build)")
    parser.add_argument("--page", type=pathlib.Path, help="a Markdown page whose tables this run replaces")
    parser.add_argument("cases", nargs="*", metavar="CASE", help="default: " + " ".join(cases.DEFAULT))
    options = parser.parse_args()
    build = options.build.resolve()
    wanted = chosen(options.cases)
    before = baseline(options.gate, build) if options.gate else None
    if before and options.gate != "main" and not before.exists():
        parser.error(f"--gate: there is no {before}")

    collector = None
    if not options.no_collector and any("Collector" in " ".join(cases.CASES[name].contestants) for name in wanted if name in cases.CASES):
        print("building the OpenTelemetry Collector (the first time takes minutes)", file=sys.stderr, flush=True)
        collector, why = contestants.collector_binary()
        if collector is None:
            print(f"without the Collector: {why}", flush=True)
    results, findings, operations = {}, [], []
    out = options.out or build / "results"
    out.mkdir(parents=True, exist_ok=True)
    if options.add and (out / "results.json").exists():
        results = json.loads((out / "results.json").read_text())
    with tempfile.TemporaryDirectory(prefix="bench-", dir=build) as name:
        folder = pathlib.Path(name)
        sink = contestants.Sink(build)
        start_of = contestants.make(build, sink, folder, collector)
        for wanted_name in wanted:
            if wanted_name == "parts":
                operations = parts.run(build)
                parts.show(operations)
                findings += parts.judged(operations)
                continue
            if wanted_name in special.CASES:
                findings += special.CASES[wanted_name](build, sink, folder, options)
                continue
            case = cases.CASES[wanted_name]
            results[wanted_name] = run_case(case, start_of, sink, folder, options)
            report.show_case(case, results[wanted_name])
            report.show_stages(results[wanted_name])
            report.save(out / "results.json", results)
        sink.end()
    found = report.judged(results, findings)
    if found:
        report.show_targets(found)
    if results:
        report.plot(out / "results.svg", results)
        if options.page:
            report.page(options.page, results, found, operations, options.rounds, options.items)
        print(f"\nresults.json and results.svg are in {out}")
    return gate(before, results) if before else 0


if __name__ == "__main__":
    sys.exit(main())
