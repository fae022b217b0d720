'use strict';
// What every language's client sends by its SDK: tests/interop/expected.py says what must arrive.

const { SpanKind, SpanStatusCode, context, trace } = require('@opentelemetry/api');
const { SeverityNumber } = require('@opentelemetry/api-logs');
const { resourceFromAttributes } = require('@opentelemetry/resources');
const { BasicTracerProvider, BatchSpanProcessor } = require('@opentelemetry/sdk-trace-base');
const { AggregationType, MeterProvider, PeriodicExportingMetricReader } = require('@opentelemetry/sdk-metrics');
const { BatchLogRecordProcessor, LoggerProvider } = require('@opentelemetry/sdk-logs');

// protocol: grpc, http (protobuf) or json.
function exportersOf(protocol, coding, endpoint) {
  const packages = { grpc: 'grpc', http: 'proto', json: 'http' }[protocol];
  const made = (signal, name, path) => {
    const Exporter = require(`@opentelemetry/exporter-${signal}-otlp-${packages}`)[name];
    const url = protocol === 'grpc' ? `http://${endpoint}` : `http://${endpoint}/v1/${path}`;
    return new Exporter({ url, compression: coding });
  };
  return {
    spans: made('trace', 'OTLPTraceExporter', 'traces'),
    metrics: made('metrics', 'OTLPMetricExporter', 'metrics'),
    logs: made('logs', 'OTLPLogExporter', 'logs'),
  };
}

async function send(protocol, coding, endpoint) {
  const to = exportersOf(protocol, coding, endpoint);
  const resource = resourceFromAttributes({ 'service.name': 'interop-javascript' });
  const traces = new BasicTracerProvider({ resource, spanProcessors: [new BatchSpanProcessor(to.spans)] });
  const metrics = new MeterProvider({
    resource,
    readers: [new PeriodicExportingMetricReader({ exporter: to.metrics, exportIntervalMillis: 60000 })],
    views: [
      { instrumentName: 'payload', aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } },
      { instrumentName: 'latency', aggregation: { type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM, options: { boundaries: [5, 10] } } },
    ],
  });
  const logs = new LoggerProvider({ resource, processors: [new BatchLogRecordProcessor({ exporter: to.logs })] });

  const tracer = traces.getTracer('interop', '1.2');
  const parent = tracer.startSpan('parent', {
    kind: SpanKind.SERVER,
    attributes: { text: 'größer £ 🛒', ok: true, count: 2 ** 53, ratio: 0.25, names: ['a', 'b'], sizes: [1, 2] },
  });
  const inParent = trace.setSpan(context.active(), parent);
  parent.addEvent('cache.miss', { attempt: 2 });
  const link = { context: parent.spanContext(), attributes: { why: 'test' } };
  const child = tracer.startSpan('child', { kind: SpanKind.CLIENT, links: [link] }, inParent);
  child.setStatus({ code: SpanStatusCode.ERROR, message: 'broken' });
  child.end();

  const meter = metrics.getMeter('interop', '1.2');
  meter.createCounter('requests', { unit: '{request}', valueType: 0 }).add(3, { route: '/' });
  meter.createUpDownCounter('connections', { valueType: 0 }).add(-2);
  meter.createGauge('temperature').record(21.5);
  const latency = meter.createHistogram('latency');
  for (const value of [1, 7, 50]) latency.record(value);
  const payload = meter.createHistogram('payload');
  for (const value of [0, 1, 2, 4]) payload.record(value);
  meter.createObservableCounter('ticks', { valueType: 0 }).addCallback((result) => result.observe(7));

  const logger = logs.getLogger('interop', '1.2');
  logger.emit({
    severityNumber: SeverityNumber.WARN, severityText: 'WARN', body: 'an order was placed', attributes: { order: 17 }, context: inParent,
  });
  logger.emit({ severityNumber: SeverityNumber.INFO, body: { kind: 'map', list: [1, true] } });

  parent.end();
  await Promise.all([traces.shutdown(), metrics.shutdown(), logs.shutdown()]);
}

module.exports = { send };
