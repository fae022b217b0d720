#include "query/trace_service.h"

#include <cstring>
#include <string>

#include <gtest/gtest.h>

#include "opentelemetry/proto/collector/trace/v1/trace_service.pb.h"

namespace gateway::query {
namespace {

namespace otlp = opentelemetry::proto;

TraceId id_of(char byte) {
  TraceId id;
  std::memset(id.data(), byte, id.size());
  return id;
}

// Goal: roots, children and failures are told from the wire bytes. Method: protobuf writes two
// traces in two scopes; one has a failed child.
TEST(ObserveSpans, ReadsRootsAndFailuresFromTheWire) {
  otlp::collector::trace::v1::ExportTraceServiceRequest request;
  auto* resource = request.add_resource_spans();
  const auto add_span = [&](char trace, bool child, bool failed) {
    auto* span = resource->add_scope_spans()->add_spans();
    span->set_trace_id(std::string(16, trace));
    span->set_span_id(std::string(8, 's'));
    if (child) span->set_parent_span_id(std::string(8, 'p'));
    span->set_name("checkout");
    span->mutable_status()->set_code(failed ? otlp::trace::v1::Status::STATUS_CODE_ERROR
                                            : otlp::trace::v1::Status::STATUS_CODE_OK);
  };
  add_span('a', true, true);
  add_span('a', false, false);
  add_span('b', true, false);
  const std::string bytes = request.SerializeAsString();

  TraceTable table;
  observe_spans(std::as_bytes(std::span(bytes)), 7, table);
  EXPECT_EQ(table.counts().total, 2U);
  const auto first = table.find(id_of('a'));
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->span_count, 2U);
  EXPECT_TRUE(first->root_seen);
  EXPECT_TRUE(first->failed);
  const auto second = table.find(id_of('b'));
  ASSERT_TRUE(second.has_value());
  EXPECT_FALSE(second->root_seen);
  EXPECT_FALSE(second->failed);
}

// Goal: the quick way and the general way read the same. Method: the same span with a padded tag, a
// long attribute, a group and fields out of order.
TEST(ObserveSpans, UnusualFormsAreReadTheGeneralWay) {
  const std::string id = "\x0a\x10" + std::string(16, 'a');
  const std::string parent = "\x22\x08" + std::string(8, 'p');
  const std::string error = "\x7a\x02\x18\x02";
  const std::string padded_error = "\x7a\x82" + std::string(1, '\0') + "\x18\x02";
  const std::string long_attribute = "\x4a\x81\x80\x01" + std::string(0x4001, 'v');
  const std::string group = "\x9b\x01\x9c\x01";
  for (const std::string& span :
       {id + parent + error, error + parent + id, id + long_attribute + parent + error,
        parent + group + error + id, id + parent + padded_error}) {
    const auto wrap = [](char tag, const std::string& payload) {
      std::string out(1, tag);
      std::size_t size = payload.size();
      for (; size >= 0x80; size >>= 7) out.push_back(static_cast<char>(size | 0x80));
      out.push_back(static_cast<char>(size));
      return out + payload;
    };
    const std::string body = wrap('\x0a', wrap('\x12', wrap('\x12', span)));
    TraceTable table;
    observe_spans(std::as_bytes(std::span(body)), 7, table);
    const auto trace = table.find(id_of('a'));
    ASSERT_TRUE(trace.has_value()) << body.size();
    EXPECT_FALSE(trace->root_seen);
    EXPECT_TRUE(trace->failed);
  }
}

}  // namespace
}  // namespace gateway::query
