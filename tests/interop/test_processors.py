"""What a processor's configuration means, by the Collector itself: every case of processor_cases.yaml runs in the gateway and
in a Collector with contrib's processors, on the same requests, and what arrives behind both is compared item by item.

One process of each runs all cases of a type, an exporter a case; the path of a request says which case it belongs to. The seed
is ORACLE_SEED, and ORACLE_REQUESTS how many requests of each signal there are.
"""

import collections
import contextlib
import difflib
import functools
import os
import pathlib
import random

import pytest
import yaml
from google.protobuf import text_format
from google.protobuf.message import DecodeError, Message

import collector
import destination
import gateway
import otlp
import processor_data
import toolbox

TABLE = yaml.safe_load((pathlib.Path(__file__).parent / "processor_cases.yaml").read_text())
KNOWN, REORDERED = TABLE.pop("known"), TABLE.pop("reordered")
CASES = {f"{kind}/{name}": settings for kind, cases in TABLE.items() for name, settings in cases.items()}
SEED = int(os.environ.get("ORACLE_SEED", "1"))
REQUESTS = int(os.environ.get("ORACLE_REQUESTS", "4"))
HEADERS = {**otlp.PROTOBUF, "X-Tenant": "shop", "X-Empty": ""}  # for from_context


# What `include` and `exclude` of attributes may name; the Collector refuses them in pipelines of other signals.
COMMON = {"match_type", "attributes", "resources", "libraries"}
PROPERTIES = {"traces": COMMON | {"services", "span_names", "span_kinds"}, "metrics": {"match_type", "metric_names", "resources"},
              "logs": COMMON | {"log_bodies", "log_severity_texts", "log_severity_number"}}


def signals_of(case):
    if case.startswith("probabilistic_sampler"):
        return ["traces", "logs"]
    used = set() if case.startswith("filter") else {key for match in ("include", "exclude") for key in CASES[case].get(match, ())}
    return [signal for signal in otlp.SIGNALS if used <= PROPERTIES[signal]]


def exporter_of(case):
    return "otlp_http/" + case.replace("/", "-")


def pipelines(cases):
    return {f"{signal}/{case.replace('/', '-')}": {"receivers": ["otlp"], "processors": [case], "exporters": [exporter_of(case)]}
            for case in cases for signal in signals_of(case)}


def plain(message, in_order):
    """Without empty messages that may as well not be there, of which the Collector writes some."""
    for field, value in message.ListFields():
        if field.type == field.TYPE_MESSAGE:
            for one in [value] if isinstance(value, Message) else value:
                plain(one, in_order)
            if isinstance(value, Message) and not value.ByteSize() and field.containing_oneof is None:
                message.ClearField(field.name)
            elif not in_order and field.message_type.name == "KeyValue":
                value.sort(key=lambda pair: (pair.key, pair.SerializeToString()))
        elif field.name == "trace_state":  # whose members, and the fields of `ot`, have no order
            members = (";".join(sorted(member.replace("ot=", "ot=;").split(";"))) for member in value.split(","))
            message.trace_state = ",".join(sorted(members))
    return message


def read(signal, body):
    try:
        return otlp.REQUEST[signal].FromString(body)
    except DecodeError:
        pytest.fail(f"{signal}: what arrived is no request: {body.hex()}")


def items(signal, bodies, in_order):
    """A multiset of requests of one item each; a metric is as many items as it has points."""
    outer, inner, leaf = processor_data.OUTER[signal]
    found = collections.Counter()
    for body in bodies:
        for entry in getattr(plain(read(signal, body), in_order), outer):
            for group in getattr(entry, inner):
                for item in getattr(group, leaf):
                    kind = item.WhichOneof("data") if signal == "metrics" else None
                    points = getattr(item, kind).data_points[:] if kind else [item]
                    if kind:
                        del getattr(item, kind).data_points[:]
                    for point in points:
                        one = otlp.REQUEST[signal]()
                        alone = getattr(one, outer).add(schema_url=entry.schema_url, resource=entry.resource)
                        alone = getattr(getattr(alone, inner).add(schema_url=group.schema_url, scope=group.scope), leaf).add()
                        alone.CopyFrom(item)
                        if kind:
                            getattr(alone, kind).data_points.add().CopyFrom(point)
                        found[one.SerializeToString(deterministic=True)] += 1
    return found


def by_case(target):
    """(case, signal) -> bodies."""
    found = collections.defaultdict(list)
    for arrival in target.seen:
        _, kind, name, version, signal = arrival.headers[":path"].split("/")
        assert version == "v1"
        found[f"{kind}/{name}", signal].append(arrival.body)
    return found


def run(cases, directory):
    """What comes out of the gateway and out of the Collector."""
    with contextlib.ExitStack() as stack:
        def closed(made):
            stack.callback(made.close)
            return made
        targets = [closed(destination.HttpDestination()) for _ in range(2)]
        exporters = [{exporter_of(case): gateway.exporter("otlp_http", f"{target.endpoint}/{case}") for case in cases} for target in targets]
        for settings in exporters[1].values():
            del settings["circuit_breaker"]
            settings.update(retry_on_failure={"enabled": False}, sending_queue={"enabled": False})
        ours = closed(gateway.Gateway(directory / "gateway", exporters[0], processors=cases,
                                      receivers={"otlp": {"protocols": {"http": {"include_metadata": True}}}}))
        ours.settings["service"]["pipelines"] = pipelines(cases)
        ours.config_file.write_text(yaml.safe_dump(ours.settings, sort_keys=False))
        ours.start()
        theirs = closed(collector.Collector(directory / "collector", exporters[1], program=toolbox.oracle(), processors=cases, pipelines=pipelines(cases)))
        rnd = random.Random(SEED)
        for signal in dict.fromkeys(signal for case in cases for signal in signals_of(case)):
            for _ in range(REQUESTS):
                body = processor_data.request(rnd, signal, 40)
                answer = gateway.http_request(ours.http, "POST", otlp.PATH[signal], body, HEADERS)
                assert (answer.status, answer.body) == (200, b"")
                theirs.post(otlp.PATH[signal], body, HEADERS)  # an error where a case propagates one
        gateway.until(lambda: not any(states["pending"] for states in ours.ledger().values()), lambda: f"an empty log: {ours.ledger()}", 60)
        return [by_case(target) for target in targets]


@pytest.fixture(scope="module")
def arrived(tmp_path_factory):
    """arrived(case) -> (signal -> bodies) of the gateway and of the Collector; all cases of a type run together."""
    @functools.cache
    def of_type(kind):
        return run({case: settings for case, settings in CASES.items() if case.startswith(kind + "/")}, tmp_path_factory.mktemp(kind))
    return lambda case: [{signal: found[case, signal] for signal in signals_of(case)} for found in of_type(case.split("/")[0])]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("case", CASES)
def test_a_processor_means_what_it_means_to_the_collector(arrived, case):
    differences = []
    here, there = arrived(case)
    for signal in signals_of(case):
        ours = items(signal, here[signal], case not in REORDERED)
        theirs = items(signal, there[signal], case not in REORDERED)
        only_ours, only_theirs = ours - theirs, theirs - ours
        if only_ours or only_theirs:
            differences.append(f"{signal}: {only_ours.total()} only here, {only_theirs.total()} only there, of {theirs.total()}\n"
                               f"{closest(signal, only_ours, only_theirs)}")
    if case in KNOWN:
        assert differences, f"{case} is listed as different ({KNOWN[case]}), and is not"
    elif differences:
        pytest.fail("\n".join(differences), pytrace=False)


def closest(signal, ours, theirs):
    """How a few of the items differ from those of the other side that are most like them."""
    here, there = ([text_format.MessageToString(otlp.REQUEST[signal].FromString(one), as_utf8=True).split("\n") for one in side]
                   for side in (list(ours)[:3], list(theirs)[:200]))
    lines = []
    for mine in here:
        twin = max(there, key=lambda it: len(set(mine) & set(it)), default=[])  # noqa: B023
        lines += difflib.unified_diff(mine, twin, "here", "there", lineterm="", n=4)
    return "\n".join(lines or there[0])
