// What is kept of a request beside its body: the values that processors ask for by `from_context`,
// named as they ask for them. It lies in the record behind the body (docs/formats/segment.md).
//
//   context := entry*
//   entry   := key_size key value_size value
//   key_size   : uint8
//   value_size : uint16, little-endian
//   key        : "client.address", or "metadata." and a header's name in lower case
//   value      : UTF-8
//
// Units:   bytes; a context has at most storage::kContextSizeBytesMax.
// Errors:  a value that has no room is not added; of bytes that are no context what can be read.
// Threads: pure functions. Views borrow from the context.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gateway::pipeline {

// False: there is no room for it. Requires: key.size() <= 255.
[[nodiscard]] bool append_context_value(std::string_view key, std::string_view value,
                                        std::string& context);

struct ContextValue {
  std::string_view key, value;
};
// The first entry of `rest`, which goes on behind it; nothing at the end.
[[nodiscard]] std::optional<ContextValue> next_context_value(std::string_view& rest) noexcept;

[[nodiscard]] std::optional<std::string_view> find_context_value(std::string_view context,
                                                                 std::string_view key) noexcept;

}  // namespace gateway::pipeline
