// The asker's side of a tap: an answer taken apart.
//
//   answer := entry* end        as in query/tap/tap_source.h
//
// Units:   items.
// Errors:  a sentence for an answer that is none.
// Threads: pure.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "pipeline/captured_request.h"

namespace gateway::query {

struct TapEnd {
  std::string next;  // where to go on
  bool more = false;
  std::uint64_t dropped_items = 0;
};

// The last line of an answer.
[[nodiscard]] std::string to_text(const TapEnd& end);

// Calls `each` for the entries, until it returns false.
[[nodiscard]] Result<TapEnd, std::string> read_tap_answer(
    std::string_view answer, const std::function<bool(const pipeline::CapturedView&)>& each);

}  // namespace gateway::query
