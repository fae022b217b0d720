"""The README's Nix commands, in Nix's real sandbox, with Debian's packages behind nixpkgs' names.

What that proves: the flake's own files evaluate and build, without network and with nothing of the machine but
/usr; the outputs are what they say. What it cannot: that the real nixpkgs has these versions and they fit; the
workflow `nix` is the proof of that.

Settings (environment): NIX_OFFLINE_CCACHE=DIR  compiles through a cache; a first run takes some 20 CPU minutes without
"""

import json
import os
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DEADLINE_S = 7200
pytestmark = pytest.mark.timeout(DEADLINE_S)


@pytest.fixture(scope="module", autouse=True)
def able():
    if os.geteuid() != 0:
        pytest.skip("the sandbox binds the host's folders, which needs root")
    if not shutil.which("nix"):
        pytest.skip("nix is not installed: ./dev test nix installs it")


def nix(*words, root=ROOT, check=True, **more):
    said = subprocess.run([str(root / "nix/offline.sh"), *words], capture_output=True, text=True, check=False, **more)
    assert not check or said.returncode == 0, f"nix {' '.join(words)}: exit {said.returncode}\n{said.stderr[-6000:]}"
    return said


def built(tmp_path, what, output=""):
    """What `nix build` made; of several outputs, whose links are result, result-debug and so on, the one that is asked for."""
    nix("build", what, "--out-link", str(tmp_path / "result"))
    if not output:
        return tmp_path / "result"
    return next(pathlib.Path(os.path.realpath(path)) for path in tmp_path.iterdir() if os.path.realpath(path).endswith(f"-{output}"))


def smoke(image, *words):
    done = subprocess.run(["python3", str(ROOT / "tests/image/smoke.py"), "--image", str(image), *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_flake_check_passes():
    """Unit tests, lint, goldens, manifests and the image's smoke test, each a check."""
    nix("flake", "check")


def test_the_checks_are_those_that_the_readme_lists():
    system = os.uname().machine + "-linux"
    names = json.loads(nix("eval", "--json", f".#checks.{system}", "--apply", "builtins.attrNames").stdout)
    text = (ROOT / "nix/README.md").read_text()
    assert set(names) == {"gitops", "golden", "image", "lint", "static", "unit"}
    assert all(f"`{name}`" in text for name in names)


def test_both_systems_and_the_cross_build_evaluate():
    for attribute in ("packages.x86_64-linux.image-index", "packages.aarch64-linux.image", "devShells.aarch64-linux.default"):
        assert nix("eval", "--raw", f".#{attribute}.drvPath").stdout.endswith(".drv")


def test_run_starts_the_service():
    version = (ROOT / "VERSION").read_text().strip()
    said = nix("run", ".", "--", "version").stdout
    assert said.startswith(f"otlp-service {version}\n") and "grpc" in said


def test_the_package_has_its_debug_information_apart(tmp_path):
    binary = built(tmp_path, ".#default") / "bin/otlp-service"
    notes = subprocess.run(["readelf", "-n", binary], capture_output=True, text=True, check=True).stdout
    build_id = notes.split("Build ID: ")[1].split()[0]
    debug = built(tmp_path, ".#default.debug", "debug")
    assert (debug / "lib/debug/.build-id" / build_id[:2] / f"{build_id[2:]}.debug").exists()


def test_the_image_is_the_image(tmp_path):
    smoke(built(tmp_path, ".#image"))


def test_the_index_has_both_platforms_and_both_work(tmp_path):
    """Goal: arm64, cross-compiled in the sandbox, is as good as amd64. Method: each program out of the index keeps spans
    through `kill -9`, arm64's under QEMU."""
    if os.uname().machine != "x86_64":
        pytest.skip("the flake cross-compiles on x86_64 only")
    if not shutil.which("qemu-aarch64-static"):
        pytest.skip("qemu-aarch64-static is not installed: ./dev test nix installs it")
    index = built(tmp_path, ".#image-index")
    smoke(index, "--architecture", "amd64")
    smoke(index, "--architecture", "arm64", "--emulator", "qemu-aarch64-static")


def test_without_the_arm64_libraries_the_cross_build_says_how_to_get_them(tmp_path):
    if os.uname().machine != "x86_64":
        pytest.skip("the flake cross-compiles on x86_64 only")
    said = nix("build", ".#static-arm64", "--no-link", check=False, env={**os.environ, "NIX_OFFLINE_SYSROOT": str(tmp_path)})
    assert said.returncode != 0 and "the host has no aarch64 libraries: ./dev nix makes them" in said.stderr


def test_the_sbom_names_what_is_linked(tmp_path):
    report = (built(tmp_path, ".#sbom", "sbom") / "licences.txt").read_text()
    for name in ("grpc", "openssl", "nghttp2", "glibc", "jemalloc"):
        assert f"\n{name} " in report


def test_a_missing_lock_is_said(tmp_path):
    copy = tmp_path / "copy"
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(copy)], check=True)
    (copy / "flake.lock").unlink()
    said = nix("flake", "show", root=copy, check=False)
    assert said.returncode != 0 and "flake.lock is missing: git checkout flake.lock" in said.stderr


def test_a_builder_cannot_write_to_the_host():
    """Goal: the sandbox's builder is the host's root in disguise, and still harmless. Method: a derivation that tries."""
    expression = """
      derivation { name = "writes"; system = builtins.currentSystem; builder = "/bin/bash"; PATH = "/usr/bin";
        args = [ "-c" "touch /usr/from-the-sandbox 2>/dev/null && exit 7; ls /root 2>/dev/null && exit 8; echo kept > $out" ]; }"""
    nix("build", "--impure", "--expr", expression, "--no-link", cwd=ROOT)
    assert not pathlib.Path("/usr/from-the-sandbox").exists()


def test_a_failing_builder_fails():
    expression = """derivation { name = "fails"; system = builtins.currentSystem; builder = "/bin/bash"; args = [ "-c" "exit 3" ]; }"""
    assert nix("build", "--impure", "--expr", expression, "--no-link", check=False).returncode != 0
