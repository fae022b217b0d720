"""The image is small and empty but for the service, and the service works in it as in a locked-down pod."""

import json
import os
import re
import subprocess
import time

import pytest

import archive
import conftest
import container
import destination
import gateway
import otlp
import sdk


def test_files_modes_owners_and_settings_are_as_written(any_image):
    archive.check(any_image)


def test_it_names_the_commit_it_was_made_from(any_image):
    if os.environ.get("OTLP_IMAGE"):
        pytest.skip("an image from elsewhere: Nix has no commit of a tree with changes")
    assert re.fullmatch(r"[0-9a-f]{40}(-dirty)?", any_image.config["Labels"]["org.opencontainers.image.revision"])


def test_nothing_in_it_can_be_run_but_the_service(any_image):
    programs = {name for name, (info, content) in any_image.files.items()
                if info.isfile() and (info.mode & 0o111 or content[:4] == b"\x7fELF" or content[:2] == b"#!")}
    assert programs == {archive.BINARY}


def test_the_program_needs_no_library(any_image, tmp_path):
    binary = tmp_path / "otlp-service"
    binary.write_bytes(any_image.content(archive.BINARY))
    dynamic = container.said("readelf", "--dynamic", "--program-headers", binary)
    assert "(NEEDED)" not in dynamic and "INTERP" not in dynamic
    assert "PIE" in dynamic and "BIND_NOW" in dynamic and "GNU_RELRO" in dynamic
    assert "Type:                              DYN" in container.said("readelf", "--file-header", binary)


def test_no_path_of_the_builder_is_in_the_program(any_image):
    assert str(archive.ROOT).encode() not in any_image.content(archive.BINARY)


def test_skopeo_finds_both_platforms_in_the_index():
    conftest.needs("skopeo")
    path = conftest.index_path()
    if not path.exists():
        pytest.skip(f"{path} was not made: ./dev image --arch=all")
    if len(archive.architectures(path)) < 2:
        pytest.skip(f"{path} is no index of both platforms")
    for architecture in ("amd64", "arm64"):
        found = json.loads(container.said("skopeo", "--override-arch", architecture, "inspect", f"oci-archive:{path}"))
        assert found["Architecture"] == architecture
        assert found["Labels"]["org.opencontainers.image.version"] == conftest.VERSION


@pytest.mark.parametrize("user", [65532, 1000], ids=["image", "manifests"])
@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_an_sdk_delivers_through_it_and_nothing_is_lost_by_kill_9(make_container, grpc_destination, user, protocol):
    """Goal: acknowledged is stored, in the image too. Method: the destination refuses, the SDK sends, the process
    is killed, another starts on the same volume, the destination takes."""
    grpc_destination.answer = lambda *_: destination.Answer(destination.grpc.StatusCode.UNAVAILABLE)
    service = make_container({"otlp/out": gateway.exporter("otlp", grpc_destination.endpoint)}, user=user).start()
    client = sdk.Sdk(service, protocol)
    client.work()
    client.close()
    service.kill()
    assert any(service.data.rglob("*")), "nothing in /data"
    grpc_destination.answer = lambda *_: destination.Answer()
    service.start()
    for name in otlp.SIGNALS:
        service.wait_delivered("otlp/out", name, client.items_sent(name))
        assert not otlp.containers(client.sent[name]) - grpc_destination.containers(name)


def test_the_process_has_no_rights(make_container):
    service = make_container().start()
    status = service.status()
    assert status["Uid"].split() == ["65532"] * 4 and status["Gid"].split() == ["65532"] * 4
    assert status["Groups"].strip() == ""
    assert {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {16 * "0"}
    assert status["NoNewPrivs"] == "1"
    with open(f"/proc/{service.process.pid}/mountinfo", encoding="utf-8") as mounts:
        root_line, = [line for line in mounts if line.split()[4] == "/"]
    assert "ro" in root_line.split()[5].split(",")
    assert not list((service.root / "etc").glob("*.tmp"))


def test_sigterm_ends_it_with_0(make_container, image):
    assert image.config["StopSignal"] == "SIGTERM"
    make_container().start().stop()


def isolated(root, data, arguments, environment, files=()):
    """A process in a network namespace of its own, where the default ports are free."""
    return subprocess.Popen(container.command(root, 65532, data, arguments, files, network=True),
                            env=environment | {"PATH": os.environ["PATH"]}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True)


def test_health_probes_it_on_its_own_configuration(root, image, tmp_path):
    """Goal: `docker run` with nothing said works, and HEALTHCHECK tells. Method: the image's own command in an empty
    network; `health`, the image's own test, before and after the start."""
    conftest.needs("ip", "nsenter")
    data = tmp_path / "volume"
    data.mkdir()
    os.chown(data, 65532, 65532)
    environment = dict(pair.split("=", 1) for pair in image.config["Env"])
    test = image.config["Healthcheck"]["Test"]
    assert test[0] == "CMD"
    alone = isolated(root, data, test[1:], environment)
    said = alone.communicate(timeout=30)[0]
    assert alone.returncode == 1, said
    service = isolated(root, data, [*image.config["Entrypoint"], *image.config["Cmd"]], environment)
    try:
        beside = ["nsenter", f"--net=/proc/{service.pid}/ns/net", *container.command(root, 65532, data, test[1:])]
        end = time.monotonic() + 30
        while subprocess.run(beside, env=environment | {"PATH": os.environ["PATH"]}, capture_output=True, check=False).returncode != 0:
            assert time.monotonic() < end and service.poll() is None, "health never said 0"
            time.sleep(0.1)
    finally:
        container.end(service)
    assert service.returncode == 0, service.stdout.read()


NAME_SERVER = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 53))
print("up", flush=True)
while True:
    q, peer = s.recvfrom(512)
    end = q.index(b"\\0", 12) + 5
    four = q[end - 4:end - 2] == b"\\0\\1" and q[12:20] == b"\\7backend"
    answer = b"\\xc0\\x0c\\0\\1\\0\\1\\0\\0\\0\\x3c\\0\\4\\x7f\\0\\0\\1" if four else b""
    s.sendto(q[:2] + b"\\x81\\x80\\0\\1" + (b"\\0\\1" if four else b"\\0\\0") + b"\\0\\0\\0\\0" + q[12:end] + answer, peer)
"""


@pytest.mark.parametrize("how", ["hosts", "dns"])
@pytest.mark.parametrize("kind", ["otlp", "otlp_http"])
def test_a_static_program_finds_names(root, image, tmp_path, how, kind):
    """Goal: no library of libc's name services is in the image, and names still resolve. Method: an empty network with
    a destination known by /etc/hosts or by a name server only; the spans arrive there."""
    conftest.needs("ip")
    hosts, resolv, config = tmp_path / "hosts", tmp_path / "resolv.conf", tmp_path / "gateway.yaml"
    hosts.write_text("127.0.0.1 localhost\n" + ("127.0.0.1 backend.test\n" if how == "hosts" else ""))
    resolv.write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    data = tmp_path / "volume"
    data.mkdir()
    os.chown(data, 65532, 65532)
    exporter = {"endpoint": "http://backend.test:PORT", "compression": "none"}
    config.write_text(json.dumps({
        **gateway.configuration(tmp_path, {f"{kind}/out": exporter}), "storage": {"directory": "/data"},
        "admin": {"endpoint": "127.0.0.1:8080"}, "receivers": {"otlp": {"protocols": {"http": {"endpoint": "127.0.0.1:4318"}}}}}))
    config.chmod(0o444)
    environment = dict(pair.split("=", 1) for pair in image.config["Env"])
    files = [(config, container.CONFIG), (hosts, "/etc/hosts"), (resolv, "/etc/resolv.conf")]
    driver = subprocess.run(
        ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", conftest.sys_executable(), str(container.HERE / "names.py"),
         kind, how, NAME_SERVER, str(config), "--", *container.command(root, 65532, data, [*image.config["Entrypoint"], "run"], files)],
        env=environment | {"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=False, timeout=90)
    assert driver.returncode == 0, driver.stdout + driver.stderr


def test_the_arm64_image_starts_and_takes_spans_under_qemu(tmp_path):
    conftest.needs("qemu-aarch64-static")
    image = conftest.image_for("arm64")
    binary = tmp_path / "otlp-service"
    binary.write_bytes(image.content(archive.BINARY))
    binary.chmod(0o555)
    assert conftest.VERSION in container.said("qemu-aarch64-static", binary, "version")
    wrapper = tmp_path / "run"
    wrapper.write_text(f'#!/bin/sh\nexec qemu-aarch64-static {binary} "$@"\n')
    wrapper.chmod(0o755)
    received = tmp_path / "received.jsonl"
    service = gateway.Gateway(tmp_path / "gateway", {"file": {"path": str(received)}})
    before, gateway.BINARY = gateway.BINARY, wrapper
    try:
        service.start()
        answer = gateway.http_request(service.http, "POST", "/v1/traces", otlp.request("traces", items=50), otlp.PROTOBUF)
        assert answer.status == 200
        service.wait_delivered("file", "traces", 50, deadline_s=60)
        service.close()
    finally:
        gateway.BINARY = before
    assert received.read_text().count('"traceId"') == 50
