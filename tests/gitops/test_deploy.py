"""./dev deploy helm against a kubectl and a helm that only answer: the order of steps, and clear errors.
No cluster is here to deploy to; docs/requirements.md says so."""

import json
import os
import subprocess
import sys

import pytest

import toolbox

SCRIPT = toolbox.ROOT / "charts/deploy.py"
DIGEST = "sha256:" + 64 * "a"
KUBECTL = '''#!/bin/sh
echo "kubectl $*" >>"$CALLS"
case "$*" in
  version*) [ "$MINOR" = none ] && exit 1; echo "{\\"serverVersion\\": {\\"major\\": \\"1\\", \\"minor\\": \\"$MINOR\\"}}" ;;
  *"get secret"*) [ "$SECRET" = none ] && exit 1; echo "{\\"data\\": {\\"api-key\\": \\"eA==\\"}}" ;;
  *"get --raw"*) echo '{"status": "healthy"}' ;;
esac
'''
HELM = '#!/bin/sh\necho "helm $*" >>"$CALLS"\n'


@pytest.fixture
def cluster(tmp_path):
    for name, text in (("kubectl", KUBECTL), ("helm", HELM)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)

    def deploy(*arguments, minor="34", secret="there"):
        calls = tmp_path / "calls"
        calls.write_text("")
        said = subprocess.run([sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True, check=False,
                              env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "CALLS": str(calls),
                                   "MINOR": minor, "SECRET": secret})
        return said, calls.read_text().splitlines()
    return deploy


def test_secrets_are_looked_for_before_helm_and_health_is_asked_after(cluster):
    said, calls = cluster("helm", "--digest", DIGEST)
    assert said.returncode == 0, said.stderr
    order = [next(index for index, call in enumerate(calls) if word in call)
             for word in ("version", "get namespace", "get secret", "helm upgrade --install", "get --raw")]
    assert order == sorted(order)
    assert f"image.digest={DIGEST}" in "\n".join(calls) and "--timeout 10m" in "\n".join(calls)
    assert "deployed to otlp-system" in said.stdout


def test_a_missing_secret_is_named_with_the_command_that_makes_it(cluster):
    said, calls = cluster("helm", "--digest", DIGEST, secret="none")
    assert said.returncode == 1 and "create secret generic otlp-secrets --from-literal=api-key=" in said.stderr
    assert not any(call.startswith("helm") for call in calls)


@pytest.mark.parametrize("arguments, minor, words", [
    (["--digest", DIGEST], "none", "no cluster answers"),
    (["--digest", DIGEST], "29", "1.30 is the oldest"),
    (["--digest", "v1.0.0"], "34", "is no digest"),
])
def test_what_cannot_work_is_refused_before_anything_changes(cluster, arguments, minor, words):
    said, calls = cluster("helm", *arguments, minor=minor)
    assert said.returncode == 1 and words in said.stderr
    assert not any("create" in call or call.startswith("helm") for call in calls)


def test_status_shows_pods_events_and_health(cluster):
    said, calls = cluster("status", "--namespace", "otlp-dev")
    assert said.returncode == 0, said.stderr
    assert any("get events" in call for call in calls) and "health: healthy" in said.stdout
    assert json.dumps(calls).count("-n otlp-dev") >= 5
