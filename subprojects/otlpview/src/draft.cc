#include "otlpview/draft.h"

#include <algorithm>

namespace otlpview {

namespace {

constexpr std::byte kKeyTag{tag_of(1, WireType::len)};
constexpr std::byte kValueTag{tag_of(2, WireType::len)};

// A KeyValue as every encoder writes it: the key, then the value, lengths of one byte each.
bool is_usual_key_value(Bytes message, std::string_view& key, Bytes& value) noexcept {
  if (message.size() < 4 || message[0] != kKeyTag) return false;
  const auto key_size = std::to_integer<std::size_t>(message[1]);
  if (key_size >= 0x80 || key_size + 4 > message.size()) return false;
  if (message[key_size + 2] != kValueTag) return false;
  const auto value_size = std::to_integer<std::size_t>(message[key_size + 3]);
  if (value_size >= 0x80 || key_size + value_size + 4 != message.size()) return false;
  key = {reinterpret_cast<const char*>(message.data()) + 2, key_size};
  value = message.subspan(key_size + 4);
  return true;
}

const std::byte* end_of(const Field& message) noexcept {
  return message.payload.data() + message.payload.size();
}

}  // namespace

Bytes Draft::Attribute::encoded_value(Arena& arena) const {
  if (is_plain_) return value_;
  // What a reader would merge is their concatenation.
  std::vector<std::byte> merged;
  Field field;
  for (FieldReader reader(payload_); reader.next(field);) {
    if (field.number == 2 && field.type == WireType::len) append_bytes(field.payload, merged);
  }
  return arena.copy(Bytes(merged));
}

std::uint32_t attributes_field(Context context, MetricKind kind) noexcept {
  switch (context) {
    case Context::resource:
      return 1;
    case Context::scope:
    case Context::spanevent:
      return 3;
    case Context::span:
      return 9;
    case Context::log:
      return 6;
    case Context::metric:
      return 0;
    case Context::datapoint:
      return kind == MetricKind::histogram ? 9 : kind == MetricKind::exponential_histogram ? 1 : 7;
  }
  return 0;
}

void Draft::bind(Context context, std::span<const Field> parts, std::uint32_t number,
                 const std::byte* insert_at, MetricKind kind) {
  context_ = context;
  kind_ = kind;
  number_ = number;
  insert_at_ = insert_at;
  attributes_number_ = attributes_field(context, kind);
  is_changed_ = false;
  is_read_ = false;
  parts_.assign(parts.begin(), parts.end());
}

void Draft::read() {
  if (is_read_) return;
  is_read_ = true;
  present_ = repeated_ = 0;
  is_changed_ = false;
  attributes_.clear();
  changes_.clear();
  for (const Field& part : parts_) read_part(part.payload);
}

void Draft::read_part(Bytes part) {
  const auto attribute_tag = static_cast<std::byte>(tag_of(attributes_number_, WireType::len));
  std::uint32_t present = present_;
  std::uint32_t repeated = repeated_;
  Field scratch;
  while (!part.empty()) {
    if (part[0] == attribute_tag) {
      part = read_usual_attributes(part);
      if (part.empty()) break;
    }
    // Into its place at once: a Field that is copied as soon as it is written stalls the loads.
    const auto tag = std::to_integer<std::uint32_t>(part[0]);
    const std::uint32_t expected = tag < 0x80 ? tag >> 3 : 0;
    const bool is_direct = expected <= kFieldMax && expected != attributes_number_;
    Field& field = is_direct ? fields_[expected] : scratch;
    FieldReader reader(part);
    if (!reader.next(field)) {
      if (is_direct) present &= ~(1U << expected);  // damage may have been written over it
      break;
    }
    part = reader.rest();
    if (field.number == attributes_number_ && field.type == WireType::len) {
      read_attribute(field);
    } else if (field.number <= kFieldMax) {
      const std::uint32_t bit = 1U << field.number;
      repeated |= present & bit;
      present |= bit;
      if (&field != &fields_[field.number]) fields_[field.number] = field;
    }
  }
  present_ = present;
  repeated_ = repeated;
}

// Attributes come in a row, and nearly all of them are of the same form. What is left begins with
// something else.
Bytes Draft::read_usual_attributes(Bytes left) {
  const auto tag = static_cast<std::byte>(tag_of(attributes_number_, WireType::len));
  while (left.size() >= 2 && left[0] == tag) {
    const auto size = std::to_integer<std::size_t>(left[1]);
    if (size >= 0x80 || size > left.size() - 2) break;
    const Bytes payload = left.subspan(2, size);
    std::string_view key;
    Bytes value;
    if (!is_usual_key_value(payload, key, value)) break;
    Attribute& attribute = attributes_.emplace_back();
    attribute.key_ = key;
    attribute.value_ = value;
    attribute.raw_ = left.first(size + 2);
    attribute.payload_ = payload;
    attribute.is_usual_ = true;
    left = left.subspan(size + 2);
  }
  return left;
}

void Draft::read_attribute(const Field& field) {
  Attribute& attribute = attributes_.emplace_back();
  attribute.raw_ = field.raw;
  attribute.payload_ = field.payload;
  attribute.is_usual_ = is_usual_key_value(field.payload, attribute.key_, attribute.value_);
  if (attribute.is_usual_) return;
  attribute.key_ = text_field(field.payload, 1);
  attribute.is_plain_ = false;
}

Bytes Draft::message(std::uint32_t number) {
  if ((present_ >> number & 1U) == 0) return {};
  if ((repeated_ >> number & 1U) == 0) return fields_[number].payload;
  std::size_t size = 0;
  Field field;
  const auto each = [&](auto visit) {
    for (const Field& part : parts_) {
      for (FieldReader reader(part.payload); reader.next(field);) {
        if (field.number == number && field.type == WireType::len) visit(field.payload);
      }
    }
  };
  each([&](Bytes payload) { size += payload.size(); });
  std::byte* const begin = arena_.take(size);
  std::byte* to = begin;
  each([&](Bytes payload) { to = std::copy(payload.begin(), payload.end(), to); });
  return {begin, size};
}

void Draft::set_field(std::uint32_t number, Bytes encoded) {
  const auto same = std::find_if(changes_.begin(), changes_.end(),
                                 [number](const FieldChange& it) { return it.number == number; });
  if (encoded.empty() && same == changes_.end() && field(number) == nullptr) return;
  is_changed_ = true;
  const std::uint32_t bit = 1U << number;
  if (same != changes_.end()) {
    same->encoded = encoded;
  } else {
    const Field* const old = field(number);
    const bool is_repeated = (repeated_ & bit) != 0;
    changes_.push_back({.number = number,
                        .encoded = encoded,
                        .raw = old == nullptr || is_repeated ? Bytes{} : old->raw,
                        .is_repeated = is_repeated});
  }
  repeated_ &= ~bit;  // for readers; write_to() looks for itself
  present_ &= ~bit;
  if (Field field; FieldReader(encoded).next(field)) {
    fields_[number] = field;
    present_ |= bit;
  }
}

const Draft::Attribute* Draft::find(std::string_view key) const noexcept {
  for (const Attribute& attribute : attributes_) {
    if (attribute.key_ == key && attribute.state_ != Attribute::State::removed) return &attribute;
  }
  return nullptr;
}

void Draft::set_at(std::size_t index, Bytes value) {
  Attribute& attribute = attributes_[index];
  is_changed_ = true;
  attribute.value_ = value;
  attribute.is_plain_ = true;
  if (attribute.state_ == Attribute::State::kept) attribute.state_ = Attribute::State::changed;
}

void Draft::remove_at(std::size_t index) {
  is_changed_ = true;
  attributes_[index].state_ = Attribute::State::removed;
}

void Draft::set(std::string_view key, Bytes value) {
  bool is_there = false;
  for (std::size_t i = 0; i < attributes_.size(); ++i) {
    if (attributes_[i].key_ != key || attributes_[i].state_ == Attribute::State::removed) continue;
    set_at(i, value);
    is_there = true;
  }
  if (is_there || attributes_number_ == 0) return;
  is_changed_ = true;
  Attribute& attribute = attributes_.emplace_back();
  attribute.key_ = key;
  attribute.value_ = value;
  attribute.state_ = Attribute::State::added;
}

bool Draft::remove(std::string_view key) {
  bool was_there = false;
  for (std::size_t i = attributes_.size(); i-- > 0;) {
    if (attributes_[i].key_ != key || attributes_[i].state_ == Attribute::State::removed) continue;
    remove_at(i);
    was_there = true;
  }
  return was_there;
}

bool Draft::is_inside(Bytes raw, const Field& part) const noexcept {
  return raw.data() >= part.payload.data() &&
         raw.data() < part.payload.data() + part.payload.size();
}

void Draft::write_fields(const Field& part, bool is_last, EditList& edits) {
  for (const FieldChange& change : changes_) {
    if (!change.raw.empty()) {
      if (is_inside(change.raw, part)) edits.replace(change.raw, change.encoded);
      continue;
    }
    if (!change.is_repeated) {
      if (is_last && !change.encoded.empty()) edits.insert(end_of(part), change.encoded);
      continue;
    }
    // The first place takes the new field, so that the order of fields stays; the others go.
    bool is_written = false;
    Field field;
    for (const Field& it : parts_) {
      for (FieldReader reader(it.payload); reader.next(field);) {
        if (field.number != change.number) continue;
        if (is_inside(field.raw, part)) {
          edits.replace(field.raw, is_written ? Bytes{} : change.encoded);
        }
        is_written = true;
      }
    }
  }
}

// An attribute that lies in the body, and has another value.
void Draft::write_value(const Attribute& attribute, EditList& edits) {
  const Field field{.number = attributes_number_,
                    .type = WireType::len,
                    .payload = attribute.payload_,
                    .raw = attribute.raw_};
  const EditList::Mark mark = edits.open(field);
  const Bytes encoded = arena_.len_field(2, attribute.value_);
  if (attribute.is_usual_) {
    edits.replace(attribute.payload_.subspan(2 + attribute.key_.size()), encoded);
    edits.close(mark, field);
    return;
  }
  bool is_written = false;
  Field inner;
  for (FieldReader reader(attribute.payload_); reader.next(inner);) {
    if (inner.number != 2) continue;
    edits.replace(inner.raw, is_written ? Bytes{} : encoded);
    is_written = true;
  }
  if (!is_written) edits.insert(end_of(field), encoded);
  edits.close(mark, field);
}

void Draft::write_attributes(const Field& part, bool is_last, EditList& edits) {
  const std::byte* behind = end_of(part);
  for (const Attribute& attribute : attributes_) {
    if (attribute.raw_.empty() || !is_inside(attribute.raw_, part)) continue;  // it was added
    if (attribute.state_ == Attribute::State::removed) {
      edits.remove(attribute.raw_);
    } else if (attribute.state_ == Attribute::State::changed) {
      write_value(attribute, edits);
    }
    behind = attribute.raw_.data() + attribute.raw_.size();
  }
  if (!is_last) return;
  for (const Attribute& attribute : attributes_) {
    if (attribute.state_ != Attribute::State::added) continue;
    edits.insert(behind, arena_.len_field(attributes_number_,
                                          arena_.key_value(attribute.key_, attribute.value_)));
  }
}

void Draft::write_to(EditList& edits) {
  if (!is_changed_) return;
  if (parts_.empty()) {
    std::vector<std::byte> message;
    for (const FieldChange& change : changes_) append_bytes(change.encoded, message);
    for (const Attribute& attribute : attributes_) {
      if (attribute.state_ == Attribute::State::removed) continue;
      append_bytes(
          arena_.len_field(attributes_number_, arena_.key_value(attribute.key_, attribute.value_)),
          message);
    }
    if (!message.empty()) edits.insert(insert_at_, arena_.len_field(number_, message));
    return;
  }
  for (const Field& part : parts_) {
    const bool is_last = &part == &parts_.back();
    const EditList::Mark mark = edits.open(part);
    write_fields(part, is_last, edits);
    write_attributes(part, is_last, edits);
    edits.close(mark, part);
  }
}

void Draft::write_into(EditList& edits) {
  if (!is_changed_) return;
  write_fields(parts_.front(), true, edits);
  write_attributes(parts_.front(), true, edits);
}

}  // namespace otlpview
