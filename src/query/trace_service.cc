#include "query/trace_service.h"

#include <cstring>
#include <string>

#include "io/thread.h"
#include "otlpview/wire.h"
#include "telemetry/log.h"

namespace gateway::query {
namespace {

using otlpview::Field;
using otlpview::FieldReader;
using otlpview::WireType;

// Field numbers of OTLP's trace messages.
constexpr std::uint32_t kRequestResourceSpans = 1;
constexpr std::uint32_t kResourceSpansScopeSpans = 2;
constexpr std::uint32_t kScopeSpansSpans = 2;
constexpr std::uint32_t kSpanTraceId = 1;
constexpr std::uint32_t kSpanParentSpanId = 4;
constexpr std::uint32_t kSpanStatus = 15;
constexpr std::uint32_t kStatusCode = 3;
constexpr std::uint64_t kStatusCodeError = 2;
constexpr std::uint32_t kTraceIdTag = otlpview::tag_of(kSpanTraceId, WireType::len);
constexpr std::uint32_t kParentSpanIdTag = otlpview::tag_of(kSpanParentSpanId, WireType::len);
constexpr std::uint32_t kStatusTag = otlpview::tag_of(kSpanStatus, WireType::len);

constexpr std::uint32_t kTracesOnly = 1U << index_of(Signal::traces);

bool is_error(otlpview::Bytes status) {
  FieldReader fields(status);
  std::uint64_t code = 0;
  for (Field field; fields.next(field);) {
    if (field.number == kStatusCode && field.type == WireType::varint) code = field.value;
  }
  return code == kStatusCodeError;
}

struct SpanFacts {
  TraceId id{};
  bool has_parent = false;
  bool failed = false;
};

// Any order, any form of tags and lengths.
SpanFacts read_span(otlpview::Bytes span) {
  SpanFacts facts;
  FieldReader fields(span);
  for (Field field; fields.next(field);) {
    if (field.type != WireType::len) continue;
    if (field.number == kSpanTraceId && field.payload.size() == facts.id.size()) {
      std::memcpy(facts.id.data(), field.payload.data(), facts.id.size());
    } else if (field.number == kSpanParentSpanId) {
      facts.has_parent = !field.payload.empty();
    } else if (field.number == kSpanStatus) {
      facts.failed = is_error(field.payload);
    }
  }
  return facts;
}

// The form in which nearly all senders write: tags and lengths of one or two bytes. False, and
// nothing learnt, for any other.
bool read_usual_span(otlpview::Bytes span, SpanFacts& facts) {
  const auto at = [&span](std::size_t i) { return std::to_integer<std::uint32_t>(span[i]); };
  for (std::size_t i = 0; i != span.size();) {
    std::uint32_t tag = at(i++);
    if (tag >= 0x80) {  // two bytes: fields 16 and above
      if (i == span.size() || at(i) >= 0x80) return false;
      tag = (tag & 0x7f) | at(i++) << 7;
    }
    std::size_t size = 0;
    switch (static_cast<WireType>(tag & 7)) {
      case WireType::varint:
        while (i != span.size() && at(i) >= 0x80) ++i;
        size = 1;
        break;
      case WireType::i64:
        size = 8;
        break;
      case WireType::i32:
        size = 4;
        break;
      case WireType::len:
        if (i == span.size()) return false;
        size = at(i++);
        if (size >= 0x80) {
          if (i == span.size() || at(i) >= 0x80) return false;
          size = (size & 0x7f) | std::size_t{at(i++)} << 7;
        }
        break;
      default:
        return false;
    }
    if (size > span.size() - i) return false;
    if (tag == kTraceIdTag && size == facts.id.size()) {
      std::memcpy(facts.id.data(), span.data() + i, size);
    } else if (tag == kParentSpanIdTag) {
      facts.has_parent = size != 0;
    } else if (tag == kStatusTag) {
      facts.failed = is_error(span.subspan(i, size));
    }
    i += size;
  }
  return true;
}

void observe_span(otlpview::Bytes span, std::int64_t now_ms, TraceTable& table) {
  SpanFacts facts;
  if (!read_usual_span(span, facts)) facts = read_span(span);
  table.observe(facts.id, !facts.has_parent, facts.failed, now_ms);
}

std::int64_t now_milliseconds() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

void observe_spans(std::span<const std::byte> body, std::int64_t now_ms, TraceTable& table) {
  FieldReader resources(body);
  for (Field resource; resources.next(resource);) {
    if (resource.number != kRequestResourceSpans || resource.type != WireType::len) continue;
    FieldReader scopes(resource.payload);
    for (Field scope; scopes.next(scope);) {
      if (scope.number != kResourceSpansScopeSpans || scope.type != WireType::len) continue;
      FieldReader spans(scope.payload);
      for (Field span; spans.next(span);) {
        if (span.number != kScopeSpansSpans || span.type != WireType::len) continue;
        observe_span(span.payload, now_ms, table);
      }
    }
  }
}

TraceService::TraceService(storage::Log& log, telemetry::Registry& metrics, Decode decode)
    : SignalService(pipeline::kSignalServiceNames[0], log), decode_(std::move(decode)) {
  using Type = telemetry::Registry::CallbackType;
  const auto add = [&](Type type, std::string_view name, std::string_view help, auto value) {
    callbacks_.push_back(metrics.callback(type, name, help, {}, std::move(value)));
  };
  add(Type::counter, "otlp_traces_total", "Traces of which a span was stored.",
      [this] { return static_cast<double>(counts().total); });
  add(Type::gauge, "otlp_traces_active", "Traces whose last span came a short time ago.",
      [this] { return static_cast<double>(counts().active); });
  add(Type::counter, "otlp_traces_failed_total", "Traces completed with a span of status ERROR.",
      [this] { return static_cast<double>(counts().failed); });
  add(Type::counter, "otlp_trace_service_spans_skipped_total",
      "Spans not looked at because traffic outran the trace service.",
      [this] { return static_cast<double>(spans_skipped_.load()); });
}

TraceService::~TraceService() { stop(); }

Result<void, pipeline::ServiceFailure> TraceService::start() {
  stop();
  {
    const std::lock_guard lock(mutex_);
    stopping_ = false;
  }
  thread_ = std::thread([this] {
    io::name_this_thread("trace_service");
    follow();
  });
  return {};
}

void TraceService::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_requested_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void TraceService::follow() {
  const storage::Head head = log().head();
  seen_items_ = head.items[index_of(Signal::traces)];
  const auto reader = log().reader(kTracesOnly, head.position);
  std::unique_lock lock(mutex_);
  while (!stop_requested_.wait_for(lock, kFollowInterval, [this] { return stopping_; })) {
    lock.unlock();
    catch_up(*reader);
    lock.lock();
    table_.sweep(now_milliseconds());
  }
}

void TraceService::catch_up(storage::Reader& reader) {
  reader.skip_to_memory();  // a sample is not worth a read from the disk
  std::uint64_t spans = 0;
  while (spans < kSpansPerIntervalMax) {
    auto record = reader.next();
    read_failed_ = !record.has_value();
    if (!record || !*record) return;
    spans += (*record)->info.item_count;
    const std::uint64_t items_before = (*record)->items_before[index_of(Signal::traces)];
    spans_skipped_ += items_before - seen_items_;
    seen_items_ = items_before + (*record)->info.item_count;
    const auto plain = decode_((*record)->info.coding, (*record)->payload);
    if (!plain) continue;
    const std::lock_guard lock(mutex_);
    observe_spans(plain->bytes, now_milliseconds(), table_);
  }
  // More than an interval's worth came: what lies between here and the head is skipped.
  const storage::Head head = log().head();
  spans_skipped_ += head.items[index_of(Signal::traces)] - seen_items_;
  seen_items_ = head.items[index_of(Signal::traces)];
  reader.seek(head.position);
}

pipeline::Health TraceService::health() const {
  if (read_failed_) return {pipeline::HealthState::degraded, "the log cannot be read"};
  const std::uint64_t active = counts().active;
  if (active >= kTracesActiveDegraded) {
    return {pipeline::HealthState::degraded, std::to_string(active) + " traces are active"};
  }
  return SignalService::health();
}

pipeline::ServiceStats TraceService::stats() const {
  pipeline::ServiceStats stats = SignalService::stats();
  const TraceCounts now = counts();
  stats["traces_total"] = static_cast<double>(now.total);
  stats["traces_active"] = static_cast<double>(now.active);
  stats["traces_failed"] = static_cast<double>(now.failed);
  return stats;
}

std::optional<TraceSummary> TraceService::find(const TraceId& id) const {
  const std::lock_guard lock(mutex_);
  return table_.find(id);
}

TraceCounts TraceService::counts() const {
  const std::lock_guard lock(mutex_);
  return table_.counts();
}

}  // namespace gateway::query
