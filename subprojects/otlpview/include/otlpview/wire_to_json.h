// The wire to OTLP/JSON: for files, for people and for the query API.
//
//   in  : an Export request of the signal as protobuf; parts of it may lie in any order and pieces
//   out : the same request as one JSON object, appended; one line, no newline in it or behind it
//
// Written as the OTLP specification has it: lowerCamelCase names, trace and span ids in hex (lower
// case), other bytes in base64 (standard, padded), enumerations and 32 bit integers as numbers, 64
// bit integers as strings, doubles as their shortest exact form or as "NaN", "Infinity",
// "-Infinity". Fields with presence are written also when they are zero, others are not.
//
// What protobuf merges is merged: pieces of a sub-message, interleaved elements, packed and single
// numbers; of a scalar and of a oneof the last counts. Fields that the schema does not have are
// dropped. A string that is not UTF-8 has U+FFFD in its bad places. For all else, json_to_wire()
// reads back what was written.
//
// Errors:  a CheckFailure; `out` is then as it was before. A body that check() accepts with
//          nesting_max = kNestingMax is always printed.
// Memory:  none beyond `out` for a body as senders write it; up to 16 times the body for one that
//          consists of the smallest possible pieces.
// Threads: pure function.
// Source:  conformance lines J-01 to J-33 and W-01 to W-06; ProtoJSON; RFC 8259.
#pragma once

#include <string>

#include "otlpview/check.h"
#include "otlpview/result.h"
#include "otlpview/signal.h"
#include "otlpview/wire.h"

namespace otlpview {

[[nodiscard]] Result<void, CheckFailure> wire_to_json(Signal signal, Bytes body, std::string& out);

}  // namespace otlpview
