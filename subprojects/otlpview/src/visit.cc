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
constexpr Context kContexts[] = {Context::resource,  Context::scope,  Context::span,
                                 Context::spanevent, Context::metric, Context::datapoint,
                                 Context::log};

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

// One visit: the way down to the messages of its contexts.
class Walk {
 public:
  Walk(Editor& editor, Signal signal, Contexts contexts, Visitor& visitor) noexcept
      : editor_(editor),
        item_context_(signal == Signal::metrics ? Context::metric
                      : signal == Signal::logs  ? Context::log
                                                : Context::span),
        contexts_(contexts),
        visitor_(visitor),
        place_(editor.arena_) {}

  void request(Bytes body) {
    Field field;
    for (FieldReader reader(body); reader.next(field);) {
      if (field.number == 1 && field.type == WireType::len) resource_group(field);
    }
  }

 private:
  // Goes through the fields of an open envelope; `each` takes down of a field that holds an item
  // whether it is kept.
  template <typename Each>
  Left fields_of(const Field& message, Each each) {
    Left left;
    Field field;
    for (FieldReader reader(message.payload); reader.next(field);) {
      if (field.type == WireType::len) each(field, left);
    }
    return left;
  }

  // The same, opened and closed. Returns whether the envelope is kept.
  template <typename Each>
  bool envelope(const Field& message, bool goes_when_empty, Each each) {
    const EditList::Mark mark = editor_.edits_.open(message);
    const Left left = fields_of(message, each);
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

  // ResourceSpans and so on, or ScopeSpans and so on: `own` is the context of its field 1.
  template <typename Each>
  bool group(const Field& message, Context own, Each each) {
    const EditList::Mark mark = editor_.edits_.open(message);
    if (contexts_.has(own) && !own_message(message, own)) return close(mark, message, true);
    if (contexts_.has_only(own)) return close(mark, message, false);
    const Left left = fields_of(message, each);
    return close(mark, message, left.nothing());
  }

  void resource_group(const Field& message) {
    place_.resource_ = {.group = message.payload};
    group(message, Context::resource, [this](const Field& field, Left& left) {
      if (field.number == 2) left.add(scope_group(field));
    });
  }

  bool scope_group(const Field& message) {
    place_.scope_ = {.group = message.payload};
    return group(message, Context::scope, [this](const Field& field, Left& left) {
      if (field.number == 2) left.add(item(field));
    });
  }

  // The resource or the scope of a group: field 1, that may be there not at all, or in parts.
  bool own_message(const Field& group, Context context) {
    editor_.parts_.clear();
    Field field;
    for (FieldReader reader(group.payload); reader.next(field);) {
      if (field.number == 1 && field.type == WireType::len) editor_.parts_.push_back(field);
    }
    Draft& draft = editor_.draft_;
    draft.bind(context, editor_.parts_, 1, group.payload.data());
    if (visitor_.visit(place_, draft) == Verdict::drop) {
      editor_.has_dropped_ = true;
      return false;
    }
    draft.write_to(editor_.edits_);
    return true;
  }

  // A span, a metric, a log record.
  bool item(const Field& message) {
    if (contexts_.has(Context::spanevent)) return span_and_events(message);
    if (contexts_.has(Context::datapoint)) return metric_and_points(message);
    if (contexts_.has(item_context_)) return visited(message, item_context_, MetricKind::none);
    return true;
  }

  bool span_and_events(const Field& message) {
    Draft& draft = editor_.draft_;
    const bool has_span = contexts_.has(Context::span);
    if (has_span) {
      draft.bind(Context::span, message);
      draft.read();
      if (draft.field(kEventsField) == nullptr) return judged(message);
    }
    place_.parent_ = message.payload;
    const EditList::Mark mark = editor_.edits_.open(message);
    fields_of(message, [this](const Field& field, Left&) {
      if (field.number == kEventsField) visited(field, Context::spanevent, MetricKind::none);
    });
    return close(mark, message, has_span && !visited_inside(message, Context::span));
  }

  bool metric_and_points(const Field& message) {
    place_.parent_ = message.payload;
    const EditList::Mark mark = editor_.edits_.open(message);
    const Left left = fields_of(message, [this](const Field& field, Left& all) {
      if (is_metric_data(field)) points(field, all);
    });
    if (left.nothing()) return close(mark, message, true);
    const bool has_metric = contexts_.has(Context::metric);
    return close(mark, message, has_metric && !visited_inside(message, Context::metric));
  }

  void points(const Field& data, Left& left) {
    const auto kind = static_cast<MetricKind>(data.number);
    envelope(data, false, [this, kind, &left](const Field& field, Left&) {
      if (field.number == 1) left.add(visited(field, Context::datapoint, kind));
    });
  }

  bool visited(const Field& message, Context context, MetricKind kind) {
    editor_.draft_.bind(context, message, kind);
    return judged(message);
  }

  // The message that the draft is bound to.
  bool judged(const Field& message) {
    Draft& draft = editor_.draft_;
    if (visitor_.visit(place_, draft) == Verdict::drop) {
      editor_.has_dropped_ = true;
      editor_.edits_.remove(message.raw);
      return false;
    }
    draft.write_to(editor_.edits_);
    return true;
  }

  // A message that is open, and is taken away by its closing. Its own edits come behind those of
  // what is inside it: what both insert at the same place belongs into the inner one first.
  bool visited_inside(const Field& message, Context context) {
    Draft& draft = editor_.draft_;
    draft.bind(context, message);
    if (visitor_.visit(place_, draft) == Verdict::drop) {
      editor_.has_dropped_ = true;
      return false;
    }
    draft.write_into(editor_.edits_);
    return true;
  }

  Editor& editor_;
  Context item_context_;
  Contexts contexts_;
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

void Editor::visit(Signal signal, Bytes body, Contexts contexts, Visitor& visitor) {
  arena_.clear();
  edits_.begin(body);
  has_dropped_ = false;
  for (const Context context : kContexts) {
    if (!has_context(signal, context)) contexts.remove(context);
  }
  if (!contexts.empty()) Walk(*this, signal, contexts, visitor).request(body);
}

}  // namespace otlpview
