#include "otlpview/wire_to_json.h"

#include <array>
#include <bit>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "schema.h"
#include "text.h"

namespace otlpview {
namespace json {
namespace {

// What a message holds, found by reading its own fields once, not those of its sub-messages.
struct Survey {
  std::array<std::size_t, kFieldCountMax> last{};  // position of the last occurrence; 0: absent
  // Each repeated field stands in one run, nothing singular occurs twice, one oneof member at most:
  // the fields can be printed in the order in which they come.
  bool is_plain = true;
};

class Printer {
 public:
  Printer(Signal signal, Bytes body, std::string& out) : signal_(signal), body_(body), out_(out) {}

  [[nodiscard]] bool request() { return message(request_message(signal_), body_, 0); }
  [[nodiscard]] const CheckFailure& failure() const noexcept { return failure_; }

 private:
  // Where the printing of one message is.
  struct State {
    bool has_member = false;
    const SchemaField* array = nullptr;  // whose brackets are open
  };
  // A message in pieces: segments_[begin .. begin + count).
  struct Pieces {
    std::size_t begin;
    std::size_t count;
  };

  [[nodiscard]] bool message(MessageId id, Bytes bytes, std::uint32_t level);
  [[nodiscard]] bool message(MessageId id, Pieces pieces, std::uint32_t level);
  [[nodiscard]] bool plain(const SchemaMessage& schema, Bytes bytes, std::uint32_t level);
  [[nodiscard]] bool merged(const SchemaMessage& schema, Pieces pieces, const Survey& survey,
                            std::uint32_t level);
  [[nodiscard]] bool merged_field(const SchemaMessage& schema, const SchemaField& known,
                                  Pieces pieces, std::size_t floor, std::uint32_t level,
                                  State& state);
  [[nodiscard]] bool elements(const SchemaField& known, const Field& field, std::uint32_t level,
                              State& state);
  [[nodiscard]] bool singular(const SchemaField& known, const Field& field, std::uint32_t level,
                              State& state);
  [[nodiscard]] bool value(const SchemaField& known, const Field& field, std::uint32_t level);
  void number(Kind kind, std::uint64_t bits);

  // Calls each(field, its schema, its position) for every known field of the pieces; positions
  // count from 1.
  template <typename Each>
  [[nodiscard]] bool for_each_known(const SchemaMessage& schema, Pieces pieces, Each each) {
    std::size_t position = 0;
    for (std::size_t i = 0; i < pieces.count; ++i) {
      // By value: what is called below may add segments.
      const Bytes piece = segments_[pieces.begin + i];
      FieldReader reader(piece);
      for (Field field; reader.next(field);) {
        const SchemaField* const known = find_by_number(schema, field.number);
        if (known != nullptr && !each(field, *known, ++position)) return false;
      }
      if (reader.failed()) return damaged(reader.rest());
    }
    return true;
  }

  void begin_member(const SchemaField& known, State& state) {
    end_array(state);
    if (state.has_member) out_.push_back(',');
    state.has_member = true;
    out_.push_back('"');
    out_.append(known.name);
    out_.append("\":");
  }
  void begin_element(const SchemaField& known, State& state) {
    if (state.array == &known) {
      out_.push_back(',');
      return;
    }
    begin_member(known, state);
    out_.push_back('[');
    state.array = &known;
  }
  void end_array(State& state) {
    if (state.array != nullptr) out_.push_back(']');
    state.array = nullptr;
  }

  template <typename Integer>
  void decimal(Integer integer) {
    std::array<char, 24> buffer;  // the longest is 20: the least of 64 bits
    const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), integer);
    out_.append(buffer.data(), result.ptr);
  }
  template <typename Integer>
  void quoted(Integer integer) {
    out_.push_back('"');
    decimal(integer);
    out_.push_back('"');
  }

  [[nodiscard]] bool fail_at(const std::byte* at, CheckErrc code) noexcept {
    failure_ = {code, static_cast<std::uint64_t>(at - body_.data())};
    return false;
  }
  [[nodiscard]] bool wrong_wire_type(const Field& field) noexcept {
    return fail_at(field.raw.data(), CheckErrc::wrong_wire_type);
  }
  // Bytes that are no field. The check is the one to say why.
  [[nodiscard]] bool damaged(Bytes rest) noexcept {
    const auto report = check(signal_, body_, {.nesting_max = kNestingMax});
    if (report.has_value()) return fail_at(rest.data(), CheckErrc::truncated);
    failure_ = report.error();
    return false;
  }

  Signal signal_;
  Bytes body_;
  std::string& out_;
  std::vector<Bytes> segments_;  // a stack: pieces of the messages that are being merged
  CheckFailure failure_;
};

// The bits of a number that count, sign-extended to 64: protobuf drops the others.
[[nodiscard]] constexpr std::uint64_t significant_bits(Kind kind, std::uint64_t bits) noexcept {
  switch (kind) {
    case Kind::boolean:
      return bits != 0 ? 1 : 0;
    case Kind::int32:
    case Kind::enumeration:
      return static_cast<std::uint64_t>(std::int64_t{static_cast<std::int32_t>(bits)});
    case Kind::sint32:
      return static_cast<std::uint64_t>(zigzag_decode(static_cast<std::uint32_t>(bits)));
    case Kind::uint32:
      return static_cast<std::uint32_t>(bits);
    default:
      return bits;
  }
}

// What one field after the other tells about the whole; `index` is of the field in the schema.
class Surveyor {
 public:
  explicit Surveyor(const SchemaMessage& schema) noexcept : schema_(schema) {}

  void add(const SchemaField& known, std::size_t position) noexcept {
    const auto index = static_cast<std::size_t>(&known - schema_.fields.data());
    const std::uint32_t bit = 1U << index;
    if (known.label == Label::repeated) {
      if ((seen_ & bit) != 0 && previous_ != &known) survey_.is_plain = false;
    } else {
      const std::uint32_t rivals = (schema_.oneof_mask & bit) != 0 ? schema_.oneof_mask : bit;
      if ((seen_ & rivals) != 0) survey_.is_plain = false;
    }
    seen_ |= bit;
    previous_ = &known;
    survey_.last[index] = position;
  }
  [[nodiscard]] const Survey& survey() const noexcept { return survey_; }

 private:
  const SchemaMessage& schema_;
  Survey survey_;
  std::uint32_t seen_ = 0;
  const SchemaField* previous_ = nullptr;
};

bool Printer::message(MessageId id, Bytes bytes, std::uint32_t level) {
  if (level > kNestingMax) return fail_at(bytes.data(), CheckErrc::nesting_too_deep);
  const SchemaMessage& schema = message_of(id);
  Surveyor surveyor(schema);
  FieldReader reader(bytes);
  std::size_t position = 0;
  for (Field field; reader.next(field);) {
    const SchemaField* const known = find_by_number(schema, field.number);
    if (known != nullptr) surveyor.add(*known, ++position);
  }
  if (reader.failed()) return damaged(reader.rest());
  if (surveyor.survey().is_plain) return plain(schema, bytes, level);
  const Pieces pieces{segments_.size(), 1};
  segments_.push_back(bytes);
  if (!merged(schema, pieces, surveyor.survey(), level)) return false;
  segments_.resize(pieces.begin);
  return true;
}

bool Printer::message(MessageId id, Pieces pieces, std::uint32_t level) {
  if (pieces.count == 1) return message(id, segments_[pieces.begin], level);
  if (level > kNestingMax) {
    return fail_at(segments_[pieces.begin].data(), CheckErrc::nesting_too_deep);
  }
  const SchemaMessage& schema = message_of(id);
  Surveyor surveyor(schema);
  const bool is_read = for_each_known(
      schema, pieces, [&](const Field&, const SchemaField& known, std::size_t position) {
        surveyor.add(known, position);
        return true;
      });
  return is_read && merged(schema, pieces, surveyor.survey(), level);
}

bool Printer::plain(const SchemaMessage& schema, Bytes bytes, std::uint32_t level) {
  out_.push_back('{');
  State state;
  FieldReader reader(bytes);
  for (Field field; reader.next(field);) {
    const SchemaField* const known = find_by_number(schema, field.number);
    if (known == nullptr) continue;
    if (known->label == Label::repeated) {
      if (!elements(*known, field, level, state)) return false;
    } else if (!singular(*known, field, level, state)) {
      return false;
    }
  }
  end_array(state);
  out_.push_back('}');
  return true;
}

bool Printer::merged(const SchemaMessage& schema, Pieces pieces, const Survey& survey,
                     std::uint32_t level) {
  // Of a oneof the member that came last counts, and of it what came after any other member.
  std::size_t winner = 0;
  std::size_t floor = 0;
  for (std::size_t i = 0; i < schema.fields.size(); ++i) {
    if ((schema.oneof_mask >> i & 1) == 0) continue;
    if (survey.last[i] > winner) {
      floor = winner;
      winner = survey.last[i];
    } else if (survey.last[i] > floor) {
      floor = survey.last[i];
    }
  }
  out_.push_back('{');
  State state;
  for (std::size_t i = 0; i < schema.fields.size(); ++i) {
    const SchemaField& known = schema.fields[i];
    const bool is_member = known.label == Label::oneof;
    if (survey.last[i] == 0 || (is_member && survey.last[i] != winner)) continue;
    if (!merged_field(schema, known, pieces, is_member ? floor : 0, level, state)) return false;
  }
  end_array(state);
  out_.push_back('}');
  return true;
}

bool Printer::merged_field(const SchemaMessage& schema, const SchemaField& known, Pieces pieces,
                           std::size_t floor, std::uint32_t level, State& state) {
  if (known.label == Label::repeated) {
    return for_each_known(schema, pieces,
                          [&](const Field& field, const SchemaField& found, std::size_t) {
                            return &found != &known || elements(known, field, level, state);
                          });
  }
  Pieces parts{segments_.size(), 0};
  Field last;
  const bool is_read = for_each_known(
      schema, pieces, [&](const Field& field, const SchemaField& found, std::size_t position) {
        if (&found != &known || position <= floor) return true;
        last = field;
        if (known.kind != Kind::message) return true;
        if (field.type != WireType::len) return wrong_wire_type(field);
        if (field.payload.empty() && parts.count > 0) return true;
        segments_.push_back(field.payload);
        ++parts.count;
        return true;
      });
  if (!is_read) return false;
  if (known.kind != Kind::message) return singular(known, last, level, state);
  begin_member(known, state);
  if (!message(known.message, parts, level + 1)) return false;
  segments_.resize(parts.begin);
  return true;
}

bool Printer::elements(const SchemaField& known, const Field& field, std::uint32_t level,
                       State& state) {
  if (field.type == wire_type_of(known.kind)) {
    begin_element(known, state);
    return value(known, field, level);
  }
  if (field.type != WireType::len || !is_packable(known.kind)) return wrong_wire_type(field);
  const std::byte* at = field.payload.data();
  const std::byte* const end = at + field.payload.size();
  while (at != end) {
    std::uint64_t bits = 0;
    switch (wire_type_of(known.kind)) {
      case WireType::i32:
        if (end - at < 4) return fail_at(at, CheckErrc::truncated);
        bits = load_le<std::uint32_t>(at);
        at += 4;
        break;
      case WireType::i64:
        if (end - at < 8) return fail_at(at, CheckErrc::truncated);
        bits = load_le<std::uint64_t>(at);
        at += 8;
        break;
      default: {
        const std::byte* const behind = read_varint(at, end, bits);
        if (behind == nullptr) return fail_at(at, CheckErrc::bad_varint);
        at = behind;
      }
    }
    begin_element(known, state);
    number(known.kind, bits);
  }
  return true;
}

bool Printer::singular(const SchemaField& known, const Field& field, std::uint32_t level,
                       State& state) {
  if (field.type != wire_type_of(known.kind)) return wrong_wire_type(field);
  if (known.label == Label::singular && known.kind != Kind::message) {
    const bool is_zero = is_packable(known.kind) ? significant_bits(known.kind, field.value) == 0
                                                 : field.payload.empty();
    if (is_zero) return true;
  }
  begin_member(known, state);
  return value(known, field, level);
}

bool Printer::value(const SchemaField& known, const Field& field, std::uint32_t level) {
  switch (known.kind) {
    case Kind::message:
      return message(known.message, field.payload, level + 1);
    case Kind::string:
      append_escaped(field.text(), out_);
      return true;
    case Kind::hex:
      out_.push_back('"');
      append_hex(field.payload, out_);
      out_.push_back('"');
      return true;
    case Kind::base64:
      out_.push_back('"');
      append_base64(field.payload, out_);
      out_.push_back('"');
      return true;
    default:
      number(known.kind, field.value);
      return true;
  }
}

void Printer::number(Kind kind, std::uint64_t bits) {
  const std::uint64_t value = significant_bits(kind, bits);
  switch (kind) {
    case Kind::boolean:
      out_.append(value != 0 ? "true" : "false");
      return;
    case Kind::float64:
      append_double(std::bit_cast<double>(value), out_);
      return;
    case Kind::int32:
    case Kind::sint32:
    case Kind::enumeration:
      decimal(static_cast<std::int64_t>(value));
      return;
    case Kind::uint32:
    case Kind::fixed32:
      decimal(value);
      return;
    case Kind::int64:
    case Kind::sfixed64:
      quoted(static_cast<std::int64_t>(value));
      return;
    default:
      quoted(value);
  }
}

}  // namespace
}  // namespace json

Result<void, CheckFailure> wire_to_json(Signal signal, Bytes body, std::string& out) {
  const std::size_t size_before = out.size();
  json::Printer printer(signal, body, out);
  if (!printer.request()) {
    out.resize(size_before);
    return fail(printer.failure());
  }
  return {};
}

}  // namespace otlpview
