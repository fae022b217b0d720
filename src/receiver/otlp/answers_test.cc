#include "receiver/otlp/answers.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace gateway::receiver::otlp {
namespace {

using pipeline::Status;
using pipeline::StatusKind;

TEST(Answers, PartialSuccessInProtobuf) {
  EXPECT_EQ(partial_success_proto(3, "why"), std::string("\x0a\x07\x08\x03\x12\x03why", 9));
  // A warning: no count, only a message.
  EXPECT_EQ(partial_success_proto(0, "why"), std::string("\x0a\x05\x12\x03why", 7));
  EXPECT_EQ(partial_success_proto(300, "").substr(2, 3), "\x08\xac\x02");
}

TEST(Answers, PartialSuccessInJsonNamesTheCountOfItsSignal) {
  EXPECT_EQ(partial_success_json(Signal::traces, 3, "why"),
            R"({"partialSuccess":{"rejectedSpans":"3","errorMessage":"why"}})");
  EXPECT_EQ(partial_success_json(Signal::metrics, 1, R"(a "b" \c)"),
            R"({"partialSuccess":{"rejectedDataPoints":"1","errorMessage":"a \"b\" \\c"}})");
  EXPECT_NE(partial_success_json(Signal::logs, 1, "").find("rejectedLogRecords"),
            std::string::npos);
  EXPECT_NE(partial_success_json(Signal::profiles, 1, "").find("rejectedProfiles"),
            std::string::npos);
}

// Goal: no answer is near the 4 MiB that clients accept. Method: a message at the limit and beyond.
TEST(Answers, G15_H32_MessagesAreBounded) {
  const std::string longest(kErrorMessageSizeBytesMax, 'x');
  EXPECT_EQ(partial_success_proto(1, longest + "more"), partial_success_proto(1, longest));
  EXPECT_EQ(partial_success_json(Signal::logs, 1, longest + "more"),
            partial_success_json(Signal::logs, 1, longest));
}

TEST(Answers, APartialSuccessSaysHowManyWhereAndWhy) {
  otlpview::CheckReport report;
  report.item_count = 10;
  report.rejected_count = 3;
  report.first_offset = 120;
  const std::string message = partial_success_message(Signal::metrics, report);
  EXPECT_EQ(message.rfind("3 of 10 data points rejected; the first, at byte 120 of the body: ", 0),
            0U)
      << message;
}

constexpr std::array kRefusals = {
    StatusKind::bad_data,         StatusKind::unauthenticated,    StatusKind::permission_denied,
    StatusKind::not_found,        StatusKind::method_not_allowed, StatusKind::too_large,
    StatusKind::unsupported_type, StatusKind::unsupported_coding, StatusKind::headers_too_large,
    StatusKind::overload,         StatusKind::unavailable,        StatusKind::internal,
};

// Goal: promise 2 in both protocols: a delay with all that may come again, and with nothing else.
TEST(Answers, ADelayComesWithWhatMayComeAgainAndOnlyThere) {
  for (const StatusKind kind : kRefusals) {
    SCOPED_TRACE(static_cast<int>(kind));
    Status status{kind, "why", {}};
    if (pipeline::retryable(kind)) status.retry_in = std::chrono::milliseconds(1500);
    const auto has = [](const std::vector<net::Header>& headers, std::string_view name) {
      return std::any_of(headers.begin(), headers.end(),
                         [&](const net::Header& header) { return header.first == name; });
    };
    const net::GrpcReply grpc = grpc_refusal(status);
    EXPECT_NE(grpc.code, 0U);
    EXPECT_EQ(grpc.message, "why");
    EXPECT_TRUE(grpc.payload.empty());
    EXPECT_TRUE(has(grpc.trailers, "grpc-status-details-bin"));
    EXPECT_EQ(has(grpc.trailers, "google.rpc.retryinfo-bin"), pipeline::retryable(kind));

    for (const AnswerForm form : {AnswerForm::protobuf, AnswerForm::json}) {
      const net::HttpReply http = http_refusal(status, form);
      EXPECT_EQ(http.status, pipeline::http_status(kind));
      EXPECT_EQ(http.content_type, form == AnswerForm::json ? kMediaJson : kMediaProtobuf);
      EXPECT_NE(http.body.find("why"), std::string::npos);
      EXPECT_EQ(has(http.headers, "retry-after"), pipeline::retryable(kind));
      EXPECT_EQ(has(http.headers, "allow"), kind == StatusKind::method_not_allowed);
      EXPECT_EQ(has(http.headers, "accept-encoding"), kind == StatusKind::unsupported_coding);
      EXPECT_EQ(has(http.headers, "www-authenticate"), kind == StatusKind::unauthenticated);
      if (pipeline::retryable(kind)) {
        EXPECT_EQ(http.headers[0].second, "2");
      }
    }
  }
}

TEST(Answers, AnErrorHasTheEncodingOfItsRequest) {
  EXPECT_EQ(form_of(Encoding::json), AnswerForm::json);
  EXPECT_EQ(form_of(Encoding::protobuf), AnswerForm::protobuf);
  const Status status{StatusKind::bad_data, "no", {}};
  EXPECT_EQ(http_refusal(status, AnswerForm::json).body, R"({"code":3,"message":"no"})");
  EXPECT_EQ(http_refusal(status, AnswerForm::protobuf).body, std::string("\x08\x03\x12\x02no", 6));
}

}  // namespace
}  // namespace gateway::receiver::otlp
