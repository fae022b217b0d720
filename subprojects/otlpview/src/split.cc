#include "otlpview/split.h"

#include <algorithm>

#include "count.h"
#include "otlpview/count.h"
#include "schema.h"

namespace otlpview {

using internal::Kind;

namespace {

// Not a message: the list of bodies, which is the outermost frame.
constexpr std::uint32_t kNoHeader = 0;

bool is_element(Kind parent, const Field& field) noexcept {
  if (field.type != WireType::len) return false;
  const internal::FieldRule rule = internal::rule_of(parent, field.number);
  return rule.type == internal::FieldType::message &&
         (internal::is_item(rule.child) || internal::is_container(rule.child));
}

}  // namespace

// What a frame hands out one after the other: a body, an envelope, an item.
struct Splitter::Element {
  Bytes raw;      // as it is taken whole
  Bytes payload;  // as it is opened
  std::uint32_t number = kNoHeader;
  Kind kind = Kind::any_value;  // any_value: a field that is only carried along
  std::uint32_t item_count = 0;

  [[nodiscard]] bool can_be_opened() const noexcept {
    return item_count != 0 && !internal::is_item(kind);
  }
};

struct Splitter::Frame {
  Kind kind = Kind::any_value;
  std::uint32_t number = kNoHeader;  // under which the parent holds it
  bool lists_bodies = false;
  std::vector<Bytes> segments;  // mostly one; elements are read from one after the other
  std::size_t segment_index = 0;
  FieldReader reader{Bytes{}};
  Element element;
  bool has_element = false;

  std::vector<Bytes> own_fields;  // repeated in every piece
  std::size_t own_size_bytes = 0;

  // In the piece being made.
  bool is_open = false;
  std::size_t content_size_bytes = 0;
  std::size_t header_slice_index = 0;

  [[nodiscard]] std::size_t content_before() const noexcept {
    return is_open ? content_size_bytes : own_size_bytes;
  }
  [[nodiscard]] std::size_t size_before() const noexcept {
    if (!is_open) return 0;
    return number == kNoHeader ? content_size_bytes : len_field_size(number, content_size_bytes);
  }
  [[nodiscard]] std::size_t size_of_content(std::size_t content) const noexcept {
    return number == kNoHeader ? content : len_field_size(number, content);
  }

  [[nodiscard]] bool find_element(Signal signal);
};

// Makes `element` the next one that was not taken yet.
bool Splitter::Frame::find_element(Signal signal) {
  if (has_element) return true;
  if (lists_bodies) {
    while (segment_index < segments.size() && segments[segment_index].empty()) ++segment_index;
    if (segment_index == segments.size()) return false;
    const Bytes body = segments[segment_index++];
    element = {body, body, kNoHeader, internal::request_of(signal), count_items(signal, body)};
    return has_element = true;
  }
  Field field;
  while (true) {
    if (!reader.next(field)) {
      if (segment_index == segments.size()) return false;
      reader = FieldReader(segments[segment_index++]);
      continue;
    }
    if (is_element(kind, field)) {
      const Kind child = internal::rule_of(kind, field.number).child;
      const std::uint32_t items =
          internal::is_item(child) ? 1 : internal::count_below(child, field.payload);
      element = {field.raw, field.payload, field.number, child, items};
      return has_element = true;
    }
    if (number == kNoHeader) {  // an unknown field of the request itself
      element = {field.raw, {}, field.number, Kind::any_value, 0};
      return has_element = true;
    }
  }
}

void Piece::clear() noexcept {
  slices.clear();
  headers.clear();
  item_count = 0;
  size_bytes = 0;
  oversize = false;
}

void Piece::append_to(std::vector<std::byte>& out) const {
  out.reserve(out.size() + size_bytes);
  for (const Bytes slice : slices) append_bytes(slice, out);
}

Splitter::Splitter(Signal signal, std::span<const Bytes> bodies, const SplitLimits& limits)
    : signal_(signal),
      limits_{std::max(limits.items_max, 1U), limits.bytes_max},
      bodies_(bodies.begin(), bodies.end()) {
  Frame list;
  list.lists_bodies = true;
  list.segments = bodies_;
  frames_.push_back(std::move(list));
}

Splitter::~Splitter() = default;

bool Splitter::next(Piece& piece) {
  piece.clear();
  if (signal_ == Signal::profiles) return next_whole_body(piece);
  headers_.clear();
  while (true) {
    Frame& top = frames_.back();
    if (!top.find_element(signal_)) {
      if (frames_.size() == 1 || piece.oversize) break;
      close(top, piece);
      frames_.pop_back();
      continue;
    }
    const Element element = top.element;
    if (piece.oversize) {  // by its envelopes: only their items may join, see below
      if (element.can_be_opened() || piece.item_count == limits_.items_max) break;
      take(element, piece);
      top.has_element = false;
      continue;
    }
    if (fits(element, piece)) {
      take(element, piece);
      top.has_element = false;
      continue;
    }
    const bool is_empty = piece.size_bytes == 0;
    if (!is_empty) {
      const bool is_half_full = piece.item_count >= limits_.items_max - limits_.items_max / 2 ||
                                piece.size_bytes >= limits_.bytes_max - limits_.bytes_max / 2;
      const bool is_full = piece.item_count == limits_.items_max;
      if (is_full || !element.can_be_opened() || (is_half_full && fits_alone(element))) break;
    } else if (!element.can_be_opened()) {
      // Where the envelopes alone are too large, a piece for each item would repeat them most often
      // and help nobody: all items that may be in one piece share them.
      const bool is_by_envelopes = size_with(0, piece) > limits_.bytes_max;
      take(element, piece);
      top.has_element = false;
      piece.oversize = true;
      if (!is_by_envelopes) break;
      continue;
    }
    top.has_element = false;
    open(element);
  }
  finish(piece);
  return piece.size_bytes != 0;
}

bool Splitter::next_whole_body(Piece& piece) {
  while (next_body_ < bodies_.size()) {
    const Bytes body = bodies_[next_body_++];
    if (body.empty()) continue;
    piece.slices.push_back(body);
    piece.item_count = count_items(signal_, body);
    piece.size_bytes = body.size();
    piece.oversize = piece.size_bytes > limits_.bytes_max;
    return true;
  }
  return false;
}

// The size of the piece if so many bytes were added inside the innermost frame. Lengths grow with
// what they count, so every open envelope is asked.
std::size_t Splitter::size_with(std::size_t size_bytes, const Piece& piece) const noexcept {
  std::size_t added = size_bytes;
  for (std::size_t i = frames_.size(); i-- > 0;) {
    const Frame& frame = frames_[i];
    added = frame.size_of_content(frame.content_before() + added) - frame.size_before();
  }
  return piece.size_bytes + added;
}

bool Splitter::fits(const Element& element, const Piece& piece) const noexcept {
  return element.item_count <= limits_.items_max - piece.item_count &&
         size_with(element.raw.size(), piece) <= limits_.bytes_max;
}

bool Splitter::fits_alone(const Element& element) const noexcept {
  if (element.item_count > limits_.items_max) return false;
  std::size_t size = element.raw.size();
  for (std::size_t i = frames_.size(); i-- > 0;) {
    size = frames_[i].size_of_content(frames_[i].own_size_bytes + size);
  }
  return size <= limits_.bytes_max;
}

void Splitter::take(const Element& element, Piece& piece) {
  piece.size_bytes = size_with(element.raw.size(), piece);
  piece.item_count += element.item_count;
  std::size_t added = element.raw.size();
  for (std::size_t i = frames_.size(); i-- > 0;) {
    Frame& frame = frames_[i];
    const std::size_t before = frame.size_before();
    const std::size_t content = frame.content_before() + added;
    frame.content_size_bytes = content;
    added = frame.size_of_content(content) - before;
  }
  for (Frame& frame : frames_) {
    if (frame.is_open) continue;
    frame.is_open = true;
    if (frame.number == kNoHeader) continue;
    frame.header_slice_index = piece.slices.size();
    piece.slices.emplace_back();  // the header, once its length is known
    piece.slices.insert(piece.slices.end(), frame.own_fields.begin(), frame.own_fields.end());
  }
  // Neighbours in a body become one slice.
  if (!piece.slices.empty() && !piece.slices.back().empty() &&
      piece.slices.back().data() + piece.slices.back().size() == element.raw.data()) {
    const Bytes before = piece.slices.back();
    piece.slices.back() = Bytes(before.data(), before.size() + element.raw.size());
  } else {
    piece.slices.push_back(element.raw);
  }
}

void Splitter::open(const Element& element) {
  if (element.kind == Kind::metric) {
    open_metric(element);
    return;
  }
  Frame frame;
  frame.kind = element.kind;
  frame.number = element.number;
  frame.segments.push_back(element.payload);
  gather_own_fields(frame);
  frames_.push_back(std::move(frame));
}

// A metric's data may come in several fields that a reader merges (W-04); they are opened as one,
// so that each piece has the temporality of them all. What a later kind of data overrides is left
// out.
void Splitter::open_metric(const Element& element) {
  Frame metric;
  metric.kind = Kind::metric;
  metric.number = element.number;
  metric.segments.push_back(element.payload);
  gather_own_fields(metric);
  metric.segments.clear();
  Frame data;
  Field field;
  for (FieldReader reader(element.payload); reader.next(field);) {
    if (!is_element(Kind::metric, field)) continue;
    if (data.number != field.number) data.segments.clear();
    data.number = field.number;
    data.kind = internal::rule_of(Kind::metric, field.number).child;
    data.segments.push_back(field.payload);
  }
  gather_own_fields(data);
  frames_.push_back(std::move(metric));
  frames_.push_back(std::move(data));
}

// Finds what is not handed out as an element and so goes into every piece.
void Splitter::gather_own_fields(Frame& frame) {
  if (frame.number == kNoHeader) return;
  std::vector<std::byte>* copy = nullptr;
  for (const Bytes segment : frame.segments) {
    Field field;
    for (FieldReader reader(segment); reader.next(field);) {
      if (is_element(frame.kind, field)) continue;
      frame.own_size_bytes += field.raw.size();
      auto& own = frame.own_fields;
      if (copy != nullptr) {
        append_bytes(field.raw, *copy);
      } else if (!own.empty() && own.back().data() + own.back().size() == field.raw.data()) {
        own.back() = Bytes(own.back().data(), own.back().size() + field.raw.size());
      } else if (own.size() < kEnvelopeSlicesMax) {
        own.push_back(field.raw);
      } else {
        copy = &gathered_.emplace_back();
        for (const Bytes slice : own) append_bytes(slice, *copy);
        append_bytes(field.raw, *copy);
      }
    }
  }
  if (copy != nullptr) frame.own_fields.assign(1, Bytes(*copy));
}

// Writes the header of a frame, if anything of it is in the piece; its place is known already.
void Splitter::close(Frame& frame, Piece& piece) {
  if (!frame.is_open) return;
  frame.is_open = false;
  if (frame.number == kNoHeader) return;
  const std::size_t begin = piece.headers.size();
  append_tag(frame.number, WireType::len, piece.headers);
  append_varint(frame.content_size_bytes, piece.headers);
  headers_.push_back({frame.header_slice_index, begin, piece.headers.size() - begin});
}

void Splitter::finish(Piece& piece) {
  for (Frame& frame : frames_) close(frame, piece);
  // Only now do the headers stay where they are.
  for (const Header& header : headers_) {
    piece.slices[header.slice_index] =
        Bytes(piece.headers).subspan(header.begin, header.size_bytes);
  }
}

}  // namespace otlpview
