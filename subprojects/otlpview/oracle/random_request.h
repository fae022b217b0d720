// Random requests for the oracle tests: made by protobuf's reflection, so that no field is
// forgotten, and then disordered on the wire, as no encoder would write them and every reader must
// take them.
//
// Errors:  none.
// Threads: pure functions of their seed.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>

#include <google/protobuf/message.h>

#include "otlpview/signal.h"

namespace otlpview::oracle {

using Random = std::mt19937_64;

// The request message of a signal, empty.
[[nodiscard]] std::unique_ptr<google::protobuf::Message> new_request(Signal signal);

// Fills `message` with anything: unknown fields of every wire type, ids right and wrong, text of
// all widths, points that add up and points that do not. Never text that is not UTF-8.
void fill(google::protobuf::Message& message, Random& random, int depth = 0);

// The same fields in another order, some twice, at every level.
[[nodiscard]] std::string disorder(const google::protobuf::Descriptor& type,
                                   const std::string& wire, Random& random);

// fill(), serialized; sometimes disordered; sometimes with text that is not UTF-8.
[[nodiscard]] std::string random_request(Signal signal, Random& random);

}  // namespace otlpview::oracle
