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

// What gRPC is told to read at most: one byte above the limit, a number that no peer is set to. A
// server that finds our request too large answers in the same words as gRPC here does when it finds
// the answer too large, and only the number in them says which of the two it was.
inline constexpr int kGrpcReceiveSizeBytesMax = static_cast<int>(kResponseSizeBytesMax) + 1;

[[nodiscard]] Answer answer_of(const grpc::Status& status, const grpc::ByteBuffer& response,
                               const grpc::ClientContext& context, const std::string& endpoint);

}  // namespace gateway::exporter
