"""Requests of all three signals for processors to work on: the shape is that of real services, the values are
drawn from a seed, among them what processors stumble over: empty values, trees, bytes, the ends of numbers,
numbers as text, a `tracestate` that is none."""

import otlp

TEXTS = ["", "plain words here", "größer £ 🛒 als", "id=1234 sent to me@shop.example", "two\nlines", "password=hunter2 ok", "x" * 40,
         "pay 4111111111111111 and 4222222222222", "a secret", "EU-1"]
MAILS = ["anna@example.com", "Bob@Mail.Example", "support@example.com", "nobody", ""]
NUMBER_TEXTS = ["12", "+7", "-3", " 12", "0x1f", "1e3", "12abc", "", "9223372036854775807", "9223372036854775808", "1.5", ".5", "007"]
INTEGERS = [0, 1, 5, -1, 200, 700, 2**53 + 1, 2**63 - 1, -2**63, 4111111111111111]
REALS = [0.5, 1.0, -0.25, 100.0, 1234567.0, 0.1, 1e-5, 1e-7, 1e20, 1e21, 1.5e300, 2.5]
TRACE_STATES = ["", "vendor=x", "ot=th:c", "ot=th:8", "ot=rv:9ac8b4c5d6e7f8", "ot=th:8;rv:fbcdef01234567", "vendor=1,ot=th:4;rv:0bcdef01234567",
                "ot=th:zz", "ot=rv:12", "ot=p:3;th:0"]
OUTER = {"traces": ("resource_spans", "scope_spans", "spans"), "metrics": ("resource_metrics", "scope_metrics", "metrics"),
         "logs": ("resource_logs", "scope_logs", "log_records")}


def put(value, what):
    """A value of Python into an AnyValue; None leaves it empty."""
    if isinstance(what, bool):
        value.bool_value = what
    elif isinstance(what, int):
        value.int_value = what
    elif isinstance(what, float):
        value.double_value = what
    elif isinstance(what, str):
        value.string_value = what
    elif isinstance(what, bytes):
        value.bytes_value = what
    elif isinstance(what, list):
        value.array_value.SetInParent()
        for one in what:
            put(value.array_value.values.add(), one)
    elif isinstance(what, dict):
        value.kvlist_value.SetInParent()
        put_all(value.kvlist_value.values, what)
    else:
        value.SetInParent()


def put_all(attributes, pairs):
    for key, what in pairs.items():
        entry = attributes.add(key=key)
        put(entry.value, what)


def tree(rnd):
    inner = rnd.choice(["", "a <secret> & \"more\"", "größer £ 🛒", "two\nlines\t"])
    return rnd.choice([{"inner": inner, "count": rnd.choice([3, 2**53 + 1]), "list": ["a secret", 1, None, {"deep": inner}]},
                       {"kind": "audit", "level": 3, "flag": True}, {}, {"who": inner, "b": 2e21, "a": b"\x01"}])


def attributes(rnd):
    pool = {
        "http.request.method": rnd.choice(["GET", "POST", "PUT"]), "http.route": rnd.choice(["/health", "/orders/{id}", "/pay"]),
        "http.response.status_code": rnd.choice([200, 204, 404, 500, 503, "200", 200.0]),
        "url.full": rnd.choice(["https://shop.example:8443/orders/1234?q=x", "http://internal.example/x", "ftp://a", "not a url", ""]),
        "user.email": rnd.choice(MAILS), "user.id": rnd.choice(["u-1", "u-2", "u-3", 17, None]), "text": rnd.choice(TEXTS),
        "card": rnd.choice(TEXTS), "db.statement": "SELECT * FROM users WHERE mail = 'me@shop.example'", "ok": rnd.random() < 0.5,
        "size": rnd.choice(INTEGERS), "ratio": rnd.choice(REALS), "small.ratio": rnd.choice([0.5, 1.5, -2.75, 1.0, 0.0]),
        "number.text": rnd.choice(NUMBER_TEXTS), "blob": rnd.choice([b"", b"\x01\x02", b"\xff\xfe\x00"]),
        "list": rnd.choice([[], ["a secret", "b"], [1, 2.5, True, None], [["nested", {"k": "a secret"}]]]), "map": tree(rnd), "nothing": None,
        "redaction.masked.keys": "name,old", "redaction.masked.count": 2, "redaction.note": rnd.choice(TEXTS),
        "sampling.threshold": rnd.choice(["c", "8", "zz", 5, ""]), "sampling.randomness": rnd.choice(["fbcdef01234567", "0bcdef01234567", "12"]),
        "priority": rnd.choice([0, 50, 100, 200, "x", 12.5]), "sampling.priority": rnd.choice([0, 1, 2, "0", 0.0]), "customer.tier": "gold",
    }
    keys = rnd.sample(list(pool), rnd.randint(0, 12))
    return {key: pool[key] for key in keys}


def fill_resource(rnd, resource):
    pool = {"service.name": rnd.choice(["shop", "shop", "cart", "noisy"]), "cloud.region": rnd.choice(["eu-1", "us-2"]),
            "host.name": rnd.choice(["pool-17", "localhost"]), "process.pid": rnd.choice([1, 17, 4242]), "deployment.environment": "production",
            "cloud.account.id": rnd.choice(["1234", "acme"]), "text": rnd.choice(TEXTS)}
    keys = rnd.sample(list(pool), rnd.randint(1, len(pool)))
    put_all(resource.attributes, {key: pool[key] for key in keys})


def some_id(rnd, size, share_of_none=0.0):
    return b"" if rnd.random() < share_of_none else rnd.randbytes(size)


def add_span(rnd, spans, serial):
    span = spans.add(trace_id=some_id(rnd, 16), span_id=some_id(rnd, 8), parent_span_id=some_id(rnd, 8, 0.3), kind=rnd.randint(0, 5),
                     name=rnd.choice(["GET /health", "GET /orders/1234", "POST /pay", "charge card", ""]), trace_state=rnd.choice(TRACE_STATES),
                     start_time_unix_nano=otlp.TIME + serial, end_time_unix_nano=otlp.TIME + serial + rnd.choice([0, 1000, 9_000_000]), flags=rnd.choice([0, 257]))
    put_all(span.attributes, attributes(rnd))
    for _ in range(rnd.randint(0, 2)):
        event = span.events.add(time_unix_nano=otlp.TIME, name=rnd.choice(["heartbeat", "exception"]))
        put_all(event.attributes, {**attributes(rnd), **({"exception.type": "E"} if rnd.random() < 0.5 else {})})
    if rnd.random() < 0.3:
        put_all(span.links.add(trace_id=some_id(rnd, 16), span_id=some_id(rnd, 8)).attributes, attributes(rnd))
    if rnd.random() < 0.6:
        span.status.code = rnd.randint(0, 2)
        span.status.message = rnd.choice(["", "broken"])


def add_record(rnd, records, serial):
    record = records.add(time_unix_nano=rnd.choice([0, otlp.TIME + serial]), observed_time_unix_nano=otlp.TIME + serial,
                         severity_number=rnd.randint(0, 24), severity_text=rnd.choice(["", "INFO", "Error", "ERROR", "FATAL"]),
                         trace_id=some_id(rnd, 16, 0.3), span_id=some_id(rnd, 8, 0.3), flags=rnd.choice([0, 1]), event_name=rnd.choice(["", "placed"]))
    put_all(record.attributes, attributes(rnd))
    body = rnd.choice([rnd.choice(TEXTS), "ready", "card declined", 17, 0.5, True, None, tree(rnd), ["a secret", {"k": "a secret"}], b"\xff"])
    if body is not None:
        put(record.body, body)


def add_metric(rnd, metrics, serial):
    metric = metrics.add(name=rnd.choice(["cpu", "queue.length", "http.server.duration", "latency"]), unit=rnd.choice(["", "s", "By", "seconds"]),
                         description=rnd.choice(["", "what it is"]))
    kind = rnd.choice(["gauge", "sum", "histogram", "exponential_histogram", "summary"])
    data = getattr(metric, kind)
    if kind not in ("gauge", "summary"):
        data.aggregation_temporality = rnd.randint(1, 2)
    if kind == "sum":
        data.is_monotonic = rnd.random() < 0.5
    for index in range(rnd.randint(1, 3)):
        point = data.data_points.add(start_time_unix_nano=rnd.choice([0, otlp.TIME]), time_unix_nano=otlp.TIME + 10 * serial + index, flags=rnd.choice([0, 1]))
        put_all(point.attributes, attributes(rnd))
        if kind in ("gauge", "sum"):
            if rnd.random() < 0.5:
                point.as_int = rnd.choice([0, 1, -4, 900])
            else:
                point.as_double = rnd.choice([0.0, 1.5, -2.5])
            if rnd.random() < 0.3:
                put_all(point.exemplars.add(time_unix_nano=1, as_int=1, trace_id=some_id(rnd, 16)).filtered_attributes, attributes(rnd))
            continue
        point.count, point.sum = rnd.randint(1, 9), 2.5
        if kind == "histogram":
            point.bucket_counts.extend([1, point.count - 1])
            point.explicit_bounds.append(5)
        elif kind == "exponential_histogram":
            point.zero_count, point.scale = 1, 3
            point.positive.bucket_counts.extend([0, point.count - 1])
        else:
            point.quantile_values.add(quantile=0.5, value=1)


ADD = {"traces": add_span, "metrics": add_metric, "logs": add_record}


def request(rnd, signal, items):
    """One request of about that many items, in a few resources and scopes."""
    message = otlp.REQUEST[signal]()
    outer, inner, leaf = OUTER[signal]
    while items > 0:
        entry = getattr(message, outer).add(schema_url=rnd.choice(["", "https://opentelemetry.io/schemas/1.27.0"]))
        if rnd.random() < 0.9:
            fill_resource(rnd, entry.resource)
        for _ in range(rnd.randint(1, 2)):
            group = getattr(entry, inner).add()
            if rnd.random() < 0.9:
                group.scope.name, group.scope.version = rnd.choice(["lib.http", "lib.db"]), rnd.choice(["", "1.0", "2.1"])
                put_all(group.scope.attributes, rnd.choice([{}, {"text": "a secret", "user.email": "anna@example.com"}]))
            for _ in range(rnd.randint(1, 6)):
                items -= 1
                ADD[signal](rnd, getattr(group, leaf), rnd.getrandbits(40))
    return message.SerializeToString()
