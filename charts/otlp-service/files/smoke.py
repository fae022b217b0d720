"""Proves a deployment by real OTLP: health answers, one item of each signal is acknowledged, and the
gateway accounts for it. Ends with 0 when all is well; else it says what was expected and what came.

    smoke.py --otlp URL --admin URL [--metrics URL] [--ca FILE] [--delivered] [--timeout SECONDS]

With several pods behind one address, two requests may meet two pods. So nothing here compares a
number before with a number after: an answer must be right by itself.
"""

import argparse
import json
import re
import ssl
import sys
import time
import urllib.error
import urllib.request

NOW = time.time_ns()
RESOURCE = {"attributes": [{"key": "service.name", "value": {"stringValue": "otlp-smoke-test"}}]}
SCOPE = {"name": "smoke"}
REQUESTS = {
    "traces": {"resourceSpans": [{"resource": RESOURCE, "scopeSpans": [{"scope": SCOPE, "spans": [{
        "traceId": f"{NOW:032x}", "spanId": f"{NOW % 2**64 or 1:016x}", "name": "smoke", "kind": 1,
        "startTimeUnixNano": str(NOW), "endTimeUnixNano": str(NOW + 1000)}]}]}]},
    "metrics": {"resourceMetrics": [{"resource": RESOURCE, "scopeMetrics": [{"scope": SCOPE, "metrics": [{
        "name": "smoke", "gauge": {"dataPoints": [{"timeUnixNano": str(NOW), "asDouble": 1.0}]}}]}]}]},
    "logs": {"resourceLogs": [{"resource": RESOURCE, "scopeLogs": [{"scope": SCOPE, "logRecords": [{
        "timeUnixNano": str(NOW), "severityText": "INFO", "body": {"stringValue": "smoke"}}]}]}]},
}
# What a gateway that works has on its metrics page.
FAMILIES = ("otlp_requests_total", "otlp_request_duration_seconds_bucket", "otlp_storage_size_bytes",
            "otlp_build_info")


TRUST = ssl.create_default_context()


def call(url, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers={"Content-Type": "application/json"} if data else {})
    try:
        with urllib.request.urlopen(request, timeout=10, context=TRUST) as answer:
            return answer.status, answer.read().decode("utf-8", "replace")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode("utf-8", "replace")
    except OSError as error:
        return 0, str(error)


def rejected(text):
    """How many items a partial success turned down; None when the answer is no OTLP answer."""
    try:
        partial = json.loads(text or "{}").get("partialSuccess", {})
    except (ValueError, AttributeError):
        return None
    return sum(int(value) for key, value in partial.items() if key.startswith("rejected"))


def check(options):
    """The first thing that is wrong, or an empty text."""
    for path in ("/health/startup", "/health/live", "/health/ready"):
        status, text = call(options.admin + path)
        if status != 200:
            return f"{path}: expected 200, got {status}: {text[:200]}"
    for signal, body in REQUESTS.items():
        status, text = call(f"{options.otlp}/v1/{signal}", body)
        if status != 200:
            return f"/v1/{signal}: expected 200, got {status}: {text[:200]}"
        if rejected(text) != 0:
            return f"/v1/{signal}: the item was not taken: {text[:200]}"
    status, text = call(options.otlp + "/v1/traces", {"resourceSpans": 7})
    if status != 400:
        return f"/v1/traces with a malformed request: expected 400, got {status}"
    if not options.metrics:
        return ""
    status, text = call(options.metrics)
    if status != 200:
        return f"{options.metrics}: expected 200, got {status}: {text[:200]}"
    for family in FAMILIES:
        if not re.search(rf"^{family}[{{ ]", text, re.M):
            return f"{options.metrics}: no {family}"
    return ""


def undelivered(options):
    """What is still on its way; nothing is sent meanwhile."""
    _, text = call(options.metrics)
    pending = 0.0
    for labels, value in re.findall(r'^otlp_ledger_items\{([^}]*)\} (\S+)', text, re.M):
        if 'state="pending"' in labels:
            pending += float(value)
    return f"{pending:.0f} items are not delivered yet" if pending else ""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--otlp", required=True)
    parser.add_argument("--admin", required=True)
    parser.add_argument("--metrics", help="left out where they cannot be reached, from outside")
    parser.add_argument("--ca", help="who may sign the listeners' certificate, PEM")
    parser.add_argument("--delivered", action="store_true", help="wait until nothing is pending (one pod)")
    parser.add_argument("--timeout", type=float, default=60)
    options = parser.parse_args()
    if options.delivered and not options.metrics:
        parser.error("--delivered is seen by --metrics")
    if options.ca:
        TRUST.load_verify_locations(options.ca)
    end = time.monotonic() + options.timeout
    waiting = check
    while True:
        wrong = waiting(options)
        if not wrong and options.delivered and waiting is check:
            waiting = undelivered
            continue
        if not wrong:
            print("smoke test passed: health, traces, metrics, logs, refusal" + (", metrics page" if options.metrics else ""))
            return 0
        if time.monotonic() >= end:
            print(f"smoke test failed: {wrong}", file=sys.stderr)
            return 1
        time.sleep(0.5)


if __name__ == "__main__":
    sys.exit(main())
