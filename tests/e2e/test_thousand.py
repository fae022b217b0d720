"""A thousand streams, a thousand connections, and everything that can happen to a gateway in a minute.

Method: 1,000 senders that never stop. The destination goes down for a minute; in it the service is
stopped and started under traffic, later killed and started again. Whatever was answered well arrives.
"""

import asyncio
import queue
import threading
import time

import grpc
import pytest

import gateway
import otlp
from traffic import idle, wait_arrived

SENDERS = 1000
RETRY_PAUSE_S = 0.2
THINK_TIME_S = 2.0
LATER_HTTP = (429, 503)
LATER_GRPC = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)


class Streams:
    """1,000 gRPC calls under way at a time, on four connections; an answer begins the next call."""

    CONNECTIONS = 4

    def __init__(self, service):
        self.acknowledged, self.wrong, self.most_open = [], [], 0
        self._service, self._address, self._senders = service, None, []
        self._ended = queue.SimpleQueue()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _connect(self):
        address = self._service.addresses.get("grpc")
        if address not in (None, self._address):
            for sender in self._senders:
                sender.close()
            self._senders = [otlp.GrpcSender(address) for _ in range(self.CONNECTIONS)]
            self._address = address
        return address is not None

    def _begin(self, slot):
        body = otlp.request("traces", items=2)
        call = self._senders[slot % self.CONNECTIONS].begin("traces", body)
        call.add_done_callback(lambda done: self._ended.put((slot, body, done)))

    def _run(self):
        waiting, paused_until = list(range(SENDERS)), 0.0
        open_calls = 0
        while open_calls or not self._stop.is_set():
            if waiting and time.monotonic() >= paused_until and not self._stop.is_set() and self._connect():
                for slot in waiting:
                    self._begin(slot)
                open_calls += len(waiting)
                self.most_open = max(self.most_open, open_calls)
                waiting = []
            try:
                slot, body, call = self._ended.get(timeout=0.05)
            except queue.Empty:
                continue
            open_calls -= 1
            waiting.append(slot)
            if call.code() == grpc.StatusCode.OK:
                self.acknowledged.append(body)
                continue
            if call.code() not in LATER_GRPC:
                self.wrong.append(call.code())
            paused_until = time.monotonic() + RETRY_PAUSE_S
        for sender in self._senders:
            sender.close()

    def stop(self):
        self._stop.set()
        self._thread.join(60)
        assert not self._thread.is_alive()


class Connections:
    """1,000 kept HTTP/1.1 connections; each sends, reads its answer, and thinks for a while."""

    def __init__(self, service):
        self.acknowledged, self.wrong, self.most_open = [], [], 0
        self._service, self._open = service, 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self._thread.start()

    async def _run(self):
        await asyncio.gather(*(self._keep_sending(i * THINK_TIME_S / SENDERS) for i in range(SENDERS)))

    async def _keep_sending(self, offset_s):
        await asyncio.sleep(offset_s)
        while not self._stop.is_set():
            address = self._service.addresses.get("http")
            try:
                if address is not None:
                    await self._converse(*address.rsplit(":", 1))
            except (OSError, asyncio.IncompleteReadError):
                pass  # the service is away, and what had no answer counts for nothing
            await asyncio.sleep(RETRY_PAUSE_S)

    async def _converse(self, host, port):
        reader, writer = await asyncio.open_connection(host, int(port))
        self._open += 1
        self.most_open = max(self.most_open, self._open)
        try:
            while not self._stop.is_set():
                body = otlp.request("traces", items=2)
                writer.write(b"POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-protobuf\r\n"
                             b"Content-Length: %d\r\n\r\n" % len(body) + body)
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                length = next((int(line.split(":")[1]) for line in head.split("\r\n") if line.startswith("content-length:")), 0)
                await reader.readexactly(length)
                status = int(head.split(" ", 2)[1])
                if status == 200:
                    self.acknowledged.append(body)
                elif status not in LATER_HTTP:
                    self.wrong.append(status)
                await asyncio.sleep(THINK_TIME_S)
        finally:
            self._open -= 1
            writer.close()

    def stop(self):
        self._stop.set()
        self._thread.join(60)
        assert not self._thread.is_alive()


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("senders", [Streams, Connections], ids=["grpc-streams", "http-connections"])
def test_a_thousand_senders_lose_nothing_acknowledged(make_gateway, grpc_destination, senders):
    service = make_gateway({"otlp": gateway.exporter("otlp", grpc_destination.endpoint)}).start()
    traffic = senders(service)

    def wait_for(more):
        goal = len(traffic.acknowledged) + more
        gateway.until(lambda: len(traffic.acknowledged) >= goal, lambda: f"{more} more acknowledged", 120)

    def keep_on_for(seconds):
        threading.Event().wait(seconds)
        wait_for(1)
        service.assert_rss_peak()

    wait_for(2 * SENDERS)
    grpc_destination.down()
    keep_on_for(20)
    service.restart()
    keep_on_for(20)
    service.kill()
    service.start()
    keep_on_for(20)
    grpc_destination.up()
    wait_for(SENDERS)
    traffic.stop()
    assert not traffic.wrong, traffic.wrong[:3]
    assert traffic.most_open == SENDERS
    wait_arrived(service, grpc_destination, otlp.containers(traffic.acknowledged), deadline_s=120)
    idle(service, "otlp")
    ledger = service.assert_balanced()["otlp", "traces"]
    assert ledger["damaged"] == ledger["expired"] == ledger["dead_lettered"] == 0
    service.assert_rss_peak()
