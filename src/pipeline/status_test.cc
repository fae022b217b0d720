#include "pipeline/status.h"

#include <array>
#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace gateway::pipeline {
namespace {

using std::chrono::milliseconds;

// Goal: no permanent failure is ever told with a status that senders retry, on either protocol
// (H-30, H-31, G-08, G-10). Method: every kind, against OTLP's own retry table.
TEST(Status, G08_G10_H30_H31_AKindIsRetryableOnBothProtocolsOrOnNone) {
  for (int i = 0; i <= static_cast<int>(StatusKind::internal); ++i) {
    const auto kind = static_cast<StatusKind>(i);
    if (kind == StatusKind::ok || kind == StatusKind::request_timeout) continue;
    SCOPED_TRACE(i);
    const Verdict http = verdict_of_http(http_status(kind));
    const Verdict grpc = verdict_of_grpc(grpc_code(kind), false);
    EXPECT_EQ(http == Verdict::retry, retryable(kind));
    EXPECT_EQ(grpc == Verdict::retry, retryable(kind));
  }
}

// Goal. Method: all seventeen codes.
TEST(Status, R01_R02_R03_OnlyTransientGrpcCodesAreRetried) {
  const std::array<bool, 17> retried = {false, true,  false, false, true, false,
                                        false, false, false, false, true, true,
                                        false, false, true,  true,  false};
  for (std::size_t code = 1; code < retried.size(); ++code) {
    SCOPED_TRACE(code);
    EXPECT_EQ(verdict_of_grpc(static_cast<GrpcCode>(code), false) == Verdict::retry, retried[code]);
  }
  EXPECT_EQ(verdict_of_grpc(GrpcCode::resource_exhausted, true), Verdict::retry);
  EXPECT_EQ(verdict_of_grpc(GrpcCode::ok, false), Verdict::delivered);
}

// Goal. Method: every status from 100 to 599.
TEST(Status, R05_R06_R16_OnlyFourHttpStatusesAreRetriedAndEvery2xxDelivers) {
  for (std::uint16_t status = 100; status < 600; ++status) {
    const bool retry = status == 429 || status == 502 || status == 503 || status == 504;
    const Verdict expected = status / 100 == 2 ? Verdict::delivered
                             : retry           ? Verdict::retry
                                               : Verdict::permanent;
    EXPECT_EQ(verdict_of_http(status), expected) << status;
  }
}

// Goal: R-19. Method: the mapping that gRPC gives, and one status outside of it.
TEST(Status, R19_AnAnswerWithoutGrpcStatusIsReadByItsHttpStatus) {
  EXPECT_EQ(grpc_code_of_http(400), GrpcCode::internal);
  EXPECT_EQ(grpc_code_of_http(401), GrpcCode::unauthenticated);
  EXPECT_EQ(grpc_code_of_http(403), GrpcCode::permission_denied);
  EXPECT_EQ(grpc_code_of_http(404), GrpcCode::unimplemented);
  EXPECT_EQ(grpc_code_of_http(503), GrpcCode::unavailable);
  EXPECT_EQ(grpc_code_of_http(418), GrpcCode::unknown);
}

// Goal: a delay never becomes "at once". Method: the examples of H-29 and the ends.
TEST(Status, H29_RetryAfterIsRoundedUpAndNeverZero) {
  EXPECT_EQ(retry_after_seconds(milliseconds(7500)), 8U);
  EXPECT_EQ(retry_after_seconds(milliseconds(200)), 1U);
  EXPECT_EQ(retry_after_seconds(milliseconds(0)), 1U);
  EXPECT_EQ(retry_after_seconds(milliseconds(2000)), 2U);
}

// Goal: the bytes are google.rpc.Status. Method: protobuf's own classes read them back (G-17).
TEST(Status, G17_TheProtobufFormCarriesCodeMessageAndDelay) {
  for (const int millis : {1, 200, 1000, 7500, 3'600'000}) {
    SCOPED_TRACE(millis);
    const Status status{StatusKind::unavailable, "the disk is full", milliseconds(millis)};
    google::rpc::Status parsed;
    ASSERT_TRUE(parsed.ParseFromString(status_proto(status)));
    EXPECT_EQ(parsed.code(), 14);
    EXPECT_EQ(parsed.message(), "the disk is full");
    ASSERT_EQ(parsed.details_size(), 1);
    google::rpc::RetryInfo info;
    ASSERT_TRUE(parsed.details(0).UnpackTo(&info));
    EXPECT_EQ(info.retry_delay().seconds() * 1000 + info.retry_delay().nanos() / 1'000'000, millis);
  }
}

// Goal: G-10, the size limit carries no RetryInfo. Method: no delay given, no detail written.
TEST(Status, G10_WithoutADelayThereIsNoDetail) {
  google::rpc::Status parsed;
  ASSERT_TRUE(parsed.ParseFromString(status_proto({StatusKind::too_large, "too large", {}})));
  EXPECT_EQ(parsed.code(), 8);
  EXPECT_EQ(parsed.details_size(), 0);
}

// Goal: H-14. Method: byte compare, with a quote and a control character in the message.
TEST(Status, H14_TheJsonFormNamesItsDetailTypeAndWritesTheDelayAsText) {
  EXPECT_EQ(status_json({StatusKind::overload, "say \"later\"\n", milliseconds(7500)}),
            "{\"code\":14,\"message\":\"say \\\"later\\\"\\n\",\"details\":[{\"@type\":"
            "\"type.googleapis.com/google.rpc.RetryInfo\",\"retryDelay\":\"7.500s\"}]}");
  EXPECT_EQ(status_json({StatusKind::bad_data, "no", {}}), "{\"code\":3,\"message\":\"no\"}");
}

}  // namespace
}  // namespace gateway::pipeline
