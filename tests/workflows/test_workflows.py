"""The hosted jobs by the tools that know GitHub's rules, and the commands that they alone call, for real: a push to a
registry, a promotion to a remote. tests/lint/workflows.py has what needs no tool."""

import contextlib
import http.server
import importlib.util
import json
import os
import pathlib
import shutil
import subprocess
import sys
import threading
import time

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
sys.path.insert(0, str(ROOT / "tests/gitops"))
sys.path.insert(0, str(ROOT / "image"))

import oci  # noqa: E402
import toolbox  # noqa: E402

pytestmark = pytest.mark.timeout(900)


def run(*command, check=True, **more):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **more)
    assert not check or done.returncode == 0, f"{command[0]}: exit {done.returncode}\n{done.stdout}{done.stderr}"
    return done


def test_actionlint_finds_nothing():
    assert shutil.which("shellcheck"), "actionlint looks into scripts by shellcheck"
    run(toolbox.tool("actionlint"), *WORKFLOWS)


def test_zizmor_finds_nothing():
    program = toolbox.CACHE / "zizmor" / "bin" / "zizmor"
    if not program.exists():
        run(sys.executable, "-m", "venv", program.parent.parent)
        run(program.parent / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "zizmor==1.32.0")
    run(program, "--offline", "--quiet", ROOT / ".github/workflows")


# Goal: what a workflow waits for is sent. Method: the events of the workflows beside those that Argo CD's notifications
# send to GitHub, by a trigger that each application subscribes to.
def test_each_event_that_a_workflow_waits_for_has_a_sender():
    waited = {kind for path in WORKFLOWS for kind in (yaml.safe_load(path.read_text())[True].get("repository_dispatch") or {}).get("types", [])}
    settings = yaml.safe_load((ROOT / "argocd/notifications.yaml").read_text())["data"]
    assert "$github-token" in settings["service.webhook.github"]
    applications = [yaml.safe_load(path.read_text())["metadata"] for path in (ROOT / "argocd/applications").glob("*.yaml")]
    sent = set()
    for key, text in settings.items():
        for trigger in yaml.safe_load(text) if key.startswith("trigger.") else []:
            for name in trigger["send"]:
                webhook = yaml.safe_load(settings[f"template.{name}"]).get("webhook", {}).get("github")
                if webhook and all(f"notifications.argoproj.io/subscribe.{key.removeprefix('trigger.')}.github" in one["annotations"] for one in applications):
                    assert webhook["path"] == "/repos/your-org/otlp-service/dispatches"
                    # Go's templates: the label, looked up by its name.
                    body = json.loads(webhook["body"].replace('{{index .app.metadata.labels "otlp.io/environment"}}', "dev"))
                    assert body["client_payload"] == {"environment": "dev"}
                    sent.add(body["event_type"])
    assert waited == sent == {"deployed"}


def clone(tmp_path):
    """A checkout whose origin is a bare repository."""
    run("git", "clone", "--quiet", "--bare", "--no-hardlinks", ROOT, tmp_path / "origin.git")
    run("git", "-C", tmp_path / "origin.git", "branch", "--force", "main", "HEAD")
    run("git", "clone", "--quiet", "--branch", "main", tmp_path / "origin.git", tmp_path / "tree")
    return tmp_path / "tree"


def heads(tmp_path):
    return dict(reversed(line.split()) for line in run("git", "-C", tmp_path / "origin.git", "for-each-ref", "--format=%(objectname) %(refname:short)").stdout.splitlines())


def test_a_promotion_to_dev_is_pushed_to_main(tmp_path):
    tree, digest = clone(tmp_path), "sha256:" + 64 * "a"
    before = heads(tmp_path)["main"]
    run("./dev", "promote", "--push", "dev", digest, cwd=tree, env={**os.environ, "CI": "true"})
    assert heads(tmp_path)["main"] != before
    shown = run("git", "-C", tmp_path / "origin.git", "show", "main:kustomize/overlays/dev/kustomization.yaml").stdout
    assert f"digest: {digest}" in shown
    again = run("./dev", "promote", "--push", "dev", digest, cwd=tree, env={**os.environ, "CI": "true"})
    assert "already holds" in again.stdout


def test_a_promotion_to_staging_is_a_pull_request_and_leaves_main_alone(tmp_path):
    """Method: a program named gh notes how it is called; GitHub itself is not asked."""
    tree = clone(tmp_path)
    environment = {**os.environ, "CI": "true", "PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}
    run("./dev", "promote", "--push", "dev", "sha256:" + 64 * "b", cwd=tree, env=environment)
    main = heads(tmp_path)["main"]
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/gh").write_text(f'#!/bin/sh\necho "$@" >{tmp_path}/asked\n')
    (tmp_path / "bin/gh").chmod(0o755)
    run("./dev", "promote", "--push", "staging", cwd=tree, env=environment)
    branch, = [name for name in heads(tmp_path) if name.startswith("promote-staging-")]
    assert heads(tmp_path)["main"] == main
    assert (tmp_path / "asked").read_text().split() == ["pr", "create", "--base", "main", "--head", branch, "--fill"]


def test_results_of_each_commit_are_kept_and_the_last_is_fetched(tmp_path):
    tree = clone(tmp_path)
    results, before = tmp_path / "results.json", tmp_path / "before.json"
    assert "nothing to compare with" in run("./dev", "bench", "--history=fetch", before, cwd=tree).stdout
    assert not before.exists()
    def made(number):
        return {"grpc-100": {"copier": [{"cpu": 0.5}], "service, commit": [{"cpu": number}] * 3}, "json": {"service, commit": [{"cpu": 9}]}}
    for number in (1, 2):
        results.write_text(json.dumps(made(number)))
        run("./dev", "bench", "--history=push", results, cwd=tree)
    run("./dev", "bench", "--history=fetch", before, cwd=tree)
    assert json.loads(before.read_text()) == made(2)
    lines = run("git", "-C", tmp_path / "origin.git", "show", "benchmark-history:history.jsonl").stdout.splitlines()
    assert [json.loads(line)["results"] for line in lines] == [made(1), made(2)]
    page = run("git", "-C", tmp_path / "origin.git", "show", "benchmark-history:README.md").stdout
    commit = heads(tmp_path)["main"][:12]
    assert f"| commit | grpc-100 |\n| --- | ---: |\n| {commit} | 4.00 |\n| {commit} | 2.00 |\n" in page
    assert run("git", "-C", tree, "status", "--porcelain").stdout == ""


def test_the_gate_fails_a_ratio_that_is_worse_by_more_than_a_quarter(tmp_path, capsys, monkeypatch):
    """Goal: a regression stops a pull request, a slower machine does not. Method: bench/run.py's gate on results that are
    written down: the service a fifth worse beside the copier, three tenths worse, and all twice as slow."""
    monkeypatch.syspath_prepend(str(ROOT / "bench"))
    spec = importlib.util.spec_from_file_location("bench_run", ROOT / "bench/run.py")
    bench = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bench)

    def results(copier, service):
        return {"grpc-100": {"copier": [{"cpu": copier}] * 3, "service, commit": [{"cpu": cpu} for cpu in (0.01, service, 9.0)]}}
    before = tmp_path / "before.json"
    before.write_text(json.dumps(results(0.2, 0.3)))
    assert bench.gate(before, results(0.2, 0.36)) == 0
    assert bench.gate(before, results(0.2, 0.39)) == 1
    assert "grpc-100: 1.95 times the copier, was 1.50: WORSE" in capsys.readouterr().out
    assert bench.gate(before, results(0.4, 0.6)) == 0
    assert bench.gate(before, {"new-case": results(1, 1)["grpc-100"]}) == 0
    # A file of an earlier run is none of main's; main has none before its first.
    monkeypatch.setattr(bench.history, "fetch", lambda file: print("no branch yet"))
    main = bench.baseline("main", tmp_path)
    assert main == tmp_path / "before.json" and not before.exists()
    assert bench.gate(main, results(0.2, 0.39)) == 0


@contextlib.contextmanager
def serving(tmp_path, more=""):
    """Debian's docker-registry on a port of the system's choice; `more` is added to its configuration."""
    program = shutil.which("docker-registry")
    if not program:
        pytest.skip("docker-registry is not installed: ./dev test workflows installs it")
    config = tmp_path / "registry.yml"
    config.write_text(f"version: 0.1\nlog: {{level: info, formatter: json}}\nstorage: {{filesystem: {{rootdirectory: {tmp_path}/registry}}}}\n"
                      f"http: {{addr: '127.0.0.1:0'}}\n{more}")
    log = tmp_path / "registry.log"
    with open(log, "wb") as out:
        process = subprocess.Popen([program, "serve", str(config)], stdout=out, stderr=subprocess.STDOUT)
    try:
        end = time.monotonic() + 30
        while "listening on" not in log.read_text():
            assert time.monotonic() < end and process.poll() is None, log.read_text()
            time.sleep(0.05)
        yield log.read_text().split("listening on ")[1].split('"')[0].split()[0]
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture
def registry(tmp_path):
    with serving(tmp_path) as address:
        yield address


@pytest.fixture
def locked_registry(tmp_path):
    """The same for `publisher` alone, whose password is `secret` (as htpasswd -nB writes it)."""
    (tmp_path / "htpasswd").write_text("publisher:$2b$05$WS5RzYtBKdQfd3jbaOe8lubmGptpblHDBaEyevvg66D3pijYfw3.K\n")
    with serving(tmp_path, f"auth: {{htpasswd: {{realm: test, path: {tmp_path}/htpasswd}}}}\n") as address:
        yield address


@pytest.fixture
def dist(tmp_path):
    """What `./dev image --arch=all` leaves, of a file that is no program: two images, and an index of both."""
    folder, version = tmp_path / "dist", (ROOT / "VERSION").read_text().strip()
    (folder / "sbom").mkdir(parents=True)
    (folder / "program").write_bytes(b"not a program")
    for architecture in ("amd64", "arm64"):
        run(sys.executable, ROOT / "image/oci.py", "--binary", folder / "program", "--ca-certificates", folder / "program", "--sbom", folder / "sbom",
            "--architecture", architecture, "--version", version, "--out", folder / f"otlp-service-{version}-linux-{architecture}.oci.tar")
    run(sys.executable, ROOT / "image/index.py", "--out", folder / f"otlp-service-{version}.oci.tar", *sorted(folder.glob("*-linux-*.oci.tar")))
    return folder


def index_of(dist):
    archive, = [path for path in dist.glob("*.oci.tar") if "-linux-" not in path.name]
    return archive


def test_publish_pushes_the_index_and_tells_its_digest(tmp_path, registry, dist):
    """Goal: what is promoted is what was built. Method: a real registry; skopeo reads back by digest. Without cosign
    nothing unsigned is published."""
    output = tmp_path / "output"
    environment = {**os.environ, "GITHUB_OUTPUT": str(output), "PATH": "/usr/bin:/bin"}
    publish = [sys.executable, ROOT / "image/publish.py", f"{registry}/Test/otlp-service", "--dist", dist, "--insecure"]
    refused = run(*publish, check=False, env=environment)
    assert refused.returncode != 0 and "cosign is missing" in refused.stderr
    digest = run(*publish, "--unsigned", env=environment).stdout.split()[-1]
    assert output.read_text() == f"digest={digest}\n"
    top, = json.loads(run("tar", "-xOf", index_of(dist), "index.json").stdout)["manifests"]
    assert digest == top["digest"]
    found = json.loads(run("skopeo", "inspect", "--raw", "--tls-verify=false", f"docker://{registry}/test/otlp-service@{digest}").stdout)
    descriptors, _, _ = oci.read_layout(index_of(dist))
    assert [one["digest"] for one in found["manifests"]] == [one["digest"] for one in descriptors]


# Signs nothing. As the real one it finds its credentials in Docker's file alone, and what it signs must be there.
COSIGN = '''#!/usr/bin/python3
import base64, json, os, pathlib, sys, urllib.request
reference = sys.argv[-1]
registry, _, rest = reference.partition("/")
repository, _, digest = rest.partition("@")
folder = pathlib.Path(os.environ.get("DOCKER_CONFIG") or pathlib.Path(os.environ["HOME"], ".docker"))
login = json.loads((folder / "config.json").read_text())["auths"][registry]["auth"]
urllib.request.urlopen(urllib.request.Request(f"http://{registry}/v2/{repository}/manifests/{digest}", headers={
    "Authorization": "Basic " + login, "Accept": "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json"}))
with open(os.environ["COSIGN_LOG"], "a") as log:
    log.write(sys.argv[1] + " " + digest + chr(10))
sys.exit(int(os.environ.get("COSIGN_EXIT", "0")))
'''


@pytest.mark.parametrize("docker_config", [None, "elsewhere"])
def test_publish_signs_before_a_tag_shows_it(tmp_path, locked_registry, dist, docker_config):
    """Goal: nothing unsigned is ever found by its name, and who signs and attests can log in. Method: a registry with
    a password, and a cosign that looks for it where go-containerregistry does; first it fails, then it signs."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/cosign").write_text(COSIGN)
    (tmp_path / "bin/cosign").chmod(0o755)
    output, log = tmp_path / "output", tmp_path / "signed"
    environment = {**os.environ, "HOME": str(tmp_path / "home"), "PATH": f"{tmp_path}/bin:/usr/bin:/bin", "GITHUB_OUTPUT": str(output),
                   "REGISTRY_USER": "publisher", "REGISTRY_PASSWORD": "secret", "COSIGN_LOG": str(log)}
    environment.pop("DOCKER_CONFIG", None)
    folder = tmp_path / "home/.docker"
    if docker_config:
        folder = tmp_path / docker_config
        environment["DOCKER_CONFIG"] = str(folder)

    def tags():
        said = run("skopeo", "list-tags", "--tls-verify=false", f"--authfile={folder}/config.json", f"docker://{locked_registry}/test/otlp-service", check=False)
        return set(json.loads(said.stdout)["Tags"] if said.returncode == 0 else [])
    publish = [sys.executable, ROOT / "image/publish.py", f"{locked_registry}/test/otlp-service", "--dist", dist, "--insecure", "--tag", "latest"]
    refused = run(*publish, check=False, env={**environment, "COSIGN_EXIT": "1"})
    assert refused.returncode == 1 and "cosign sign" in refused.stderr, refused.stderr
    assert log.read_text().startswith("sign sha256:"), "cosign had no credentials"
    assert not tags() and not output.exists()
    log.unlink()
    digest = run(*publish, env=environment).stdout.split()[-1]
    signed = log.read_text().splitlines()
    assert signed[0] == f"sign {digest}" and [line.split()[0] for line in signed[1:]] == 4 * ["attest"]
    version = (ROOT / "VERSION").read_text().strip()
    assert tags() == {version, "latest", "sha-" + run("git", "-C", ROOT, "rev-parse", "--short=12", "HEAD").stdout.strip()}
    assert output.read_text() == f"digest={digest}\n"


def test_the_image_of_a_container_job_names_its_commit(tmp_path):
    """Goal: no image is labelled `unknown`. Method: what a container job has, root in a checkout of another user: the
    command of its first step, then the function of ./dev that makes the label."""
    if os.geteuid() != 0:
        pytest.skip("takes root, as a container job has it")
    tree, home = clone(tmp_path), tmp_path / "home"
    home.mkdir()
    os.chown(tree, 1001, 1001)
    os.chown(tree / ".git", 1001, 1001)
    step = yaml.safe_load((ROOT / ".github/workflows/image.yml").read_text())["jobs"]["test"]["steps"][0]["run"]
    trust = step.rpartition(" && ")[2]
    assert trust.startswith("git config ")
    environment = {**os.environ, "HOME": str(home), "GITHUB_WORKSPACE": str(tree)}
    run("bash", "-c", trust, env=environment)
    source = (tree / "dev").read_text()
    function = source[source.index("revision_of_tree() {"):].partition("\n}\n")[0] + "\n}\nrevision_of_tree"
    said = run("bash", "-euc", function, cwd=tree, env=environment).stdout.strip()
    assert said == run("git", "-C", ROOT, "rev-parse", "HEAD").stdout.strip()


def test_an_audit_fails_on_what_has_a_fix_and_only_lists_what_has_none(tmp_path):
    """Method: a server with osv.dev's two answers; the SBOM names two packages."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self, value):
            body = json.dumps(value).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["queries"]
            known = {"openssl": [{"id": "CVE-1"}], "zlib": [{"id": "CVE-2"}]}
            self.answer({"results": [{"vulns": known.get(one["package"]["name"], [])} for one in asked]})

        def do_GET(self):
            events = [{"introduced": "0"}] + ([{"fixed": "3.0.99"}] if self.path.endswith("CVE-1") else [])
            name = "openssl" if self.path.endswith("CVE-1") else "zlib"
            self.answer({"affected": [{"package": {"name": name, "ecosystem": "Debian:12"}, "ranges": [{"events": events}]}]})

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def audit(*names):
        sbom = tmp_path / "sbom.json"
        sbom.write_text(json.dumps({"components": [{"purl": f"pkg:deb/debian/{name}@1%2Bdeb12?arch=source",
                                                    "properties": [{"name": "linkage", "value": "static"}]} for name in names]}))
        return run(sys.executable, ROOT / "image/audit.py", sbom, "--url", f"http://127.0.0.1:{server.server_port}", check=False)
    try:
        both = audit("openssl", "zlib")
        assert both.returncode == 1 and "fix: CVE-1  openssl 1+deb12, fixed in 3.0.99" in both.stdout and "known: CVE-2" in both.stdout
        assert audit("zlib").returncode == 0
    finally:
        server.shutdown()
        server.server_close()
    assert "audit: http" in audit("zlib").stderr
