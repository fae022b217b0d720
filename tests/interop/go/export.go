package main

// What every language's client sends by its SDK: tests/interop/expected.py says what must arrive.

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploggrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/metric"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

type exporters struct {
	spans   sdktrace.SpanExporter
	metrics sdkmetric.Exporter
	logs    sdklog.Exporter
}

func exportersOf(ctx context.Context, protocol, coding, endpoint string) (out exporters, err error) {
	var failures [3]error
	if protocol == "grpc" {
		compressor := map[string]string{"gzip": "gzip", "none": ""}[coding]
		spans := []otlptracegrpc.Option{otlptracegrpc.WithEndpoint(endpoint), otlptracegrpc.WithInsecure()}
		metrics := []otlpmetricgrpc.Option{otlpmetricgrpc.WithEndpoint(endpoint), otlpmetricgrpc.WithInsecure()}
		logs := []otlploggrpc.Option{otlploggrpc.WithEndpoint(endpoint), otlploggrpc.WithInsecure()}
		if compressor != "" {
			spans = append(spans, otlptracegrpc.WithCompressor(compressor))
			metrics = append(metrics, otlpmetricgrpc.WithCompressor(compressor))
			logs = append(logs, otlploggrpc.WithCompressor(compressor))
		}
		out.spans, failures[0] = otlptracegrpc.New(ctx, spans...)
		out.metrics, failures[1] = otlpmetricgrpc.New(ctx, metrics...)
		out.logs, failures[2] = otlploggrpc.New(ctx, logs...)
		return out, errors.Join(failures[:]...)
	}
	spans := []otlptracehttp.Option{otlptracehttp.WithEndpoint(endpoint), otlptracehttp.WithInsecure()}
	metrics := []otlpmetrichttp.Option{otlpmetrichttp.WithEndpoint(endpoint), otlpmetrichttp.WithInsecure()}
	logs := []otlploghttp.Option{otlploghttp.WithEndpoint(endpoint), otlploghttp.WithInsecure()}
	if coding == "gzip" {
		spans = append(spans, otlptracehttp.WithCompression(otlptracehttp.GzipCompression))
		metrics = append(metrics, otlpmetrichttp.WithCompression(otlpmetrichttp.GzipCompression))
		logs = append(logs, otlploghttp.WithCompression(otlploghttp.GzipCompression))
	}
	out.spans, failures[0] = otlptracehttp.New(ctx, spans...)
	out.metrics, failures[1] = otlpmetrichttp.New(ctx, metrics...)
	out.logs, failures[2] = otlploghttp.New(ctx, logs...)
	return out, errors.Join(failures[:]...)
}

func export(ctx context.Context, protocol, coding, endpoint string) error {
	to, err := exportersOf(ctx, protocol, coding, endpoint)
	if err != nil {
		return err
	}
	about := resource.NewSchemaless(attribute.String("service.name", "interop-go"))
	traces := sdktrace.NewTracerProvider(sdktrace.WithBatcher(to.spans), sdktrace.WithResource(about))
	exponential := sdkmetric.NewView(sdkmetric.Instrument{Name: "payload"},
		sdkmetric.Stream{Aggregation: sdkmetric.AggregationBase2ExponentialHistogram{MaxSize: 160, MaxScale: 20}})
	metrics := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewPeriodicReader(to.metrics)),
		sdkmetric.WithResource(about), sdkmetric.WithView(exponential))
	logs := sdklog.NewLoggerProvider(sdklog.WithProcessor(sdklog.NewBatchProcessor(to.logs)), sdklog.WithResource(about))

	tracer := traces.Tracer("interop", trace.WithInstrumentationVersion("1.2"))
	inParent, parent := tracer.Start(ctx, "parent", trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(
		attribute.String("text", "größer £ 🛒"), attribute.Bool("ok", true), attribute.Int64("count", 1<<53+1),
		attribute.Float64("ratio", 0.25), attribute.StringSlice("names", []string{"a", "b"}),
		attribute.Int64Slice("sizes", []int64{1, 2})))
	parent.AddEvent("cache.miss", trace.WithAttributes(attribute.Int("attempt", 2)))
	_, child := tracer.Start(inParent, "child", trace.WithSpanKind(trace.SpanKindClient), trace.WithLinks(
		trace.Link{SpanContext: parent.SpanContext(), Attributes: []attribute.KeyValue{attribute.String("why", "test")}}))
	child.SetStatus(codes.Error, "broken")
	child.End()

	meter := metrics.Meter("interop", metric.WithInstrumentationVersion("1.2"))
	requests, e1 := meter.Int64Counter("requests", metric.WithUnit("{request}"))
	connections, e2 := meter.Int64UpDownCounter("connections")
	temperature, e3 := meter.Float64Gauge("temperature")
	latency, e4 := meter.Float64Histogram("latency", metric.WithExplicitBucketBoundaries(5, 10))
	payload, e5 := meter.Float64Histogram("payload")
	_, e6 := meter.Int64ObservableCounter("ticks", metric.WithInt64Callback(
		func(_ context.Context, o metric.Int64Observer) error { o.Observe(7); return nil }))
	if err := errors.Join(e1, e2, e3, e4, e5, e6); err != nil {
		return err
	}
	requests.Add(inParent, 3, metric.WithAttributes(attribute.String("route", "/")))
	connections.Add(inParent, -2)
	temperature.Record(inParent, 21.5)
	for _, value := range []float64{1, 7, 50} {
		latency.Record(inParent, value)
	}
	for _, value := range []float64{0, 1, 2, 4} {
		payload.Record(inParent, value)
	}

	logger := logs.Logger("interop", log.WithInstrumentationVersion("1.2"))
	var record log.Record
	record.SetSeverity(log.SeverityWarn)
	record.SetSeverityText("WARN")
	record.SetBody(attribute.StringValue("an order was placed"))
	record.AddAttributes(attribute.Int("order", 17))
	logger.Emit(inParent, record)
	var structured log.Record
	structured.SetSeverity(log.SeverityInfo)
	structured.SetBody(attribute.MapValue(attribute.String("kind", "map"), attribute.Slice("list", attribute.Int64Value(1), attribute.BoolValue(true))))
	logger.Emit(ctx, structured)

	parent.End()
	return errors.Join(traces.Shutdown(ctx), metrics.Shutdown(ctx), logs.Shutdown(ctx))
}
