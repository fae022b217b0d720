#include "random_request.h"

#include <algorithm>
#include <vector>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/unknown_field_set.h>

#include "opentelemetry/proto/collector/logs/v1/logs_service.pb.h"
#include "opentelemetry/proto/collector/metrics/v1/metrics_service.pb.h"
#include "opentelemetry/proto/collector/profiles/v1development/profiles_service.pb.h"
#include "opentelemetry/proto/collector/trace/v1/trace_service.pb.h"
#include "otlpview/wire.h"

namespace otlpview::oracle {

namespace pb = google::protobuf;
namespace collector = opentelemetry::proto::collector;
namespace metrics = opentelemetry::proto::metrics::v1;

namespace {

constexpr int kDepthMax = 12;
// Stands for text that is not UTF-8, until the message is serialized.
constexpr std::string_view kBadTextMark =
    "\x01\x02"
    "bad"
    "\x03";
constexpr std::string_view kBadText = "ok \xed\xa0\x80";

std::uint64_t below(Random& random, std::uint64_t bound) { return random() % bound; }
bool one_in(Random& random, std::uint64_t n) { return below(random, n) == 0; }

std::string bytes(Random& random, std::size_t size) {
  std::string text;
  for (std::size_t i = 0; i < size; ++i) text.push_back(static_cast<char>(random()));
  return text;
}

std::string text(Random& random) {
  static constexpr std::size_t kSizes[] = {0, 1, 3, 5, 9, 17, 30, 45, 58, 64, 90, 130, 300};
  std::string result;
  const std::size_t size = kSizes[below(random, std::size(kSizes))];
  for (std::size_t i = 0; i < size; ++i) {
    result.push_back(static_cast<char>('a' + below(random, 26)));
  }
  if (one_in(random, 8)) result += "gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\x98";
  return result;
}

std::string id(Random& random, std::size_t size) {
  if (one_in(random, 12)) return bytes(random, below(random, 20));
  if (one_in(random, 12)) return std::string(size, '\0');
  return bytes(random, size);
}

std::uint64_t number(Random& random) {
  switch (below(random, 4)) {
    case 0:
      return below(random, 3);
    case 1:
      return below(random, 300);
    default:
      return random() >> below(random, 64);
  }
}

void fill_scalar(pb::Message& message, const pb::FieldDescriptor& field, Random& random) {
  const pb::Reflection& reflection = *message.GetReflection();
  const bool repeated = field.is_repeated();
  const std::uint64_t value = number(random);
  const auto set = [&](auto one, auto add, auto converted) {
    repeated ? (reflection.*add)(&message, &field, converted)
             : (reflection.*one)(&message, &field, converted);
  };
  using R = pb::Reflection;
  switch (field.cpp_type()) {
    case pb::FieldDescriptor::CPPTYPE_INT32:
      return set(&R::SetInt32, &R::AddInt32, static_cast<std::int32_t>(value));
    case pb::FieldDescriptor::CPPTYPE_INT64:
      return set(&R::SetInt64, &R::AddInt64, static_cast<std::int64_t>(value));
    case pb::FieldDescriptor::CPPTYPE_UINT32:
      return set(&R::SetUInt32, &R::AddUInt32, static_cast<std::uint32_t>(value));
    case pb::FieldDescriptor::CPPTYPE_UINT64:
      return set(&R::SetUInt64, &R::AddUInt64, value);
    case pb::FieldDescriptor::CPPTYPE_DOUBLE:
      return set(&R::SetDouble, &R::AddDouble, static_cast<double>(value) / 7 - 3);
    case pb::FieldDescriptor::CPPTYPE_BOOL:
      return set(&R::SetBool, &R::AddBool, value % 2 == 1);
    case pb::FieldDescriptor::CPPTYPE_ENUM:
      return set(&R::SetEnumValue, &R::AddEnumValue, static_cast<int>(below(random, 5)));
    case pb::FieldDescriptor::CPPTYPE_STRING: {
      std::string content = text(random);
      if (field.type() == pb::FieldDescriptor::TYPE_BYTES) {
        const std::string name(field.name());
        content = name == "trace_id"          ? id(random, 16)
                  : name.ends_with("span_id") ? id(random, 8)
                                              : bytes(random, below(random, 40));
      }
      if (repeated) {
        reflection.AddString(&message, &field, std::move(content));
      } else {
        reflection.SetString(&message, &field, std::move(content));
      }
      return;
    }
    default:
      return;
  }
}

void fill_unknown(pb::UnknownFieldSet& unknown, Random& random, int depth) {
  const auto number = static_cast<int>(one_in(random, 3) ? 1000 : 17 + below(random, 30'000));
  switch (below(random, depth < 3 ? 5 : 4)) {
    case 0:
      return unknown.AddVarint(number, random());
    case 1:
      return unknown.AddFixed64(number, random());
    case 2:
      return unknown.AddFixed32(number, static_cast<std::uint32_t>(random()));
    case 3:
      return unknown.AddLengthDelimited(number, bytes(random, below(random, 20)));
    default:
      for (int i = 0; i < 2; ++i) fill_unknown(*unknown.AddGroup(number), random, depth + 1);
  }
}

// Half of the points are made right, so that the random ones are not all rejected.
void make_right(pb::Message& message, Random& random) {
  if (one_in(random, 2)) return;
  if (auto* point = dynamic_cast<metrics::HistogramDataPoint*>(&message)) {
    point->clear_bucket_counts();
    point->clear_explicit_bounds();
    point->set_time_unix_nano(7);
    std::uint64_t count = 0;
    for (std::uint64_t i = 0; i < below(random, 6); ++i) {
      if (i != 0) point->add_explicit_bounds(static_cast<double>(i));
      point->add_bucket_counts(i);
      count += i;
    }
    if (point->bucket_counts_size() != 0) point->set_count(count);
  } else if (auto* exponential = dynamic_cast<metrics::ExponentialHistogramDataPoint*>(&message)) {
    exponential->set_time_unix_nano(7);
    exponential->set_scale(static_cast<std::int32_t>(below(random, 12)) - 4);
    std::uint64_t count = exponential->zero_count() & 0xffff;
    exponential->set_zero_count(count);
    for (auto* buckets : {exponential->mutable_positive(), exponential->mutable_negative()}) {
      buckets->set_offset(static_cast<std::int32_t>(below(random, 300)) - 150);
      for (auto& one : *buckets->mutable_bucket_counts()) {
        one &= 0xffff;
        count += one;
      }
    }
    exponential->set_count(count);
  } else if (auto* summary = dynamic_cast<metrics::SummaryDataPoint*>(&message)) {
    summary->set_time_unix_nano(7);
    double quantile = 0;
    for (auto& value : *summary->mutable_quantile_values()) {
      value.set_quantile(quantile += 0.125);
    }
  } else if (auto* number_point = dynamic_cast<metrics::NumberDataPoint*>(&message)) {
    number_point->set_time_unix_nano(7);
  }
}

void replace_all(std::string& in, std::string_view what, std::string_view with) {
  for (std::size_t at = in.find(what); at != std::string::npos; at = in.find(what, at)) {
    in.replace(at, what.size(), with);
  }
}

// Puts the mark into one string somewhere below.
bool mark_text(pb::Message& message, Random& random) {
  const pb::Reflection& reflection = *message.GetReflection();
  std::vector<const pb::FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  std::shuffle(fields.begin(), fields.end(), random);
  for (const pb::FieldDescriptor* field : fields) {
    if (field->type() == pb::FieldDescriptor::TYPE_STRING && !field->is_repeated()) {
      reflection.SetString(&message, field, std::string(kBadTextMark));
      return true;
    }
    if (field->cpp_type() != pb::FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) {
      if (mark_text(*reflection.MutableMessage(&message, field), random)) return true;
      continue;
    }
    const auto size = static_cast<std::uint64_t>(reflection.FieldSize(message, field));
    const auto index = static_cast<int>(below(random, size));
    if (mark_text(*reflection.MutableRepeatedMessage(&message, field, index), random)) return true;
  }
  return false;
}

}  // namespace

std::unique_ptr<pb::Message> new_request(Signal signal) {
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

void fill(pb::Message& message, Random& random, int depth) {
  const pb::Descriptor& type = *message.GetDescriptor();
  const pb::Reflection& reflection = *message.GetReflection();
  std::vector<const pb::FieldDescriptor*> chosen;  // one of each oneof
  for (int i = 0; i < type.real_oneof_decl_count(); ++i) {
    const pb::OneofDescriptor& oneof = *type.oneof_decl(i);
    const auto member = below(random, static_cast<std::uint64_t>(oneof.field_count()));
    chosen.push_back(oneof.field(static_cast<int>(member)));
  }
  for (int i = 0; i < type.field_count(); ++i) {
    const pb::FieldDescriptor& field = *type.field(i);
    if (field.real_containing_oneof() != nullptr &&
        std::find(chosen.begin(), chosen.end(), &field) == chosen.end()) {
      continue;
    }
    const bool must = field.name() == "trace_id" || field.name() == "span_id" ||
                      field.name() == "time_unix_nano" || depth < 3;
    const bool in_oneof = field.real_containing_oneof() != nullptr;
    if (!must && !in_oneof && one_in(random, 2)) continue;
    if (one_in(random, 20)) continue;
    const std::uint64_t count = field.is_repeated() ? below(random, 4) : 1;
    for (std::uint64_t n = 0; n < count; ++n) {
      if (field.cpp_type() != pb::FieldDescriptor::CPPTYPE_MESSAGE) {
        fill_scalar(message, field, random);
      } else if (depth < kDepthMax) {
        fill(*(field.is_repeated() ? reflection.AddMessage(&message, &field)
                                   : reflection.MutableMessage(&message, &field)),
             random, depth + 1);
      }
    }
  }
  if (one_in(random, 4)) fill_unknown(*reflection.MutableUnknownFields(&message), random, 0);
  make_right(message, random);
}

std::string disorder(const pb::Descriptor& type, const std::string& wire, Random& random) {
  std::vector<std::string> fields;
  FieldReader reader(std::as_bytes(std::span(wire)));
  for (Field field; reader.next(field);) {
    std::string raw(reinterpret_cast<const char*>(field.raw.data()), field.raw.size());
    const pb::FieldDescriptor* known = type.FindFieldByNumber(static_cast<int>(field.number));
    if (known != nullptr && known->message_type() != nullptr && field.type == WireType::len) {
      const std::string inner = disorder(*known->message_type(), std::string(field.text()), random);
      std::vector<std::byte> out;
      append_len_field(field.number, std::string_view(inner), out);
      raw.assign(reinterpret_cast<const char*>(out.data()), out.size());
    }
    if (one_in(random, 16)) fields.push_back(raw);
    fields.push_back(std::move(raw));
  }
  if (one_in(random, 2)) std::shuffle(fields.begin(), fields.end(), random);
  std::string result;
  for (const std::string& field : fields) result += field;
  return result;
}

std::string random_request(Signal signal, Random& random) {
  const auto message = new_request(signal);
  fill(*message, random);
  const bool has_bad_text = one_in(random, 4) && mark_text(*message, random);
  std::string wire = message->SerializeAsString();
  if (one_in(random, 2)) wire = disorder(*message->GetDescriptor(), wire, random);
  if (has_bad_text) {
    static_assert(kBadText.size() == kBadTextMark.size());
    replace_all(wire, kBadTextMark, kBadText);
  }
  return wire;
}

}  // namespace otlpview::oracle
