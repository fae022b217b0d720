#include "app/json_format.h"

#include <algorithm>
#include <utility>

namespace gateway::app {
namespace {

class Formatter {
 public:
  Formatter(std::string_view json, std::size_t indent) : rest_(json), indent_(indent) {}

  [[nodiscard]] std::optional<std::string> run() {
    skip_space();
    if (!value()) return std::nullopt;
    skip_space();
    if (!rest_.empty()) return std::nullopt;
    return std::move(out_);
  }

 private:
  void skip_space() {
    const std::size_t at = rest_.find_first_not_of(" \t\r\n");
    rest_.remove_prefix(at == std::string_view::npos ? rest_.size() : at);
  }
  [[nodiscard]] bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void new_line() {
    out_ += '\n';
    out_.append(2 * (indent_ + depth_), ' ');
  }

  [[nodiscard]] bool value() {
    if (rest_.empty()) return false;
    if (rest_.front() == '{') return container('{', '}');
    if (rest_.front() == '[') return container('[', ']');
    if (rest_.front() == '"') return string();
    const std::size_t size = std::min(rest_.find_first_of(" \t\r\n,:]}[{\""), rest_.size());
    if (size == 0) return false;
    out_ += rest_.substr(0, size);
    rest_.remove_prefix(size);
    return true;
  }

  [[nodiscard]] bool string() {
    std::size_t end = 1;
    while (end < rest_.size() && rest_[end] != '"') end += rest_[end] == '\\' ? 2U : 1U;
    if (end >= rest_.size()) return false;
    out_ += rest_.substr(0, end + 1);
    rest_.remove_prefix(end + 1);
    return true;
  }

  [[nodiscard]] bool container(char open, char close) {
    if (depth_ == kJsonFormatNestingMax) return false;
    rest_.remove_prefix(1);
    out_ += open;
    skip_space();
    if (take(close)) {
      out_ += close;
      return true;
    }
    ++depth_;
    do {
      skip_space();
      new_line();
      if (open == '{') {
        if (rest_.empty() || rest_.front() != '"' || !string()) return false;
        skip_space();
        if (!take(':')) return false;
        skip_space();
        out_ += ": ";
      }
      if (!value()) return false;
      skip_space();
    } while (take_comma());
    --depth_;
    new_line();
    out_ += close;
    return take(close);
  }

  [[nodiscard]] bool take_comma() {
    if (!take(',')) return false;
    out_ += ',';
    return true;
  }

  std::string_view rest_;
  const std::size_t indent_;
  std::size_t depth_ = 0;
  std::string out_;
};

}  // namespace

std::optional<std::string> format_json(std::string_view json, std::size_t indent) {
  return Formatter(json, indent).run();
}

}  // namespace gateway::app
