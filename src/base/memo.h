// What was worked out for a text before, for when the text comes again. Most of what telemetry says
// is a few methods, routes, hosts and versions; a pattern or a digest costs far more than a look.
//
//   Memo     : sets of kMemoWays slots; the hash of a text chooses its set
//   slot     : a text, who asked about it, and the answer, in kMemoSlotSizeBytes
//   question : a text, and `site`, a number for each of those who share a Memo
//   answer   : a code and some bytes
//
//   Memo::Question question(site, text);
//   const Memo::Answer* answer = memo.find(question);
//   if (answer == nullptr) { ...; memo.keep(question, code, bytes); }
//
// A text is written down when it comes for the second time: one that never comes again costs a hash
// and a look at one set. A slot in which nothing was found for longer makes room.
//
// Whole texts are compared, a hash is never believed. It needs no secret: whatever is sent, a
// question looks at one set and no further. Who knows the hash can have others' texts forgotten, as
// any flood of new texts does; that is a miss, and never a longer search or a wrong answer.
//
// Units:   bytes. A Memo takes at most kMemoSizeBytesMax, and nothing before it is first asked.
// Limits:  a text longer than kMemoTextSizeBytesMax is not looked up; a text and an answer that do
//          not fit into one slot are not kept.
// Errors:  none.
// Threads: one holder.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/assert.h"

namespace gateway {

inline constexpr std::size_t kMemoSetCount = 512;  // a power of two
inline constexpr std::size_t kMemoWays = 2;
inline constexpr std::size_t kMemoSlotSizeBytes = 256;
inline constexpr std::size_t kMemoTextSizeBytesMax = 192;
// Room for an answer that is being made: more than this is given back with the next one.
inline constexpr std::size_t kMemoScratchSizeBytesMax = 64 * 1024;
inline constexpr std::size_t kMemoSizeBytesMax =
    kMemoSetCount * (kMemoWays * kMemoSlotSizeBytes + 12);

class Memo {
 public:
  struct Answer {
    std::uint32_t code = 0;
    std::string_view bytes;  // until the next find() or keep(); not to be given to keep()
  };
  class Question {
   public:
    Question(std::uint32_t site, std::string_view text) noexcept : site_(site), text_(text) {}

   private:
    friend class Memo;
    std::uint32_t site_;
    std::string_view text_;
    std::uint32_t tag_ = 0;  // 0: it is not looked up
    std::uint32_t set_ = 0;
    bool is_seen_ = false;  // it came before
  };

  // `set_count` of 0: nothing is remembered. Requires: else it is a power of two.
  explicit Memo(std::size_t set_count = kMemoSetCount) : set_count_(set_count) {
    GATEWAY_ASSERT((set_count & (set_count - 1)) == 0);
  }

  // The answer that was kept, or nullptr.
  [[nodiscard]] const Answer* find(Question& question) {
    if (question.text_.size() > kMemoTextSizeBytesMax || set_count_ == 0) return nullptr;
    if (sets_.empty()) allocate();
    const std::uint64_t hash = hash_of(question.site_, question.text_);
    question.tag_ = static_cast<std::uint32_t>(hash >> 32) | 1U;
    question.set_ = static_cast<std::uint32_t>(hash & (set_count_ - 1));
    Set& set = sets_[question.set_];
    for (std::uint8_t way = 0; way < kMemoWays; ++way) {
      if (set.tags[way] != question.tag_) continue;
      question.is_seen_ = true;
      const Slot& slot = slots_[question.set_ * kMemoWays + way];
      if ((set.written & 1U << way) == 0 || !holds(slot, question)) continue;
      set.recent = way;
      answer_ = {slot.code, {slot.bytes + slot.text_size, slot.answer_size}};
      return &answer_;
    }
    if (!question.is_seen_) set.tags[1U - set.recent] = question.tag_;
    return nullptr;
  }

  // The answer to a question that find() has just not found.
  void keep(const Question& question, std::uint32_t code, std::string_view bytes = {}) {
    if (!question.is_seen_) return;
    const std::string_view text = question.text_;
    if (bytes.size() > sizeof(Slot::bytes) - text.size()) return;
    Set& set = sets_[question.set_];
    // Where its tag is; the other slot may hold what is looked up more often.
    const std::uint32_t way = set.tags[set.recent] == question.tag_ ? set.recent : 1U - set.recent;
    set.tags[way] = question.tag_;
    set.written = static_cast<std::uint8_t>(set.written | 1U << way);
    Slot& slot = slots_[question.set_ * kMemoWays + way];
    slot.site = question.site_;
    slot.code = code;
    slot.text_size = static_cast<std::uint16_t>(text.size());
    slot.answer_size = static_cast<std::uint16_t>(bytes.size());
    std::copy(bytes.begin(), bytes.end(), std::copy(text.begin(), text.end(), slot.bytes));
  }

  // A text to make an answer in, empty. One large text must not hold its memory for ever.
  [[nodiscard]] std::string& scratch() {
    if (scratch_.capacity() > kMemoScratchSizeBytesMax) std::string().swap(scratch_);
    scratch_.clear();
    return scratch_;
  }

  // The low bits choose the set; the high half is what a slot is looked at for.
  [[nodiscard]] static std::uint64_t hash_of(std::uint32_t site, std::string_view text) noexcept {
    constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15U;
    constexpr std::uint64_t kOther = 0xe7037ed1a0b428dbU;
    const char* const at = text.data();
    const std::size_t size = text.size();
    std::uint64_t state = mixed(site ^ kOdd, size ^ kOther);
    std::uint64_t a = 0;
    std::uint64_t b = 0;
    if (size > 16) {
      for (std::size_t i = 0; i + 16 < size; i += 16) {
        state = mixed(load<std::uint64_t>(at + i) ^ kOdd, load<std::uint64_t>(at + i + 8) ^ state);
      }
      a = load<std::uint64_t>(at + size - 16);
      b = load<std::uint64_t>(at + size - 8);
    } else if (size >= 8) {
      a = load<std::uint64_t>(at);
      b = load<std::uint64_t>(at + size - 8);
    } else if (size >= 4) {
      a = load<std::uint32_t>(at);
      b = load<std::uint32_t>(at + size - 4);
    } else if (size > 0) {
      a = static_cast<unsigned char>(at[0]);
      b = static_cast<std::uint64_t>(static_cast<unsigned char>(at[size / 2])) << 8 |
          static_cast<unsigned char>(at[size - 1]);
    }
    return mixed(a ^ kOther, b ^ state);
  }

 private:
  static_assert(kMemoWays == 2, "which slot makes room is written for two");

  struct Set {
    std::array<std::uint32_t, kMemoWays> tags{};  // 0: empty
    std::uint8_t recent = 0;                      // the way that was found last
    std::uint8_t written = 0;                     // a bit for each way: its slot is initialised
  };
  struct Slot {
    std::uint32_t site;
    std::uint32_t code;
    std::uint16_t text_size;
    std::uint16_t answer_size;
    char bytes[kMemoSlotSizeBytes - 12];  // the text, then the answer
  };
  static_assert(sizeof(Slot) == kMemoSlotSizeBytes);
  static_assert(kMemoSetCount * (sizeof(Set) + kMemoWays * sizeof(Slot)) == kMemoSizeBytesMax);
  static_assert(kMemoTextSizeBytesMax < sizeof(Slot::bytes));

  template <typename T>
  [[nodiscard]] static T load(const char* from) noexcept {
    T value;
    std::memcpy(&value, from, sizeof value);
    return value;
  }

  // Multiplies to 128 bits and folds: each bit of the words reaches all of the result.
  [[nodiscard]] static std::uint64_t mixed(std::uint64_t a, std::uint64_t b) noexcept {
    __extension__ using Wide = unsigned __int128;
    const Wide product = Wide{a} * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  }

  [[nodiscard]] static bool holds(const Slot& slot, const Question& question) noexcept {
    return slot.site == question.site_ &&
           std::string_view(slot.bytes, slot.text_size) == question.text_;
  }

  // Slots that are never written are never touched, so that they take no memory.
  void allocate() {
    sets_.resize(set_count_);
    slots_ = std::make_unique_for_overwrite<Slot[]>(set_count_ * kMemoWays);
  }

  std::size_t set_count_;
  std::vector<Set> sets_;
  std::unique_ptr<Slot[]> slots_;
  Answer answer_;
  std::string scratch_;
};

}  // namespace gateway
