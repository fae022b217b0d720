// What a finished gRPC call means for delivery.
//
// Errors:  none; every status has an Answer.
// Threads: pure.
// Source:  OTLP specification, "Failures" of OTLP/gRPC; docs/conformance.md, R-01 to R-04, P-09 to
//          P-11.
#pragma once

#include <string>

#include <grpcpp/client_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include "exporter/transport.h"

namespace gateway::exporter {

[[nodiscard]] Answer answer_of(const grpc::Status& status, const grpc::ByteBuffer& response,
                               const grpc::ClientContext& context, const std::string& endpoint);

}  // namespace gateway::exporter
