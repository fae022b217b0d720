"""What every SDK client sends (go/export.go, java/.../Export.java, javascript/export.js, sdk_python.py), read back
from the requests that a recording destination has taken, field by field."""

import otlp

# 2^53 + 1 where the language has such a number: a double on the way would show.
COUNT = {"go": 2**53 + 1, "java": 2**53 + 1, "python": 2**53 + 1, "javascript": 2**53}
CUMULATIVE = 2


def plain(value):
    """An AnyValue as a value of Python."""
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [plain(one) for one in value.array_value.values]
    if kind == "kvlist_value":
        return attributes(value.kvlist_value.values)
    return getattr(value, kind) if kind else None


def attributes(entries):
    return {entry.key: plain(entry.value) for entry in entries}


def parsed(target, signal):
    """(resource attributes, scope, item container) of all that has arrived."""
    outer = {"traces": ("resource_spans", "scope_spans"), "metrics": ("resource_metrics", "scope_metrics"),
             "logs": ("resource_logs", "scope_logs")}[signal]
    for body in target.arrived(signal):
        for resource in getattr(otlp.REQUEST[signal].FromString(body), outer[0]):
            for scope in getattr(resource, outer[1]):
                yield attributes(resource.resource.attributes), scope.scope, scope


def check_origin(target, language):
    for signal in otlp.SIGNALS:
        for resource, scope, _ in parsed(target, signal):
            assert resource["service.name"] == f"interop-{language}"
            assert (scope.name, scope.version) == ("interop", "1.2")


def check_traces(target, language):
    spans = {span.name: span for _, _, scope in parsed(target, "traces") for span in scope.spans}
    assert set(spans) == {"parent", "child"}
    parent, child = spans["parent"], spans["child"]
    assert len(parent.trace_id) == 16 and len(parent.span_id) == 8 and not parent.parent_span_id
    assert (child.trace_id, child.parent_span_id) == (parent.trace_id, parent.span_id)
    assert (parent.kind, child.kind) == (2, 3)  # server, client
    assert attributes(parent.attributes) == {"text": "größer £ 🛒", "ok": True, "count": COUNT[language], "ratio": 0.25,
                                             "names": ["a", "b"], "sizes": [1, 2]}
    assert [(event.name, attributes(event.attributes)) for event in parent.events] == [("cache.miss", {"attempt": 2})]
    assert parent.start_time_unix_nano <= parent.events[0].time_unix_nano <= parent.end_time_unix_nano
    link, = child.links
    assert (link.trace_id, link.span_id, attributes(link.attributes)) == (parent.trace_id, parent.span_id, {"why": "test"})
    assert (child.status.code, child.status.message) == (2, "broken")
    return parent


def check_metrics(target):
    found = {}
    for _, _, scope in parsed(target, "metrics"):
        for metric in scope.metrics:
            found[metric.name] = metric  # a reader may export twice: the last is the whole
    assert set(found) == {"requests", "connections", "temperature", "latency", "payload", "ticks"}

    def number(point):
        return getattr(point, point.WhichOneof("value"))
    requests = found["requests"]
    assert requests.unit == "{request}"
    assert requests.sum.is_monotonic and requests.sum.aggregation_temporality == CUMULATIVE
    point, = requests.sum.data_points
    assert point.WhichOneof("value") == "as_int" and point.as_int == 3 and attributes(point.attributes) == {"route": "/"}
    assert point.time_unix_nano >= point.start_time_unix_nano > 0
    assert not found["connections"].sum.is_monotonic and number(found["connections"].sum.data_points[0]) == -2
    assert number(found["ticks"].sum.data_points[0]) == 7
    assert found["temperature"].gauge.data_points[0].as_double == 21.5
    latency, = found["latency"].histogram.data_points
    assert (latency.count, latency.sum, list(latency.bucket_counts), list(latency.explicit_bounds)) == (3, 58, [1, 1, 1], [5, 10])
    assert (latency.min, latency.max) == (1, 50)
    payload, = found["payload"].exponential_histogram.data_points
    assert (payload.count, payload.sum, payload.zero_count) == (4, 7, 1)
    assert sum(payload.positive.bucket_counts) == 3 and not sum(payload.negative.bucket_counts)


def check_logs(target, parent):
    records = [record for _, _, scope in parsed(target, "logs") for record in scope.log_records]
    text, = (record for record in records if plain(record.body) == "an order was placed")
    assert (text.severity_number, text.severity_text) == (13, "WARN")
    assert attributes(text.attributes)["order"] == 17
    assert (text.trace_id, text.span_id) == (parent.trace_id, parent.span_id)
    structured, = (record for record in records if record is not text)
    assert plain(structured.body) == {"kind": "map", "list": [1, True]}
    assert structured.severity_number == 9


def check_all(target, language):
    check_origin(target, language)
    check_logs(target, check_traces(target, language))
    check_metrics(target)


ITEMS = {"traces": 2, "metrics": 6, "logs": 2}
