#include "config/header_rules.h"

#include <algorithm>

namespace gateway::config {
namespace {

[[nodiscard]] bool is_name(std::string_view name, std::string_view marks) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [marks](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           marks.find(c) != std::string_view::npos;
  });
}

// Its value is sent in base64. Names are sent in lower case.
[[nodiscard]] bool is_binary(std::string_view name) {
  constexpr std::string_view kSuffix = "-bin";
  if (name.size() < kSuffix.size()) return false;
  const std::string_view end = name.substr(name.size() - kSuffix.size());
  return std::equal(end.begin(), end.end(), kSuffix.begin(), [](char a, char b) {
    return a == b || (a >= 'A' && a <= 'Z' && a - 'A' + 'a' == b);
  });
}

[[nodiscard]] std::string_view grpc_fault(std::string_view name, std::string_view value) {
  if (!is_name(name, "-_.")) {
    return "is not a name that gRPC can send; it takes letters, digits, `-`, `_` and `.`";
  }
  const bool is_printable =
      std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c <= '~'; });
  if (is_printable || is_binary(name)) return {};
  return "the value has characters that gRPC cannot send; it takes printable ASCII, and anything "
         "where the name ends in `-bin`";
}

[[nodiscard]] std::string_view http_fault(std::string_view name, std::string_view value) {
  if (!is_name(name, "!#$%&'*+-.^_`|~")) return "is not a header name";
  const bool is_clean = std::all_of(value.begin(), value.end(), [](char c) {
    return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F);
  });
  return is_clean ? std::string_view() : "the value has control characters";
}

}  // namespace

std::string_view header_fault(ExporterKind kind, std::string_view name, std::string_view value) {
  return kind == ExporterKind::otlp ? grpc_fault(name, value) : http_fault(name, value);
}

}  // namespace gateway::config
