#include "query/tap/tap_answer.h"

#include <simdjson.h>

#include "telemetry/json_text.h"

namespace gateway::query {
namespace {

constexpr std::string_view kEndBegins = "{\"next\":";

Result<TapEnd, std::string> parse_end(std::string_view line) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  std::string_view next;
  TapEnd end;
  if (parser.parse(line.data(), line.size()).get_object().get(object) != simdjson::SUCCESS ||
      object["next"].get_string().get(next) != simdjson::SUCCESS ||
      object["more"].get_bool().get(end.more) != simdjson::SUCCESS ||
      object["dropped_items"].get_uint64().get(end.dropped_items) != simdjson::SUCCESS) {
    return fail(std::string("the answer has no end"));
  }
  end.next = next;
  return end;
}

}  // namespace

std::string to_text(const TapEnd& end) {
  std::string text(kEndBegins);
  telemetry::append_json_string(text, end.next);
  return text + ",\"more\":" + (end.more ? "true" : "false") +
         ",\"dropped_items\":" + std::to_string(end.dropped_items) + "}\n";
}

Result<TapEnd, std::string> read_tap_answer(
    std::string_view answer, const std::function<bool(const pipeline::CapturedView&)>& each) {
  bool wanted = true;
  while (!answer.starts_with(kEndBegins)) {
    const auto entry = pipeline::read_captured(answer);
    if (!entry) return fail(std::string(name_of(entry.error())));
    if (wanted) wanted = each(*entry);
    answer.remove_prefix(entry->size_bytes);
  }
  return parse_end(answer);
}

}  // namespace gateway::query
