"""Bad input over every transport, in every encoding, for every signal: the answers are 200 with an exact partial
success, or a refusal that is final. What was stored can be read by protobuf at the destination, every item of it.

A number makes a mutant, so a failure names the number. OTLP_MUTANTS says how many; the suite `mutants` sends 100,000.
"""

import concurrent.futures
import http.client
import json
import os
import threading

import pytest
from google.protobuf.message import DecodeError
from google.rpc import status_pb2

import destination
import gateway
import mutants
import otlp
from http2 import Http2, frame

COUNT = int(os.environ.get("OTLP_MUTANTS", "3000"))
FIRST = int(os.environ.get("OTLP_MUTANTS_FIRST", "0"))
WORKERS = 8
HTTP_FINAL = {400, 413}
GRPC_FINAL = {3, 8}  # INVALID_ARGUMENT; RESOURCE_EXHAUSTED for what is too large
REJECTED = {"traces": "rejected_spans", "metrics": "rejected_data_points", "logs": "rejected_log_records", "profiles": "rejected_profiles"}


class Sender:
    """One worker's connections. A refusal keeps them: a new one is only made where the service says that it closes."""

    def __init__(self, service):
        self.service, self.http, self.grpc = service, None, Http2(service.grpc, timeout=60)

    def send(self, mutant):
        """(whether it was taken, how many items were rejected)"""
        return self.by_http(mutant) if mutant.transport == "http" else self.by_grpc(mutant)

    def by_http(self, mutant):
        if self.http is None:
            host, port = self.service.http.rsplit(":", 1)
            self.http = http.client.HTTPConnection(host, int(port), timeout=60)
        headers = dict(otlp.JSON if mutant.is_json else otlp.PROTOBUF)
        if mutant.coding:
            headers["Content-Encoding"] = mutant.coding
        self.http.request("POST", otlp.PATH[mutant.signal], mutant.body, headers)
        answer = self.http.getresponse()
        body = answer.read()
        if answer.getheader("Connection") == "close":
            self.http.close()
            self.http = None
        if answer.status != 200:
            assert answer.status in HTTP_FINAL, answer.status
            if not mutant.is_json:
                assert status_pb2.Status.FromString(body).message
            return False, 0
        if mutant.is_json:
            return True, partial_of_json(body)
        return True, self.rejected(mutant, body)

    def by_grpc(self, mutant):
        more = {"grpc_encoding": mutant.coding} if mutant.coding else {}
        answer = self.grpc.call(frame(mutant.body, 1 if mutant.coding else 0), path=otlp.METHOD[mutant.signal], **more)
        if answer.grpc_status != 0:
            assert answer.grpc_status in GRPC_FINAL and answer.grpc_message, (answer.grpc_status, answer.headers, answer.reset)
            return False, 0
        assert answer.body[:1] == b"\x00"
        return True, self.rejected(mutant, answer.body[5:])

    @staticmethod
    def rejected(mutant, body):
        partial = otlp.RESPONSE[mutant.signal].FromString(body).partial_success
        count = getattr(partial, REJECTED[mutant.signal])
        assert bool(partial.error_message) == (count > 0)
        return count


def partial_of_json(body):
    partial = json.loads(body).get("partialSuccess", {})
    assert bool(partial.get("errorMessage")) == bool(partial)
    return sum(int(value) for key, value in partial.items() if key != "errorMessage")


@pytest.fixture
def all_signals(make_gateway):
    target = destination.GrpcDestination()
    service = make_gateway({"otlp": gateway.exporter("otlp", target.endpoint)},
                           service={"pipelines": {"profiles": {"receivers": ["otlp"], "exporters": ["otlp"]}}}).start()
    yield service, target
    target.close()


@pytest.mark.timeout(3600)
def test_H_10_H_20_H_30_G_08_P_06_mutants_get_200_or_a_final_refusal(all_signals):
    service, target = all_signals
    lock, taken, accepted_least = threading.Lock(), 0, 0

    def work(worker):
        nonlocal taken, accepted_least
        sender = Sender(service)
        for number in range(FIRST + worker, FIRST + COUNT, WORKERS):
            mutant = mutants.Mutant(number)
            try:
                ok, rejected = sender.send(mutant)
            except Exception as failure:
                raise AssertionError(f"mutant {number}: {mutant}: {failure!r}") from failure
            if not ok:
                continue
            items = count_of(mutant)
            assert items is None or rejected <= items, f"mutant {number}: {rejected} of {items} rejected"
            with lock:
                taken += 1
                accepted_least += 0 if items is None else items - rejected
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        for done in [pool.submit(work, worker) for worker in range(WORKERS)]:
            done.result()
    assert service.alive(), service.log_text()
    assert 0 < taken < COUNT
    stored = {signal: int(service.metric("otlp_ledger_items", exporter="otlp", signal=signal, state="stored")) for signal in mutants.SIGNALS}
    assert sum(stored.values()) >= accepted_least
    for signal, items in stored.items():
        service.wait_delivered("otlp", signal, items, deadline_s=120)
        # A body that protobuf could not read, one bad string included, would raise here.
        assert sum(otlp.item_count(signal, body) for body in target.arrived(signal)) == items
    print(f"{COUNT} mutants: {taken} taken, {sum(stored.values())} items stored: {stored}")


def count_of(mutant):
    """Items by protobuf's own parser; None where it does not say (JSON, damaged gzip, strings that are not UTF-8)."""
    if mutant.is_json or mutant.plain is None:
        return None
    try:
        return otlp.item_count(mutant.signal, mutant.plain)
    except DecodeError:
        return None
