#include "exporter/otlp/grpc_transport.h"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <unordered_set>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <grpc/byte_buffer.h>
#include <grpc/grpc.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_certificate_verifier.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/channel_arguments.h>

#include "base/assert.h"
#include "config/header_rules.h"
#include "exporter/encoded_body.h"
#include "exporter/otlp/endpoint.h"
#include "exporter/otlp/grpc_answer.h"
#include "exporter/read_file.h"
#include "exporter/tls_files.h"
#include "exporter/user_agent.h"
#include "io/clock.h"
#include "io/file_system.h"

namespace gateway::exporter {

namespace {

// Faster than a channel's own default (2 minutes): the breaker above decides how often to ask.
constexpr int kReconnectBackoffMsMin = 100;
constexpr int kReconnectBackoffMsMax = 2'000;
// Finds dead connections, and only while a call waits: peers forbid pings without one.
constexpr int kKeepaliveTimeMs = 30'000;
constexpr int kKeepaliveTimeoutMs = 20'000;

const char* method_of(Signal signal) {
  switch (signal) {
    case Signal::traces:
      return "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
    case Signal::metrics:
      return "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
    case Signal::logs:
      return "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
    case Signal::profiles:
      return "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export";
  }
  return "";
}

// gRPC takes deadlines in time of day.
std::chrono::system_clock::time_point deadline_in(std::chrono::milliseconds timeout) {
  const std::chrono::nanoseconds now(static_cast<std::int64_t>(io::real_clock().unix_nano()));
  return std::chrono::system_clock::time_point(
      std::chrono::duration_cast<std::chrono::system_clock::duration>(now + timeout));
}

// The bytes of a piece as gRPC holds them: not copied, and kept alive by the request.
grpc::Slice borrow(const Piece& piece, const std::shared_ptr<const Request>& owner) {
  using Owner = std::shared_ptr<const Request>;
  // gRPC takes the bytes as mutable and does not write to them.
  auto* bytes = const_cast<std::byte*>(piece.payload.bytes.data());
  return grpc::Slice(
      bytes, piece.payload.bytes.size(), [](void* held) { delete static_cast<Owner*>(held); },
      new Owner(owner));
}

// A message whose bytes are gzip already: gRPC marks it compressed and leaves it alone. Its C++
// face cannot say so, but a ByteBuffer is a grpc_byte_buffer*, which gRPC itself asserts.
grpc::ByteBuffer gzip_message(EncodedBody&& encoded, std::shared_ptr<const Request> request) {
  struct Owner {
    EncodedBody body;
    std::shared_ptr<const Request> request;  // whose bytes some parts are
  };
  const auto owner = std::make_shared<const Owner>(Owner{std::move(encoded), std::move(request)});
  std::vector<grpc_slice> slices;
  slices.reserve(owner->body.parts.size());
  for (const std::span<const std::byte> part : owner->body.parts) {
    const grpc::Slice slice(
        const_cast<std::byte*>(part.data()), part.size(),
        [](void* held) { delete static_cast<std::shared_ptr<const Owner>*>(held); },
        new std::shared_ptr<const Owner>(owner));
    slices.push_back(slice.c_slice());
  }
  grpc_byte_buffer* const raw =
      grpc_raw_compressed_byte_buffer_create(slices.data(), slices.size(), GRPC_COMPRESS_GZIP);
  for (const grpc_slice& slice : slices) grpc_slice_unref(slice);
  grpc::ByteBuffer message;
  static_assert(sizeof(message) == sizeof(void*));
  std::memcpy(static_cast<void*>(&message), &raw, sizeof(void*));  // which takes it over
  return message;
}

Result<std::shared_ptr<grpc::ChannelCredentials>, std::string> credentials_for(
    const config::TlsClient& tls) {
  if (auto usable = check_tls_files(tls); !usable) return fail(usable.error());
  grpc::SslCredentialsOptions options;
  const auto load = [](const std::string& path, std::string& to) -> Result<void, std::string> {
    if (path.empty()) return {};
    auto text = read_file(io::real_file_system(), path);
    if (!text) return fail(text.error());
    to = std::move(*text);
    return {};
  };
  if (auto ok = load(tls.ca_file, options.pem_root_certs); !ok) return fail(ok.error());
  if (auto ok = load(tls.cert_file, options.pem_cert_chain); !ok) return fail(ok.error());
  if (auto ok = load(tls.key_file, options.pem_private_key); !ok) return fail(ok.error());
  if (!tls.insecure_skip_verify) return grpc::SslCredentials(options);

  namespace experimental = grpc::experimental;
  experimental::TlsChannelCredentialsOptions unchecked;
  unchecked.set_verify_server_certs(false);
  unchecked.set_check_call_host(false);
  unchecked.set_certificate_verifier(std::make_shared<experimental::NoOpCertificateVerifier>());
  if (!options.pem_cert_chain.empty()) {
    unchecked.set_certificate_provider(
        std::make_shared<experimental::StaticDataCertificateProvider>(
            std::vector<experimental::IdentityKeyCertPair>{
                {options.pem_private_key, options.pem_cert_chain}}));
    unchecked.watch_identity_key_cert_pairs();
  }
  return experimental::TlsCredentials(unchecked);
}

// gRPC ends what it keeps for the process with its last channel, while the last callback may still
// be on its way out of a thread of gRPC's. So the process holds on to it for good.
void keep_grpc() {
  static const bool kept = [] {
    grpc_init();
    return true;
  }();
  static_cast<void>(kept);
}

class GrpcTransport final : public Transport {
 public:
  GrpcTransport(const config::Exporter& settings, boost::asio::io_context& loop)
      : settings_(settings),
        loop_(loop),
        encoder_(settings.compression, settings.compression_level, false),
        calls_(std::make_shared<Calls>()) {
    keep_grpc();
    for (auto& [name, value] : settings_.headers) {
      // Metadata keys are lower case; a key that is not would abort the call.
      std::transform(name.begin(), name.end(), name.begin(),
                     [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    }
  }

  // gRPC's threads post to the loop; none may do so any more when the loop goes.
  ~GrpcTransport() override {
    cancel_all();
    std::unique_lock lock(calls_->mutex);
    calls_->changed.wait(lock, [this] { return calls_->in_callback == 0 && calls_->open.empty(); });
  }

  [[nodiscard]] Result<void, pipeline::ServiceFailure> start() override {
    const auto failure = [this](const std::string& why) {
      return fail(pipeline::ServiceFailure{"exporter " + settings_.id + ": " + why});
    };
    if (settings_.compression == ContentCoding::zstd) {
      return failure("compression zstd is not possible over gRPC; use gzip or none");
    }
    for (const auto& [name, value] : settings_.headers) {
      // gRPC aborts at the first call that carries a header which it does not allow.
      const auto fault = config::header_fault(config::ExporterKind::otlp, name, value);
      if (!fault.empty()) return failure("header " + name + ": " + std::string(fault));
    }
    const auto endpoint = parse_grpc_endpoint(settings_.endpoint, settings_.tls.insecure);
    if (!endpoint) return failure(endpoint.error());
    endpoint_ = endpoint->target;
    std::shared_ptr<grpc::ChannelCredentials> credentials = grpc::InsecureChannelCredentials();
    if (endpoint->tls) {
      auto secure = credentials_for(settings_.tls);
      if (!secure) return failure(secure.error());
      credentials = *secure;
    }
    grpc::ChannelArguments arguments;
    arguments.SetUserAgentPrefix(user_agent(settings_.service_name));
    arguments.SetMaxSendMessageSize(-1);
    arguments.SetMaxReceiveMessageSize(kGrpcReceiveSizeBytesMax);
    arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);  // retries are ours, and counted
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectBackoffMsMin);
    arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kReconnectBackoffMsMin);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kReconnectBackoffMsMax);
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveTimeMs);
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // destinations share no connection
    if (!settings_.tls.server_name_override.empty()) {
      arguments.SetSslTargetNameOverride(settings_.tls.server_name_override);
    }
    arguments.SetLoadBalancingPolicyName(settings_.balancer_name);
    if (!settings_.authority.empty()) {
      arguments.SetString(GRPC_ARG_DEFAULT_AUTHORITY, settings_.authority);
    }
    auto channel = grpc::CreateCustomChannel(endpoint_, credentials, arguments);
    stub_ = std::make_unique<grpc::GenericStub>(channel);
    cancelling_ = false;
    return {};
  }

  void send(std::shared_ptr<const Request> request, Done done) override {
    auto call = std::make_shared<Call>();
    call->done = std::move(done);
    if (settings_.timeout.count() > 0) {
      call->context.set_deadline(deadline_in(settings_.timeout));
    }
    for (const auto& [name, value] : settings_.headers) call->context.AddMetadata(name, value);
    if (settings_.compression == ContentCoding::gzip) {
      auto body = encoder_.encode(*request);
      GATEWAY_ASSERT(body);  // only JSON can fail
      call->request = gzip_message(std::move(*body), request);
      call->context.set_compression_algorithm(GRPC_COMPRESS_GZIP);  // says it in the headers
    } else {
      std::vector<grpc::Slice> slices;
      slices.reserve(request->pieces.size());
      for (const Piece& piece : request->pieces) slices.push_back(borrow(piece, request));
      call->request = grpc::ByteBuffer(slices.data(), slices.size());
    }
    {
      const std::lock_guard lock(calls_->mutex);
      calls_->open.insert(call);
    }
    stub_->UnaryCall(
        &call->context, method_of(request->signal), grpc::StubOptions(), &call->request,
        &call->response, [this, call, calls = calls_](const grpc::Status& status) mutable {
          {
            const std::lock_guard lock(calls->mutex);
            calls->open.erase(call);
            ++calls->in_callback;
          }
          // The call goes with it: its share in the channel must not be the last, and end, here.
          boost::asio::post(loop_, [this, call = std::move(call), status] {
            Answer answer = answer_of(status, call->response, call->context, endpoint_);
            if (cancelling_ && status.error_code() == grpc::StatusCode::CANCELLED) {
              answer.kind = AnswerKind::cancelled;
            }
            call->done(std::move(answer));
          });
          const std::lock_guard lock(calls->mutex);
          --calls->in_callback;
          calls->changed.notify_all();
        });
  }

  void cancel_all() override {
    cancelling_ = true;
    std::vector<std::shared_ptr<Call>> open;
    {
      const std::lock_guard lock(calls_->mutex);
      open.assign(calls_->open.begin(), calls_->open.end());
    }
    // Not under the lock: gRPC may call back from within TryCancel().
    for (const auto& call : open) call->context.TryCancel();
  }

 private:
  struct Call {
    grpc::ClientContext context;
    grpc::ByteBuffer request;
    grpc::ByteBuffer response;
    Done done;
  };
  // Outlives the transport in the hands of gRPC's last callback.
  struct Calls {
    std::mutex mutex;
    std::condition_variable changed;
    std::unordered_set<std::shared_ptr<Call>> open;
    std::size_t in_callback = 0;
  };

  config::Exporter settings_;
  boost::asio::io_context& loop_;
  std::string endpoint_;
  BodyEncoder encoder_;
  std::unique_ptr<grpc::GenericStub> stub_;
  std::shared_ptr<Calls> calls_;
  bool cancelling_ = false;  // from cancel_all() to the next start()
};

}  // namespace

std::unique_ptr<Transport> make_grpc_transport(const config::Exporter& settings,
                                               boost::asio::io_context& loop) {
  return std::make_unique<GrpcTransport>(settings, loop);
}

}  // namespace gateway::exporter
