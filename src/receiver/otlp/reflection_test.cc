// Server reflection over the wire: what tools such as grpcurl ask, in the cuts that networks make.
#include "receiver/otlp/reflection.h"

#include <set>
#include <string>

#include "otlpview/wire.h"
#include "receiver/otlp/receiver_fixture.h"

namespace gateway::receiver::otlp {
namespace {

using otlpview::Bytes;
using otlpview::Field;
using otlpview::FieldReader;

constexpr std::string_view kV1 = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
constexpr std::string_view kV1Alpha =
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";
constexpr std::string_view kTraceService = "opentelemetry.proto.collector.trace.v1.TraceService";

Bytes bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::vector<std::string> all(std::string_view message, std::uint32_t number) {
  std::vector<std::string> found;
  FieldReader reader(bytes_of(message));
  Field field;
  while (reader.next(field)) {
    if (field.number == number) found.emplace_back(field.text());
  }
  EXPECT_FALSE(reader.failed());
  return found;
}

// The messages of a gRPC body.
std::vector<std::string> messages(std::string_view body) {
  std::vector<std::string> out;
  while (body.size() >= 5) {
    std::size_t size = 0;
    for (std::size_t i = 1; i < 5; ++i) size = size << 8 | static_cast<unsigned char>(body[i]);
    out.emplace_back(body.substr(5, size));
    body.remove_prefix(5 + size);
  }
  EXPECT_TRUE(body.empty());
  return out;
}

std::string files_of(const std::string& answer) { return all(answer, 4).at(0); }

int error_of(const std::string& answer) {
  const std::vector<std::string> errors = all(answer, 7);
  return errors.empty() ? 0 : errors[0].at(1);
}

class ReflectionTest : public ReceiverTest {
 protected:
  void start() {
    ReceiverTest::start();
    client_.emplace(receiver_->grpc_address());
  }
  // All questions in one body.
  net::Http2Result& ask(std::string_view path, const std::vector<std::string>& questions) {
    std::string body;
    for (const std::string& question : questions) body += net::grpc_framed(question);
    return client_->call(net::grpc_head(path), body);
  }
  std::optional<net::Http2Client> client_;
};

TEST_F(ReflectionTest, ListsTheServicesThatAreServed) {
  signals_enabled_ = 0b1101;
  settings_.signals = 0b1111;
  start();
  for (const std::string_view path : {kV1, kV1Alpha}) {
    const auto& result = ask(path, {wire_field(7, "*")});
    ASSERT_EQ(result.grpc_status(), 0);
    const auto answers = messages(result.body);
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_EQ(all(answers[0], 2), std::vector<std::string>{wire_field(7, "*")});
    std::set<std::string> names;
    for (const std::string& entry : all(all(answers[0], 6).at(0), 1)) {
      names.insert(all(entry, 1).at(0));
    }
    EXPECT_EQ(names,
              (std::set<std::string>{
                  std::string(kTraceService), "opentelemetry.proto.collector.logs.v1.LogsService",
                  "opentelemetry.proto.collector.profiles.v1development.ProfilesService",
                  "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
                  "grpc.reflection.v1alpha.ServerReflection"}));
  }
}

// Goal: a file comes with all that it imports, once each. Method: by each kind of name.
TEST_F(ReflectionTest, DescribesFilesByEachKindOfName) {
  start();
  const std::vector<std::pair<int, std::string>> names = {
      {3, "opentelemetry/proto/collector/trace/v1/trace_service.proto"},
      {4, std::string(kTraceService)},
      {4, std::string(kTraceService) + ".Export"},
      {4, "opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest"}};
  std::vector<std::string> questions;
  questions.reserve(names.size());
  for (const auto& [number, name] : names) questions.push_back(wire_field(number, name));
  const auto& result = ask(kV1, questions);
  ASSERT_EQ(result.grpc_status(), 0);
  const auto answers = messages(result.body);
  ASSERT_EQ(answers.size(), names.size());
  for (const std::string& answer : answers) {
    std::multiset<std::string> files;
    for (const std::string& file : all(files_of(answer), 1)) files.insert(all(file, 1).at(0));
    EXPECT_EQ(files, (std::multiset<std::string>{
                         "opentelemetry/proto/collector/trace/v1/trace_service.proto",
                         "opentelemetry/proto/common/v1/common.proto",
                         "opentelemetry/proto/resource/v1/resource.proto",
                         "opentelemetry/proto/trace/v1/trace.proto"}));
  }
  const auto& nested = ask(kV1, {wire_field(4, "opentelemetry.proto.trace.v1.Span.SpanKind"),
                                 wire_field(6, "opentelemetry.proto.trace.v1.Span.Event")});
  EXPECT_EQ(error_of(messages(nested.body).at(0)), 0);
  EXPECT_EQ(all(all(messages(nested.body).at(1), 5).at(0), 1),
            std::vector<std::string>{"opentelemetry.proto.trace.v1.Span.Event"});
}

TEST_F(ReflectionTest, WhatIsNotThereIsNotFoundAndTheStreamGoesOn) {
  start();
  const auto& result =
      ask(kV1, {wire_field(3, "no.proto"), wire_field(4, "no.Symbol"), wire_field(5, ""),
                wire_field(6, "no.Message"), wire_field(4, kTraceService)});
  ASSERT_EQ(result.grpc_status(), 0);
  const auto answers = messages(result.body);
  ASSERT_EQ(answers.size(), 5U);
  constexpr int kNotFound = 5;
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(error_of(answers[i]), kNotFound) << i;
  EXPECT_EQ(error_of(answers[4]), 0);
}

// Goal: a message is one wherever the network cuts. Method: every byte of two questions on its own.
TEST_F(ReflectionTest, QuestionsComeInAnyCut) {
  start();
  const std::string body =
      net::grpc_framed(wire_field(7, "")) + net::grpc_framed(wire_field(4, kTraceService));
  const std::int32_t id = client_->request(net::grpc_head(kV1), "", false);
  client_->flush();
  for (const char byte : body) {
    client_->append(id, std::string_view(&byte, 1), false);
    client_->flush();
  }
  client_->append(id, "", true);
  ASSERT_TRUE(client_->wait(id));
  EXPECT_EQ(client_->result(id).grpc_status(), 0);
  EXPECT_EQ(messages(client_->result(id).body).size(), 2U);
}

// Goal: no question harms. Method: junk, an empty one, one cut off, one too large, a flood unread.
TEST_F(ReflectionTest, BadQuestionsEndTheCallForGood) {
  start();
  constexpr int kInvalidArgument = 3;
  constexpr int kResourceExhausted = 8;
  constexpr int kUnavailable = 14;
  EXPECT_EQ(ask(kV1, {"\xff\xff"}).grpc_status(), kInvalidArgument);
  EXPECT_EQ(ask(kV1, {""}).grpc_status(), kInvalidArgument);
  EXPECT_EQ(ask(kV1, {std::string(kReflectionRequestSizeBytesMax + 1, 'x')}).grpc_status(),
            kResourceExhausted);
  const std::string cut = net::grpc_framed(wire_field(7, "")).substr(0, 6);
  EXPECT_EQ(client_->call(net::grpc_head(kV1), cut).grpc_status(), kInvalidArgument);
  const std::vector<std::string> flood(1000, wire_field(4, kTraceService));
  EXPECT_EQ(ask(kV1, flood).grpc_status(), kUnavailable);
  EXPECT_EQ(ask(kV1, {wire_field(7, "")}).grpc_status(), 0);
}

}  // namespace
}  // namespace gateway::receiver::otlp
