#include "net/exchange.h"

#include <algorithm>

#include "net/limits.h"

namespace gateway::net {
namespace {

[[nodiscard]] char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

std::string_view Exchange::header(std::string_view name) const noexcept {
  for (const HeaderRange& range : headers_) {
    if (view(range.name) == name) return view(range.value);
  }
  return {};
}

bool Exchange::has_header(std::string_view name) const noexcept { return header_count(name) != 0; }

std::size_t Exchange::header_count(std::string_view name) const noexcept {
  return static_cast<std::size_t>(
      std::count_if(headers_.begin(), headers_.end(),
                    [&](const HeaderRange& range) { return view(range.name) == name; }));
}

std::optional<std::string> Exchange::joined_header(std::string_view name) const {
  std::optional<std::string> joined;
  for (const HeaderRange& range : headers_) {
    if (view(range.name) != name) continue;
    if (joined) {
      *joined += ';';
    } else {
      joined.emplace();
    }
    *joined += view(range.value);
  }
  return joined;
}

Exchange::Range Exchange::keep(std::string_view text) {
  const Range range{static_cast<std::uint32_t>(text_.size()),
                    static_cast<std::uint32_t>(text.size())};
  text_.append(text);
  return range;
}

Exchange::Range Exchange::keep_lower(std::string_view text) {
  const Range range = keep(text);
  for (std::size_t i = range.begin; i < text_.size(); ++i) text_[i] = lower(text_[i]);
  return range;
}

void Exchange::keep_target(std::string_view target) {
  // The absolute form, as a proxy is asked; and a fragment, which no client may send, is no query.
  if (!target.empty() && target.front() != '/') {
    const std::size_t scheme = target.find("://");
    if (scheme != std::string_view::npos) {
      const std::size_t path = target.find_first_of("/?", scheme + 3);
      target = path == std::string_view::npos ? "/" : target.substr(path);
    }
  }
  const std::size_t question = target.find('?');
  path_ = keep(target.substr(0, question));
  if (question != std::string_view::npos) query_ = keep(target.substr(question + 1));
}

void Exchange::keep_header(std::string_view name, std::string_view value) {
  HeaderRange range;
  range.name = keep_lower(name);
  range.value = keep(value);
  headers_.push_back(range);
}

void Exchange::clear_head() noexcept {
  text_.clear();
  if (text_.capacity() > kHeadKeptSizeBytesMax) text_.shrink_to_fit();
  headers_.clear();
  method_ = path_ = query_ = {};
  message_compressed_ = false;
  user = nullptr;
}

}  // namespace gateway::net
