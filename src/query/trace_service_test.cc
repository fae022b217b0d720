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

}  // namespace
}  // namespace gateway::query
