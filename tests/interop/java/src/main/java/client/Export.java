package client;

import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.common.Value;
import io.opentelemetry.api.logs.Logger;
import io.opentelemetry.api.logs.Severity;
import io.opentelemetry.api.metrics.DoubleHistogram;
import io.opentelemetry.api.metrics.Meter;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.exporter.otlp.http.logs.OtlpHttpLogRecordExporter;
import io.opentelemetry.exporter.otlp.http.metrics.OtlpHttpMetricExporter;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.exporter.otlp.logs.OtlpGrpcLogRecordExporter;
import io.opentelemetry.exporter.otlp.metrics.OtlpGrpcMetricExporter;
import io.opentelemetry.exporter.otlp.trace.OtlpGrpcSpanExporter;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.logs.SdkLoggerProvider;
import io.opentelemetry.sdk.logs.export.BatchLogRecordProcessor;
import io.opentelemetry.sdk.logs.export.LogRecordExporter;
import io.opentelemetry.sdk.metrics.Aggregation;
import io.opentelemetry.sdk.metrics.InstrumentSelector;
import io.opentelemetry.sdk.metrics.SdkMeterProvider;
import io.opentelemetry.sdk.metrics.View;
import io.opentelemetry.sdk.metrics.export.MetricExporter;
import io.opentelemetry.sdk.metrics.export.PeriodicMetricReader;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** What every language's client sends by its SDK: tests/interop/expected.py says what must arrive. */
final class Export {
  private Export() {}

  private record Exporters(SpanExporter spans, MetricExporter metrics, LogRecordExporter logs) {}

  private static Exporters exporters(String protocol, String coding, String endpoint) {
    String base = "http://" + endpoint;
    if (protocol.equals("grpc")) {
      return new Exporters(
          OtlpGrpcSpanExporter.builder().setEndpoint(base).setCompression(coding).build(),
          OtlpGrpcMetricExporter.builder().setEndpoint(base).setCompression(coding).build(),
          OtlpGrpcLogRecordExporter.builder().setEndpoint(base).setCompression(coding).build());
    }
    return new Exporters(
        OtlpHttpSpanExporter.builder().setEndpoint(base + "/v1/traces").setCompression(coding).build(),
        OtlpHttpMetricExporter.builder().setEndpoint(base + "/v1/metrics").setCompression(coding).build(),
        OtlpHttpLogRecordExporter.builder().setEndpoint(base + "/v1/logs").setCompression(coding).build());
  }

  static void send(String protocol, String coding, String endpoint) {
    Exporters to = exporters(protocol, coding, endpoint);
    Resource about = Resource.create(Attributes.of(AttributeKey.stringKey("service.name"), "interop-java"));
    SdkTracerProvider traces =
        SdkTracerProvider.builder().setResource(about).addSpanProcessor(BatchSpanProcessor.builder(to.spans).build()).build();
    SdkMeterProvider metrics =
        SdkMeterProvider.builder()
            .setResource(about)
            .registerMetricReader(PeriodicMetricReader.builder(to.metrics).build())
            .registerView(
                InstrumentSelector.builder().setName("payload").build(),
                View.builder().setAggregation(Aggregation.base2ExponentialBucketHistogram()).build())
            .build();
    SdkLoggerProvider logs =
        SdkLoggerProvider.builder()
            .setResource(about)
            .addLogRecordProcessor(BatchLogRecordProcessor.builder(to.logs).build())
            .build();

    Tracer tracer = traces.tracerBuilder("interop").setInstrumentationVersion("1.2").build();
    Span parent =
        tracer
            .spanBuilder("parent")
            .setSpanKind(SpanKind.SERVER)
            .setAttribute("text", "größer £ 🛒")
            .setAttribute("ok", true)
            .setAttribute("count", (1L << 53) + 1)
            .setAttribute("ratio", 0.25)
            .setAttribute(AttributeKey.stringArrayKey("names"), List.of("a", "b"))
            .setAttribute(AttributeKey.longArrayKey("sizes"), List.of(1L, 2L))
            .startSpan();
    parent.addEvent("cache.miss", Attributes.of(AttributeKey.longKey("attempt"), 2L));
    Context inParent = Context.root().with(parent);
    Span child =
        tracer
            .spanBuilder("child")
            .setSpanKind(SpanKind.CLIENT)
            .setParent(inParent)
            .addLink(parent.getSpanContext(), Attributes.of(AttributeKey.stringKey("why"), "test"))
            .startSpan();
    child.setStatus(StatusCode.ERROR, "broken");
    child.end();

    Meter meter = metrics.meterBuilder("interop").setInstrumentationVersion("1.2").build();
    meter.counterBuilder("requests").setUnit("{request}").build().add(3, Attributes.of(AttributeKey.stringKey("route"), "/"));
    meter.upDownCounterBuilder("connections").build().add(-2);
    meter.gaugeBuilder("temperature").build().set(21.5);
    DoubleHistogram latency =
        meter.histogramBuilder("latency").setExplicitBucketBoundariesAdvice(List.of(5.0, 10.0)).build();
    for (double value : new double[] {1, 7, 50}) {
      latency.record(value);
    }
    DoubleHistogram payload = meter.histogramBuilder("payload").build();
    for (double value : new double[] {0, 1, 2, 4}) {
      payload.record(value);
    }
    meter.counterBuilder("ticks").buildWithCallback(measurement -> measurement.record(7));

    Logger logger = logs.loggerBuilder("interop").setInstrumentationVersion("1.2").build();
    logger
        .logRecordBuilder()
        .setContext(inParent)
        .setSeverity(Severity.WARN)
        .setSeverityText("WARN")
        .setBody("an order was placed")
        .setAttribute(AttributeKey.longKey("order"), 17L)
        .emit();
    logger
        .logRecordBuilder()
        .setSeverity(Severity.INFO)
        .setBody(Value.of(java.util.Map.of("kind", Value.of("map"), "list", Value.of(Value.of(1), Value.of(true)))))
        .emit();

    parent.end();
    boolean sent = true;
    for (CompletableResultCode end : List.of(traces.shutdown(), metrics.shutdown(), logs.shutdown())) {
      sent &= end.join(20, TimeUnit.SECONDS).isSuccess();
    }
    if (!sent) {
      System.err.println("the SDK gave up on something");
      System.exit(1);
    }
  }
}
