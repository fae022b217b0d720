// What is wrong (or odd) in a configuration, for a person: where, what, and what to do.
//
//   gateway.yaml:12:5: error: exporters.otlp.timeot: unknown key; did you mean `timeout`?
//
// An error refuses the start; a warning and a note do not. All are collected before any is shown.
//
// Errors:  these are they; nothing here fails.
// Threads: values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/settings.h"

namespace gateway::config {

enum class Severity : std::uint8_t { error, warning, note };

struct Diagnostic {
  Severity severity = Severity::error;
  Origin origin;
  std::string path;  // "exporters.otlp.timeout"; empty when it is about a whole file
  std::string message;
};

class Diagnostics {
 public:
  void error(const Origin& origin, std::string path, std::string message) {
    all_.push_back({Severity::error, origin, std::move(path), std::move(message)});
  }
  void warning(const Origin& origin, std::string path, std::string message) {
    all_.push_back({Severity::warning, origin, std::move(path), std::move(message)});
  }
  void note(const Origin& origin, std::string path, std::string message) {
    all_.push_back({Severity::note, origin, std::move(path), std::move(message)});
  }
  [[nodiscard]] bool has_errors() const noexcept;
  // All, in the order of files and lines, each once.
  [[nodiscard]] std::vector<Diagnostic> take() &&;

 private:
  std::vector<Diagnostic> all_;
};

// One line without newline.
[[nodiscard]] std::string text_of(const Diagnostic& diagnostic);

// The candidate nearest to `text` by edit distance, if it is near enough to be meant.
[[nodiscard]] std::string nearest(std::string_view text,
                                  const std::vector<std::string>& candidates);

// "a, b and c"
[[nodiscard]] std::string joined(const std::vector<std::string>& words);

}  // namespace gateway::config
