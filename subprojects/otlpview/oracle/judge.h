// The rules of the check and of rewrite() a second time, over protobuf's objects instead of bytes.
//
// Errors:  none.
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <google/protobuf/message.h>

#include "otlpview/signal.h"

namespace otlpview::oracle {

struct Judgement {
  std::uint32_t item_count = 0;
  std::uint32_t rejected_count = 0;
  bool has_wrong_ids = false;  // of accepted items
};

// Judges a request whose strings are UTF-8, and takes out of it what rewrite() must leave out.
Judgement judge(Signal signal, google::protobuf::Message& request);

// The items of a request, each behind what its envelopes say; the same however the request is cut.
std::vector<std::string> flatten(const google::protobuf::Message& request);

}  // namespace otlpview::oracle
