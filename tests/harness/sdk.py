"""Real SDK clients whose exporters also keep the bytes they sent, for comparison at the destination."""

import logging
import random

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.exporter.otlp.proto.grpc import _log_exporter as grpc_logs
from opentelemetry.exporter.otlp.proto.grpc import metric_exporter as grpc_metrics
from opentelemetry.exporter.otlp.proto.grpc import trace_exporter as grpc_traces
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http import _log_exporter as http_logs
from opentelemetry.exporter.otlp.proto.http import metric_exporter as http_metrics
from opentelemetry.exporter.otlp.proto.http import trace_exporter as http_traces
from opentelemetry.metrics import Observation
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
import grpc

import otlp

ENCODE = {"traces": encode_spans, "metrics": encode_metrics, "logs": encode_logs}


def keep_sent(exporter, signal, sent):
    """Makes `exporter` append the bytes of each request, as its own encoder writes them."""
    export = exporter.export

    def recording(batch, *args, **kwargs):
        sent.append(ENCODE[signal](batch).SerializeToString())
        return export(batch, *args, **kwargs)
    exporter.export = recording
    return exporter


class Sdk:
    """All three signals of one service, over `protocol` ("grpc" or "http"), gzip or not."""

    def __init__(self, gateway, protocol, gzip=False, service="checkout"):
        self.sent = {name: [] for name in otlp.SIGNALS}
        resource = Resource.create({"service.name": service, "service.version": "2.1.0", "deployment.environment": "test"})
        traces, metrics, logs = self._exporters(gateway, protocol, gzip)
        self.tracers = TracerProvider(resource=resource)
        self.tracers.add_span_processor(BatchSpanProcessor(keep_sent(traces, "traces", self.sent["traces"])))
        self.meters = MeterProvider(resource=resource, metric_readers=[
            PeriodicExportingMetricReader(keep_sent(metrics, "metrics", self.sent["metrics"]), export_interval_millis=60_000)],
                                    views=[View(instrument_name="payload", aggregation=ExponentialBucketHistogramAggregation())])
        self.loggers = LoggerProvider(resource=resource)
        self.loggers.add_log_record_processor(BatchLogRecordProcessor(keep_sent(logs, "logs", self.sent["logs"])))

    @staticmethod
    def _exporters(gateway, protocol, gzip):
        if protocol == "grpc":
            settings = dict(endpoint=f"http://{gateway.grpc}", insecure=True,
                            compression=grpc.Compression.Gzip if gzip else grpc.Compression.NoCompression)
            return (grpc_traces.OTLPSpanExporter(**settings), grpc_metrics.OTLPMetricExporter(**settings),
                    grpc_logs.OTLPLogExporter(**settings))
        compression = Compression.Gzip if gzip else Compression.NoCompression
        made = (module(endpoint=f"http://{gateway.http}/v1/{name}", compression=compression)
                for name, module in (("traces", http_traces.OTLPSpanExporter), ("metrics", http_metrics.OTLPMetricExporter),
                                     ("logs", http_logs.OTLPLogExporter)))
        return tuple(made)

    def work(self, rounds=20, seed=1):
        """Nested spans with events, links and errors; every kind of instrument; logs inside spans."""
        chance = random.Random(seed)
        tracer = self.tracers.get_tracer("shop", "1.4")
        meter = self.meters.get_meter("shop", "1.4")
        orders = meter.create_counter("orders", unit="{order}")
        latency = meter.create_histogram("latency", unit="ms")
        stock = meter.create_up_down_counter("stock")
        meter.create_observable_gauge("temperature", callbacks=[lambda _: [Observation(21.5, {"room": "a"})]])
        payload = meter.create_histogram("payload", unit="By")
        logger = logging.Logger(f"shop-{id(self)}")
        logger.addHandler(LoggingHandler(logger_provider=self.loggers))
        previous = None
        for index in range(rounds):
            links = [trace.Link(previous)] if previous else []
            with tracer.start_as_current_span("POST /checkout", kind=trace.SpanKind.SERVER, links=links) as outer:
                outer.set_attributes({"http.request.method": "POST", "http.route": "/checkout", "user.id": index, "ok": True,
                                      "weights": [0.5, 1.5], "text": "größer £ 🛒"})
                previous = outer.get_span_context()
                with tracer.start_as_current_span("charge card", kind=trace.SpanKind.CLIENT) as inner:
                    inner.add_event("retry", {"attempt": 2})
                    if chance.random() < 0.2:
                        inner.record_exception(ValueError("card declined"))
                        inner.set_status(trace.StatusCode.ERROR, "card declined")
                        logger.error("card declined for order %d", index, extra={"order": index})
                    logger.info("order %d charged", index)
            orders.add(1, {"country": chance.choice(["de", "fr"])})
            latency.record(chance.expovariate(1 / 80), {"route": "/checkout"})
            stock.add(-1)
            payload.record(chance.expovariate(1 / 2000))

    def close(self):
        """Flushes and stops; raises when the SDK gave up on something."""
        for provider in (self.tracers, self.meters, self.loggers):
            provider.force_flush()
            provider.shutdown()

    def items_sent(self, signal):
        return sum(otlp.item_count(signal, body) for body in self.sent[signal])
