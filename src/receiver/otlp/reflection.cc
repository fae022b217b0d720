#include "receiver/otlp/reflection.h"

#include <utility>

#include "base/assert.h"
#include "otlpview/wire.h"

namespace gateway::receiver::otlp {
namespace {

using otlpview::Bytes;
using otlpview::Field;
using otlpview::FieldReader;
using otlpview::WireType;

// Calls f(field) for each length-delimited field; false when `message` is damaged.
template <typename F>
bool for_each(Bytes message, F f) {
  FieldReader reader(message);
  Field field;
  while (reader.next(field)) {
    if (field.type == WireType::len) f(field);
  }
  return !reader.failed();
}

std::string name_in(Bytes message, std::uint32_t number) {
  std::string name;
  for_each(message, [&](const Field& field) {
    if (field.number == number) name = field.text();
  });
  return name;
}

std::string joined(const std::string& scope, const std::string& name) {
  return scope.empty() ? name : scope + "." + name;
}

std::vector<std::byte> not_found(std::string_view what) {
  constexpr std::uint32_t kNotFound = 5;
  std::vector<std::byte> error;
  otlpview::append_varint_field(1, kNotFound, error);
  otlpview::append_len_field(2, what, error);
  std::vector<std::byte> out;
  otlpview::append_len_field(7, error, out);
  return out;
}

}  // namespace

Reflection::Reflection(std::vector<std::string_view> services) : services_(std::move(services)) {
  const Bytes set = std::as_bytes(std::span(kDescriptors, kDescriptorsSizeBytes));
  GATEWAY_ASSERT(for_each(set, [&](const Field& field) { add_file(field.payload); }));
}

// FileDescriptorProto: name = 1, package = 2, dependency = 3, message_type = 4, enum_type = 5,
// service = 6. ServiceDescriptorProto: name = 1, method = 2.
void Reflection::add_file(Bytes bytes) {
  const std::size_t index = files_.size();
  File& file = files_.emplace_back();
  file.bytes = bytes;
  const std::string package = name_in(bytes, 2);
  for_each(bytes, [&](const Field& field) {
    switch (field.number) {
      case 1:
        file.name = field.text();
        file_of_name_[std::string(field.text())] = index;
        break;
      case 3:
        file.imports.push_back(field.text());
        break;
      case 4:
        add_message(package, field.payload, index);
        break;
      case 5:
        file_of_symbol_[joined(package, name_in(field.payload, 1))] = index;
        break;
      case 6: {
        const std::string service = joined(package, name_in(field.payload, 1));
        file_of_symbol_[service] = index;
        for_each(field.payload, [&](const Field& method) {
          if (method.number == 2) {
            file_of_symbol_[joined(service, name_in(method.payload, 1))] = index;
          }
        });
        break;
      }
      default:
        break;
    }
  });
}

// DescriptorProto: name = 1, nested_type = 3, enum_type = 4.
void Reflection::add_message(const std::string& scope, Bytes bytes, std::size_t file) {
  const std::string name = joined(scope, name_in(bytes, 1));
  file_of_symbol_[name] = file_of_message_[name] = file;
  for_each(bytes, [&](const Field& field) {
    if (field.number == 3) add_message(name, field.payload, file);
    if (field.number == 4) file_of_symbol_[joined(name, name_in(field.payload, 1))] = file;
  });
}

void Reflection::add_with_imports(std::size_t file, std::vector<bool>& added,
                                  std::vector<std::byte>& out) const {
  if (added[file]) return;
  added[file] = true;
  otlpview::append_len_field(1, files_[file].bytes, out);
  for (const std::string_view name : files_[file].imports) {
    add_with_imports(file_of_name_.find(name)->second, added, out);
  }
}

std::vector<std::byte> Reflection::file_answer(std::size_t file) const {
  std::vector<std::byte> described;
  std::vector<bool> added(files_.size());
  add_with_imports(file, added, described);
  std::vector<std::byte> out;
  otlpview::append_len_field(4, described, out);
  return out;
}

std::optional<std::string> Reflection::answer(Bytes question) const {
  Field asked;  // the last of a oneof counts
  std::string_view host;
  const bool whole = for_each(question, [&](const Field& field) {
    if (field.number == 1) host = field.text();
    if (field.number >= 3 && field.number <= 7) asked = field;
  });
  if (!whole || asked.number == 0) return std::nullopt;

  const auto described = [&](const auto& files, std::string_view name) {
    const auto found = files.find(name);
    return found == files.end() ? not_found("no such file or symbol") : file_answer(found->second);
  };
  std::vector<std::byte> out;
  otlpview::append_len_field(1, host, out);
  otlpview::append_len_field(2, question, out);
  switch (asked.number) {
    case 3:
      otlpview::append_bytes(described(file_of_name_, asked.text()), out);
      break;
    case 4:
      otlpview::append_bytes(described(file_of_symbol_, asked.text()), out);
      break;
    case 5:
      otlpview::append_bytes(not_found("no message here has extensions"), out);
      break;
    case 6:
      if (file_of_message_.contains(asked.text())) {
        std::vector<std::byte> none;
        otlpview::append_len_field(1, asked.text(), none);
        otlpview::append_len_field(5, none, out);
      } else {
        otlpview::append_bytes(not_found("no such message"), out);
      }
      break;
    default: {
      std::vector<std::byte> list;
      for (const std::string_view service : services_) {
        std::vector<std::byte> entry;
        otlpview::append_len_field(1, service, entry);
        otlpview::append_len_field(1, entry, list);
      }
      otlpview::append_len_field(6, list, out);
      break;
    }
  }
  return std::string(reinterpret_cast<const char*>(out.data()), out.size());
}

}  // namespace gateway::receiver::otlp
