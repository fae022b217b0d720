"""Calls that are made in one place only, or nowhere."""

import re

import pytest

import layers
import tree

# rule: what is looked for, the modules where it may stand, and why.
RULES = {
    "files": (
        r"(?<![\w.>:])(?:::)?(?:openat|creat|pread|pwrite|pwritev|preadv|fsync|fdatasync|fallocate"
        r"|posix_fallocate|ftruncate|mkdir|opendir|fopen|renameat|fdopen)\s*\("
        r"|(?<![\w>])::(?:open|read|write|rename|unlink)\s*\(|std::(?:[io]?fstream|filesystem|rename|remove)\b",
        {"io"}, "files are io/'s alone, so that its simulated twin sees every one"),
    "clock": (
        r"\b(?:system_clock|high_resolution_clock)::now\b|\b(?:clock_gettime|gettimeofday)\s*\(|std::time\s*\(",
        {"io"}, "time of day comes from io::Clock, so that tests can stop it"),
    "steady clock": (
        r"\bsteady_clock::now\b", {"io", "net", "receiver", "exporter", "query", "admin", "app", "pipeline"},
        "deadlines of sockets may use the steady clock; what is stored or tested by time may not"),
    "randomness": (
        r"\bstd::random_device\b|\bgetrandom\s*\(|(?<![\w.>:])s?rand\s*\(", {"io"},
        "randomness comes from io/, so that tests run from a seed"),
    "sleep": (
        r"\bsleep_(?:for|until)\b|(?<![\w.>:])(?:u|nano)?sleep\s*\(", set(),
        "a thread waits for what it needs, by condition variable or timer"),
    "throw": (r"\bthrow\b", set(), "an expected failure is a Result, a bug an assertion"),
    "exit": (
        r"(?<![\w.>])(?:std::|::)?(?:_?exit|quick_exit|abort)\s*\(", {"app", "base"},
        "main.cc alone ends the process; base/ for failed assertions"),
    "standard output": (r"std::(?:cout|cerr|clog)\b|(?<![\w.>])printf\s*\(", {"app"}, "own logs go through telemetry/"),
    "unsafe C": (
        r"(?<![\w.>])(?:strcpy|strcat|sprintf|vsprintf|gets|strtok|atoi|atol|atof|alloca|setjmp|longjmp)\s*\(",
        set(), "bounded counterparts exist"),
    "build time": (r"\b__(?:DATE|TIME|TIMESTAMP)__\b", set(), "the same sources are the same bytes"),
    "C assert": (r"(?<![\w_])assert\s*\(", {"otlpview"}, "GATEWAY_ASSERT is on in release builds too"),
    "using namespace": (r"\busing\s+namespace\b(?!\s+std::(?:string_view_|chrono_)?literals)", set(), "names say where they come from"),
}

# Single places that a rule does not hold for: (rule, file): why.
EXCEPTIONS = {
    ("files", "src/telemetry/log.cc"): "one write() to stderr for each line, so that lines never mix",
    ("clock", "src/telemetry/log.cc"): "the time of a line; tests give their own clock",
    ("steady clock", "src/telemetry/log.cc"): "the window of repeated lines; tests give their own clock",
    ("clock", "src/net/connection.cc"): "the Date header, once a second",
    ("clock", "src/receiver/otlp/request_handler.cc"): "when a record was received; storage gets it as a value",
    ("throw", "subprojects/otlpview/src/json/schema.cc"): "in consteval: a compile error, never run",
    ("files", "src/telemetry/process_metrics.cc"): "/proc is not data of ours",
}


@pytest.mark.parametrize("rule", RULES)
def test_calls_stand_only_where_they_may(rule):
    pattern, modules, why = RULES[rule]
    wrong = []
    for path in layers.own_code():
        if layers.module_of(path) not in modules and (rule, str(path)) not in EXCEPTIONS:
            wrong += tree.find(re.compile(pattern), path)
    assert not wrong, f"{why}:\n" + "\n".join(wrong)


VERSIONS = tree.pathlib.Path("subprojects/otlpview/oracle/protobuf_versions.h")
# What is gone, or new, in one of the two worlds that the tree is built in; an #if on a version besides.
OF_ONE_VERSION = re.compile(r"\bhas_optional_keyword\b|#\s*(?:el)?if.*\w_VERSION\b|\bSetLogHandler\b|google/protobuf/stubs/(?!common\.h)")


def test_versions_of_libraries_differ_in_one_header():
    wrong = [line for path in tree.cpp_files() if path != VERSIONS for line in tree.find(OF_ONE_VERSION, path)]
    assert not wrong, f"it belongs into {VERSIONS}:\n" + "\n".join(wrong)
    assert tree.find(OF_ONE_VERSION, VERSIONS)


def test_every_exception_is_still_needed():
    unneeded = [key for key in EXCEPTIONS
                if not tree.find(re.compile(RULES[key[0]][0]), tree.pathlib.Path(key[1]))]
    assert not unneeded
