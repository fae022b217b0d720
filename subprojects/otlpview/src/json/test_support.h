// What the JSON tests share: samples, and a form of wire bytes that does not depend on field order.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "otlpview/json_to_wire.h"
#include "otlpview/signal.h"
#include "otlpview/wire.h"
#include "schema.h"

namespace otlpview::json::test {

[[nodiscard]] inline Bytes bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

[[nodiscard]] inline std::string to_hex(Bytes bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (const std::byte byte : bytes) {
    hex.push_back(kDigits[std::to_integer<unsigned>(byte >> 4)]);
    hex.push_back(kDigits[std::to_integer<unsigned>(byte & std::byte{15})]);
  }
  return hex;
}

// Blanks between digits are for the eye.
[[nodiscard]] inline std::vector<std::byte> from_hex(std::string_view text) {
  std::string hex(text);
  std::erase(hex, ' ');
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<std::byte>(std::stoul(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

// The same fields by number, at every level; fields of one number keep their order. Unknown fields
// and damage are errors: the transcoder writes neither.
[[nodiscard]] inline std::vector<std::byte> canonical(MessageId id, Bytes message) {
  const SchemaMessage& schema = message_of(id);
  std::vector<Field> fields;
  FieldReader reader(message);
  for (Field field; reader.next(field);) fields.push_back(field);
  if (reader.failed()) throw std::runtime_error("not wire bytes");
  std::stable_sort(fields.begin(), fields.end(),
                   [](const Field& a, const Field& b) { return a.number < b.number; });
  std::vector<std::byte> out;
  for (const Field& field : fields) {
    const SchemaField* const known = find_by_number(schema, field.number);
    if (known == nullptr) throw std::runtime_error("a field that the schema does not have");
    if (known->kind == Kind::message) {
      append_len_field(field.number, canonical(known->message, field.payload), out);
    } else {
      append_bytes(field.raw, out);
    }
  }
  return out;
}

struct Sample {
  std::string file;
  Signal signal = Signal::traces;
  int http_status = 0;
  std::string json;
  std::vector<std::byte> wire;
};

[[nodiscard]] inline std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Every row of expected.tsv.
[[nodiscard]] inline std::vector<Sample> samples() {
  const std::string folder = OTLPVIEW_TESTDATA "/otlp_json/";
  std::istringstream table(read_file(folder + "expected.tsv"));
  std::vector<Sample> rows;
  for (std::string line; std::getline(table, line);) {
    if (line.starts_with("#") || line.starts_with("file\t")) continue;
    std::istringstream columns(line);
    std::string path, status, partial, items, hex;
    Sample sample;
    std::getline(columns, sample.file, '\t');
    std::getline(columns, path, '\t');
    std::getline(columns, status, '\t');
    std::getline(columns, partial, '\t');
    std::getline(columns, items, '\t');
    std::getline(columns, hex, '\t');
    for (const Signal signal : {Signal::traces, Signal::metrics, Signal::logs}) {
      if (path.ends_with(name_of(signal))) sample.signal = signal;
    }
    sample.http_status = std::stoi(status);
    sample.json = read_file(folder + sample.file);
    if (hex != "-") sample.wire = from_hex(hex);
    rows.push_back(std::move(sample));
  }
  return rows;
}

}  // namespace otlpview::json::test
