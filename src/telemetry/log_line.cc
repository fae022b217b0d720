#include "telemetry/log_line.h"

#include <algorithm>
#include <array>
#include <chrono>

#include <fmt/format.h>

#include "telemetry/json_text.h"

namespace gateway::telemetry {
namespace {

void append_json_value(std::string& out, const FieldValue& value) {
  std::visit(
      [&out](const auto& v) {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, std::string_view>) {
          append_json_string(out, v);
        } else if constexpr (std::is_same_v<T, bool>) {
          out += v ? "true" : "false";
        } else {
          append_json_number(out, v);
        }
      },
      value);
}

void append_json_line(std::string& out, const LogEvent& event, Fields fields) {
  constexpr std::array<std::string_view, 5> kOwnNames = {"time", "level", "module", "message",
                                                         "repeated"};
  out += R"({"time":")";
  append_time(out, event.unix_nano);
  out.append(R"(","level":")").append(name_of(event.level)).append(R"(","module":)");
  append_json_string(out, event.module);
  out += R"(,"message":)";
  append_json_string(out, event.message);
  for (const Field& field : fields) {
    out += ',';
    const bool is_own =
        std::find(kOwnNames.begin(), kOwnNames.end(), field.name) != kOwnNames.end();
    append_json_string(out, is_own ? std::string(field.name).append("_") : field.name);
    out += ':';
    append_json_value(out, field.value);
  }
  if (event.repeated != 0) {
    out += R"(,"repeated":)";
    append_json_number(out, event.repeated);
  }
  out += "}\n";
}

// Plain where that is unambiguous, else as a JSON string.
void append_console_text(std::string& out, std::string_view text) {
  const bool is_plain = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c < 0x7F && c != '"' && c != '=' && c != '\\';
  });
  if (is_plain) {
    out += text;
  } else {
    append_json_string(out, text);
  }
}

void append_console_line(std::string& out, const LogEvent& event, Fields fields) {
  std::string message;
  append_json_string(message, event.message);
  append_time(out, event.unix_nano);
  fmt::format_to(std::back_inserter(out), " {:<5} ", name_of(event.level));
  append_console_text(out, event.module);
  out.append(": ").append(message, 1, message.size() - 2);  // escaped, without its quotes
  for (const Field& field : fields) {
    out += ' ';
    append_console_text(out, field.name);
    out += '=';
    if (const auto* text = std::get_if<std::string_view>(&field.value)) {
      append_console_text(out, *text);
    } else {
      append_json_value(out, field.value);
    }
  }
  if (event.repeated != 0) fmt::format_to(std::back_inserter(out), " repeated={}", event.repeated);
  out += '\n';
}

}  // namespace

void append_time(std::string& out, std::int64_t unix_nano) {
  using std::chrono::nanoseconds;
  const std::chrono::sys_time<nanoseconds> time{nanoseconds(unix_nano)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss<nanoseconds> clock{time - day};
  fmt::format_to(std::back_inserter(out), "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}Z",
                 static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                 static_cast<unsigned>(date.day()), clock.hours().count(), clock.minutes().count(),
                 clock.seconds().count(), clock.subseconds().count());
}

void append_log_line(std::string& out, LogFormat format, const LogEvent& event, Fields fields) {
  if (format == LogFormat::json) {
    append_json_line(out, event, fields);
  } else {
    append_console_line(out, event, fields);
  }
}

}  // namespace gateway::telemetry
