#include "ottl/regex.h"

#include <algorithm>
#include <array>
#include <utility>

#include <re2/re2.h>

namespace gateway::ottl {
namespace {

[[nodiscard]] re2::StringPiece piece(std::string_view text) noexcept {
  return {text.data(), text.size()};
}

[[nodiscard]] bool is_word(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// Go takes (?<name>...) beside (?P<name>...) since 1.22; RE2 of Debian 12 knows the second only.
[[nodiscard]] std::string with_named_groups(std::string_view pattern) {
  std::string out;
  for (std::size_t at = 0; at < pattern.size(); ++at) {
    const std::string_view rest = pattern.substr(at);
    if (rest[0] == '\\' && rest.size() > 1) {
      out += rest.substr(0, 2);
      ++at;
    } else if (rest.size() > 3 && rest.starts_with("(?<") && is_word(rest[3])) {
      out += "(?P<";
      at += 2;
    } else {
      out += rest[0];
    }
  }
  return out;
}

}  // namespace

Result<Regex, std::string> Regex::compile(std::string_view pattern) {
  if (pattern.size() > kPatternSizeBytesMax) {
    return fail(std::string("the pattern is longer than ") + std::to_string(kPatternSizeBytesMax) +
                " bytes");
  }
  re2::RE2::Options options;
  options.set_log_errors(false);
  auto compiled = std::make_unique<re2::RE2>(with_named_groups(pattern), options);
  if (!compiled->ok()) return fail(compiled->error());
  if (compiled->NumberOfCapturingGroups() > kGroupsMax) {
    return fail(std::string("the pattern has more than ") + std::to_string(kGroupsMax) + " groups");
  }
  return Regex(std::move(compiled));
}

Regex::Regex(std::unique_ptr<re2::RE2> compiled) : compiled_(std::move(compiled)) {
  names_.resize(static_cast<std::size_t>(compiled_->NumberOfCapturingGroups()));
  for (const auto& [name, index] : compiled_->NamedCapturingGroups()) {
    names_[static_cast<std::size_t>(index) - 1] = name;
  }
}

Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;
Regex::~Regex() = default;

bool Regex::matches(std::string_view text) const {
  return compiled_->Match(piece(text), 0, text.size(), re2::RE2::UNANCHORED, nullptr, 0);
}

bool Regex::matches_whole(std::string_view text) const {
  return compiled_->Match(piece(text), 0, text.size(), re2::RE2::ANCHOR_BOTH, nullptr, 0);
}

bool Regex::capture(std::string_view text, std::vector<std::string_view>& groups) const {
  std::array<re2::StringPiece, kGroupsMax + 1> found;
  const auto count = static_cast<int>(names_.size()) + 1;
  if (!compiled_->Match(piece(text), 0, text.size(), re2::RE2::UNANCHORED, found.data(), count)) {
    return false;
  }
  groups.clear();
  for (std::size_t i = 1; i <= names_.size(); ++i) {
    groups.emplace_back(found[i].data(), found[i].size());
  }
  return true;
}

std::string Regex::replacement(std::string_view go_form) const {
  std::string out;
  const auto literal = [&out](char c) {
    if (c == '\\') out += '\\';
    out += c;
  };
  for (std::size_t at = 0; at < go_form.size(); ++at) {
    if (go_form[at] != '$' || at + 1 == go_form.size()) {
      literal(go_form[at]);
      continue;
    }
    if (go_form[at + 1] == '$') {
      literal('$');
      ++at;
      continue;
    }
    const bool has_brace = go_form[at + 1] == '{';
    const std::size_t begin = at + (has_brace ? 2 : 1);
    std::size_t end = begin;
    while (end < go_form.size() && is_word(go_form[end])) ++end;
    const bool is_closed = !has_brace || (end < go_form.size() && go_form[end] == '}');
    if (end == begin || !is_closed) {
      literal('$');
      continue;
    }
    const std::string name(go_form.substr(begin, end - begin));
    std::size_t group = names_.size() + 1;
    if (std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; })) {
      if (name.size() <= 2) group = static_cast<std::size_t>(std::stoul(name));
    } else if (const auto it = std::find(names_.begin(), names_.end(), name); it != names_.end()) {
      group = static_cast<std::size_t>(it - names_.begin()) + 1;
    }
    // RE2 rewrites with one digit at most: \0 to \9.
    if (group <= names_.size() && group <= 9) out.append("\\").append(std::to_string(group));
    at = has_brace ? end : end - 1;
  }
  return out;
}

bool Regex::replace_each(std::string_view text,
                         const std::function<std::string(std::string_view)>& with,
                         std::string& out) const {
  std::size_t at = 0;
  std::size_t copied = 0;
  re2::StringPiece found;
  while (at <= text.size() &&
         compiled_->Match(piece(text), at, text.size(), re2::RE2::UNANCHORED, &found, 1)) {
    const auto begin = static_cast<std::size_t>(found.data() - text.data());
    if (found.empty()) {  // an empty match hides nothing
      at = begin + 1;
      continue;
    }
    if (copied == 0) out.clear();
    out.append(text.substr(copied, begin - copied)).append(with({found.data(), found.size()}));
    at = copied = begin + found.size();
  }
  if (copied == 0) return false;
  out.append(text.substr(copied));
  return true;
}

bool Regex::replace_all(std::string& text, std::string_view replacement) const {
  return re2::RE2::GlobalReplace(&text, *compiled_, piece(replacement)) > 0;
}

}  // namespace gateway::ottl
