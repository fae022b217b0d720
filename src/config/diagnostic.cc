#include "config/diagnostic.h"

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <string_view>
#include <tuple>

#include "config/node.h"

namespace gateway::config {
namespace {

[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

constexpr std::size_t kSuggestionSizeMax = 100;  // longer words are no typing mistakes

}  // namespace

bool Diagnostics::has_errors() const noexcept {
  return std::any_of(all_.begin(), all_.end(),
                     [](const Diagnostic& d) { return d.severity == Severity::error; });
}

std::vector<Diagnostic> Diagnostics::take() && {
  std::map<std::string, std::size_t> file_order;  // as first mentioned
  for (const Diagnostic& d : all_) file_order.try_emplace(d.origin.file, file_order.size());
  const auto key = [&](const Diagnostic& d) {
    return std::make_tuple(file_order.at(d.origin.file), d.origin.line, d.origin.column);
  };
  std::stable_sort(all_.begin(), all_.end(),
                   [&](const Diagnostic& a, const Diagnostic& b) { return key(a) < key(b); });
  const auto same = [](const Diagnostic& a, const Diagnostic& b) {
    return text_of(a) == text_of(b);
  };
  all_.erase(std::unique(all_.begin(), all_.end(), same), all_.end());
  return std::move(all_);
}

std::string text_of(const Diagnostic& diagnostic) {
  constexpr std::array<std::string_view, 3> kNames = {"error", "warning", "note"};
  std::string text = text_of(diagnostic.origin);
  if (!text.empty()) text += ": ";
  text.append(kNames[static_cast<std::size_t>(diagnostic.severity)]).append(": ");
  if (!diagnostic.path.empty()) text.append(diagnostic.path).append(": ");
  return text + diagnostic.message;
}

std::string nearest(std::string_view text, const std::vector<std::string>& candidates) {
  if (text.size() > kSuggestionSizeMax) return {};
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(2, text.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(text, candidate);
    if (distance < best_distance && distance < candidate.size()) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " and " : ", ";
    text += words[i];
  }
  return text;
}

}  // namespace gateway::config
