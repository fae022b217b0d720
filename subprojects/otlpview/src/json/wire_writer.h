// Appends wire bytes whose lengths are known only afterwards.
//
//   open(guess) : leaves room for a length of `guess` bytes
//   close(mark) : writes the length, minimal; a wrong guess moves the payload once
//
// The caller asks room() before it writes: unchecked writes keep the loop over attributes short.
// What is beyond size() in the vector is spare; finish() cuts it off.
//
// Errors:  room() is false when the output would pass its limit; nothing has changed then.
// Threads: one thread.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "otlpview/wire.h"

namespace otlpview::json {

class WireWriter {
 public:
  // A close() may add this much: one length that was guessed one byte and takes ten.
  static constexpr std::size_t kSlackSizeBytes = kVarintSizeBytesMax;

  struct Mark {
    std::size_t begin;  // of the length
    std::size_t guess;  // bytes left for it
  };

  WireWriter(std::vector<std::byte>& out, std::size_t size_bytes_expected,
             std::size_t size_bytes_max)
      : out_(out), begin_(out.size()), size_(out.size()), size_max_(size_bytes_max) {
    out_.resize(begin_ + std::min(size_bytes_expected, size_bytes_max));
  }

  // Makes room for `size` more bytes, and for every length that is still open to grow.
  [[nodiscard]] bool room(std::size_t size) {
    return out_.size() - size_ >= size + kSlackSizeBytes || grow(size + kSlackSizeBytes);
  }

  // Bytes written since construction.
  [[nodiscard]] std::size_t written() const noexcept { return size_ - begin_; }
  [[nodiscard]] std::byte* at() noexcept { return out_.data() + size_; }
  // Ends a write that was made through at().
  void written_to(const std::byte* end) noexcept {
    size_ = static_cast<std::size_t>(end - out_.data());
  }

  void varint(std::uint64_t value) noexcept { written_to(write_varint(at(), value)); }
  void fixed32(std::uint32_t value) noexcept { little_endian(value); }
  void fixed64(std::uint64_t value) noexcept { little_endian(value); }
  void bytes(const void* from, std::size_t size) noexcept {
    std::memcpy(at(), from, size);
    size_ += size;
  }

  [[nodiscard]] Mark open(std::size_t guess) noexcept {
    const Mark mark{size_, guess};
    size_ += guess;
    return mark;
  }

  void close(Mark mark) noexcept {
    const std::size_t payload = mark.begin + mark.guess;
    const std::size_t payload_size = size_ - payload;
    const std::size_t length_size = varint_size(payload_size);
    if (length_size != mark.guess) {
      std::memmove(out_.data() + mark.begin + length_size, out_.data() + payload, payload_size);
      size_ = mark.begin + length_size + payload_size;
    }
    write_varint(out_.data() + mark.begin, payload_size);
  }

  void finish() { out_.resize(size_); }

 private:
  template <typename T>
  void little_endian(T value) noexcept {
    static_assert(std::endian::native == std::endian::little, "the wire is little-endian");
    bytes(&value, sizeof value);
  }

  // Spare room doubles, so that all growth together copies each byte about once.
  [[nodiscard]] bool grow(std::size_t size) {
    const std::size_t used = written();
    const std::size_t room_max = size_max_ + kSlackSizeBytes;
    if (used + size > room_max) return false;
    out_.resize(begin_ + std::min(used + std::max(size, used), room_max));
    return true;
  }

  std::vector<std::byte>& out_;
  std::size_t begin_;
  std::size_t size_;
  std::size_t size_max_;
};

}  // namespace otlpview::json
