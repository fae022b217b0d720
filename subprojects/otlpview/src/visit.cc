#include "otlpview/visit.h"

#include <algorithm>

namespace otlpview {

namespace {

// What became of the items of an envelope.
struct Left {
  bool some_kept = false;
  bool some_dropped = false;

  [[nodiscard]] bool nothing() const noexcept { return some_dropped && !some_kept; }
  void add(bool kept) noexcept { (kept ? some_kept : some_dropped) = true; }
};

constexpr std::uint32_t kEventsField = 11;

bool is_metric_data(const Field& field) noexcept {
  return field.type == WireType::len &&
         (field.number == 5 || field.number == 7 || (field.number >= 9 && field.number <= 11));
}

}  // namespace

Bytes Place::Envelope::merged(Arena& arena) {
  if (is_known) return message;
  is_known = true;
  message = {};
  std::size_t count = 0;
  std::size_t size = 0;
  Field field;
  for (FieldReader reader(group); reader.next(field);) {
    if (field.number != 1 || field.type != WireType::len) continue;
    message = field.payload;
    size += field.payload.size();
    ++count;
  }
  if (count < 2) return message;
  std::byte* const begin = arena.take(size);
  std::byte* to = begin;
  for (FieldReader reader(group); reader.next(field);) {
    if (field.number != 1 || field.type != WireType::len) continue;
    to = std::copy(field.payload.begin(), field.payload.end(), to);
  }
  message = {begin, size};
  return message;
}

// One visit: the way down to the messages of its context.
class Walk {
 public:
  Walk(Editor& editor, Context context, Visitor& visitor) noexcept
      : editor_(editor), context_(context), visitor_(visitor), place_(editor.arena_) {}

  void request(Bytes body) {
    Field field;
    for (FieldReader reader(body); reader.next(field);) {
      if (field.number == 1 && field.type == WireType::len) resource_group(field);
    }
  }

 private:
  // Goes through the fields of an envelope; `each` returns whether the item in a field is kept, or
  // nothing for a field that holds none. Returns whether the envelope is kept.
  template <typename Each>
  bool envelope(const Field& message, bool goes_when_empty, Each each) {
    const EditList::Mark mark = editor_.edits_.open(message);
    Left left;
    Field field;
    for (FieldReader reader(message.payload); reader.next(field);) {
      if (field.type == WireType::len) each(field, left);
    }
    return close(mark, message, goes_when_empty && left.nothing());
  }

  bool close(const EditList::Mark& mark, const Field& message, bool is_dropped) {
    if (is_dropped) {
      editor_.edits_.drop(mark, message);
    } else {
      editor_.edits_.close(mark, message);
    }
    return !is_dropped;
  }

  void resource_group(const Field& message) {
    place_.resource_ = {.group = message.payload};
    if (context_ == Context::resource) {
      own_message(message);
      return;
    }
    envelope(message, true, [this](const Field& field, Left& left) {
      if (field.number == 2) left.add(scope_group(field));
    });
  }

  bool scope_group(const Field& message) {
    place_.scope_ = {.group = message.payload};
    if (context_ == Context::scope) return own_message(message);
    return envelope(message, true, [this](const Field& field, Left& left) {
      if (field.number == 2) left.add(item(field));
    });
  }

  // The resource or the scope of a group: field 1, that may be there not at all, or in parts.
  bool own_message(const Field& group) {
    editor_.parts_.clear();
    Field field;
    for (FieldReader reader(group.payload); reader.next(field);) {
      if (field.number == 1 && field.type == WireType::len) editor_.parts_.push_back(field);
    }
    Draft& draft = editor_.draft_;
    draft.bind(context_, editor_.parts_, 1, group.payload.data());
    const EditList::Mark mark = editor_.edits_.open(group);
    const bool is_dropped = visitor_.visit(place_, draft) == Verdict::drop;
    if (is_dropped) {
      editor_.has_dropped_ = true;
    } else {
      draft.write_to(editor_.edits_);
    }
    return close(mark, group, is_dropped);
  }

  // A span, a metric, a log record.
  bool item(const Field& message) {
    if (context_ == Context::spanevent) {
      place_.parent_ = message.payload;
      return envelope(message, false, [this](const Field& field, Left&) {
        if (field.number == kEventsField) visited(field, MetricKind::none);
      });
    }
    if (context_ == Context::datapoint) {
      place_.parent_ = message.payload;
      return envelope(message, true, [this](const Field& field, Left& left) {
        if (is_metric_data(field)) points(field, left);
      });
    }
    return visited(message, MetricKind::none);
  }

  void points(const Field& data, Left& left) {
    const auto kind = static_cast<MetricKind>(data.number);
    envelope(data, false, [this, kind, &left](const Field& field, Left&) {
      if (field.number == 1) left.add(visited(field, kind));
    });
  }

  bool visited(const Field& message, MetricKind kind) {
    Draft& draft = editor_.draft_;
    draft.bind(context_, message, kind);
    if (visitor_.visit(place_, draft) == Verdict::drop) {
      editor_.has_dropped_ = true;
      editor_.edits_.remove(message.raw);
      return false;
    }
    draft.write_to(editor_.edits_);
    return true;
  }

  Editor& editor_;
  Context context_;
  Visitor& visitor_;
  Place place_;
};

bool has_context(Signal signal, Context context) noexcept {
  switch (context) {
    case Context::resource:
    case Context::scope:
      return signal != Signal::profiles;
    case Context::span:
    case Context::spanevent:
      return signal == Signal::traces;
    case Context::metric:
    case Context::datapoint:
      return signal == Signal::metrics;
    case Context::log:
      return signal == Signal::logs;
  }
  return false;
}

void Editor::visit(Signal signal, Bytes body, Context context, Visitor& visitor) {
  arena_.clear();
  edits_.begin(body);
  has_dropped_ = false;
  if (has_context(signal, context)) Walk(*this, context, visitor).request(body);
}

}  // namespace otlpview
