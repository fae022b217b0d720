#include "telemetry/prometheus_text_check.h"

#include <cstdlib>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace gateway::telemetry {
namespace {

using Labels = std::vector<std::pair<std::string, std::string>>;

struct Sample {
  std::string name;
  Labels labels;
  double value = 0;
};

[[nodiscard]] bool is_name_char(char c, bool first) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' ||
         (!first && c >= '0' && c <= '9');
}

[[nodiscard]] std::string take_name(std::string_view& rest) {
  std::size_t size = 0;
  while (size < rest.size() && is_name_char(rest[size], size == 0)) ++size;
  std::string name(rest.substr(0, size));
  rest.remove_prefix(size);
  return name;
}

[[nodiscard]] bool take(std::string_view& rest, char c) {
  if (rest.empty() || rest[0] != c) return false;
  rest.remove_prefix(1);
  return true;
}

[[nodiscard]] std::optional<std::string> take_quoted(std::string_view& rest) {
  if (!take(rest, '"')) return std::nullopt;
  std::string value;
  while (!rest.empty()) {
    const char c = rest[0];
    rest.remove_prefix(1);
    if (c == '"') return value;
    value += c;
    if (c != '\\') continue;
    if (rest.empty() || (rest[0] != '\\' && rest[0] != '"' && rest[0] != 'n')) return std::nullopt;
    value += rest[0];
    rest.remove_prefix(1);
  }
  return std::nullopt;
}

[[nodiscard]] std::optional<Sample> parse_sample(std::string_view line) {
  Sample sample;
  sample.name = take_name(line);
  if (sample.name.empty()) return std::nullopt;
  if (take(line, '{')) {
    while (!take(line, '}')) {
      if (!sample.labels.empty() && !take(line, ',')) return std::nullopt;
      std::string name = take_name(line);
      if (name.empty() || !take(line, '=')) return std::nullopt;
      auto value = take_quoted(line);
      if (!value) return std::nullopt;
      sample.labels.emplace_back(std::move(name), *std::move(value));
    }
  }
  if (!take(line, ' ')) return std::nullopt;
  const std::string number(line);
  char* end = nullptr;
  sample.value = std::strtod(number.c_str(), &end);
  if (number.empty() || *end != '\0') return std::nullopt;
  return sample;
}

class Checker {
 public:
  // The mistake in this line, or nothing.
  [[nodiscard]] std::string line(std::string_view text) {
    if (text.starts_with("# HELP ")) return help(text.substr(7));
    if (text.starts_with("# TYPE ")) return type(text.substr(7));
    if (text.starts_with("#")) return "";
    const auto sample = parse_sample(text);
    return sample ? this->sample(*sample) : "not a sample";
  }

  // The mistake in the family that ends here, or nothing.
  [[nodiscard]] std::string end_family() {
    if (type_ != "histogram") return "";
    for (const auto& [labels, histogram] : histograms_) {
      if (!histogram.infinity) return "histogram without le=\"+Inf\"";
      if (!histogram.count || *histogram.count != *histogram.infinity) return "wrong _count";
      if (!histogram.has_sum) return "no _sum";
    }
    return "";
  }

 private:
  struct HistogramSeen {
    std::optional<double> last_bound, last_count, infinity, count;
    bool has_sum = false;
  };

  [[nodiscard]] std::string help(std::string_view text) {
    if (auto mistake = end_family(); !mistake.empty()) return mistake;
    family_ = take_name(text);
    type_.clear();
    histograms_.clear();
    if (!families_.insert(family_).second) return "family stands twice";
    return take(text, ' ') && !text.empty() ? "" : "empty help";
  }
  [[nodiscard]] std::string type(std::string_view text) {
    if (take_name(text) != family_ || !take(text, ' ')) return "TYPE without HELP before it";
    type_ = text;
    return type_ == "counter" || type_ == "gauge" || type_ == "histogram" ? "" : "unknown type";
  }
  [[nodiscard]] std::string sample(const Sample& sample) {
    if (type_.empty()) return "sample without TYPE";
    if (!samples_.insert({sample.name, sample.labels}).second) return "sample stands twice";
    if (type_ == "histogram") return histogram_sample(sample);
    if (sample.name != family_) return "sample of another family";
    return type_ == "counter" && sample.value < 0 ? "negative counter" : "";
  }
  [[nodiscard]] std::string histogram_sample(const Sample& sample) {
    Labels labels = sample.labels;
    if (sample.name == family_ + "_sum") {
      histograms_[labels].has_sum = true;
      return "";
    }
    if (sample.name == family_ + "_count") {
      histograms_[labels].count = sample.value;
      return "";
    }
    if (sample.name != family_ + "_bucket") return "sample of another family";
    if (labels.empty() || labels.back().first != "le") return "bucket without le";
    const std::string le = labels.back().second;
    labels.pop_back();
    HistogramSeen& seen = histograms_[labels];
    const double bound = std::strtod(le.c_str(), nullptr);
    if (seen.last_bound && bound <= *seen.last_bound) return "bounds not ascending";
    if (seen.last_count && sample.value < *seen.last_count) return "buckets not cumulative";
    seen.last_bound = bound;
    seen.last_count = sample.value;
    if (le == "+Inf") seen.infinity = sample.value;
    return "";
  }

  std::string family_, type_;
  std::set<std::string> families_;
  std::set<std::pair<std::string, Labels>> samples_;
  std::map<Labels, HistogramSeen> histograms_;
};

}  // namespace

std::string prometheus_text_mistakes(std::string_view text) {
  Checker checker;
  for (int number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    const auto mistake =
        end == std::string_view::npos ? "no newline at the end" : checker.line(text.substr(0, end));
    if (!mistake.empty()) return "line " + std::to_string(number) + ": " + mistake;
    text.remove_prefix(end + 1);
  }
  return checker.end_family();
}

}  // namespace gateway::telemetry
