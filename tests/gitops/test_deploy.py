"""./dev deploy helm and ./dev status against a kubectl and a helm that only answer, and a real gateway
behind the forwarded port: the order of steps, progress, clear errors. No cluster is here to deploy to;
docs/requirements.md says so."""

import json
import os
import subprocess
import sys

import pytest

import gateway
import toolbox

SCRIPT = toolbox.ROOT / "charts/deploy.py"
DIGEST = "sha256:" + 64 * "a"
POD = {"metadata": {"name": "otlp-service-0"}, "status": {"phase": "Running", "containerStatuses": [{"ready": True, "state": {}}]}}
KUBECTL = '''#!/bin/sh
echo "kubectl $*" >>"$CALLS"
case "$*" in
  version*) [ "$MINOR" = none ] && exit 1; echo "{\\"serverVersion\\": {\\"major\\": \\"1\\", \\"minor\\": \\"$MINOR\\"}}" ;;
  *"get secret otlp-tls-cert"*) exit 1 ;;
  *"get secret"*) [ "$SECRET" = none ] && exit 1; echo "{\\"data\\": {\\"api-key\\": \\"eA==\\"}}" ;;
  *"get pods"*"-o json"*) echo "$PODS" ;;
  *port-forward*) [ "$ADMIN" = none ] && { echo "error: pod is not running" >&2; exit 1; }
    echo "Forwarding from 127.0.0.1:$ADMIN -> 8080"; exec sleep 60 ;;
esac
'''
HELM = '''#!/bin/sh
echo "helm $*" >>"$CALLS"
case "$1" in
  version) echo "v$HELM_SAYS+gabcdef" ;;
  upgrade) sleep "$HELM_TAKES"; [ "$HELM_FAILS" = no ] || { echo "Error: context deadline exceeded" >&2; exit 1; } ;;
esac
'''


@pytest.fixture
def admin(tmp_path):
    """The port of a real gateway's admin page."""
    made = gateway.Gateway(tmp_path / "gateway")
    made.start()
    yield made
    made.stop()


@pytest.fixture
def cluster(tmp_path):
    for name, text in (("kubectl", KUBECTL), ("helm", HELM)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)

    def deploy(*arguments, minor="34", secret="there", admin="none", pods=(POD,), helm="3.22.0", helm_takes="0", helm_fails="no"):
        calls = tmp_path / "calls"
        calls.write_text("")
        said = subprocess.run([sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True, check=False,
                              env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "CALLS": str(calls),
                                   "MINOR": minor, "SECRET": secret, "ADMIN": admin, "PODS": json.dumps({"items": list(pods)}),
                                   "HELM_SAYS": helm, "HELM_TAKES": helm_takes, "HELM_FAILS": helm_fails})
        return said, calls.read_text().splitlines()
    return deploy


def port_of(admin):
    return admin.admin.rpartition(":")[2]


def test_secrets_are_looked_for_before_helm_and_health_is_asked_after(cluster, admin):
    said, calls = cluster("helm", "--digest", DIGEST, admin=port_of(admin))
    assert said.returncode == 0, said.stderr
    order = [next(index for index, call in enumerate(calls) if word in call)
             for word in ("version", "get namespace", "get secret", "helm upgrade --install", "pod/otlp-service-0 :8080")]
    assert order == sorted(order)
    assert f"image.digest={DIGEST}" in "\n".join(calls) and "--timeout 10m" in "\n".join(calls)
    assert "otlp-service-0: healthy; 0 items pending" in said.stdout and "deployed to otlp-system" in said.stdout
    assert any(call.startswith("kubectl label namespace otlp-system ") and "istio-injection=enabled" in call for call in calls)
    assert "no secret otlp-tls-cert in istio-system" in said.stdout


def test_a_missing_secret_is_named_with_the_command_that_makes_it(cluster):
    said, calls = cluster("helm", "--digest", DIGEST, secret="none")
    assert said.returncode == 1 and "create secret generic otlp-secrets --from-literal=api-key=" in said.stderr
    assert not any(call.startswith("helm upgrade") for call in calls)


@pytest.mark.parametrize("arguments, more, words", [
    (["--digest", DIGEST], {"minor": "none"}, "no cluster answers"),
    (["--digest", DIGEST], {"minor": "29"}, "1.30 is the oldest"),
    (["--digest", DIGEST], {"helm": "3.12.0"}, "3.16 is the oldest"),
    (["--digest", "v1.0.0"], {}, "is no digest"),
    ([], {}, "production holds no image yet"),
])
def test_what_cannot_work_is_refused_before_anything_changes(cluster, arguments, more, words):
    said, calls = cluster("helm", *arguments, **more)
    assert said.returncode == 1 and words in said.stderr
    assert not any("create" in call or call.startswith("helm upgrade") for call in calls)


# Goal: nobody waits ten minutes in the dark, or looks for the reason elsewhere. Method: a helm that takes a
# while and then fails, beside a pod whose image is not there.
def test_progress_is_shown_and_a_failure_says_what_the_pods_wait_for(cluster):
    waiting = {"metadata": {"name": "otlp-service-1"}, "status": {"phase": "Pending", "containerStatuses": [
        {"ready": False, "state": {"waiting": {"reason": "ImagePullBackOff", "message": "not found"}}}]}}
    said, _ = cluster("helm", "--digest", DIGEST, pods=(POD, waiting), helm_takes="6", helm_fails="yes")
    assert said.returncode == 1
    assert "otlp-service-0 ready; otlp-service-1 ImagePullBackOff: not found" in said.stdout
    assert "context deadline exceeded" in said.stderr and "otlp-service-1: ImagePullBackOff: not found" in said.stderr
    assert "rollback" in said.stderr


def test_status_shows_pods_events_and_health(cluster, admin):
    said, calls = cluster("status", "--namespace", "otlp-dev", admin=port_of(admin))
    assert said.returncode == 0, said.stderr
    assert any("get events" in call for call in calls) and "health: healthy" in said.stdout
    assert json.dumps(calls).count("-n otlp-dev") >= 5


@pytest.mark.parametrize("pods, words", [((), "no pod of the gateway in otlp-dev"), ((POD,), "error: pod is not running")])
def test_status_says_why_there_is_no_health(cluster, pods, words):
    said, _ = cluster("status", "--namespace", "otlp-dev", pods=pods)
    assert said.returncode == 1 and words in said.stderr
