// A body's new form, written down as its differences from the old one: no message is decoded, and
// what does not change is never copied before the new body is written.
//
//   EditList : replacements of ranges of one body. The lengths of the messages around an edit are
//              put right when they are closed, innermost first.
//   Arena    : where new bytes lie until the body is written.
//
//   const auto mark = edits.open(resource_spans);   // a Field of the body
//   edits.remove(span.raw);
//   edits.close(mark, resource_spans);
//   if (!edits.empty()) edits.write(out);           // out has edits.size_bytes() bytes
//
// Both keep their memory when they are cleared: a body that is like the last one allocates nothing.
//
// Units:   bytes.
// Errors:  none. Requires: ranges lie in the body, and no two of them overlap.
// Threads: one holder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "otlpview/wire.h"

namespace otlpview {

class Arena {
 public:
  // Room for `size` bytes, not initialised; it stays where it is until clear().
  [[nodiscard]] std::byte* take(std::size_t size);
  // Gives back the end of what take() gave last. Requires: used <= its size.
  void shrink_last(std::byte* begin, std::size_t used) noexcept;
  void clear() noexcept;

  [[nodiscard]] Bytes copy(Bytes bytes);
  [[nodiscard]] std::string_view copy(std::string_view text);
  // The field with tag and length.
  [[nodiscard]] Bytes len_field(std::uint32_t number, Bytes payload);
  // A KeyValue without tag and length; `value` is an AnyValue.
  [[nodiscard]] Bytes key_value(std::string_view key, Bytes value);

 private:
  static constexpr std::size_t kChunkSizeBytes = 16 * 1024;

  struct Chunk {
    std::unique_ptr<std::byte[]> bytes;
    std::size_t size = 0;
  };
  std::vector<Chunk> chunks_;
  std::byte* at_ = nullptr;
  std::byte* end_ = nullptr;
};

class EditList {
 public:
  // What open() leaves for close(): where the edits of a message begin.
  struct Mark {
    std::size_t index = 0;
    std::ptrdiff_t delta = 0;
    bool is_disordered = false;  // the edits around it
  };

  // Forgets all, and takes up `body`, whose bytes are borrowed.
  void begin(Bytes body) noexcept;
  [[nodiscard]] bool empty() const noexcept { return edits_.empty(); }
  [[nodiscard]] std::size_t size_bytes() const noexcept {
    return body_.size() + static_cast<std::size_t>(delta_);
  }

  // The edits up to close() lie in the payload of `message`, a length-delimited field.
  [[nodiscard]] Mark open(const Field& message);
  void close(const Mark& mark, const Field& message);
  // Instead of close(): takes `message` away, and every edit in it.
  void drop(const Mark& mark, const Field& message);

  // `with` is borrowed until the body is written.
  void replace(Bytes range, Bytes with);
  void remove(Bytes range) { replace(range, {}); }
  void insert(const std::byte* at, Bytes with) { replace(Bytes(at, at), with); }

  // Writes size_bytes() bytes.
  void write(std::byte* to) const noexcept;

 private:
  struct Edit {
    const std::byte* begin = nullptr;
    const std::byte* end = nullptr;
    const std::byte* with = nullptr;  // a length: nullptr, and its value in with_size
    std::size_t with_size = 0;
    bool is_length = false;
  };
  void push(const std::byte* begin, const std::byte* end, Bytes with, bool is_length);

  Bytes body_;
  std::vector<Edit> edits_;
  std::ptrdiff_t delta_ = 0;
  bool is_disordered_ = false;  // the edits of the innermost open message
};

}  // namespace otlpview
