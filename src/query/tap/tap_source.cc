#include "query/tap/tap_source.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "pipeline/captured_request.h"
#include "query/tap/tap_answer.h"

namespace gateway::query {
namespace {

std::optional<std::uint64_t> number_of(std::string_view digits) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

std::optional<TapPlace> parse_tap_place(std::string_view text) {
  std::array<std::string_view, 2 + kSignalCount> parts;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::size_t colon = text.find(':');
    if ((colon == std::string_view::npos) != (i + 1 == parts.size())) return std::nullopt;
    parts[i] = text.substr(0, colon);
    if (colon != std::string_view::npos) text.remove_prefix(colon + 1);
  }
  TapPlace place;
  const auto segment = number_of(parts[0]);
  const auto offset = number_of(parts[1]);
  if (!segment || !offset) return std::nullopt;
  place.position = {*segment, *offset};
  for (std::size_t i = 0; i < kSignalCount; ++i) {
    place.items[i] = number_of(parts[2 + i]);
    if (!place.items[i] && parts[2 + i] != "-") return std::nullopt;
  }
  return place;
}

std::string to_text(const TapPlace& place) {
  std::string text =
      std::to_string(place.position.segment) + ":" + std::to_string(place.position.offset_bytes);
  for (const auto& items : place.items) text += ":" + (items ? std::to_string(*items) : "-");
  return text;
}

Result<TapQuestion, std::string> parse_tap_question(std::string_view query) {
  const auto pairs = net::parse_query(query);
  if (!pairs) return fail(std::string("the query cannot be read"));
  TapQuestion question;
  for (const auto& [name, value] : *pairs) {
    if (is_condition(name)) {
      if (auto added = add_condition(name, value, question.filter); !added) {
        return fail(added.error());
      }
    } else if (name == "id") {
      question.id = value.substr(0, kTapIdSizeBytesMax);
    } else if (name == "from") {
      question.from = value;
    } else if (name == "mode") {
      if (value != "follow" && value != "all") {
        return fail("mode is \"follow\" or \"all\", not \"" + value + "\"");
      }
      question.all = value == "all";
    } else if (name == "received_from" || name == "received_until") {
      const auto time = number_of(value);
      if (!time) return fail("\"" + value + "\" is no time in nanoseconds since 1970");
      (name == "received_from" ? question.received_from_unix_nano
                               : question.received_until_unix_nano) = *time;
    } else {
      return fail("\"" + name + "\" is no parameter here");
    }
  }
  return question;
}

// What one answer has come to.
struct TapSource::Reading {
  TapPlace place;
  std::string entries;
  std::uint64_t read_bytes = 0;
  std::uint64_t dropped_items = 0;

  // Everything of the wanted signals up to `items` is passed, none of it shown.
  void drop_to(const storage::ItemTotals& items, const ItemFilter& filter) {
    for (const Signal signal : kSignals) {
      auto& known = place.items[index_of(signal)];
      if (known && filter.wants(signal)) {
        dropped_items += items[index_of(signal)] - std::min(*known, items[index_of(signal)]);
      }
      known = items[index_of(signal)];
    }
  }
};

bool TapSource::admit(const std::string& id, Instant now) {
  std::erase_if(seen_, [now](const auto& entry) { return now - entry.second > kTapGoneAfter; });
  if (!seen_.contains(id) && seen_.size() >= kTapsMax) return false;
  seen_[id] = now;
  tap_count_ = seen_.size();
  return true;
}

void TapSource::refill(Instant now) {
  const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(now - refilled_at_);
  const auto ms = static_cast<std::uint64_t>(std::clamp<std::int64_t>(passed.count(), 0, 1000));
  allowance_bytes_ =
      std::min(allowance_bytes_ + ms * kTapBytesPerSecondMax / 1000, kTapAnswerReadBytesMax);
  refilled_at_ = now;
}

Result<TapPlace, TapRefusal> TapSource::begin(const TapQuestion& question) const {
  if (question.from == "oldest") return TapPlace{.position = log_.oldest()};
  if (question.from == "latest") {
    const storage::Head head = log_.head();
    TapPlace place{.position = head.position};
    for (std::size_t i = 0; i < kSignalCount; ++i) place.items[i] = head.items[i];
    return place;
  }
  const auto place = parse_tap_place(question.from);
  if (!place) return fail(TapRefusal{400, "\"" + question.from + "\" is no place in the log"});
  return *place;
}

// Counts what lies between the last record and this one; whether this one is wanted.
bool TapSource::take(const TapQuestion& question, const storage::Record& record, Reading& reading) {
  const std::size_t signal = index_of(record.info.signal);
  auto& known = reading.place.items[signal];
  if (known && record.items_before[signal] > *known) {
    reading.dropped_items += record.items_before[signal] - *known;
  }
  known = record.items_before[signal] + record.info.item_count;
  reading.read_bytes += record.payload.bytes.size();
  return record.info.received_unix_nano >= question.received_from_unix_nano &&
         record.info.received_unix_nano < question.received_until_unix_nano;
}

// Adds the record if its items are wanted; false when the answer has no room for it.
bool TapSource::put(const TapQuestion& question, const storage::Record& record, Reading& reading) {
  const auto plain = decode_(record.info.coding, record.payload);
  if (!plain) {
    reading.dropped_items += record.info.item_count;
    return true;
  }
  if (!matches(question.filter, record.info.signal, plain->bytes)) return true;
  const bool has_room = reading.entries.size() + plain->bytes.size() <= kTapAnswerSizeBytesMax;
  if (!has_room && !reading.entries.empty()) return false;
  pipeline::append_captured_head({.signal = record.info.signal,
                                  .time_unix_nano = record.info.received_unix_nano,
                                  .item_count = record.info.item_count,
                                  .size_bytes = plain->bytes.size(),
                                  .tenant = record.info.tenant,
                                  .context = record.info.context},
                                 reading.entries);
  reading.entries += text_of(plain->bytes);
  reading.entries += '\n';
  return true;
}

Result<std::string, TapRefusal> TapSource::answer(const TapQuestion& question, Instant now) {
  if (!admit(question.id, now)) {
    return fail(TapRefusal{429, std::to_string(kTapsMax) + " taps are open already"});
  }
  refill(now);
  auto from = begin(question);
  if (!from) return fail(from.error());
  Reading reading{.place = *from};
  const storage::Head head = log_.head();
  const bool is_far_behind = reading.place.position.segment + 1 < head.position.segment;
  if (is_far_behind && !question.all) {
    reading.drop_to(head.items, question.filter);
    reading.place.position = head.position;
  }
  const auto reader = log_.reader(question.filter.signals, reading.place.position);
  bool more = true;
  while (more && reading.read_bytes < allowance_bytes_ &&
         reading.entries.size() < kTapAnswerSizeBytesMax) {
    auto record = reader->next();
    if (!record && record.error() == storage::ReadErrc::paused) {
      reading.read_bytes += storage::kPassedSizeBytesMax;
      reading.place.position = reader->position();
      continue;
    }
    if (!record) return fail(TapRefusal{503, "stored records cannot be read"});
    more = record->has_value();
    if (!more) break;
    const TapPlace before = reading.place;
    const std::uint64_t dropped_before = reading.dropped_items;
    if (take(question, **record, reading) && !put(question, **record, reading)) {
      reading.place = before;  // it begins the next answer
      reading.dropped_items = dropped_before;
      break;
    }
    reading.place.position = (*record)->next;
  }
  if (!more) reading.place.position = std::max(reading.place.position, reader->position());
  allowance_bytes_ -= std::min(allowance_bytes_, reading.read_bytes);
  dropped_items_ += reading.dropped_items;
  return reading.entries +
         to_text(TapEnd{
             .next = to_text(reading.place), .more = more, .dropped_items = reading.dropped_items});
}

}  // namespace gateway::query
