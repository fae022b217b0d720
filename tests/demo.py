"""`./dev demo`: a small shop under traffic, seen through the gateway.

Starts the service in a folder of its own on free ports, with two exporters: a receiver written in
Python, which stands for a backend, and `file`. Four services of a shop then send traces, metrics and
logs by the OpenTelemetry SDK for a while, over gRPC and HTTP. At the end it shows what arrived, what
the service says of itself, and the last lines of the file; then it stops the service.
"""

import argparse
import collections
import contextlib
import json
import logging
import pathlib
import random
import shutil
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests" / "harness")]

from opentelemetry import trace  # noqa: E402
from opentelemetry.trace import SpanKind, StatusCode  # noqa: E402

import destination  # noqa: E402
import gateway  # noqa: E402
import otlp  # noqa: E402
import sdk  # noqa: E402

SERVICES = {"frontend": "grpc", "cart": "http", "payment": "grpc", "inventory": "http"}
PRODUCTS = ["kettle", "teapot", "mug", "strainer", "tea, loose", "tea, bags"]
REQUEST_PAUSE_S = 0.02


class Shop:
    """One customer request: frontend -> cart -> payment and inventory, each with its own SDK."""

    def __init__(self, service):
        self.clients = {name: sdk.Sdk(service, protocol, gzip=name == "frontend", service=name)
                        for name, protocol in SERVICES.items()}
        self.tracers = {name: client.tracers.get_tracer("shop", "3.0") for name, client in self.clients.items()}
        meters = {name: client.meters.get_meter("shop", "3.0") for name, client in self.clients.items()}
        self.requests = meters["frontend"].create_counter("http.server.requests", unit="{request}")
        self.duration = meters["frontend"].create_histogram("http.server.request.duration", unit="ms")
        self.open_carts = meters["cart"].create_up_down_counter("carts.open", unit="{cart}")
        self.revenue = meters["payment"].create_counter("revenue", unit="EUR")
        self.stock = collections.Counter({product: 1000 for product in PRODUCTS})
        meters["inventory"].create_observable_gauge("stock.level", callbacks=[self._stock_levels], unit="{item}")
        self.logs = {}
        for name, client in self.clients.items():
            self.logs[name] = logging.Logger(name)
            self.logs[name].addHandler(sdk.LoggingHandler(logger_provider=client.loggers))
        self.chance = random.Random(1)
        self.previous_checkout = None

    def _stock_levels(self, _):
        from opentelemetry.metrics import Observation
        return [Observation(count, {"product": product}) for product, count in self.stock.items()]

    def request(self):
        chance = self.chance
        user, product = chance.randrange(5000), chance.choice(PRODUCTS)
        links = [trace.Link(self.previous_checkout)] if self.previous_checkout and chance.random() < 0.3 else []
        with self.tracers["frontend"].start_as_current_span("POST /checkout", kind=SpanKind.SERVER, links=links) as front:
            front.set_attributes({"http.request.method": "POST", "http.route": "/checkout", "user.id": user})
            self.previous_checkout = front.get_span_context()
            self.open_carts.add(1)
            with self.tracers["cart"].start_as_current_span("load cart", kind=SpanKind.SERVER) as cart:
                cart.set_attribute("cart.items", chance.randint(1, 9))
                cart.add_event("cache miss" if chance.random() < 0.2 else "cache hit", {"cache": "carts"})
            with self.tracers["inventory"].start_as_current_span("reserve", kind=SpanKind.SERVER) as reserve:
                reserve.set_attributes({"product": product, "stock": self.stock[product]})
                self.stock[product] -= 1
                if self.stock[product] < 10:
                    self.logs["inventory"].warning("%s is nearly sold out", product)
                    self.stock[product] += 1000
            good = self._pay(user)
            front.set_attribute("http.response.status_code", 200 if good else 402)
            self.open_carts.add(-1)
            self.logs["frontend"].info("checkout of user %d: %s", user, "paid" if good else "refused", extra={"user": user})
        self.requests.add(1, {"http.route": "/checkout", "http.response.status_code": 200 if good else 402})
        self.duration.record(chance.expovariate(1 / 80), {"http.route": "/checkout"})

    def _pay(self, user):
        with self.tracers["payment"].start_as_current_span("charge card", kind=SpanKind.CLIENT) as pay:
            if self.chance.random() < 0.05:
                pay.record_exception(ConnectionError("card network did not answer"))
                pay.set_status(StatusCode.ERROR, "declined")
                self.logs["payment"].error("card of user %d declined", user)
                return False
            self.revenue.add(round(self.chance.uniform(3, 90), 2), {"currency": "EUR"})
            return True

    def flush_metrics(self):
        for client in self.clients.values():
            client.meters.force_flush()

    def close(self):
        for client in self.clients.values():
            client.close()

    def sent(self, signal):
        return sum(client.items_sent(signal) for client in self.clients.values())


def by_service(target, signal):
    counts = collections.Counter()
    for body in target.arrived(signal):
        message = otlp.REQUEST[signal].FromString(body)
        for _, containers in message.ListFields():
            for container in containers:
                name = next(a.value.string_value for a in container.resource.attributes if a.key == "service.name")
                one = type(message)()
                getattr(one, message.ListFields()[0][0].name).append(container)
                counts[name] += otlp.item_count(signal, one.SerializeToString())
    return counts


def show(service, shop, target, path):
    print("\nwhat arrived at the backend, beside what was sent:\n")
    print(f"  {'':12}" + "".join(f"{name:>12}" for name in (*SERVICES, "all", "sent")))
    for signal in otlp.SIGNALS:
        counts = by_service(target, signal)
        print(f"  {signal:12}" + "".join(f"{counts[name]:>12}" for name in SERVICES) + f"{counts.total():>12}{shop.sent(signal):>12}")
    print("\nthe ledger, from /metrics (stored = delivered + ... + pending):\n")
    for (exporter, signal), states in sorted(service.ledger().items()):
        print(f"  {exporter:14}{signal:10}" + "  ".join(f"{name} {count}" for name, count in states.items() if count or name in ("stored", "delivered", "pending")))
    requests = service.metrics()["otlp_requests_total"]
    print(f"\n{sum(value for _, value in requests):.0f} requests; resident memory {service.rss_bytes() / 2**20:.0f} MiB; "
          f"health: {service.get('/health').status}")
    print(f"\nthe last lines of the file exporter ({path.name}), shortened:\n")
    for line in path.read_text().splitlines()[-3:]:
        print(f"  {line[:150]}...")
        json.loads(line)


def main():
    parser = argparse.ArgumentParser(prog="./dev demo")
    parser.add_argument("--binary", type=pathlib.Path, default=gateway.BINARY)
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    gateway.BINARY = options.binary.resolve()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="otlp-demo-"))
    path = folder / "received.jsonl"
    target = destination.GrpcDestination()
    with contextlib.ExitStack() as cleanup:
        cleanup.callback(shutil.rmtree, folder, ignore_errors=True)
        cleanup.callback(target.close)
        service = gateway.Gateway(folder, {"otlp/backend": gateway.exporter("otlp", target.endpoint), "file": {"path": str(path)}})
        cleanup.callback(lambda: service.alive() and service.kill())
        service.start()
        print(f"the service is ready: OTLP/gRPC {service.grpc}, OTLP/HTTP {service.http}, admin http://{service.admin}")
        print(f"{len(SERVICES)} services of a shop send for {options.seconds:.0f} s ...", flush=True)
        shop = Shop(service)
        pause, end, told = threading.Event(), time.monotonic() + options.seconds, time.monotonic()
        while time.monotonic() < end:
            shop.request()
            pause.wait(REQUEST_PAUSE_S)
            if time.monotonic() - told > 10:
                told = time.monotonic()
                shop.flush_metrics()
                print(f"  {end - told:3.0f} s to go: " + ", ".join(f"{shop.sent(name)} {name}" for name in otlp.SIGNALS) + " sent", flush=True)
        shop.close()
        for signal in otlp.SIGNALS:
            for exporter in ("otlp/backend", "file"):
                service.wait_delivered(exporter, signal, shop.sent(signal))
        service.assert_balanced()
        show(service, shop, target, path)
        service.stop()
        print("\nstopped: exit 0")
        missing = [signal for signal in otlp.SIGNALS if target.items(signal) != shop.sent(signal)]
        if missing:
            sys.exit(f"not all arrived: {missing}")


if __name__ == "__main__":
    main()
