'use strict';
// A gRPC client's life with the gateway: deadlines, cancellation, pings, GOAWAY, reconnection, health, reflection.

const path = require('path');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const TRACE_SERVICE = 'opentelemetry.proto.collector.trace.v1.TraceService';

function load(protos, ...files) {
  const options = { includeDirs: [protos], keepCase: true, longs: String, enums: String, defaults: true, oneofs: true };
  return grpc.loadPackageDefinition(loader.loadSync(files.map((file) => path.join(protos, file)), options));
}

class Client {
  constructor(protos, endpoint, options = {}) {
    this.endpoint = endpoint;
    this.options = options;
    this.packages = load(protos, 'opentelemetry/proto/collector/trace/v1/trace_service.proto', 'grpc/health/v1/health.proto',
      'grpc/reflection/v1/reflection.proto', 'grpc/reflection/v1alpha/reflection.proto');
    const of = (Service) => new Service(endpoint, grpc.credentials.createInsecure(), options);
    this.traces = of(this.packages.opentelemetry.proto.collector.trace.v1.TraceService);
    this.health = of(this.packages.grpc.health.v1.Health);
    this.reflection = of(this.packages.grpc.reflection.v1.ServerReflection);
    this.alpha = of(this.packages.grpc.reflection.v1alpha.ServerReflection);
  }

  close() {
    for (const one of [this.traces, this.health, this.reflection, this.alpha]) one.close();
  }
}

let serial = 0;

// One span, like no other.
function request() {
  serial += 1;
  const traceId = Buffer.alloc(16);
  traceId.writeUInt32BE(serial, 12);
  const spanId = Buffer.alloc(8, 1);
  const attribute = { key: 'k', value: { string_value: 'v' } };
  const span = { trace_id: traceId, span_id: spanId, name: 'call', start_time_unix_nano: 1, end_time_unix_nano: 2, attributes: [attribute] };
  return { resource_spans: [{ scope_spans: [{ spans: [span] }] }] };
}

const nameOf = (code) => (code === 0 ? 'OK' : grpc.status[code]);
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);

// Resolves to the name of the code that the call ended with.
function exported(client, options, cancelAfterMs) {
  return new Promise((resolve) => {
    const call = client.traces.Export(request(), new grpc.Metadata(options.metadata || {}), options, (error) => resolve(nameOf(error ? error.code : 0)));
    if (cancelAfterMs !== undefined) setTimeout(() => call.cancel(), cancelAfterMs);
  });
}

async function tallied(times, once) {
  const tally = {};
  for (let i = 0; i < times; i += 1) {
    const name = await once(i);
    tally[name] = (tally[name] || 0) + 1;
  }
  return tally;
}

async function calls(protos, endpoint) {
  const client = new Client(protos, endpoint);
  await exported(client, {});
  const deadlines = await tallied(100, (i) => exported(client, { deadline: Date.now() + (i % 4) }));
  const cancelled = await tallied(100, (i) => exported(client, {}, i % 4));
  const after = await tallied(10, () => exported(client, {}));
  say({ deadlines, cancelled, after });

  const check = {};
  for (const service of ['', TRACE_SERVICE, 'no.such.Service']) {
    check[service] = await new Promise((resolve) => {
      client.health.Check({ service }, (error, answer) => resolve(error ? nameOf(error.code) : answer.status));
    });
  }
  const watch = await new Promise((resolve) => {
    const stream = client.health.Watch({ service: '' });
    stream.on('error', () => {});
    stream.on('data', (answer) => {
      resolve(answer.status);
      stream.cancel();
    });
  });
  say({ check, watch });
  say(await reflected(client));
  client.close();
}

async function asked(stub, questions) {
  const stream = stub.ServerReflectionInfo();
  const answers = [];
  const end = await new Promise((resolve) => {
    stream.on('data', (answer) => {
      answers.push(answer);
      if (answers.length < questions.length) stream.write(questions[answers.length]);
      else stream.end();
    });
    stream.on('error', () => {});
    stream.on('status', (status) => resolve(nameOf(status.code)));
    stream.write(questions[0]);
  });
  return { answers, end };
}

async function reflected(client) {
  const questions = [{ list_services: '' }, { file_containing_symbol: TRACE_SERVICE }, { file_containing_symbol: 'no.such.Symbol' }];
  const { answers, end } = await asked(client.reflection, questions);
  const descriptor = require('protobufjs/ext/descriptor');
  const methods = [];
  for (const bytes of answers[1].file_descriptor_response.file_descriptor_proto) {
    const file = descriptor.FileDescriptorProto.decode(bytes);
    for (const service of file.service) {
      for (const method of service.method) methods.push(`${file.package}.${service.name}/${method.name}`);
    }
  }
  const alpha = await asked(client.alpha, [{ list_services: '' }]);
  return {
    services: answers[0].list_services_response.service.map((service) => service.name),
    methods,
    unknown_symbol: nameOf(answers[2].error_response.error_code),
    end: end === 'OK' ? 'EOF' : end,
    alpha_services: alpha.answers[0].list_services_response.service.length,
  };
}

// Calls by eight at a time until stdin ends, however often the connection goes away.
async function traffic(protos, endpoint) {
  const client = new Client(protos, endpoint);
  let running = true;
  process.stdin.on('end', () => { running = false; });
  process.stdin.resume();
  const tally = {};
  const waitForReady = new grpc.Metadata({ waitForReady: true });
  const one = () => new Promise((resolve) => {
    client.traces.Export(request(), waitForReady, { deadline: Date.now() + 10000 }, (error) => resolve(nameOf(error ? error.code : 0)));
  });
  const lane = async () => {
    while (running) {
      const name = await one();
      tally[name] = (tally[name] || 0) + 1;
      if (name === 'OK' && tally.OK === 1) say({ running: true });
      await new Promise((resolve) => { setTimeout(resolve, 2); });
    }
  };
  await Promise.all(Array.from({ length: 8 }, lane));
  say({ calls: tally });
  client.close();
}

// A quiet connection with one open call and a ping every 10 s.
async function pings(protos, endpoint) {
  const client = new Client(protos, endpoint, {
    'grpc.keepalive_time_ms': 10000, 'grpc.keepalive_timeout_ms': 5000, 'grpc.keepalive_permit_without_calls': 1,
  });
  const ended = await new Promise((resolve) => {
    const stream = client.health.Watch({ service: '' }, { deadline: Date.now() + 35000 });
    stream.on('data', () => {});
    stream.on('error', () => {});
    stream.on('status', (status) => resolve(nameOf(status.code)));
  });
  say({ watch_ended_by: ended });
  client.close();
}

module.exports = { calls, traffic, pings };
