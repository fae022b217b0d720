// The JSON half of response.h.
#include <charconv>

#include <simdjson.h>

#include "exporter/response.h"
#include "exporter/transport.h"

namespace gateway::exporter {

namespace {

// A number, or ProtoJSON's string of one.
std::uint64_t count_of(simdjson::dom::element value) {
  std::int64_t number = 0;
  std::string_view text;
  if (value.get(number) == simdjson::SUCCESS) {
    return number > 0 ? static_cast<std::uint64_t>(number) : 0;
  }
  if (value.get(text) != simdjson::SUCCESS) return 0;
  std::uint64_t count = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), count);
  return parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() ? count : 0;
}

}  // namespace

std::optional<PartialSuccess> read_partial_success_json(std::string_view body) {
  simdjson::dom::parser parser(kResponseSizeBytesMax);
  simdjson::dom::object root;
  if (parser.parse(body.data(), body.size()).get(root) != simdjson::SUCCESS) return std::nullopt;
  PartialSuccess result;
  simdjson::dom::object partial;
  if (root["partialSuccess"].get(partial) != simdjson::SUCCESS) return result;
  for (const char* name :
       {"rejectedSpans", "rejectedDataPoints", "rejectedLogRecords", "rejectedProfiles"}) {
    simdjson::dom::element value;
    if (partial[name].get(value) == simdjson::SUCCESS) result.rejected_items += count_of(value);
  }
  std::string_view message;
  if (partial["errorMessage"].get(message) == simdjson::SUCCESS) {
    result.error_message = printable(message);
  }
  return result;
}

std::optional<RpcStatus> read_rpc_status_json(std::string_view body) {
  simdjson::dom::parser parser(kResponseSizeBytesMax);
  simdjson::dom::object root;
  if (parser.parse(body.data(), body.size()).get(root) != simdjson::SUCCESS) return std::nullopt;
  RpcStatus result;
  std::string_view message;
  if (root["message"].get(message) == simdjson::SUCCESS) result.message = printable(message);
  return result;
}

}  // namespace gateway::exporter
