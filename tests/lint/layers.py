"""Includes follow the layers: data moves one way through src/, and nothing looks up or sideways.

The same order stands in src/meson.build for linking; src/README.md tells why.
"""

import re

import pytest

import tree

# module: the modules that it may include beside itself.
BELOW_PIPELINE = {"base", "io", "telemetry", "ottl", "config", "storage"}
LAYERS = {
    "base": set(),
    "io": {"base"},
    "telemetry": {"base", "io"},
    "ottl": {"base", "otlpview"},
    "config": {"base", "io", "telemetry", "ottl"},
    "net": {"base", "io", "telemetry", "config"},
    "storage": {"base", "io", "telemetry", "config"},
    "pipeline": BELOW_PIPELINE | {"otlpview"},
    "receiver": BELOW_PIPELINE | {"otlpview", "net", "pipeline"},
    "processor": BELOW_PIPELINE | {"otlpview", "net", "pipeline"},
    "exporter": BELOW_PIPELINE | {"otlpview", "net", "pipeline"},
    "query": BELOW_PIPELINE | {"otlpview", "net", "pipeline"},
    "ui": {"base", "net", "telemetry", "config", "query"},
    "admin": {"base", "net", "telemetry", "config", "pipeline", "query"},
}
LAYERS["app"] = set(LAYERS) | {"otlpview", "app"}

# Where a library may be seen: prefix of the include, then the modules. One wrapper per library keeps
# compile times and surprises local.
LIBRARIES = {
    "boost/": {"net", "receiver", "exporter", "query", "admin", "app"},
    "nghttp2/": {"net", "receiver"},
    "openssl/": {"net", "exporter", "ottl"},
    "re2/": {"ottl"},
    "grpc": {"exporter"},
    "google/protobuf": set(),  # the oracle of tests; the data path never decodes into objects
    "yaml-cpp/": {"config"},
    "toml++/": {"config"},
    "CLI/": {"app"},
    "spdlog/": {"telemetry"},
    "libdeflate.h": {"net", "receiver", "exporter"},
    "zlib.h": {"net", "receiver", "exporter"},
    "zstd.h": {"net", "receiver", "exporter"},
    "simdjson.h": {"otlpview", "exporter", "pipeline", "query"},  # OTLP/JSON; answers; heads of captured requests
}
COMPONENTS = {"receiver", "processor", "exporter", "query"}

INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)', re.M)


def module_of(path):
    if path.parts[0] == "src":
        return path.parts[1]
    return "otlpview" if path.parts[:2] == ("subprojects", "otlpview") else None


def includes(path):
    for match in INCLUDE.finditer(tree.text(path)):
        yield match.group(1) or match.group(2), bool(match.group(1))


def own_code():
    return [path for path in tree.cpp_files() if module_of(path) and not tree.is_test(path)]


@pytest.mark.parametrize("module", sorted(LAYERS))
def test_a_module_includes_only_what_lies_below_it(module):
    wrong = []
    for path in own_code():
        if module_of(path) != module:
            continue
        for name, _ in includes(path):
            other = name.split("/")[0]
            if "/" in name and other in (LAYERS.keys() | {"otlpview"}) - {module} - LAYERS[module]:
                wrong.append(f"{path} includes {name}")
    assert not wrong, "\n".join(wrong)


def test_otlpview_is_pure():
    allowed = re.compile(r"^(otlpview/.*|simdjson\.h|tl/expected\.hpp|[a-z_0-9]+|[a-z]mmintrin\.h|arm_neon\.h|immintrin\.h)$")
    wrong = [f"{path} includes {name}" for path in own_code() if module_of(path) == "otlpview"
             for name, quoted in includes(path)
             if not allowed.match(name) and not (quoted and (tree.ROOT / "subprojects/otlpview/src" / name).exists())
             and not (quoted and (tree.ROOT / path.parent / name).exists())]
    assert not wrong, "\n".join(wrong)


def test_components_do_not_include_each_other():
    wrong = []
    for path in own_code():
        parts = path.parts[1:]
        if parts[0] not in COMPONENTS or len(parts) < 3:
            continue
        for name, _ in includes(path):
            other = name.split("/")
            if other[0] == parts[0] and len(other) == 3 and other[1] != parts[1]:
                wrong.append(f"{path} includes {name}")
    assert not wrong, "\n".join(wrong)


def test_a_library_is_seen_only_where_it_is_wrapped():
    wrong = []
    for path in own_code():
        if path.name == "version.cc":  # asks each library for its version, and nothing else
            continue
        for name, _ in includes(path):
            for prefix, modules in LIBRARIES.items():
                if name.startswith(prefix) and module_of(path) not in modules:
                    wrong.append(f"{path} includes {name}")
    assert not wrong, "\n".join(wrong)


def test_every_folder_of_src_is_in_the_table():
    found = {path.parts[1] for path in tree.cpp_files() if path.parts[0] == "src"}
    assert found <= set(LAYERS)
