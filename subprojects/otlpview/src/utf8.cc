// The one file of the check that sees simdjson: its header is heavy.
#include <simdjson.h>

#include "ascii.h"

namespace otlpview::internal {

bool is_utf8_slow(const std::uint8_t* at, std::size_t size) noexcept {
  return simdjson::validate_utf8(reinterpret_cast<const char*>(at), size);
}

}  // namespace otlpview::internal
