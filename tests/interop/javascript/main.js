'use strict';
// The JavaScript client of tests/interop.
//
//   main.js export grpc|http|json none|gzip ENDPOINT    one of everything by the OpenTelemetry SDK
//   main.js calls|traffic|pings ENDPOINT PROTOS         a gRPC client's life; prints JSON lines

const [mode, ...rest] = process.argv.slice(2);
let work;
if (mode === 'export' && rest.length === 3) {
  work = require('./export').send(...rest);
} else if (['calls', 'traffic', 'pings'].includes(mode) && rest.length === 2) {
  work = require('./calls')[mode](rest[1], rest[0]);
} else {
  process.stderr.write('usage: main.js export PROTOCOL CODING ENDPOINT | calls|traffic|pings ENDPOINT PROTOS\n');
  process.exit(2);
}
work.then(() => process.exit(0), (error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
