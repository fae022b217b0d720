"""`otlp-service test FILE`: a configuration's own unit tests, as docs/testing-configurations.md has them."""

import json

import yaml

import gateway
import otlp

CONFIG = {
    "receivers": {"otlp": {"protocols": {"http": {"endpoint": "127.0.0.1:0"}}}},
    "exporters": {"debug": {}, "debug/all": {}},
    "service": {"pipelines": {
        "traces": {"receivers": ["otlp"], "exporters": ["debug"]},
        "logs": {"receivers": ["otlp"], "exporters": ["debug/all"]}}},
}


def traces(*names):
    message = otlp.REQUEST["traces"]()
    scope = message.resource_spans.add().scope_spans.add()
    for index, name in enumerate(names):
        scope.spans.add(trace_id=bytes([1] * 16), span_id=bytes([index + 1] * 8), name=name, start_time_unix_nano=1, end_time_unix_nano=2)
    return message.SerializeToString()


def captured(signal, body):
    return json.dumps({"time_unix_nano": "1", "signal": signal, "item_count": 1, "size_bytes": len(body)}).encode() + b"\n" + body + b"\n"


def files(folder, config=CONFIG, **test):
    (folder / "gateway.yaml").write_text(yaml.safe_dump(config))
    (folder / "in.otlp").write_bytes(captured("traces", traces("probe", "GET /")) + captured("traces", traces("probe")))
    case = {"name": "spans go to debug", "input": ["in.otlp"], "expected": "out.json", **test}
    (folder / "gateway.test.yaml").write_text(yaml.safe_dump({"config": ["gateway.yaml"], "tests": [case]}))
    return folder / "gateway.test.yaml"


def run(*arguments):
    return gateway.run_command("test", *arguments)


def test_accept_then_pass_then_fail_with_a_difference(tmp_path):
    file = files(tmp_path)
    missing = run(file)
    assert missing.returncode == 2 and "--accept writes it" in missing.stderr
    accepted = run(file, "--accept")
    assert accepted.returncode == 0 and "1 accepted" in accepted.stdout, accepted.stderr
    out = json.loads((tmp_path / "out.json").read_text())
    assert out["debug"]["traces"]["items"] == 3 and out["debug"]["traces"]["filtered"] == 0
    names = [[span["name"] for span in request["resourceSpans"][0]["scopeSpans"][0]["spans"]] for request in out["debug"]["traces"]["requests"]]
    assert names == [["probe", "GET /"], ["probe"]]  # each request on its own
    assert out["debug/all"] == {}
    (tmp_path / "out.json").write_text(json.dumps(out))  # white space does not count
    passed = run(file)
    assert passed.returncode == 0 and "1 passed, 0 failed" in passed.stdout

    (tmp_path / "in.otlp").write_bytes(captured("traces", traces("probe", "GET /cart")) + captured("traces", traces("probe")))
    failed = run(file)
    assert failed.returncode == 1, failed.stderr
    assert '"name": "GET /",' in failed.stdout and '+' in failed.stdout and "0 passed, 1 failed" in failed.stdout
    changed = [line for line in failed.stdout.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    assert [line.replace(" ", "") for line in changed] == ['-"name":"GET/",', '+"name":"GET/cart",']
    assert json.loads((tmp_path / "out.json").read_text()) == out  # nothing is written without --accept


def test_another_configuration_is_held_against_the_same_expectation(tmp_path):
    file = files(tmp_path)
    assert run(file, "--accept").returncode == 0
    candidate = json.loads(json.dumps(CONFIG))
    candidate["service"]["pipelines"]["traces"]["exporters"] = ["debug/all"]
    (tmp_path / "candidate.yaml").write_text(yaml.safe_dump(candidate))
    failed = run(file, "--config", tmp_path / "candidate.yaml")
    assert failed.returncode == 1, failed.stderr
    assert '-  "debug": {' in failed.stdout and '"debug/all": {' in failed.stdout


def test_processors_are_applied_as_the_running_gateway_applies_them(make_gateway, http_destination, tmp_path):
    """A filter, and an attribute that is added; recorded, tested, and delivered are the same."""
    processors = {"filter/probes": {"error_mode": "ignore", "traces": {"span": ['name == "probe"']}},
                  "attributes": {"actions": [{"key": "zone", "value": "a", "action": "insert"}]}}
    pipeline = {"receivers": ["otlp"], "processors": list(processors), "exporters": ["otlp_http/a"]}
    service = make_gateway({"otlp_http/a": gateway.exporter("otlp_http", http_destination.endpoint)}, processors=processors,
                           service={"pipelines": {"traces": pipeline}}, storage={"history_size_max": 64 << 20}).start()
    for body in (traces("probe", "GET /a", "probe"), traces("probe"), traces("GET /b")):
        assert gateway.http_request(service.http, "POST", "/v1/traces", body, otlp.PROTOBUF).status == 200
    gateway.until(lambda: http_destination.items("traces") == 2, "what is left")
    recorded = gateway.run_command("tap", "--endpoint", service.admin, "--from", "oldest", "--until-end", "--record", tmp_path / "in.otlp")
    assert recorded.returncode == 0, recorded.stderr
    (tmp_path / "t.yaml").write_text(yaml.safe_dump({"tests": [{"name": "all", "input": "in.otlp", "expected": "out.json"}]}))
    assert run(tmp_path / "t.yaml", "--config", service.config_file, "--accept").returncode == 0
    out = json.loads((tmp_path / "out.json").read_text())["otlp_http/a"]["traces"]
    assert out["items"] == 2 and out["filtered"] == 3 and len(out["requests"]) == 2
    delivered = [(span.name, [(one.key, one.value.string_value) for one in span.attributes]) for body in http_destination.arrived("traces")
                 for resource in otlp.REQUEST["traces"].FromString(body).resource_spans for scope in resource.scope_spans for span in scope.spans]
    tested = [(span["name"], [(one["key"], one["value"]["stringValue"]) for one in span["attributes"]]) for request in out["requests"]
              for resource in request["resourceSpans"] for scope in resource["scopeSpans"] for span in scope["spans"]]
    assert delivered == tested == [("GET /a", [("zone", "a")]), ("GET /b", [("zone", "a")])]


def test_json_input_is_checked_as_the_receiver_does(tmp_path):
    log = {"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"stringValue": "hello"}}]}]}]}
    (tmp_path / "in.jsonl").write_text(json.dumps(log) + "\n\n" + json.dumps(log) + "\n")
    file = files(tmp_path, input=["in.jsonl", "in.otlp"])
    assert run(file, "--accept").returncode == 0
    out = json.loads((tmp_path / "out.json").read_text())
    assert out["debug/all"]["logs"]["items"] == 2 and out["debug"]["traces"]["items"] == 3
    (tmp_path / "in.jsonl").write_text(json.dumps(log) + '\n{"resourceLogs": 5}\n')
    wrong = run(file)
    assert wrong.returncode == 2 and "in.jsonl:2:" in wrong.stderr


def test_what_a_gateway_delivers_is_what_the_test_says(make_gateway, http_destination, tmp_path):
    """The same requests through `tap --record` and `test` as through the running pipeline."""
    service = make_gateway({"otlp_http/a": gateway.exporter("otlp_http", http_destination.endpoint)}, storage={"history_size_max": 64 << 20}).start()
    for body in (traces("GET /a", "GET /b"), traces("GET /c")):
        assert gateway.http_request(service.http, "POST", "/v1/traces", body, otlp.PROTOBUF).status == 200
    gateway.until(lambda: http_destination.items("traces") == 3, "all of them")
    recorded = gateway.run_command("tap", "--endpoint", service.admin, "--from", "oldest", "--until-end", "--record", tmp_path / "in.otlp")
    assert recorded.returncode == 0, recorded.stderr
    (tmp_path / "t.yaml").write_text(yaml.safe_dump({"tests": [{"name": "all", "input": "in.otlp", "expected": "out.json"}]}))
    assert run(tmp_path / "t.yaml", "--config", service.config_file, "--accept").returncode == 0
    out = json.loads((tmp_path / "out.json").read_text())["otlp_http/a"]["traces"]
    assert out["items"] == 3 and out["filtered"] == 0
    delivered = [span.name for body in http_destination.arrived("traces") for resource in otlp.REQUEST["traces"].FromString(body).resource_spans
                 for scope in resource.scope_spans for span in scope.spans]
    tested = [span["name"] for request in out["requests"] for resource in request["resourceSpans"] for scope in resource["scopeSpans"] for span in scope["spans"]]
    assert delivered == tested == ["GET /a", "GET /b", "GET /c"]


def test_mistakes_are_told(tmp_path):
    file = files(tmp_path)
    for change, said in (
            ("tests: []", "at least one"),
            ("test: [1]", "`test` is unknown"),
            ("tests: [{name: a, input: x}]", "has `name`, `input` and `expected`"),
            ("tests: [{name: a, input: x, expected: y, wait: 1}]", "`wait` is unknown"),
            ("tests: [{name: a, input: missing.otlp, expected: y}]\nconfig: gateway.yaml", "missing.otlp"),
            ("tests: [{name: a, input: gateway.yaml, expected: y}]\nconfig: gateway.yaml", "no captured request"),
            ("tests: [{name: a, input: in.otlp, expected: y}]\nconfig: [none.yaml]", "none.yaml"),
            ("tests: [", "gateway.test.yaml")):
        file.write_text(change)
        wrong = run(file)
        assert wrong.returncode == 2 and said in wrong.stderr, (change, wrong.stderr)
    assert run(tmp_path / "nothing.yaml").returncode == 2
    bad = traces("x")[:-3]
    (tmp_path / "in.otlp").write_bytes(captured("traces", bad))
    file = tmp_path / "bad.yaml"
    file.write_text("tests: [{name: a, input: in.otlp, expected: y}]\nconfig: gateway.yaml")
    assert "would refuse it" in run(file).stderr
