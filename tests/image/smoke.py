"""Takes the program out of an image and lets it do its work: OTLP in, `kill -9`, everything still there.

    smoke.py --image FILE [--architecture arm64 --emulator PROGRAM]

Needs no root and no network but loopback, so it runs in Nix's sandbox; test_image.py does the same, and more,
as a container runtime would.
"""

import argparse
import json
import os
import pathlib
import sys
import tempfile

import archive

ROOT = archive.ROOT
SPANS = 500


def request(first):
    return json.dumps({"resourceSpans": [{
        "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "smoke"}}]},
        "scopeSpans": [{"spans": [{
            "traceId": f"{first + number + 1:032x}", "spanId": f"{first + number + 1:016x}", "name": "smoke",
            "kind": 1, "startTimeUnixNano": "1700000000000000000", "endTimeUnixNano": "1700000000000000001",
        } for number in range(SPANS)]}],
    }]}).encode()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--image", required=True)
    parser.add_argument("--architecture", choices=["amd64", "arm64"], help="of an index of both")
    parser.add_argument("--emulator", help="what starts a program of another architecture")
    options = parser.parse_args()
    image = archive.Image(options.image, options.architecture)
    archive.check(image)
    with tempfile.TemporaryDirectory() as folder:
        binary = pathlib.Path(folder) / "otlp-service"
        binary.write_bytes(image.content(archive.BINARY))
        binary.chmod(0o555)
        if options.emulator:
            program, binary = binary, pathlib.Path(folder) / "emulated"
            binary.write_text(f'#!/bin/sh\nexec {options.emulator} {program} "$@"\n')
            binary.chmod(0o555)
            os.environ.setdefault("OTLP_TEST_DEADLINE_S", "120")  # some twenty times as slow
        os.environ["OTLP_SERVICE"] = str(binary)
        sys.path.insert(0, str(ROOT / "tests/harness"))
        import gateway  # reads OTLP_SERVICE

        received = pathlib.Path(folder) / "received.jsonl"
        one = gateway.Gateway(pathlib.Path(folder) / "gateway", {"file": {"path": str(received)}})
        one.start()
        for number in range(3):
            answer = gateway.http_request(one.http, "POST", "/v1/traces", request(number * SPANS), {"Content-Type": "application/json"})
            assert answer.status == 200, answer
        one.kill()
        one.start()
        one.wait_delivered("file", "traces", 3 * SPANS)
        one.close()
        arrived = {span["traceId"] for line in received.read_text().splitlines()
                   for resource in json.loads(line)["resourceSpans"]
                   for scope in resource["scopeSpans"] for span in scope["spans"]}
        assert len(arrived) == 3 * SPANS, len(arrived)
    print(f"{3 * SPANS} spans survived kill -9; {image.unpacked_size_bytes()} bytes unpacked")


if __name__ == "__main__":
    main()
