"""The same sources are the same bytes: in two folders, twice, and in Nix's sandbox. Where they are not, the test
names the file and shows diffoscope's report.

Two of them compile everything, twice, without a compiler cache: some twenty CPU minutes.
"""

import hashlib
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "image"))

import oci  # noqa: E402

DEADLINE_S = 7200
REPORT_S = 900
pytestmark = pytest.mark.timeout(DEADLINE_S)


def said(*command, **more):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **more)


def must(*command, **more):
    done = said(*command, **more)
    assert done.returncode == 0, f"{' '.join(map(str, command))}: exit {done.returncode}\n{(done.stdout + done.stderr)[-6000:]}"
    return done.stdout


def difference(first, second):
    """diffoscope's report, or what could be said without it."""
    if not shutil.which("diffoscope"):
        return "diffoscope is not installed: ./dev test reproducible installs it"
    try:
        return said("diffoscope", "--text=-", "--max-text-report-size=20000", first, second, timeout=REPORT_S).stdout
    except subprocess.TimeoutExpired:
        return f"diffoscope was not ready after {REPORT_S} s: diffoscope {first} {second}"


def digests(folder):
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*")) if path.is_file()}


def differences(first, second):
    """Empty where two folders hold the same files; else their names, and a report about the first of them."""
    one, other = digests(first), digests(second)
    wrong = sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
    return f"{', '.join(wrong)} differ:\n{difference(first / wrong[0], second / wrong[0])}" if wrong else ""


def diff_ids(archive):
    (descriptor,), blobs, _ = oci.read_layout(archive)
    manifest = json.loads(blobs[descriptor["digest"]])
    return json.loads(blobs[manifest["config"]["digest"]])["rootfs"]["diff_ids"]


def clone(folder, of=ROOT):
    must("git", "clone", "--quiet", "--no-hardlinks", of, folder)
    return folder


def build(folder):
    environment = {**os.environ, "CXX": "g++", "CCACHE_DISABLE": "1"}
    must("./dev", "image", f"--out={folder}/made", cwd=folder, env=environment)
    return folder / "made"


def test_a_difference_is_reported_with_the_name_of_the_file(tmp_path):
    """Goal: the report would help. Method: two folders, in which one file differs and one is missing."""
    for folder, text in (("a", "made at 10:01\n"), ("b", "made at 10:02\n")):
        (tmp_path / folder / "sbom").mkdir(parents=True)
        (tmp_path / folder / "same").write_text("same\n")
        (tmp_path / folder / "sbom/licences.txt").write_text(text)
    assert not differences(tmp_path / "a", tmp_path / "a")
    (tmp_path / "b/too-many").touch()
    report = differences(tmp_path / "a", tmp_path / "b")
    assert report.startswith("sbom/licences.txt, too-many differ:\n")
    assert not shutil.which("diffoscope") or "-made at 10:01\n" in report and "+made at 10:02\n" in report


def test_every_compile_command_hides_its_folder(tmp_path):
    """A quick word on what the clones below would show as a difference: subprojects' commands, too, map the folder away."""
    must("meson", "setup", tmp_path / "build", ROOT, "-Dshipped=true", "-Dtests=false")
    commands = json.loads((tmp_path / "build/compile_commands.json").read_text())
    wrong = [one["file"] for one in commands if f"-ffile-prefix-map={ROOT}=." not in shlex.split(one["command"])]
    assert commands and not wrong


def test_two_clones_in_two_folders_give_the_same_files(tmp_path):
    """Binary, debug information, SBOM, image: every file that ./dev image writes."""
    one = clone(tmp_path / "a")
    other = clone(tmp_path / "another-folder-with-a-longer-name", of=one)  # a commit that comes meanwhile is in neither
    first, second = build(one), build(other)
    assert not differences(first, second)
    image, = first.glob("*.oci.tar")
    assert diff_ids(image) == diff_ids(second / image.name)
    binary, = [path for path in first.iterdir() if path.name.endswith(("amd64", "arm64"))]
    assert str(tmp_path).encode() not in binary.read_bytes()


@pytest.mark.parametrize("what", ["static", "image"])
def test_nix_build_rebuild_gives_the_same_bytes(what):
    if os.geteuid() != 0 or not shutil.which("nix"):
        pytest.skip("needs root and nix: ./dev test nix")
    environment = {name: value for name, value in os.environ.items() if name != "NIX_OFFLINE_CCACHE"}
    must(ROOT / "nix/offline.sh", "build", f".#{what}", "--no-link", env=environment)
    again = said(ROOT / "nix/offline.sh", "build", f".#{what}", "--no-link", "--rebuild", "--keep-failed", env=environment)
    if again.returncode != 0:
        kept = [word.strip("'") for word in again.stderr.split() if word.strip("'").endswith(".check")]
        report = difference(kept[0].removesuffix(".check"), kept[0]) if kept else ""
        pytest.fail(f"{again.stderr[-3000:]}\n{report}")
