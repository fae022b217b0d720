// The one file of the JSON half that sees simdjson: its header is heavy.
#include "utf8.h"

#include <simdjson.h>

namespace otlpview::json {

bool is_utf8(std::string_view text) noexcept {
  return simdjson::validate_utf8(text.data(), text.size());
}

}  // namespace otlpview::json
