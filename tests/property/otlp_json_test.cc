// OTLP/JSON against protobuf: what otlpview reads and writes is what protobuf's own reader, its own
// JSON and its own descriptors say. Seeded; a failure prints its seed.
#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include "opentelemetry/proto/collector/logs/v1/logs_service.pb.h"
#include "opentelemetry/proto/collector/metrics/v1/metrics_service.pb.h"
#include "opentelemetry/proto/collector/profiles/v1development/profiles_service.pb.h"
#include "opentelemetry/proto/collector/trace/v1/trace_service.pb.h"
#include "otlpview/json_to_wire.h"
#include "otlpview/wire_to_json.h"
#include "schema.h"

namespace otlpview::json {
namespace {

namespace pb = google::protobuf;
namespace collector = opentelemetry::proto::collector;

constexpr std::uint32_t kSeedCount = 2000;
constexpr Signal kSignals[] = {Signal::traces, Signal::metrics, Signal::logs, Signal::profiles};

std::unique_ptr<pb::Message> make_request(Signal signal) {
  switch (signal) {
    case Signal::traces:
      return std::make_unique<collector::trace::v1::ExportTraceServiceRequest>();
    case Signal::metrics:
      return std::make_unique<collector::metrics::v1::ExportMetricsServiceRequest>();
    case Signal::logs:
      return std::make_unique<collector::logs::v1::ExportLogsServiceRequest>();
    case Signal::profiles:
      break;
  }
  return std::make_unique<collector::profiles::v1development::ExportProfilesServiceRequest>();
}

Bytes bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

bool is_hex(const pb::FieldDescriptor& field) {
  return field.name() == "trace_id" || field.name() == "span_id" ||
         field.name() == "parent_span_id";
}

// Fills messages with values that are likely to be mishandled.
class Generator {
 public:
  explicit Generator(std::uint32_t seed) : random_(seed) {}

  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

  void fill(pb::Message& message, int depth) {
    const pb::Descriptor& descriptor = *message.GetDescriptor();
    for (int i = 0; i < descriptor.field_count(); ++i) {
      const pb::FieldDescriptor& field = *descriptor.field(i);
      if (below(3) == 0) continue;
      const bool is_message = field.cpp_type() == pb::FieldDescriptor::CPPTYPE_MESSAGE;
      if (is_message && depth == 0) continue;
      const std::uint64_t count = field.is_repeated() ? below(4) : 1;
      for (std::uint64_t n = 0; n < count; ++n) set(message, field, depth);
    }
  }

 private:
  std::uint64_t bits() {
    switch (below(6)) {
      case 0:
        return 0;
      case 1:
        return below(300);
      case 2:
        return ~std::uint64_t{0} - below(3);
      case 3:
        return std::uint64_t{1} << below(64);
      case 4:
        return (std::uint64_t{1} << below(64)) - 1;
      default:
        return random_();
    }
  }

  double real() {
    constexpr double kValues[] = {0.0,
                                  -0.0,
                                  0.1,
                                  1e308,
                                  5e-324,
                                  -1.5,
                                  1e21,
                                  9007199254740993.0,
                                  std::numeric_limits<double>::infinity(),
                                  -std::numeric_limits<double>::infinity(),
                                  std::numeric_limits<double>::quiet_NaN()};
    if (below(2) == 0) return kValues[below(std::size(kValues))];
    const double value = std::bit_cast<double>(random_());
    return value == value ? value : 0.5;  // of all NaNs JSON has one
  }

  std::string text() {
    constexpr std::string_view kPieces[] = {"a",
                                            "service.name",
                                            "\"",
                                            "\\",
                                            "/",
                                            "\n",
                                            "\x01",
                                            "\x7f",
                                            "é",
                                            "😀",
                                            "\xe2\x80\xa8",
                                            "</script>",
                                            "0123456789abcdef"};
    std::string value;
    for (std::uint64_t n = below(6); n > 0; --n) value += kPieces[below(std::size(kPieces))];
    if (below(10) == 0) value.push_back('\0');
    return value;
  }

  std::string blob() {
    std::string value;
    for (std::uint64_t n = below(20); n > 0; --n) value.push_back(static_cast<char>(random_()));
    return value;
  }

  // 8 or 16 bytes, so that the hex is base64, too.
  std::string id() {
    std::string value;
    for (std::uint64_t n = (1 + below(2)) * 8; n > 0; --n) {
      value.push_back(static_cast<char>(random_()));
    }
    return value;
  }

  void set(pb::Message& message, const pb::FieldDescriptor& field, int depth) {
    const pb::Reflection& reflection = *message.GetReflection();
    const bool repeated = field.is_repeated();
    switch (field.cpp_type()) {
#define SET(CASE, METHOD, VALUE)                                \
  case pb::FieldDescriptor::CPPTYPE_##CASE: {                   \
    const auto value = VALUE;                                   \
    repeated ? reflection.Add##METHOD(&message, &field, value)  \
             : reflection.Set##METHOD(&message, &field, value); \
    break;                                                      \
  }
      SET(INT32, Int32, static_cast<std::int32_t>(bits()))
      SET(INT64, Int64, static_cast<std::int64_t>(bits()))
      SET(UINT32, UInt32, static_cast<std::uint32_t>(bits()))
      SET(UINT64, UInt64, bits())
      SET(DOUBLE, Double, real())
      SET(BOOL, Bool, below(2) == 0)
      SET(ENUM, EnumValue, static_cast<int>(below(2) == 0 ? below(5) : bits()))
#undef SET
      case pb::FieldDescriptor::CPPTYPE_STRING: {
        const std::string value = is_hex(field)                                     ? id()
                                  : field.type() == pb::FieldDescriptor::TYPE_BYTES ? blob()
                                                                                    : text();
        repeated ? reflection.AddString(&message, &field, value)
                 : reflection.SetString(&message, &field, value);
        break;
      }
      case pb::FieldDescriptor::CPPTYPE_MESSAGE:
        fill(repeated ? *reflection.AddMessage(&message, &field)
                      : *reflection.MutableMessage(&message, &field),
             depth - 1);
        break;
      default:
        FAIL() << "a type that OTLP does not use: " << field.full_name();
    }
  }

  std::mt19937_64 random_;
};

constexpr int kDepth = 9;  // an attribute's value with an array in an array, in a span

// Each id replaced by the bytes whose base64 is the hex of the id: protobuf's JSON, which has
// base64 everywhere, then has the text that OTLP/JSON has.
void disguise_ids(pb::Message& message) {
  const pb::Reflection& reflection = *message.GetReflection();
  std::vector<const pb::FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const pb::FieldDescriptor* field : fields) {
    if (field->cpp_type() == pb::FieldDescriptor::CPPTYPE_MESSAGE) {
      if (!field->is_repeated()) {
        disguise_ids(*reflection.MutableMessage(&message, field));
        continue;
      }
      for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
        disguise_ids(*reflection.MutableRepeatedMessage(&message, field, i));
      }
    } else if (is_hex(*field)) {
      const std::string id = reflection.GetString(message, field);
      std::string bytes;
      unsigned bits = 0;
      unsigned count = 0;
      for (const char c : id) {
        const unsigned byte = static_cast<unsigned char>(c);
        for (const unsigned digit : {byte >> 4, byte & 15}) {
          // 'a'..'f' are 26..31 in base64, '0'..'9' are 52..61.
          bits = bits << 6 | (digit < 10 ? 52 + digit : 26 + digit - 10);
          if (++count % 4 != 0) continue;
          for (const int shift : {16, 8, 0}) bytes.push_back(static_cast<char>(bits >> shift));
          bits = 0;
        }
      }
      reflection.SetString(&message, field, bytes);
    }
  }
}

std::string print(Signal signal, std::string_view wire) {
  std::string text;
  const auto result = wire_to_json(signal, bytes_of(wire), text);
  EXPECT_TRUE(result.has_value()) << name_of(result.error().code);
  return text;
}

std::string read(Signal signal, std::string_view text) {
  std::vector<std::byte> wire;
  const auto result = json_to_wire(signal, bytes_of(text), {}, wire);
  EXPECT_TRUE(result.has_value()) << result.error().message << "\n" << text;
  return {reinterpret_cast<const char*>(wire.data()), wire.size()};
}

// Messages are compared by their bytes as protobuf writes them: NaN is equal to NaN there.
std::string normal(Signal signal, const std::string& wire) {
  const auto request = make_request(signal);
  EXPECT_TRUE(request->ParseFromString(wire));
  request->DiscardUnknownFields();
  return request->SerializeAsString();
}

// Any field of the message, with a small value: a rival in a oneof, a scalar that occurs twice.
std::vector<std::byte> stray_field(const SchemaMessage& schema, Generator& generator) {
  const SchemaField& known = schema.fields[generator.below(schema.fields.size())];
  std::vector<std::byte> bytes;
  switch (wire_type_of(known.kind)) {
    case WireType::i32:
      append_fixed32_field(known.number, static_cast<std::uint32_t>(generator.below(3)), bytes);
      break;
    case WireType::i64:
      append_fixed64_field(known.number, generator.below(3), bytes);
      break;
    case WireType::len:
      append_len_field(known.number, known.kind == Kind::message ? "" : "x", bytes);
      break;
    default:
      append_varint_field(known.number, generator.below(3), bytes);
  }
  return bytes;
}

// Another message in a form that senders do not write: fields out of order, sub-messages in pieces,
// packed numbers single, stray and unknown fields.
std::string scramble(MessageId id, std::string_view wire, Generator& generator) {
  const SchemaMessage& schema = message_of(id);
  std::vector<std::vector<std::byte>> fields;
  FieldReader reader(bytes_of(wire));
  for (Field field; reader.next(field);) {
    const SchemaField* const known = find_by_number(schema, field.number);
    if (known == nullptr) continue;
    std::vector<std::byte> bytes;
    if (known->kind == Kind::message) {
      const std::string payload = scramble(known->message, field.text(), generator);
      if (known->label != Label::repeated && generator.below(2) == 0) {
        // Two pieces, cut between two fields.
        FieldReader inner(bytes_of(payload));
        std::size_t cut = 0;
        for (Field part; generator.below(4) != 0 && inner.next(part);) cut += part.raw.size();
        append_len_field(field.number, std::string_view(payload).substr(0, cut), bytes);
        fields.push_back(std::move(bytes));
        bytes.clear();
        append_len_field(field.number, std::string_view(payload).substr(cut), bytes);
      } else {
        append_len_field(field.number, payload, bytes);
      }
    } else if (known->label == Label::repeated && field.type == WireType::len &&
               wire_type_of(known->kind) == WireType::i64 && generator.below(2) == 0) {
      for (std::size_t at = 0; at < field.payload.size(); at += 8) {
        append_fixed64_field(field.number, load_le<std::uint64_t>(field.payload.data() + at),
                             bytes);
      }
    } else {
      append_bytes(field.raw, bytes);
    }
    fields.push_back(std::move(bytes));
  }
  if (generator.below(3) == 0) fields.push_back(stray_field(schema, generator));
  for (std::size_t i = fields.size(); i > 1; --i) {
    std::swap(fields[i - 1], fields[generator.below(i)]);
  }
  std::string out;
  for (const auto& field : fields) {
    out.append(reinterpret_cast<const char*>(field.data()), field.size());
    if (generator.below(8) == 0) out.append("\xc0\xb8\x02\x01", 4);  // unknown: 5000, 1
  }
  return out;
}

// Goal: every row of the schema is what the descriptors say, and none is missing.
TEST(OtlpJson, TheSchemaIsThatOfTheDescriptors) {
  const pb::DescriptorPool& pool = *pb::DescriptorPool::generated_pool();
  std::vector<std::string> seen;
  for (const Signal signal : kSignals) (void)make_request(signal);  // links them
  for (const SchemaMessage& message : kMessages) {
    SCOPED_TRACE(message.full_name);
    const pb::Descriptor* const descriptor =
        pool.FindMessageTypeByName(std::string(message.full_name));
    ASSERT_NE(descriptor, nullptr);
    EXPECT_EQ(static_cast<int>(message.fields.size()), descriptor->field_count());
    for (const SchemaField& field : message.fields) {
      SCOPED_TRACE(field.name);
      const pb::FieldDescriptor* const wanted = descriptor->FindFieldByNumber(field.number);
      ASSERT_NE(wanted, nullptr);
      EXPECT_EQ(find_by_name(message, field.name), &field);
      EXPECT_EQ(find_by_number(message, field.number), &field);
      EXPECT_EQ(field.proto_name, wanted->name());
      EXPECT_EQ(field.name, wanted->json_name());
      // What is `optional` is a oneof of its own; protobuf 34 has no other way to ask.
      const Label label = wanted->is_repeated()                        ? Label::repeated
                          : wanted->real_containing_oneof() != nullptr ? Label::oneof
                          : wanted->containing_oneof() != nullptr      ? Label::optional
                                                                       : Label::singular;
      EXPECT_EQ(static_cast<int>(field.label), static_cast<int>(label));
      switch (wanted->type()) {
        case pb::FieldDescriptor::TYPE_MESSAGE:
          ASSERT_EQ(static_cast<int>(field.kind), static_cast<int>(Kind::message));
          EXPECT_EQ(message_of(field.message).full_name, wanted->message_type()->full_name());
          break;
        case pb::FieldDescriptor::TYPE_ENUM: {
          ASSERT_EQ(static_cast<int>(field.kind), static_cast<int>(Kind::enumeration));
          const pb::EnumDescriptor& values = *wanted->enum_type();
          for (int i = 0; i < values.value_count(); ++i) {
            const EnumValue* const value =
                find_enum_value(field.enumeration, values.value(i)->name());
            ASSERT_NE(value, nullptr) << values.value(i)->name();
            EXPECT_EQ(value->number, values.value(i)->number());
          }
          break;
        }
        default: {
          const struct {
            pb::FieldDescriptor::Type type;
            Kind kind;
          } kKinds[] = {
              {pb::FieldDescriptor::TYPE_STRING, Kind::string},
              {pb::FieldDescriptor::TYPE_BOOL, Kind::boolean},
              {pb::FieldDescriptor::TYPE_INT32, Kind::int32},
              {pb::FieldDescriptor::TYPE_SINT32, Kind::sint32},
              {pb::FieldDescriptor::TYPE_UINT32, Kind::uint32},
              {pb::FieldDescriptor::TYPE_INT64, Kind::int64},
              {pb::FieldDescriptor::TYPE_UINT64, Kind::uint64},
              {pb::FieldDescriptor::TYPE_FIXED32, Kind::fixed32},
              {pb::FieldDescriptor::TYPE_FIXED64, Kind::fixed64},
              {pb::FieldDescriptor::TYPE_SFIXED64, Kind::sfixed64},
              {pb::FieldDescriptor::TYPE_DOUBLE, Kind::float64},
              {pb::FieldDescriptor::TYPE_BYTES, is_hex(*wanted) ? Kind::hex : Kind::base64},
          };
          const auto* const row = std::find_if(std::begin(kKinds), std::end(kKinds),
                                               [&](auto& r) { return r.type == wanted->type(); });
          ASSERT_NE(row, std::end(kKinds));
          EXPECT_EQ(static_cast<int>(field.kind), static_cast<int>(row->kind));
        }
      }
    }
  }
}

// Goal: J-33, protobuf to JSON and back loses nothing. Method: random messages.
TEST(OtlpJson, RandomRequestsSurviveTheRoundTrip) {
  for (std::uint32_t seed = 0; seed < kSeedCount; ++seed) {
    SCOPED_TRACE(seed);
    const Signal signal = kSignals[seed % kSignalCount];
    const auto request = make_request(signal);
    Generator(seed).fill(*request, kDepth);
    const std::string wire = request->SerializeAsString();
    ASSERT_EQ(normal(signal, read(signal, print(signal, wire))), wire);
  }
}

// Goal: J-01 to J-19, what we write protobuf's JSON parser reads as the same message.
TEST(OtlpJson, ProtobufReadsWhatWeWrite) {
  for (std::uint32_t seed = 0; seed < kSeedCount; ++seed) {
    SCOPED_TRACE(seed);
    const Signal signal = kSignals[seed % kSignalCount];
    const auto request = make_request(signal);
    Generator(seed).fill(*request, kDepth);
    const std::string text = print(signal, request->SerializeAsString());
    disguise_ids(*request);
    const auto parsed = make_request(signal);
    const auto status = pb::util::JsonStringToMessage(text, parsed.get());
    ASSERT_TRUE(status.ok()) << status.ToString() << "\n" << text;
    ASSERT_EQ(parsed->SerializeAsString(), request->SerializeAsString()) << text;
  }
}

// Goal: what protobuf's JSON printer writes we read as the same message, in each of its styles.
TEST(OtlpJson, WeReadWhatProtobufWrites) {
  for (std::uint32_t seed = 0; seed < kSeedCount; ++seed) {
    SCOPED_TRACE(seed);
    const Signal signal = kSignals[seed % kSignalCount];
    const auto request = make_request(signal);
    Generator(seed).fill(*request, kDepth);
    const std::string wire = request->SerializeAsString();
    disguise_ids(*request);
    pb::util::JsonPrintOptions options;
    options.add_whitespace = seed % 2 == 0;
    options.always_print_enums_as_ints = seed % 3 == 0;
    std::string text;
    ASSERT_TRUE(pb::util::MessageToJsonString(*request, &text, options).ok());
    ASSERT_EQ(normal(signal, read(signal, text)), wire) << text;
  }
}

// Goal: W-03, W-04, W-06, we merge what lies in pieces as protobuf does.
TEST(OtlpJson, PiecesAreMergedAsProtobufDoes) {
  for (std::uint32_t seed = 0; seed < kSeedCount; ++seed) {
    SCOPED_TRACE(seed);
    const Signal signal = kSignals[seed % kSignalCount];
    Generator generator(seed);
    const auto request = make_request(signal);
    generator.fill(*request, kDepth);
    const std::string wire =
        scramble(request_message(signal), request->SerializeAsString(), generator);
    ASSERT_EQ(normal(signal, read(signal, print(signal, wire))), normal(signal, wire));
  }
}

}  // namespace
}  // namespace otlpview::json
