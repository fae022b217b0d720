// Goes through a body to every message of a context, or of several at once, and writes down what a
// visitor changes or drops.
//
//   Editor editor;
//   editor.visit(Signal::traces, body, Context::span, visitor);
//   if (!editor.edits().empty()) editor.edits().write(out);
//
// An envelope (scope, resource, metric) that loses its last item with this visit goes too.
//
// Errors:  none: what lies behind damage is not visited. Bodies that passed check() are whole.
// Threads: one holder. Nothing is allocated for a body like those before it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

#include "otlpview/draft.h"
#include "otlpview/edit.h"
#include "otlpview/signal.h"
#include "otlpview/wire.h"

namespace otlpview {

enum class Verdict : std::uint8_t { keep, drop };

// What a message lies in. The messages are merged as a reader would, once for each envelope.
class Place {
 public:
  explicit Place(Arena& arena) noexcept : arena_(&arena) {}

  [[nodiscard]] Bytes resource() { return resource_.merged(*arena_); }
  [[nodiscard]] Bytes scope() { return scope_.merged(*arena_); }
  // ResourceSpans and so on: for schema_url.
  [[nodiscard]] Bytes resource_group() const noexcept { return resource_.group; }
  [[nodiscard]] Bytes scope_group() const noexcept { return scope_.group; }
  // Of a point, its metric; of an event, its span.
  [[nodiscard]] Bytes parent() const noexcept { return parent_; }

 private:
  friend class Walk;
  // Field 1 of a group.
  struct Envelope {
    Bytes group;
    Bytes message;
    bool is_known = false;

    [[nodiscard]] Bytes merged(Arena& arena);
  };

  Arena* arena_;
  Envelope resource_;
  Envelope scope_;
  Bytes parent_;
};

// Some of the contexts.
class Contexts {
 public:
  constexpr Contexts() noexcept = default;
  constexpr Contexts(Context context) noexcept  // NOLINT(google-explicit-constructor): a set of one
      : bits_(bit(context)) {}
  constexpr Contexts(std::initializer_list<Context> contexts) noexcept {
    for (const Context context : contexts) bits_ |= bit(context);
  }
  [[nodiscard]] constexpr bool has(Context context) const noexcept {
    return (bits_ & bit(context)) != 0;
  }
  [[nodiscard]] constexpr bool has_only(Context context) const noexcept {
    return bits_ == bit(context);
  }
  [[nodiscard]] constexpr bool empty() const noexcept { return bits_ == 0; }
  constexpr void add(Context context) noexcept { bits_ |= bit(context); }
  constexpr void remove(Context context) noexcept { bits_ &= ~bit(context); }

 private:
  [[nodiscard]] static constexpr std::uint32_t bit(Context context) noexcept {
    return 1U << static_cast<std::uint32_t>(context);
  }
  std::uint32_t bits_ = 0;
};

class Visitor {
 public:
  virtual ~Visitor() = default;
  // `draft` is bound, and need not be read yet.
  [[nodiscard]] virtual Verdict visit(Place& place, Draft& draft) = 0;
};

// The signals' contexts: spans and their events, metrics and their points, log records.
[[nodiscard]] bool has_context(Signal signal, Context context) noexcept;

class Editor {
 public:
  Editor() noexcept : draft_(arena_) {}
  Editor(const Editor&) = delete;
  Editor& operator=(const Editor&) = delete;

  // Forgets the edits of the body before. A context that the signal has not holds no message. Of
  // several contexts, what is inside a span or a metric is visited before it, resources and scopes
  // before what is inside them; each message is shown as it lies in the body.
  void visit(Signal signal, Bytes body, Contexts contexts, Visitor& visitor);
  // Whether the visitor has dropped anything.
  [[nodiscard]] bool has_dropped() const noexcept { return has_dropped_; }
  [[nodiscard]] const EditList& edits() const noexcept { return edits_; }
  [[nodiscard]] Arena& arena() noexcept { return arena_; }

 private:
  friend class Walk;
  Arena arena_;
  EditList edits_;
  Draft draft_;
  std::vector<Field> parts_;
  bool has_dropped_ = false;
};

}  // namespace otlpview
