"""Senders that keep going whatever happens to the service, and remember what it acknowledged."""

import threading

import grpc

import gateway
import otlp


class Traffic:
    """Senders that keep going until stopped; each reconnects when the service is away."""

    def __init__(self, service, signal="traces", senders=4, items=5, text_bytes=20):
        self.acknowledged, self.refused = [], 0
        self.attempts = 0
        self._service, self._signal = service, signal
        self._shape = {"items": items, "text_bytes": text_bytes}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._send, daemon=True) for _ in range(senders)]
        for thread in self._threads:
            thread.start()

    def _send(self):
        sender = address = None
        while not self._stop.is_set():
            current = self._service.addresses.get("grpc")
            if current is None:
                self._stop.wait(0.01)
                continue
            if current != address:
                if sender:
                    sender.close()
                sender, address = otlp.GrpcSender(current), current
            body = otlp.request(self._signal, **self._shape)
            self.attempts += 1
            try:
                sender.send(self._signal, body, timeout=10)
            except grpc.RpcError as error:
                with self._lock:
                    self.refused += 1
                assert error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED), error
                self._stop.wait(0.02)
                continue
            with self._lock:
                self.acknowledged.append(body)
        if sender:
            sender.close()

    def wait_for(self, more):
        goal = len(self.acknowledged) + more
        gateway.until(lambda: len(self.acknowledged) >= goal, lambda: f"{goal} acknowledged, {len(self.acknowledged)} so far, {self.refused} refused")

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join(15)
        return otlp.containers(self.acknowledged)


def wait_arrived(service, target, wanted, signal="traces", deadline_s=gateway.DEADLINE_S):
    """All of `wanted` at the destination, at least once; then what is there more than once."""
    def missing():
        return (wanted - target.containers(signal)).total()
    gateway.until(lambda: missing() == 0,
                  lambda: f"{missing()} of {wanted.total()} containers; ledger {dict(service.ledger())}; log:\n{service.log_text()}", deadline_s)
    return target.containers(signal) - wanted


def idle(service, exporter_id, signal="traces"):
    gateway.until(lambda: service.ledger()[exporter_id, signal].get("pending") == 0, "an empty backlog")
