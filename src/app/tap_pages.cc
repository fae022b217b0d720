#include "app/tap_pages.h"

#include <algorithm>
#include <chrono>
#include <span>
#include <utility>

#include "exporter/dead_letter_reader.h"
#include "exporter/decode.h"
#include "net/query_string.h"
#include "query/tap/tap_answer.h"
#include "telemetry/json_text.h"

namespace gateway::app {
namespace {

constexpr std::string_view kCapturedContentType = "application/vnd.otlp-service.captured";

admin::Page problem(std::uint16_t status, std::string_view message) {
  admin::Page page{.status = status,
                   .body = "{\"status\":" + std::to_string(status) + ",\"message\":"};
  telemetry::append_json_string(page.body, message);
  page.body += "}\n";
  return page;
}

admin::Page captured(std::string body) {
  return {.content_type = kCapturedContentType, .body = std::move(body)};
}

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace

query::Decode payload_decoder() {
  return [](ContentCoding coding, const Slice& payload) -> std::optional<Slice> {
    auto plain = exporter::decode_payload(coding, payload);
    if (!plain) return std::nullopt;
    return std::move(*plain);
  };
}

admin::Page tap_page(query::TapSource& source, std::string_view query) {
  const auto question = query::parse_tap_question(query);
  if (!question) return problem(400, question.error());
  auto answer = source.answer(*question, std::chrono::steady_clock::now());
  if (!answer) return problem(answer.error().status, answer.error().message);
  return captured(std::move(*answer));
}

admin::Page dead_letter_page(io::FileSystem& files, const std::string& directory,
                             const std::vector<std::string>& exporters, std::string_view query) {
  const auto pairs = net::parse_query(query);
  if (!pairs) return problem(400, "the query cannot be read");
  std::string exporter_id, from = "latest";
  query::ItemFilter filter;
  for (const auto& [name, value] : *pairs) {
    if (name == "exporter") {
      exporter_id = value;
    } else if (name == "from") {
      from = value;
    } else if (query::is_condition(name)) {
      const auto added = query::add_condition(name, value, filter);
      if (!added) return problem(400, added.error());
    } else {
      return problem(400, "\"" + name + "\" is no parameter here");
    }
  }
  if (std::find(exporters.begin(), exporters.end(), exporter_id) == exporters.end()) {
    return problem(404, "there is no exporter \"" + exporter_id + "\"");
  }
  if (from == "latest") {
    const auto latest = exporter::latest_dead_letter(files, directory, exporter_id);
    if (!latest) return problem(503, latest.error());
    return captured(to_text(query::TapEnd{.next = to_text(*latest)}));
  }
  const auto place =
      from == "oldest" ? exporter::DeadLetterPlace{} : exporter::parse_dead_letter_place(from);
  if (!place) return problem(400, "\"" + from + "\" is no place in the dead letters");
  std::string entries;
  bool more = false;
  const auto next = exporter::read_dead_letters(
      files, directory, exporter_id, *place, [&](const pipeline::CapturedRequest& entry) {
        more = entries.size() >= query::kTapAnswerSizeBytesMax;
        if (more) return false;
        if (!query::matches(filter, entry.head.signal, bytes_of(entry.payload))) return true;
        pipeline::append_captured_head(entry.head, entries);
        entries += entry.payload;
        entries += '\n';
        return true;
      });
  if (!next) return problem(503, next.error());
  return captured(entries + to_text(query::TapEnd{.next = to_text(*next), .more = more}));
}

}  // namespace gateway::app
