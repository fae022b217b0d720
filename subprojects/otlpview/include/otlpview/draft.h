// One message of OTLP, indexed in one walk, that can be read and changed field by field and
// attribute by attribute: a resource, a scope, a span, an event, a metric, a point, a log record.
// Its changes go to an EditList; fields that were not touched keep their bytes and their order.
//
//   Draft draft(arena);
//   draft.bind(Context::span, field);
//   draft.read();
//   if (draft.find("http.route") == nullptr) draft.set("http.route", value);
//   draft.write_to(edits);
//
// A key that stands twice, which is its sender's fault, is read at its first place, and changed and
// removed at every one.
//
// Errors:  none; a message that passed check() is whole.
// Threads: one holder. Views and values are borrowed from the body and the Arena.
// Source:  the .proto files; how a reader merges what is there twice: conformance line W-15.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "otlpview/edit.h"
#include "otlpview/views.h"
#include "otlpview/wire.h"

namespace otlpview {

// What a Draft is of. The names are OTTL's.
enum class Context : std::uint8_t { resource, scope, span, spanevent, metric, datapoint, log };

// The number under which such a message has its attributes; 0: none (a metric's metadata is none).
[[nodiscard]] std::uint32_t attributes_field(Context context, MetricKind kind) noexcept;

class Draft {
 public:
  class Attribute {
   public:
    [[nodiscard]] std::string_view key() const noexcept { return key_; }
    [[nodiscard]] AnyValueView value() const noexcept {
      return is_plain_ ? AnyValueView(value_) : AnyValueView({payload_, 2});
    }
    // The AnyValue without tag and length.
    [[nodiscard]] Bytes encoded_value(Arena& arena) const;

   private:
    friend class Draft;
    enum class State : std::uint8_t { kept, changed, removed, added };

    std::string_view key_;
    Bytes value_;  // the AnyValue, where it is in one piece
    Bytes raw_;    // as it lies in the body; none of one that was added
    Bytes payload_;
    State state_ = State::kept;
    bool is_plain_ = true;
    bool is_usual_ = false;  // as it lies in the body: the key, then the value, and nothing else
  };

  explicit Draft(Arena& arena) noexcept : arena_(arena) {}

  // The message in `parts`, which a reader would merge; mostly it is one. Where there is none, and
  // something is set, it is inserted as field `number` at `insert_at`.
  void bind(Context context, std::span<const Field> parts, std::uint32_t number,
            const std::byte* insert_at, MetricKind kind = MetricKind::none);
  void bind(Context context, const Field& message, MetricKind kind = MetricKind::none) {
    bind(context, std::span(&message, 1), message.number, nullptr, kind);
  }
  // The walk, once for each bind(). Everything below but context() and metric_kind() needs it.
  void read();
  // The message as it lies in the body; requires that it is in one part.
  [[nodiscard]] Bytes bytes() const noexcept { return parts_.front().payload; }

  [[nodiscard]] Context context() const noexcept { return context_; }
  [[nodiscard]] MetricKind metric_kind() const noexcept { return kind_; }
  [[nodiscard]] bool is_changed() const noexcept { return is_changed_; }
  [[nodiscard]] Arena& arena() const noexcept { return arena_; }

  // The last field of that number, as a reader takes it; nullptr when there is none.
  // Requires: number <= kFieldMax.
  [[nodiscard]] const Field* field(std::uint32_t number) const noexcept {
    return (present_ >> number & 1U) != 0 ? &fields_[number] : nullptr;
  }
  // The payloads of every field of that number, merged.
  [[nodiscard]] Bytes message(std::uint32_t number);
  // `encoded` is the whole field, with tag and length; empty: takes the field away.
  void set_field(std::uint32_t number, Bytes encoded);

  // Attributes are in the order of the body, with what was added behind.
  [[nodiscard]] const Attribute* find(std::string_view key) const noexcept;
  // `value` is an AnyValue without tag and length.
  void set(std::string_view key, Bytes value);
  bool remove(std::string_view key);
  // visit(const Attribute&) -> what becomes of it.
  struct Change {
    bool remove = false;
    std::optional<Bytes> value;
  };
  template <typename Visit>
  void change_each(Visit&& visit) {
    const std::size_t count = attributes_.size();
    for (std::size_t i = 0; i < count; ++i) {
      if (attributes_[i].state_ == Attribute::State::removed) continue;
      const Change change = visit(std::as_const(attributes_[i]));
      if (change.remove) {
        remove_at(i);
      } else if (change.value) {
        set_at(i, *change.value);
      }
    }
  }
  template <typename Visit>
  void for_each(Visit&& visit) const {
    for (const Attribute& attribute : attributes_) {
      if (attribute.state_ != Attribute::State::removed) visit(attribute);
    }
  }

  void write_to(EditList& edits);
  // The same for a message in one part, which is open in `edits`.
  void write_into(EditList& edits);

  static constexpr std::uint32_t kFieldMax = 16;

 private:
  struct FieldChange {
    std::uint32_t number = 0;
    Bytes encoded;
    Bytes raw;  // what it replaces; none: it is new, or there are several
    bool is_repeated = false;
  };

  void read_part(Bytes part);
  [[nodiscard]] Bytes read_usual_attributes(Bytes left);
  void read_attribute(const Field& field);
  void remove_at(std::size_t index);
  void set_at(std::size_t index, Bytes value);
  void write_fields(const Field& part, bool is_last, EditList& edits);
  void write_attributes(const Field& part, bool is_last, EditList& edits);
  void write_value(const Attribute& attribute, EditList& edits);
  [[nodiscard]] bool is_inside(Bytes raw, const Field& part) const noexcept;

  Arena& arena_;
  Context context_ = Context::resource;
  MetricKind kind_ = MetricKind::none;
  std::uint32_t number_ = 0;
  std::uint32_t attributes_number_ = 0;
  const std::byte* insert_at_ = nullptr;
  std::vector<Field> parts_;
  std::array<Field, kFieldMax + 1> fields_;
  std::uint32_t present_ = 0;   // by number
  std::uint32_t repeated_ = 0;  // seen more than once
  std::vector<Attribute> attributes_;
  std::vector<FieldChange> changes_;
  bool is_changed_ = false;
  bool is_read_ = false;
};

}  // namespace otlpview
