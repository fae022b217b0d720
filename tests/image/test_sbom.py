"""The documents in the image are valid by their own tools, and a library that nobody knows stops the build."""

import hashlib
import json
import os
import pathlib
import subprocess
import sys

import pytest

import archive
import container

sys.path.insert(0, str(archive.ROOT / "image"))

import components  # noqa: E402
import sbom  # noqa: E402
import sysroot  # noqa: E402

TOOLS = ["spdx-tools==0.8.5", "cyclonedx-python-lib[json-validation]==11.12.0"]
FOLDER = "usr/share/doc/otlp-service/otlp-service"
LIBRARY = components.Component("zlib", "1", "Zlib", "pkg:deb/debian/zlib@1?arch=source", "static")


@pytest.fixture(scope="session")
def tools():
    """A Python environment with the two validators, made anew when their versions change."""
    folder = archive.ROOT / ".cache" / f"sbom-tools-{hashlib.sha256(' '.join(TOOLS).encode()).hexdigest()[:12]}"
    if not (folder / "made").exists():
        container.said(sys.executable, "-m", "venv", folder)
        container.said(folder / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *TOOLS)
        (folder / "made").touch()
    return folder / "bin"


@pytest.fixture(params=["spdx", "cdx"])
def document(request, image, tmp_path):
    path = tmp_path / f"otlp-service.{request.param}.json"
    path.write_bytes(image.content(f"{FOLDER}.{request.param}.json"))
    return path


def validate(tools, path):
    if ".spdx." in path.name:
        command = [tools / "pyspdxtools", "--infile", path]
    else:
        command = [tools / "python", "-c", """
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
found = JsonStrictValidator(SchemaVersion.V1_5).validate_str(open(sys.argv[1]).read())
sys.exit(str(found) if found else 0)""", path]
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)


@pytest.mark.timeout(600)
def test_the_document_is_valid(tools, document):
    done = validate(tools, document)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.timeout(600)
def test_the_validator_would_have_found_a_mistake(tools, document):
    broken = json.loads(document.read_text())
    broken["packages" if "packages" in broken else "components"][1].pop("name")
    document.write_text(json.dumps(broken))
    assert validate(tools, document).returncode != 0


def test_both_name_every_library_once_with_version_licence_and_purl(any_image):
    image = any_image
    packages = [one["name"] for one in json.loads(image.content(f"{FOLDER}.spdx.json"))["packages"]]
    assert len(packages) == len(set(packages)), packages
    spdx = {one["name"]: one for one in json.loads(image.content(f"{FOLDER}.spdx.json"))["packages"]}
    cdx = {one["name"]: one for one in json.loads(image.content(f"{FOLDER}.cdx.json"))["components"]}
    assert set(spdx) == {*cdx, "otlp-service"}
    assert {"abseil", "c-ares", "gcc", "glibc", "grpc", "jemalloc", "nghttp2", "openssl", "protobuf", "simdjson", "zlib"} <= set(cdx)
    for name, one in cdx.items():
        assert one["version"] == spdx[name]["versionInfo"] and one["purl"].startswith("pkg:")
        assert spdx[name]["licenseConcluded"] in sbom.ALLOWED
    report = image.content("usr/share/doc/otlp-service/licences.txt").decode()
    assert all(f"\n{name} " in report for name in cdx)


def test_the_documents_follow_from_the_components_alone():
    assert sbom.spdx([LIBRARY], "1", "x86_64") == sbom.spdx([LIBRARY], "1", "x86_64")
    other = sbom.cyclonedx([LIBRARY], "2", "x86_64")
    assert sbom.cyclonedx([LIBRARY], "1", "x86_64")["serialNumber"] != other["serialNumber"]


@pytest.mark.parametrize("paths,names", [
    ({"/opt/lib/libmystery.a": ("mystery", "1", "static")}, "mystery"),
    ({"/usr/lib/libz.a": ("zlib", "1", "static"), "/usr/lib/libq.a": ("q", "2", "headers")}, "q"),
])
def test_a_library_without_a_known_licence_stops_the_build(paths, names):
    with pytest.raises(components.UnknownOrigin, match=f"no licence for {names}$"):
        components.components(paths)


def test_a_path_that_no_package_owns_is_an_unknown_origin(tmp_path, monkeypatch):
    stray = tmp_path / "libstray.a"
    stray.touch()
    build = tmp_path / "build"
    (build / "meson-info").mkdir(parents=True)
    (build / "meson-info/intro-buildsystem_files.json").write_text(json.dumps(["/somewhere/else/meson.build"]))
    monkeypatch.setattr(components, "linked_paths", lambda _: {str(stray): "static"})
    monkeypatch.setattr(components, "header_paths", lambda _: set())
    with pytest.raises(components.UnknownOrigin, match="no package owns .*libstray.a"):
        components.find(build)


def test_a_sysroot_inside_the_tree_is_not_taken_for_our_own_code(tmp_path, monkeypatch):
    sysroot, build = tmp_path / ".cache/sysroot", tmp_path / "build"
    (build / "meson-info").mkdir(parents=True)
    (build / "meson-info/intro-buildsystem_files.json").write_text(json.dumps([f"{tmp_path}/meson.build"]))
    sysroot.mkdir(parents=True)
    (sysroot / "origins.tsv").write_text("/usr/lib/libz.a\tzlib\t1.2\n")
    monkeypatch.setattr(components, "linked_paths", lambda _: {f"{sysroot}/usr/lib/libz.a": "static", f"{build}/own.a": "static"})
    monkeypatch.setattr(components, "header_paths", lambda _: set())
    assert [one.name for one in components.find(build, sysroot)] == ["zlib"]


@pytest.mark.parametrize("package,source,version,wanted", [
    ("libc6-dev-arm64-cross", "cross-toolchain-base", "2.36-8cross1", ("glibc", "2.36-8")),
    ("linux-libc-dev-arm64-cross", "cross-toolchain-base", "6.1.4-1cross1", ("linux", "6.1.4-1")),
    ("libstdc++-12-dev-arm64-cross", "gcc-12-cross", "12.2.0-14cross1", ("gcc-12", "12.2.0-14")),
])
def test_a_cross_toolchain_is_called_by_what_it_repacks(package, source, version, wanted):
    assert components.repacked(package, source, version) == wanted


def test_a_linker_script_among_the_libraries_is_none(tmp_path):
    script = tmp_path / "libm.so"
    script.write_text("/* GNU ld script */\nGROUP ( /lib/x86_64-linux-gnu/libm.so.6 )\n")
    assert components.soname(script) == ""
    assert components.soname(sys.executable) == pathlib.Path(sys.executable).name  # a program has no name of its own


def test_a_library_is_found_by_either_spelling_of_its_folder():
    assert components.spellings("/usr/lib/none.so") == ["/usr/lib/none.so", "/usr/lib/none.so", "/lib/none.so", "/lib/none.so"]
    found = components.debian_origins(components.spellings("/usr/lib/x86_64-linux-gnu/libm.so.6"))
    assert os.uname().machine != "x86_64" or {source for source, _ in found.values()} == {"glibc"}


def test_the_sysroot_has_libc_but_nothing_else_of_the_compiler():
    """Goal: arm64 links the libc that gets security updates. Method: names of packages that the libraries depend on."""
    left_out = {name for name in ("libc6", "libc6-dev", "libc-bin", "linux-libc-dev", "libstdc++6", "libstdc++-12-dev", "libgcc-s1", "gcc-12-base",
                                  "libcrypt-dev", "libcares-dev", "zlib1g-dev") if sysroot.FROM_THE_COMPILER.fullmatch(name)}
    assert left_out == {"libc6", "libc-bin", "libstdc++6", "libstdc++-12-dev", "libgcc-s1", "gcc-12-base", "libcrypt-dev"}
    assert sysroot.SHARED.fullmatch("/usr/lib/aarch64-linux-gnu/libm.so") and not sysroot.SHARED.fullmatch("/usr/lib/aarch64-linux-gnu/libm.a")


def test_the_strongest_linkage_of_a_source_counts():
    found = components.components({"/usr/include/zlib.h": ("zlib", "1", "headers"), "/usr/lib/libz.a": ("zlib", "1", "static")})
    assert [one.linkage for one in found] == ["static"]


def test_names_of_several_worlds_are_one_name():
    assert {components.canonical(name) for name in ("boost1.81", "boost", "boost1.88")} == {"boost"}
    assert components.canonical("gcc-12") == components.canonical("gcc-14") == "gcc"
    match = components.STORE_PATH.match("/nix/store/" + 32 * "a" + "-grpc-1.80.0-dev/include/grpc/grpc.h")
    assert (match["name"], match["version"]) == ("grpc", "1.80.0")
    assert pathlib.Path(components.plain("/usr/lib/gcc/x/12/../../../libc.a")) == pathlib.Path("/usr/lib/libc.a")
