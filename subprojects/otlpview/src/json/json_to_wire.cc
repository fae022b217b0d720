#include "otlpview/json_to_wire.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <utility>

#include "cursor.h"
#include "schema.h"
#include "text.h"
#include "utf8.h"
#include "wire_writer.h"

namespace otlpview {
namespace json {
namespace {

// Where the walk is, for messages to people: one per open message, linked on the stack.
struct Path {
  const Path* parent = nullptr;
  std::string_view name;  // of the field being read
  std::size_t index = 0;  // of its element
  bool has_index = false;

  void append_to(std::string& out) const {
    if (parent != nullptr) parent->append_to(out);
    if (name.empty()) return;
    out.append(".").append(name);
    if (has_index) out.append("[").append(std::to_string(index)).append("]");
  }
};

[[nodiscard]] constexpr std::string_view expectation_of(Kind kind) noexcept {
  switch (kind) {
    case Kind::string:
      return "expected a string";
    case Kind::hex:
      return "expected a string of hex digits";
    case Kind::base64:
      return "expected a string in base64";
    case Kind::boolean:
      return "expected true or false";
    case Kind::enumeration:
      return "expected an integer";
    case Kind::float64:
      return "expected a number";
    case Kind::message:
      return "expected an object";
    default:
      return "expected an integer, as number or string";
  }
}

[[nodiscard]] constexpr bool begins_value(char c) noexcept {
  return std::string_view("{[\"tfn-0123456789").find(c) != std::string_view::npos;
}

struct Range {
  std::uint64_t negative_max;  // magnitude of the least value
  std::uint64_t positive_max;
  std::string_view name;
};

[[nodiscard]] constexpr Range range_of(Kind kind) noexcept {
  constexpr std::uint64_t kInt32Max = std::numeric_limits<std::int32_t>::max();
  constexpr std::uint64_t kInt64Max = std::numeric_limits<std::int64_t>::max();
  switch (kind) {
    case Kind::int32:
    case Kind::sint32:
    case Kind::enumeration:
      return {kInt32Max + 1, kInt32Max, "out of range of a signed 32 bit integer"};
    case Kind::uint32:
    case Kind::fixed32:
      return {0, std::numeric_limits<std::uint32_t>::max(),
              "out of range of an unsigned 32 bit integer"};
    case Kind::int64:
    case Kind::sfixed64:
      return {kInt64Max + 1, kInt64Max, "out of range of a signed 64 bit integer"};
    default:
      return {0, std::numeric_limits<std::uint64_t>::max(),
              "out of range of an unsigned 64 bit integer"};
  }
}

[[nodiscard]] constexpr std::string_view describe(NumberErrc error) noexcept {
  switch (error) {
    case NumberErrc::not_whole:
      return "a fraction where a whole number is due";
    case NumberErrc::out_of_range:
      return "a number out of range";
    default:
      return "not a number";
  }
}

static_assert(kJsonSlackSizeBytes == WireWriter::kSlackSizeBytes);

class Transcoder {
 public:
  Transcoder(std::string_view text, const JsonLimits& limits, std::vector<std::byte>& out)
      : text_(text),
        cursor_(text),
        limits_(limits),
        nesting_max_(std::min(limits.nesting_max, kNestingMax)),
        writer_(out, text.size() / kShrinkExpected + 64, limits.wire_size_bytes_max) {}

  [[nodiscard]] bool request(MessageId id) {
    if (text_.empty()) return fail(JsonErrc::syntax, "the body is empty");
    if (!is_utf8(text_)) {
      return fail_at(utf8_prefix_size(text_), JsonErrc::invalid_utf8, "not UTF-8", nullptr);
    }
    if (text_.starts_with("\xef\xbb\xbf")) {
      return fail(JsonErrc::syntax, "a byte order mark in front of the document");
    }
    cursor_.skip_whitespace();
    if (cursor_.peek() != '{') return fail(JsonErrc::syntax, "the document is not an object");
    if (!message(id, 0, nullptr)) return false;
    cursor_.skip_whitespace();
    if (!cursor_.at_end()) return fail(JsonErrc::syntax, "text behind the document");
    writer_.finish();
    return true;
  }

  [[nodiscard]] const JsonStats& stats() const noexcept { return stats_; }
  [[nodiscard]] JsonFailure& failure() noexcept { return failure_; }

 private:
  // Typical bodies shrink to a third on the wire; a poor guess costs a copy.
  static constexpr std::size_t kShrinkExpected = 2;
  // Down to the value of an attribute of a link or exemplar.
  static constexpr std::uint32_t kUsualLevels = 8;
  // No name of the schema is longer, escaped or not.
  static constexpr std::size_t kNameSizeMax = 64;
  static constexpr std::size_t kEscapeSizeMax = 6;

  [[nodiscard]] bool message(MessageId id, std::uint32_t level, const Path* parent);
  [[nodiscard]] bool member(const SchemaMessage& schema, std::uint32_t level, std::uint32_t& seen,
                            Path& path);
  [[nodiscard]] bool name(const SchemaMessage& schema, const SchemaField*& field, const Path& path);
  [[nodiscard]] bool elements(const SchemaField& field, std::uint32_t level, Path& path);
  [[nodiscard]] bool packed(const SchemaField& field, Path& path);
  [[nodiscard]] bool single(const SchemaField& field, std::uint32_t level, const Path& path);
  [[nodiscard]] bool sub_message(const SchemaField& field, std::uint32_t level, const Path& path);
  [[nodiscard]] bool length_delimited(const SchemaField& field, const Path& path);
  [[nodiscard]] bool number(const SchemaField& field, std::uint64_t& bits, const Path& path);
  [[nodiscard]] bool whole(const SchemaField& field, std::uint64_t& bits, const Path& path);
  [[nodiscard]] bool real(const SchemaField& field, std::uint64_t& bits, const Path& path);
  [[nodiscard]] bool enum_name(const SchemaField& field, std::uint64_t& bits, const Path& path);

  // The text of a string token without its escapes; borrowed from the body or from scratch_.
  [[nodiscard]] std::string_view plain(const RawString& raw) {
    if (!raw.has_escapes) return raw.text;
    scratch_.resize(raw.text.size());
    const char* const end = unescape(raw.text, scratch_.data(), stats_.half_surrogate_count);
    return {scratch_.data(), static_cast<std::size_t>(end - scratch_.data())};
  }

  void write_tag(const SchemaField& field, WireType type) noexcept {
    writer_.varint(tag_of(field.number, type));
  }
  void write_number(Kind kind, std::uint64_t bits) noexcept {
    switch (wire_type_of(kind)) {
      case WireType::i32:
        return writer_.fixed32(static_cast<std::uint32_t>(bits));
      case WireType::i64:
        return writer_.fixed64(bits);
      default:
        return writer_.varint(bits);
    }
  }

  [[nodiscard]] bool fail_at(std::size_t offset, JsonErrc code, std::string_view reason,
                             const Path* path) {
    failure_.code = code;
    failure_.offset = offset;
    std::string text("$");
    if (path != nullptr) path->append_to(text);
    constexpr std::size_t kReasonSizeMax = 100;
    constexpr std::string_view kEllipsis = "...";
    constexpr std::size_t kPathSizeMax = kJsonErrorMessageSizeBytesMax - kReasonSizeMax;
    if (text.size() > kPathSizeMax) {
      text.resize(kPathSizeMax - kEllipsis.size());
      text.append(kEllipsis);
    }
    text.append(": ").append(reason.substr(0, kReasonSizeMax - 2));
    failure_.message = std::move(text);
    return false;
  }
  [[nodiscard]] bool fail(JsonErrc code, std::string_view reason, const Path* path = nullptr) {
    return fail_at(cursor_.offset(), code, reason, path);
  }
  // Of a token that the cursor refused.
  [[nodiscard]] bool fail_token(const Path& path) {
    return fail(cursor_.too_deep() ? JsonErrc::nesting_too_deep : JsonErrc::syntax,
                cursor_.problem(), &path);
  }
  [[nodiscard]] bool fail_type(std::string_view expectation, const Path& path) {
    if (!begins_value(cursor_.peek())) return fail(JsonErrc::syntax, "not a JSON value", &path);
    return fail(JsonErrc::wrong_type, expectation, &path);
  }
  [[nodiscard]] bool fail_type(const SchemaField& field, const Path& path) {
    return fail_type(expectation_of(field.kind), path);
  }
  [[nodiscard]] bool room(std::size_t size, const Path& path) {
    return writer_.room(size) || fail(JsonErrc::too_large, "too large as protobuf", &path);
  }

  std::string_view text_;
  Cursor cursor_;
  const JsonLimits& limits_;
  std::uint32_t nesting_max_;
  WireWriter writer_;
  JsonStats stats_;
  JsonFailure failure_;
  std::string scratch_;
};

bool Transcoder::message(MessageId id, std::uint32_t level, const Path* parent) {
  Path path{.parent = parent};
  if (level > nesting_max_) {
    return fail(JsonErrc::nesting_too_deep, "nesting beyond the limit", &path);
  }
  const SchemaMessage& schema = message_of(id);
  (void)cursor_.take('{');
  cursor_.skip_whitespace();
  if (cursor_.take('}')) return true;
  std::uint32_t seen = 0;
  for (bool more = true; more;) {
    if (!member(schema, level, seen, path)) return false;
    if (!cursor_.take_separator('}', more)) {
      path.name = {};
      return fail_token(path);
    }
  }
  return true;
}

bool Transcoder::member(const SchemaMessage& schema, std::uint32_t level, std::uint32_t& seen,
                        Path& path) {
  path.name = {};
  path.has_index = false;
  cursor_.skip_whitespace();
  const SchemaField* field = nullptr;
  if (!name(schema, field, path)) return false;
  cursor_.skip_whitespace();
  if (!cursor_.take(':')) return fail(JsonErrc::syntax, "expected a colon", &path);
  cursor_.skip_whitespace();
  if (field == nullptr) return cursor_.skip_value() || fail_token(path);

  path.name = field->name;
  if (cursor_.peek() == 'n') return cursor_.take_literal("null") || fail_token(path);
  const auto index = static_cast<std::size_t>(field - schema.fields.data());
  const std::uint32_t bit = 1U << index;
  const std::uint32_t rivals = (schema.oneof_mask & bit) != 0 ? schema.oneof_mask : bit;
  if ((seen & bit) != 0) return fail(JsonErrc::duplicate_name, "the name occurs twice", &path);
  if ((seen & rivals) != 0) {
    return fail(JsonErrc::duplicate_name, "two values where one of several is due", &path);
  }
  seen |= bit;
  if (field->label == Label::repeated) return elements(*field, level, path);
  return single(*field, level, path);
}

bool Transcoder::name(const SchemaMessage& schema, const SchemaField*& field, const Path& path) {
  if (cursor_.peek() != '"') return fail(JsonErrc::syntax, "expected a name in quotes", &path);
  RawString raw;
  if (!cursor_.take_string(raw)) return fail_token(path);
  std::string_view text = raw.text;
  std::array<char, kNameSizeMax * kEscapeSizeMax> buffer;
  if (raw.has_escapes) {
    std::uint32_t ignored = 0;
    text = {};
    if (raw.text.size() <= buffer.size()) {
      const char* const end = unescape(raw.text, buffer.data(), ignored);
      text = {buffer.data(), static_cast<std::size_t>(end - buffer.data())};
    }
  }
  field = find_by_name(schema, text);
  if (field != nullptr) return true;
  const SchemaField* const by_proto_name = find_by_proto_name(schema, text);
  ++(by_proto_name != nullptr ? stats_.proto_name_count : stats_.ignored_name_count);
  if (limits_.accept_proto_names) field = by_proto_name;
  return true;
}

bool Transcoder::elements(const SchemaField& field, std::uint32_t level, Path& path) {
  if (!cursor_.take('[')) return fail_type("expected an array", path);
  cursor_.skip_whitespace();
  if (cursor_.take(']')) return true;
  path.has_index = true;
  path.index = 0;
  if (is_packable(field.kind)) return packed(field, path);
  for (bool more = true; more; ++path.index) {
    cursor_.skip_whitespace();
    if (cursor_.peek() == 'n') return fail(JsonErrc::null_element, "null in an array", &path);
    if (!single(field, level, path)) return false;
    if (!cursor_.take_separator(']', more)) return fail_token(path);
  }
  return true;
}

bool Transcoder::packed(const SchemaField& field, Path& path) {
  if (!room(2 * kVarintSizeBytesMax, path)) return false;
  write_tag(field, WireType::len);
  const WireWriter::Mark mark = writer_.open(1);
  for (bool more = true; more; ++path.index) {
    cursor_.skip_whitespace();
    if (cursor_.peek() == 'n') return fail(JsonErrc::null_element, "null in an array", &path);
    std::uint64_t bits = 0;
    if (!number(field, bits, path) || !room(kVarintSizeBytesMax, path)) return false;
    write_number(field.kind, bits);
    if (!cursor_.take_separator(']', more)) return fail_token(path);
  }
  writer_.close(mark);
  return true;
}

bool Transcoder::single(const SchemaField& field, std::uint32_t level, const Path& path) {
  if (field.kind == Kind::message) return sub_message(field, level, path);
  if (!is_packable(field.kind)) return length_delimited(field, path);
  std::uint64_t bits = 0;
  if (!number(field, bits, path)) return false;
  if (bits == 0 && field.label == Label::singular) return true;
  if (!room(2 * kVarintSizeBytesMax, path)) return false;
  write_tag(field, wire_type_of(field.kind));
  write_number(field.kind, bits);
  return true;
}

bool Transcoder::sub_message(const SchemaField& field, std::uint32_t level, const Path& path) {
  if (cursor_.peek() != '{') return fail_type(field, path);
  if (!room(2 * kVarintSizeBytesMax, path)) return false;
  write_tag(field, WireType::len);
  // One byte is right for most, and moving the others costs nothing that can be measured. But where
  // somebody nests a long text deep, every level would move it.
  const std::size_t guess = level < kUsualLevels ? 1 : varint_size(cursor_.rest_size());
  const WireWriter::Mark mark = writer_.open(guess);
  if (!message(field.message, level + 1, &path) || !room(0, path)) return false;
  writer_.close(mark);
  return true;
}

bool Transcoder::length_delimited(const SchemaField& field, const Path& path) {
  if (cursor_.peek() != '"') return fail_type(field, path);
  RawString raw;
  if (!cursor_.take_string(raw)) return fail_token(path);
  if (raw.text.empty() && field.label == Label::singular) return true;
  // Decoded, the text is never longer.
  if (!room(raw.text.size() + 2 * kVarintSizeBytesMax, path)) return false;
  write_tag(field, WireType::len);
  if (field.kind == Kind::string && !raw.has_escapes) {
    writer_.varint(raw.text.size());
    writer_.bytes(raw.text.data(), raw.text.size());
    return true;
  }
  const WireWriter::Mark mark = writer_.open(varint_size(raw.text.size()));
  if (field.kind == Kind::string) {
    char* const to = reinterpret_cast<char*>(writer_.at());
    const char* const end = unescape(raw.text, to, stats_.half_surrogate_count);
    writer_.written_to(reinterpret_cast<const std::byte*>(end));
  } else if (const std::string_view text = plain(raw); field.kind == Kind::hex) {
    if (!decode_hex(text, writer_.at())) return fail(JsonErrc::bad_id, "not hex", &path);
    writer_.written_to(writer_.at() + text.size() / 2);
  } else {
    const std::byte* const end = decode_base64(text, writer_.at());
    if (end == nullptr) return fail(JsonErrc::bad_base64, "not base64", &path);
    writer_.written_to(end);
  }
  writer_.close(mark);
  return true;
}

bool Transcoder::number(const SchemaField& field, std::uint64_t& bits, const Path& path) {
  const char first = cursor_.peek();
  if (field.kind == Kind::boolean) {
    if (first != 't' && first != 'f') return fail_type(field, path);
    bits = first == 't' ? 1 : 0;
    return cursor_.take_literal(first == 't' ? "true" : "false") || fail_token(path);
  }
  if (first != '"' && first != '-' && (first < '0' || first > '9')) return fail_type(field, path);
  if (field.kind == Kind::float64) return real(field, bits, path);
  if (field.kind == Kind::enumeration && first == '"') return enum_name(field, bits, path);
  return whole(field, bits, path);
}

bool Transcoder::whole(const SchemaField& field, std::uint64_t& bits, const Path& path) {
  std::string_view text;
  if (cursor_.peek() == '"') {
    RawString raw;
    if (!cursor_.take_string(raw)) return fail_token(path);
    text = plain(raw);
    if (!is_number(text)) return fail(JsonErrc::bad_number, "not a whole number", &path);
  } else if (!cursor_.take_number(text)) {
    return fail_token(path);
  }
  WholeNumber value;
  if (const NumberErrc error = parse_whole(text, value); error != NumberErrc::none) {
    return fail(JsonErrc::bad_number, describe(error), &path);
  }
  const Range range = range_of(field.kind);
  if (value.magnitude > (value.is_negative ? range.negative_max : range.positive_max)) {
    return fail(JsonErrc::bad_number, range.name, &path);
  }
  bits = value.is_negative ? ~value.magnitude + 1 : value.magnitude;
  if (field.kind == Kind::sint32) bits = zigzag_encode(static_cast<std::int64_t>(bits));
  return true;
}

bool Transcoder::real(const SchemaField& field, std::uint64_t& bits, const Path& path) {
  std::string_view text;
  if (cursor_.peek() == '"') {
    RawString raw;
    if (!cursor_.take_string(raw)) return fail_token(path);
    text = plain(raw);
    double special = 0;
    if (text == "NaN") special = std::numeric_limits<double>::quiet_NaN();
    if (text == "Infinity") special = std::numeric_limits<double>::infinity();
    if (text == "-Infinity") special = -std::numeric_limits<double>::infinity();
    if (special != 0) {
      bits = std::bit_cast<std::uint64_t>(special);
      return true;
    }
    if (!is_number(text)) return fail(JsonErrc::wrong_type, expectation_of(field.kind), &path);
  } else if (!cursor_.take_number(text)) {
    return fail_token(path);
  }
  double value = 0;
  if (const NumberErrc error = parse_double(text, value); error != NumberErrc::none) {
    return fail(JsonErrc::bad_number, describe(error), &path);
  }
  bits = std::bit_cast<std::uint64_t>(value);
  return true;
}

bool Transcoder::enum_name(const SchemaField& field, std::uint64_t& bits, const Path& path) {
  if (!limits_.accept_enum_names) {
    return fail(JsonErrc::bad_enum_name, "expected an integer, not a name", &path);
  }
  RawString raw;
  if (!cursor_.take_string(raw)) return fail_token(path);
  const EnumValue* const value = find_enum_value(field.enumeration, plain(raw));
  if (value == nullptr) {
    return fail(JsonErrc::bad_enum_name, "not a name of this enumeration", &path);
  }
  ++stats_.enum_name_count;
  bits = static_cast<std::uint64_t>(value->number);
  return true;
}

}  // namespace

}  // namespace json

Result<JsonStats, JsonFailure> json_to_wire(Signal signal, Bytes json_text,
                                            const JsonLimits& limits, std::vector<std::byte>& out) {
  const std::size_t size_before = out.size();
  const std::string_view text(reinterpret_cast<const char*>(json_text.data()), json_text.size());
  json::Transcoder transcoder(text, limits, out);
  if (!transcoder.request(json::request_message(signal))) {
    out.resize(size_before);
    return fail(std::move(transcoder.failure()));
  }
  return transcoder.stats();
}

std::string_view name_of(JsonErrc code) noexcept {
  switch (code) {
    case JsonErrc::invalid_utf8:
      return "invalid_utf8";
    case JsonErrc::syntax:
      return "syntax";
    case JsonErrc::nesting_too_deep:
      return "nesting_too_deep";
    case JsonErrc::wrong_type:
      return "wrong_type";
    case JsonErrc::bad_number:
      return "bad_number";
    case JsonErrc::bad_enum_name:
      return "bad_enum_name";
    case JsonErrc::bad_id:
      return "bad_id";
    case JsonErrc::bad_base64:
      return "bad_base64";
    case JsonErrc::duplicate_name:
      return "duplicate_name";
    case JsonErrc::null_element:
      return "null_element";
    case JsonErrc::too_large:
      return "too_large";
  }
  return "unknown";
}

}  // namespace otlpview
