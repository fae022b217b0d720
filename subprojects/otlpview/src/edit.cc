#include "otlpview/edit.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

namespace otlpview {

namespace {

// Where the length of a length-delimited field begins: behind its tag, however that is written.
const std::byte* length_of(const Field& message) noexcept {
  std::uint64_t tag = 0;
  return read_varint(message.raw.data(), message.payload.data(), tag);
}

// Copies [from, until) to `to`. Between edits lie short runs: a fixed number of bytes, where
// both sides have room for it, is two instructions and no call.
std::byte* copied(const std::byte* from, const std::byte* until, const std::byte* from_end,
                  std::byte* to, const std::byte* to_end) noexcept {
  constexpr std::ptrdiff_t kShort = 32;
  const std::ptrdiff_t size = until - from;
  if (size <= kShort && from_end - from >= kShort && to_end - to >= kShort) {
    std::memcpy(to, from, kShort);
    return to + size;
  }
  return std::copy(from, until, to);
}

}  // namespace

std::byte* Arena::take(std::size_t size) {
  if (size > static_cast<std::size_t>(end_ - at_)) {
    const std::size_t chunk_size = std::max(size, kChunkSizeBytes);
    chunks_.push_back({std::make_unique_for_overwrite<std::byte[]>(chunk_size), chunk_size});
    at_ = chunks_.back().bytes.get();
    end_ = at_ + chunk_size;
  }
  std::byte* const begin = at_;
  at_ += size;
  return begin;
}

void Arena::shrink_last(std::byte* begin, std::size_t used) noexcept { at_ = begin + used; }

void Arena::clear() noexcept {
  if (chunks_.size() > 1) {
    chunks_.erase(chunks_.begin() + 1, chunks_.end());
  }
  if (chunks_.empty()) return;
  // One body with large values must not hold its memory for ever.
  if (chunks_.front().size > kChunkSizeBytes) {
    chunks_.clear();
    at_ = end_ = nullptr;
    return;
  }
  at_ = chunks_.front().bytes.get();
  end_ = at_ + chunks_.front().size;
}

Bytes Arena::copy(Bytes bytes) {
  std::byte* const to = take(bytes.size());
  std::copy(bytes.begin(), bytes.end(), to);
  return {to, bytes.size()};
}

std::string_view Arena::copy(std::string_view text) {
  const Bytes bytes = copy(std::as_bytes(std::span(text)));
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Bytes Arena::len_field(std::uint32_t number, Bytes payload) {
  const std::size_t size = len_field_size(number, payload.size());
  std::byte* const begin = take(size);
  // Not write_varint() into the last bytes: it wants room for the longest varint.
  std::byte header[2 * kVarintSizeBytesMax];
  std::byte* const behind =
      write_varint(write_varint(header, tag_of(number, WireType::len)), payload.size());
  std::byte* const to = std::copy(header, behind, begin);
  std::copy(payload.begin(), payload.end(), to);
  return {begin, size};
}

Bytes Arena::key_value(std::string_view key, Bytes value) {
  const std::size_t key_size = len_field_size(1, key.size());
  const std::size_t size = key_size + len_field_size(2, value.size());
  std::byte* const begin = take(size + kVarintSizeBytesMax);
  *begin = static_cast<std::byte>(tag_of(1, WireType::len));
  std::byte* to = write_varint(begin + 1, key.size());
  to = std::copy_n(reinterpret_cast<const std::byte*>(key.data()), key.size(), to);
  *to = static_cast<std::byte>(tag_of(2, WireType::len));
  to = write_varint(to + 1, value.size());
  std::copy(value.begin(), value.end(), to);
  shrink_last(begin, size);
  return {begin, size};
}

void EditList::begin(Bytes body) noexcept {
  body_ = body;
  edits_.clear();
  delta_ = 0;
  is_disordered_ = false;
}

EditList::Mark EditList::open(const Field& message) {
  Mark mark{.index = edits_.size(), .delta = delta_};
  push(length_of(message), message.payload.data(), {}, true);
  mark.is_disordered = std::exchange(is_disordered_, false);
  return mark;
}

void EditList::close(const Mark& mark, const Field& message) {
  const bool is_disordered = std::exchange(is_disordered_, mark.is_disordered);
  if (edits_.size() == mark.index + 1) {
    edits_.pop_back();
    return;
  }
  Edit& length = edits_[mark.index];
  const std::ptrdiff_t inner = delta_ - mark.delta;
  if (inner == 0) {
    length.end = length.begin;  // the length stays as it was written
    length.is_length = false;
  } else {
    length.with_size = message.payload.size() + static_cast<std::size_t>(inner);
    delta_ +=
        static_cast<std::ptrdiff_t>(varint_size(length.with_size)) - (length.end - length.begin);
  }
  if (!is_disordered) return;
  // Fields on the wire need not be in the order in which they were edited.
  const auto first = edits_.begin() + static_cast<std::ptrdiff_t>(mark.index);
  // What is inserted goes before what is replaced at the same place.
  std::stable_sort(first, edits_.end(), [](const Edit& a, const Edit& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
  });
}

void EditList::drop(const Mark& mark, const Field& message) {
  edits_.resize(mark.index);
  delta_ = mark.delta;
  is_disordered_ = mark.is_disordered;
  remove(message.raw);
}

void EditList::replace(Bytes range, Bytes with) {
  delta_ += static_cast<std::ptrdiff_t>(with.size()) - static_cast<std::ptrdiff_t>(range.size());
  if (with.empty() && !edits_.empty()) {
    Edit& last = edits_.back();
    if (last.end == range.data() && last.with_size == 0 && !last.is_length) {
      last.end = range.data() + range.size();  // one removal for a run of neighbours
      return;
    }
  }
  push(range.data(), range.data() + range.size(), with, false);
}

void EditList::push(const std::byte* begin, const std::byte* end, Bytes with, bool is_length) {
  if (!edits_.empty() && begin < edits_.back().end) is_disordered_ = true;
  Edit& edit = edits_.emplace_back();
  edit.begin = begin;
  edit.end = end;
  edit.with = with.data();
  edit.with_size = with.size();
  edit.is_length = is_length;
}

void EditList::write(std::byte* to) const noexcept {
  const std::byte* from = body_.data();
  const std::byte* const body_end = from + body_.size();
  std::byte* const end = to + size_bytes();
  for (const Edit& edit : edits_) {
    to = copied(from, edit.begin, body_end, to, end);
    if (!edit.is_length) {
      to = std::copy_n(edit.with, edit.with_size, to);
    } else if (end - to >= static_cast<std::ptrdiff_t>(kVarintSizeBytesMax)) {
      to = write_varint(to, edit.with_size);
    } else {
      std::byte varint[kVarintSizeBytesMax];
      to = std::copy(varint, write_varint(varint, edit.with_size), to);
    }
    from = edit.end;
  }
  std::copy(from, body_end, to);
}

}  // namespace otlpview
