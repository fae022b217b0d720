#include "pipeline/request_context.h"

#include "base/assert.h"
#include "storage/log.h"

namespace gateway::pipeline {
namespace {

constexpr std::size_t kKeySizeBytesMax = 255;
constexpr std::size_t kEntryOverheadBytes = 1 + 2;

[[nodiscard]] std::size_t byte_at(std::string_view text, std::size_t index) noexcept {
  return static_cast<unsigned char>(text[index]);
}

}  // namespace

bool append_context_value(std::string_view key, std::string_view value, std::string& context) {
  static_assert(storage::kContextSizeBytesMax <= UINT16_MAX);
  GATEWAY_ASSERT(key.size() <= kKeySizeBytesMax);
  if (value.size() > storage::kContextSizeBytesMax ||
      context.size() + kEntryOverheadBytes + key.size() + value.size() >
          storage::kContextSizeBytesMax) {
    return false;
  }
  context += static_cast<char>(key.size());
  context += key;
  context += static_cast<char>(value.size() & 0xFFU);
  context += static_cast<char>(value.size() >> 8);
  context += value;
  return true;
}

std::optional<ContextValue> next_context_value(std::string_view& rest) noexcept {
  if (rest.empty()) return std::nullopt;
  const std::size_t key_size = byte_at(rest, 0);
  if (rest.size() < kEntryOverheadBytes + key_size) return std::nullopt;
  const std::string_view key = rest.substr(1, key_size);
  rest.remove_prefix(1 + key_size);
  const std::size_t value_size = byte_at(rest, 0) | byte_at(rest, 1) << 8;
  rest.remove_prefix(2);
  if (rest.size() < value_size) return std::nullopt;
  const std::string_view value = rest.substr(0, value_size);
  rest.remove_prefix(value_size);
  return ContextValue{key, value};
}

std::optional<std::string_view> find_context_value(std::string_view context,
                                                   std::string_view key) noexcept {
  while (const auto entry = next_context_value(context)) {
    if (entry->key == key) return entry->value;
  }
  return std::nullopt;
}

}  // namespace gateway::pipeline
