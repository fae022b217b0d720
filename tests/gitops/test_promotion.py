"""./dev promote in a repository of its own: one line, one commit, in order."""

import pathlib
import shutil
import subprocess
import sys

import pytest

import gates
import toolbox

SCRIPT = toolbox.ROOT / "argocd/promotion/promote.py"
ONE, TWO = "sha256:" + 64 * "1", "sha256:" + 64 * "2"


def git(root, *arguments):
    return subprocess.run(["git", "-C", str(root), "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments],
                          check=True, capture_output=True, text=True).stdout


@pytest.fixture
def repository(tmp_path, monkeypatch):
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "t")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "t@example.com")
    for folder in ("kustomize", "argocd"):
        shutil.copytree(toolbox.ROOT / folder, tmp_path / folder)
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "--quiet", "-m", "all")
    return tmp_path


def promote(root, *arguments):
    return subprocess.run([sys.executable, str(SCRIPT), *arguments, "--root", str(root)],
                          capture_output=True, text=True, check=False)


# Goal: a release goes dev, staging, production. Method: promote it, and look at each commit.
def test_each_step_is_a_commit_of_one_line(repository: pathlib.Path):
    for step in (["dev", ONE], ["staging"], ["production"]):
        said = promote(repository, *step)
        assert said.returncode == 0, said.stderr
        changes = git(repository, "show", "--numstat", "--format=", "HEAD").split()
        assert changes == ["1", "1", f"kustomize/overlays/{step[0]}/kustomization.yaml"]
    assert promote(repository, "check").returncode == 0


# Goal: staging is never skipped. Method: ask for it by promotion, and write it by hand.
def test_production_takes_only_what_staging_held(repository):
    promote(repository, "dev", ONE)
    said = promote(repository, "production", ONE)
    assert said.returncode == 1 and "staging never held" in said.stderr
    said = promote(repository, "production")
    assert said.returncode == 1 and "holds nothing yet" in said.stderr
    file = repository / "kustomize/overlays/production/kustomization.yaml"
    file.write_text(file.read_text().replace("sha256:" + 64 * "0", TWO))
    said = promote(repository, "check")
    line = file.read_text()[:file.read_text().index(TWO)].count("\n") + 1
    assert said.returncode == 1
    assert f"kustomize/overlays/production/kustomization.yaml:{line}: production holds {TWO}" in said.stdout


# Goal: an environment that runs an image never runs none. Method: the zeros of the beginning, put back by hand.
def test_zeros_are_for_the_beginning_alone(repository):
    assert promote(repository, "check").returncode == 0
    said = promote(repository, "check", "production")
    assert said.returncode == 1 and "production holds no image yet" in said.stdout
    for step in (["dev", ONE], ["staging"], ["production"]):
        assert promote(repository, *step).returncode == 0
    assert promote(repository, "check", "production").returncode == 0
    file = repository / "kustomize/overlays/production/kustomization.yaml"
    file.write_text(file.read_text().replace(ONE, "sha256:" + 64 * "0"))
    line = file.read_text()[:file.read_text().index("sha256:")].count("\n") + 1
    found = gates.guarded(gates.GATES["promotion"], repository)
    assert [(problem.file, problem.line) for problem in found] == [("kustomize/overlays/production/kustomization.yaml", line)]
    assert "holds no image (all zeros), and it did" in found[0].message


# Goal: who checks out too little is told so. Method: a shallow clone, in which staging's history is missing.
def test_a_shallow_clone_says_so(repository, tmp_path_factory):
    for step in (["dev", ONE], ["staging"], ["dev", TWO]):
        assert promote(repository, *step).returncode == 0
    shallow = tmp_path_factory.mktemp("shallow") / "clone"
    git(repository, "clone", "--quiet", "--depth", "1", f"file://{repository}", str(shallow))
    said = promote(shallow, "check")
    assert said.returncode == 1 and "git fetch --unshallow" in said.stdout
    git(shallow, "fetch", "--quiet", "--unshallow")
    assert promote(shallow, "check").returncode == 0


# Goal: going back is a promotion too. Method: two releases, then the first again in production.
def test_production_can_go_back(repository):
    for digest in (ONE, TWO):
        for step in (["dev", digest], ["staging"], ["production"]):
            assert promote(repository, *step).returncode == 0
    assert promote(repository, "production", ONE).returncode == 0
    assert promote(repository, "check").returncode == 0


@pytest.mark.parametrize("digest", ["", "v1.2.3", "sha256:abc", "latest"])
def test_a_tag_is_no_digest(repository, digest):
    said = promote(repository, "dev", *([digest] if digest else []))
    assert said.returncode == 1 and "digest" in said.stderr


def test_other_changes_are_not_committed_with_it(repository):
    file = repository / "kustomize/overlays/dev/kustomization.yaml"
    file.write_text(file.read_text() + "# more\n")
    said = promote(repository, "dev", ONE)
    assert said.returncode == 1 and "not committed" in said.stderr
