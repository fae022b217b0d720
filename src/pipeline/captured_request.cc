#include "pipeline/captured_request.h"

#include <charconv>
#include <span>

#include <simdjson.h>

#include "pipeline/request_context.h"
#include "telemetry/json_text.h"

namespace gateway::pipeline {
namespace {

std::optional<Signal> signal_named(std::string_view name) {
  for (const Signal signal : kSignals) {
    if (name_of(signal) == name) return signal;
  }
  return std::nullopt;
}

// 64-bit numbers that a JavaScript reader must not round are strings of digits.
std::optional<std::uint64_t> number_of(std::string_view digits) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

void append_member(std::string_view name, std::string_view value, std::string& out) {
  if (value.empty()) return;
  out += ",\"";
  out += name;
  out += "\":";
  telemetry::append_json_string(out, value);
}

void append_context(std::string_view context, std::string& out) {
  std::string_view separator = ",\"context\":{";
  while (const auto entry = next_context_value(context)) {
    out += separator;
    telemetry::append_json_string(out, entry->key);
    out += ':';
    telemetry::append_json_string(out, entry->value);
    separator = ",";
  }
  if (separator.size() == 1) out += '}';
}

}  // namespace

std::string_view name_of(CapturedErrc code) noexcept {
  switch (code) {
    case CapturedErrc::truncated:
      return "an entry is cut off";
    case CapturedErrc::malformed:
      return "this is no captured request";
    case CapturedErrc::too_large:
      return "an entry is larger than any request can be";
    case CapturedErrc::unreadable:
      return "the file cannot be read";
  }
  return "unknown";
}

void append_captured_head(const CapturedHead& head, std::string& out) {
  out += "{\"time_unix_nano\":\"" + std::to_string(head.time_unix_nano) + "\",\"signal\":\"";
  out += name_of(head.signal);
  out += "\",\"item_count\":" + std::to_string(head.item_count) +
         ",\"size_bytes\":" + std::to_string(head.size_bytes);
  append_member("tenant", head.tenant, out);
  append_context(head.context, out);
  append_member("reason", head.reason, out);
  append_member("message", head.message, out);
  out += "}\n";
}

Result<CapturedHead, CapturedErrc> parse_captured_head(std::string_view line) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(line.data(), line.size()).get_object().get(object) != simdjson::SUCCESS) {
    return fail(CapturedErrc::malformed);
  }
  const auto text = [&object](std::string_view name) {
    std::string_view value;
    return object[name].get_string().get(value) == simdjson::SUCCESS ? value : std::string_view();
  };
  CapturedHead head;
  const auto signal = signal_named(text("signal"));
  const auto time = number_of(text("time_unix_nano"));
  if (!signal || !time || object["size_bytes"].get_uint64().get(head.size_bytes) != 0 ||
      object["item_count"].get_uint64().get(head.item_count) != 0) {
    return fail(CapturedErrc::malformed);
  }
  if (head.size_bytes > kCapturedPayloadSizeBytesMax) return fail(CapturedErrc::too_large);
  head.signal = *signal;
  head.time_unix_nano = *time;
  head.tenant = text("tenant");
  simdjson::dom::object context;
  if (object["context"].get_object().get(context) == simdjson::SUCCESS) {
    for (const auto& [key, value] : context) {
      std::string_view string;
      if (value.get_string().get(string) != simdjson::SUCCESS || key.size() > UINT8_MAX ||
          !append_context_value(key, string, head.context)) {
        return fail(CapturedErrc::malformed);
      }
    }
  }
  head.reason = text("reason");
  head.message = text("message");
  return head;
}

Result<CapturedView, CapturedErrc> read_captured(std::string_view bytes) {
  const std::size_t line_size = bytes.substr(0, kCapturedHeadSizeBytesMax).find('\n');
  if (line_size == std::string_view::npos) {
    return fail(bytes.size() < kCapturedHeadSizeBytesMax ? CapturedErrc::truncated
                                                         : CapturedErrc::malformed);
  }
  auto head = parse_captured_head(bytes.substr(0, line_size));
  if (!head) return fail(head.error());
  const std::string_view rest = bytes.substr(line_size + 1);
  if (rest.size() <= head->size_bytes) return fail(CapturedErrc::truncated);
  const auto size = static_cast<std::size_t>(head->size_bytes);
  if (rest[size] != '\n') return fail(CapturedErrc::malformed);
  return CapturedView{.head = std::move(*head),
                      .payload = rest.substr(0, size),
                      .size_bytes = line_size + 1 + size + 1};
}

Result<std::optional<CapturedRequest>, CapturedErrc> CapturedFileReader::next() {
  const auto read = [this](std::string& into) -> Result<void, CapturedErrc> {
    const auto got =
        file_->read_at(offset_bytes_, std::as_writable_bytes(std::span(into.data(), into.size())));
    if (!got) return fail(CapturedErrc::unreadable);
    into.resize(*got);
    return {};
  };
  std::string bytes(kCapturedHeadSizeBytesMax, '\0');
  if (auto done = read(bytes); !done) return fail(done.error());
  if (bytes.empty()) return std::nullopt;
  auto entry = read_captured(bytes);
  if (!entry && entry.error() == CapturedErrc::truncated) {
    const std::size_t line_size = bytes.find('\n');
    if (line_size == std::string::npos) return fail(CapturedErrc::truncated);
    const auto head = parse_captured_head(std::string_view(bytes).substr(0, line_size));
    if (!head) return fail(head.error());
    bytes.assign(line_size + 1 + static_cast<std::size_t>(head->size_bytes) + 1, '\0');
    if (auto done = read(bytes); !done) return fail(done.error());
    entry = read_captured(bytes);
  }
  if (!entry) return fail(entry.error());
  offset_bytes_ += entry->size_bytes;
  return CapturedRequest{.head = std::move(entry->head), .payload = std::string(entry->payload)};
}

}  // namespace gateway::pipeline
