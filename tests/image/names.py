"""Runs in a network where only lo is: a destination, a name server, the service; sends one span, waits for it there.

    names.py otlp|otlp_http hosts|dns NAME_SERVER CONFIG -- COMMAND...

The destination's port takes the place of PORT in CONFIG, before COMMAND starts the service.
"""

import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "harness"))

import destination  # noqa: E402
import gateway  # noqa: E402
import otlp  # noqa: E402


def main():
    kind, how, name_server, config = sys.argv[1:5]
    target = destination.GrpcDestination() if kind == "otlp" else destination.HttpDestination()
    port = target.endpoint.rsplit(":", 1)[1].strip("/")
    pathlib.Path(config).write_text(pathlib.Path(config).read_text().replace("PORT", port))
    started = []
    try:
        if how == "dns":
            started.append(subprocess.Popen([sys.executable, "-c", name_server], stdout=subprocess.PIPE))
            assert started[0].stdout.readline() == b"up\n"
        started.append(subprocess.Popen(sys.argv[sys.argv.index("--") + 1:], stdin=subprocess.DEVNULL))

        def ready():
            try:
                return gateway.http_request("127.0.0.1:8080", "GET", "/health/ready").status == 200
            except OSError:
                time.sleep(0.05)
                return False
        gateway.until(ready, "readiness", 30)
        answer = gateway.http_request("127.0.0.1:4318", "POST", "/v1/traces", otlp.request("traces", items=1), otlp.PROTOBUF)
        assert answer.status == 200, answer
        gateway.until(lambda: target.arrived("traces"), "the span at backend.test", 30)
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait(30)
        target.close()


if __name__ == "__main__":
    main()
