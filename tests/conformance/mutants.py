"""Damaged requests without end: seeds of every signal and encoding, and what networks and bugs make of them."""

import gzip
import json
import random

import gateway
import otlp
import test_forward
import test_profiles

SIGNALS = (*otlp.SIGNALS, "profiles")
SAMPLES = gateway.ROOT / "subprojects/otlpview/testdata/otlp_json"
EXTREMES = [b"\x00", b"\xff", b"\x80" * 9 + b"\x01", b"\xff" * 10, b"\x7f", b"\x80\x80\x80\x80\x08", b"\x0b", b"\x0c", b"\xed\xa0\x80", b"\xc2\xb8\x02"]
JSON_EXTREMES = [b"null", b"{}", b"[]", b"[null]", b"1e400", b"-1", b"NaN", b'"\\ud800"', b'""', b"\xff", b"99999999999999999999", b"{", b"}", b"]", b",", b'"', b"\\u0000"]


def protobuf_seeds():
    for signal, make in test_forward.RICH.items():
        yield signal, make().SerializeToString()
        yield signal, otlp.request(signal, items=2)
    yield "profiles", test_profiles.request(1).SerializeToString()


def json_seeds():
    for row in (SAMPLES / "expected.tsv").read_text().splitlines():
        if not row.startswith(("#", "file")):
            file, path = row.split("\t")[:2]
            yield path.rsplit("/", 1)[1], (SAMPLES / file).read_bytes()
    for signal, make in test_forward.RICH.items():
        yield signal, test_forward.strict_json(make())
    yield "profiles", json.dumps({"resourceProfiles": [{"scopeProfiles": [{"profiles": [{"timeUnixNano": "5"}]}]}], "dictionary": {}}).encode()


PROTOBUF, JSON = list(protobuf_seeds()), list(json_seeds())


def damaged(chance, body, extremes):
    body = bytearray(body)
    for _ in range(chance.choice((1, 1, 1, 2, 5))):
        at = chance.randrange(len(body) + 1)
        kind = chance.randrange(7)
        if kind == 0 and body:
            body[at % len(body)] ^= 1 << chance.randrange(8)
        elif kind == 1:
            del body[at:]
        elif kind == 2:
            del body[at:at + chance.randrange(1, 9)]
        elif kind == 3:
            body[at:at] = chance.choice(extremes)
        elif kind == 4:
            body[at:at + 1] = chance.choice(extremes)
        elif kind == 5:
            end = min(len(body), at + chance.randrange(1, 40))
            body[at:at] = body[at:end]
        else:
            body[at:at] = bytes(chance.randrange(256) for _ in range(chance.randrange(1, 5)))
    return bytes(body)


class Mutant:
    """One request, by its number alone: transport http or grpc, encoding, coding, signal and body."""

    def __init__(self, number):
        chance = random.Random(number)
        self.transport = chance.choice(("http", "grpc"))
        self.is_json = self.transport == "http" and chance.random() < 0.5
        signal, body = chance.choice(JSON if self.is_json else PROTOBUF)
        self.signal = signal if chance.random() < 0.95 else chance.choice(SIGNALS)
        self.body = damaged(chance, body, JSON_EXTREMES if self.is_json else EXTREMES)
        self.plain = self.body  # what it inflates to; None when that is damaged too
        self.coding = None
        if chance.random() < 0.2:
            self.coding, self.body = "gzip", gzip.compress(self.body, 1)
            if chance.random() < 0.5:
                self.body, self.plain = damaged(chance, self.body, EXTREMES), None

    def __repr__(self):
        return f"{self.transport} {'json' if self.is_json else 'protobuf'} {self.coding} {self.signal} {self.body.hex()}"
