// For tests: a request as the list of its items, each under all that its envelopes say. Two
// requests with the same list mean the same, however they are cut.
//
// Errors:  none: damage ends the list.
// Threads: pure functions.
#pragma once

#include <string>
#include <vector>

#include "otlpview/wire.h"
#include "schema.h"

namespace otlpview::testing {

inline std::string text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline void flatten_into(internal::Kind kind, Bytes message, const std::string& above,
                         std::vector<std::string>& items) {
  const auto is_element = [&](const Field& field) {
    const internal::FieldRule rule = internal::rule_of(kind, field.number);
    return field.type == WireType::len && rule.type == internal::FieldType::message &&
           (internal::is_item(rule.child) || internal::is_container(rule.child));
  };
  Field field;
  std::string own = above;
  for (FieldReader reader(message); reader.next(field);) {
    if (!is_element(field)) own += text_of(field.raw);
  }
  own += '|';
  bool has_element = false;
  for (FieldReader reader(message); reader.next(field);) {
    if (!is_element(field)) continue;
    has_element = true;
    const internal::Kind child = internal::rule_of(kind, field.number).child;
    if (internal::is_item(child)) {
      items.push_back(own + text_of(field.payload));
    } else {
      flatten_into(child, field.payload, own, items);
    }
  }
  if (!has_element) items.push_back(own);
}

inline std::vector<std::string> flatten(Signal signal, Bytes body) {
  std::vector<std::string> items;
  if (!body.empty()) flatten_into(internal::request_of(signal), body, "", items);
  return items;
}

}  // namespace otlpview::testing
