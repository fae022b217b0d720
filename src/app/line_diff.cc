#include "app/line_diff.h"

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace gateway::app {
namespace {

using Lines = std::vector<std::string_view>;

Lines lines_of(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    lines.push_back(line);
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return lines;
}

struct Step {
  char kind;  // ' ', '-', '+'
  std::string_view line;
};

// The longest common subsequence of what differs, as steps.
void compare_middle(std::span<const std::string_view> before,
                    std::span<const std::string_view> after, std::vector<Step>& steps) {
  const std::size_t columns = after.size() + 1;
  const bool is_too_large = (before.size() + 1) > kDiffCellsMax / columns;
  std::vector<std::uint32_t> common(is_too_large ? 0 : (before.size() + 1) * columns, 0);
  const auto at = [&](std::size_t i, std::size_t j) -> std::uint32_t& {
    return common[i * columns + j];
  };
  if (!is_too_large) {
    for (std::size_t i = before.size(); i-- != 0;) {
      for (std::size_t j = after.size(); j-- != 0;) {
        at(i, j) =
            before[i] == after[j] ? at(i + 1, j + 1) + 1 : std::max(at(i + 1, j), at(i, j + 1));
      }
    }
  }
  std::size_t i = 0, j = 0;
  while (i < before.size() || j < after.size()) {
    const bool both = i < before.size() && j < after.size();
    if (both && !is_too_large && before[i] == after[j]) {
      steps.push_back({' ', before[i++]});
      ++j;
    } else if (j == after.size() ||
               (i < before.size() && (is_too_large || at(i + 1, j) >= at(i, j + 1)))) {
      steps.push_back({'-', before[i++]});
    } else {
      steps.push_back({'+', after[j++]});
    }
  }
}

}  // namespace

std::string line_diff(std::string_view before_text, std::string_view after_text) {
  const Lines before = lines_of(before_text);
  const Lines after = lines_of(after_text);
  std::size_t head = 0;
  const std::size_t shorter = std::min(before.size(), after.size());
  while (head < shorter && before[head] == after[head]) ++head;
  std::size_t tail = 0;
  while (tail < shorter - head &&
         before[before.size() - 1 - tail] == after[after.size() - 1 - tail]) {
    ++tail;
  }
  std::vector<Step> steps;
  for (std::size_t i = 0; i < head; ++i) steps.push_back({' ', before[i]});
  compare_middle(std::span(before).subspan(head, before.size() - head - tail),
                 std::span(after).subspan(head, after.size() - head - tail), steps);
  for (std::size_t i = before.size() - tail; i < before.size(); ++i) {
    steps.push_back({' ', before[i]});
  }

  std::string text;
  std::size_t shown_to = 0;  // steps before this are dealt with
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (steps[i].kind == ' ') continue;
    const std::size_t from = std::max(shown_to, i - std::min(i, kDiffContextLines));
    if (from > shown_to || shown_to == 0) {
      const auto line =
          std::count_if(steps.begin(), steps.begin() + static_cast<std::ptrdiff_t>(from),
                        [](const Step& step) { return step.kind != '+'; });
      text += "@@ line " + std::to_string(line + 1) + " @@\n";
    }
    std::size_t end = i + 1;  // behind the last change that is near
    for (std::size_t k = end; k < steps.size() && k < end + 2 * kDiffContextLines; ++k) {
      if (steps[k].kind != ' ') end = k + 1;
    }
    const std::size_t to = std::min(end + kDiffContextLines, steps.size());
    for (std::size_t k = from; k < to; ++k) {
      text += steps[k].kind;
      text += steps[k].line;
      text += '\n';
    }
    shown_to = to;
    i = to - 1;
  }
  return text;
}

}  // namespace gateway::app
