// The text forms of bytes and numbers that OTLP/JSON uses, both ways. Knows no JSON structure.
//
// Errors:  false or an Errc, and then nothing is promised about what was written.
// Threads: pure functions.
// Source:  RFC 4648 (base64, base64url); RFC 8259 section 7 (escapes); RFC 3629 (UTF-8); ProtoJSON.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "otlpview/wire.h"

namespace otlpview::json {

// Decodes escapes that a Cursor has checked. Writes no more than text.size() bytes; the byte behind
// the last. Halves of surrogate pairs become U+FFFD and are counted.
char* unescape(std::string_view text, char* to, std::uint32_t& half_surrogate_count) noexcept;

// Two digits of either case a byte; writes text.size() / 2 bytes.
[[nodiscard]] bool decode_hex(std::string_view text, std::byte* to) noexcept;

// Both alphabets; padded to a multiple of four or not at all. Writes no more than
// text.size() / 4 * 3 + 3 bytes; the byte behind the last, or nullptr.
[[nodiscard]] std::byte* decode_base64(std::string_view text, std::byte* to) noexcept;

enum class NumberErrc : std::uint8_t { none, not_a_number, not_whole, out_of_range };

// A whole number as sign and magnitude: every digit counts, nothing passes through a double.
struct WholeNumber {
  std::uint64_t magnitude = 0;
  bool is_negative = false;  // never of zero
};

// `text` is one JSON number, in whatever form: 12, -3, 2.0, 1e3.
[[nodiscard]] NumberErrc parse_whole(std::string_view text, WholeNumber& number) noexcept;
// `text` is one JSON number. What is too small for a double is zero; what is too large is refused.
[[nodiscard]] NumberErrc parse_double(std::string_view text, double& number) noexcept;

void append_hex(Bytes bytes, std::string& out);     // lower case
void append_base64(Bytes bytes, std::string& out);  // standard, padded
// With quotes. Bytes that are not UTF-8 become U+FFFD.
void append_escaped(std::string_view text, std::string& out);
// The shortest text that reads back the same; NaN and infinities in quotes.
void append_double(double number, std::string& out);

// Where `text` stops being UTF-8; text.size() when it does not.
[[nodiscard]] std::size_t utf8_prefix_size(std::string_view text) noexcept;

}  // namespace otlpview::json
