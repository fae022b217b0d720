"""kill -9 again and again, at moments from a seed, under load: nothing acknowledged is missing.

Small segments, so that kills fall into preallocation, rollover and recycling too. The seed is printed;
CRASH_SEED repeats it, CRASH_ROUNDS sets how often.
"""

import os
import random
import threading

import pytest

import gateway
from traffic import Traffic, idle, wait_arrived

SEED = int(os.environ.get("CRASH_SEED", random.randrange(1 << 30)))
ROUNDS = int(os.environ.get("CRASH_ROUNDS", "25"))


@pytest.mark.timeout(900)
@pytest.mark.parametrize("durability", ["commit", "interval"])
def test_kills_at_any_moment(make_gateway, grpc_destination, durability):
    print(f"CRASH_SEED={SEED}")
    chance = random.Random(SEED)
    service = make_gateway({"otlp": gateway.exporter("otlp", grpc_destination.endpoint)},
                           storage={"durability": durability, "segment_size": 2 << 20},
                           receivers=gateway.receivers(1)).start()
    traffic = Traffic(service, senders=6, items=3, text_bytes=2000)
    pause = threading.Event()
    up = True
    for _ in range(ROUNDS):
        traffic.wait_for(chance.randrange(1, 80))
        pause.wait(chance.random() * 0.05)
        if chance.random() < 0.3:
            grpc_destination.down() if up else grpc_destination.up()
            up = not up
        service.kill()
        # Sometimes it is killed again while it recovers.
        while chance.random() < 0.25:
            service.start(ready=False)
            pause.wait(chance.random() * 0.05)
            service.kill()
        service.start()
    if not up:
        grpc_destination.up()
    traffic.wait_for(50)
    wanted = traffic.stop()
    wait_arrived(service, grpc_destination, wanted, deadline_s=120)
    idle(service, "otlp")
    ledger = service.assert_balanced()["otlp", "traces"]
    assert ledger["damaged"] == ledger["expired"] == ledger["dead_lettered"] == 0
    assert ledger["stored"] >= wanted.total() * 3
