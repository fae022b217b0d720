// A gRPC destination for tests, on a free port of 127.0.0.1: answers each call by a function of the
// test.
//
// Errors:  none; a broken connection ends its call.
// Threads: gRPC's own; the answer function is called under a lock.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

namespace gateway::exporter::testing {

// What a destination got, and what it answers.
struct GrpcCall {
  std::string method;
  std::string authority;
  std::string body;
  std::multimap<std::string, std::string> metadata;
};
struct GrpcReply {
  grpc::Status status;
  std::string body;
  bool never = false;  // no answer until the call is cancelled
};

struct GrpcDestinationOptions {
  int receive_size_bytes_max = -1;  // no limit
  std::shared_ptr<grpc::ServerCredentials> credentials = grpc::InsecureServerCredentials();
};

// A gRPC server on a free port of 127.0.0.1 that answers by a function of the test.
class GrpcDestination final : public grpc::CallbackGenericService {
 public:
  explicit GrpcDestination(std::function<GrpcReply(const GrpcCall&)> answer,
                           const GrpcDestinationOptions& options = {})
      : answer_(std::move(answer)) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", options.credentials, &port_);
    builder.RegisterCallbackGenericService(this);
    builder.SetMaxReceiveMessageSize(options.receive_size_bytes_max);
    server_ = builder.BuildAndStart();
  }
  ~GrpcDestination() override { stop(); }
  void stop() {
    if (server_) server_->Shutdown(std::chrono::system_clock::now());
    server_.reset();
  }

  [[nodiscard]] std::string endpoint() const { return "http://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::size_t call_count() {
    const std::lock_guard lock(mutex_);
    return calls_.size();
  }
  [[nodiscard]] GrpcCall call(std::size_t index) {
    const std::lock_guard lock(mutex_);
    return calls_.at(index);
  }
  [[nodiscard]] bool wait_for_calls(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10),
                             [&] { return calls_.size() >= count; });
  }

 private:
  class Reactor final : public grpc::ServerGenericBidiReactor {
   public:
    Reactor(GrpcDestination& destination, grpc::GenericCallbackServerContext& context)
        : destination_(destination), context_(context) {
      StartRead(&request_);
    }
    void OnReadDone(bool ok) override {
      if (!ok) return finish(grpc::Status(grpc::StatusCode::INTERNAL, "no request"));
      GrpcCall call{.method = context_.method(),
                    .authority = context_.host(),
                    .body = text_of(request_),
                    .metadata = {}};
      for (const auto& [key, value] : context_.client_metadata()) {
        call.metadata.emplace(std::string(key.data(), key.size()),
                              std::string(value.data(), value.size()));
      }
      const GrpcReply reply = destination_.take(std::move(call));
      if (reply.never) return;
      if (!reply.status.ok()) return finish(reply.status);
      const grpc::Slice slice(reply.body);
      response_ = grpc::ByteBuffer(&slice, 1);
      if (!finished_.exchange(true)) {
        StartWriteAndFinish(&response_, grpc::WriteOptions(), grpc::Status::OK);
      }
    }
    void OnCancel() override { finish(grpc::Status::CANCELLED); }
    void OnDone() override { delete this; }

   private:
    // A cancel may come at any time, on another thread.
    void finish(const grpc::Status& status) {
      if (!finished_.exchange(true)) Finish(status);
    }
    static std::string text_of(const grpc::ByteBuffer& buffer) {
      std::vector<grpc::Slice> slices;
      std::string text;
      if (!buffer.Dump(&slices).ok()) return text;
      for (const auto& slice : slices) {
        text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
      }
      return text;
    }
    GrpcDestination& destination_;
    grpc::GenericCallbackServerContext& context_;
    grpc::ByteBuffer request_;
    grpc::ByteBuffer response_;
    std::atomic<bool> finished_ = false;
  };

  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override {
    return new Reactor(*this, *context);
  }

  GrpcReply take(GrpcCall call) {
    const std::lock_guard lock(mutex_);
    GrpcReply reply = answer_(call);
    calls_.push_back(std::move(call));
    changed_.notify_all();
    return reply;
  }

  std::function<GrpcReply(const GrpcCall&)> answer_;
  int port_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<GrpcCall> calls_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace gateway::exporter::testing
