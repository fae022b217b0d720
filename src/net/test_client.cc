#include "net/test_client.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace gateway::net {
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  });
  return text;
}

std::string text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace

std::string TestResponse::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string() : found->second;
}

int Http2Result::grpc_status() const {
  const std::string text = trailer("grpc-status");
  return text.empty() ? -1 : std::atoi(text.c_str());
}

std::string Http2Result::trailer(const std::string& name) const {
  const auto found = trailers.find(name);
  return found == trailers.end() ? header(name) : found->second;
}

RawClient::RawClient(const std::string& address, int patience_ms) {
  const std::size_t colon = address.rfind(':');
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(std::atoi(address.c_str() + colon + 1)));
  inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr);
  descriptor_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const timeval patience{patience_ms / 1000, patience_ms % 1000 * 1000};
  ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  ::connect(descriptor_, reinterpret_cast<const sockaddr*>(&to), sizeof to);
}

RawClient::~RawClient() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void RawClient::shutdown_write() { ::shutdown(descriptor_, SHUT_WR); }

void RawClient::reset() {
  const linger now{1, 0};
  ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  ::close(descriptor_);
  descriptor_ = -1;
}

std::string RawClient::read() {
  if (!buffered_.empty()) return std::exchange(buffered_, {});
  std::array<char, 65536> buffer{};
  const ssize_t size = ::recv(descriptor_, buffer.data(), buffer.size(), 0);
  return size > 0 ? std::string(buffer.data(), static_cast<std::size_t>(size)) : std::string();
}

std::string RawClient::read_all() {
  std::string all;
  for (;;) {
    const std::string more = read();
    if (more.empty()) return all;
    all += more;
  }
}

bool RawClient::closed_by_peer() {
  char byte = 0;
  const ssize_t size = buffered_.empty() ? ::recv(descriptor_, &byte, 1, 0) : 1;
  return size == 0 || (size < 0 && errno != EAGAIN && errno != EWOULDBLOCK);
}

TestResponse RawClient::response(bool without_body) {
  std::string text = std::exchange(buffered_, {});
  std::size_t end = 0;
  while ((end = text.find("\r\n\r\n")) == std::string::npos) {
    const std::string more = read();
    if (more.empty()) return {};
    text += more;
  }
  TestResponse response;
  if (text.rfind("HTTP/1.1 ", 0) != 0) return {};
  response.status = std::atoi(text.c_str() + 9);
  std::size_t line = text.find("\r\n") + 2;
  while (line < end + 2) {
    const std::size_t line_end = text.find("\r\n", line);
    const std::size_t colon = text.find(':', line);
    response.headers.emplace(lower(text.substr(line, colon - line)),
                             text.substr(colon + 2, line_end - colon - 2));
    line = line_end + 2;
  }
  std::size_t size = 0;
  if (!without_body) {
    size = static_cast<std::size_t>(std::atoll(response.header("content-length").c_str()));
  }
  while (text.size() < end + 4 + size) {
    const std::string more = read();
    if (more.empty()) return {};
    text += more;
  }
  response.body = text.substr(end + 4, size);
  buffered_ = text.substr(end + 4 + size);
  return response;
}

std::string http1_post(std::string_view path, std::string_view content_type, std::string_view body,
                       const std::vector<std::string>& header_lines) {
  std::string out = "POST ";
  out += path;
  out += " HTTP/1.1\r\nHost: localhost\r\n";
  if (!content_type.empty()) {
    out += "Content-Type: ";
    out += content_type;
    out += "\r\n";
  }
  out += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  for (const std::string& line : header_lines) out += line + "\r\n";
  out += "\r\n";
  out += body;
  return out;
}

TestHeaders grpc_head(std::string_view path, TestHeaders extra, std::string content_type) {
  TestHeaders headers = {{":method", "POST"},
                         {":scheme", "http"},
                         {":path", std::string(path)},
                         {":authority", "localhost"},
                         {"content-type", std::move(content_type)}};
  headers.insert(headers.end(), extra.begin(), extra.end());
  return headers;
}

std::string grpc_framed(std::string_view message, bool compressed) {
  std::string out(1, compressed ? '\x01' : '\x00');
  for (int shift = 24; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(message.size() >> shift & 0xff));
  }
  out += message;
  return out;
}

Http2Client::Http2Client(const std::string& address, int patience_ms) : raw_(address, patience_ms) {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_header_callback(
      callbacks,
      [](nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
         std::size_t name_size, const std::uint8_t* value, std::size_t value_size, std::uint8_t,
         void* user) -> int {
        auto& self = *static_cast<Http2Client*>(user);
        Http2Result& result = *self.results_[frame->hd.stream_id];
        auto& into = result.status == 0 || frame->headers.cat == NGHTTP2_HCAT_RESPONSE
                         ? result.headers
                         : result.trailers;
        const std::string key = text_of(name, name_size);
        const std::string text = text_of(value, value_size);
        if (key == ":status") result.status = std::atoi(text.c_str());
        into.emplace(key, text);
        return 0;
      });
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
      callbacks,
      [](nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* data,
         std::size_t size, void* user) -> int {
        static_cast<Http2Client*>(user)->results_[id]->body += text_of(data, size);
        return 0;
      });
  nghttp2_session_callbacks_set_on_stream_close_callback(
      callbacks, [](nghttp2_session*, std::int32_t id, std::uint32_t code, void* user) -> int {
        auto& result = static_cast<Http2Client*>(user)->results_[id];
        if (result != nullptr) {
          result->closed = true;
          result->reset_code = code;
        }
        return 0;
      });
  nghttp2_session_callbacks_set_on_frame_recv_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* user) -> int {
        auto& self = *static_cast<Http2Client*>(user);
        if (frame->hd.type == NGHTTP2_GOAWAY) {
          self.goaway_code_ = frame->goaway.error_code;
          ++self.goaway_count_;
        }
        if (frame->hd.type == NGHTTP2_PING && (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) {
          ++self.ping_acks_;
        }
        return 0;
      });
  nghttp2_session_client_new(&session_, callbacks, this);
  nghttp2_session_callbacks_del(callbacks);
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, nullptr, 0);
}

Http2Client::~Http2Client() { nghttp2_session_del(session_); }

std::int32_t Http2Client::request(const TestHeaders& headers, std::string body, bool end_stream) {
  std::vector<nghttp2_nv> fields;
  for (const auto& [name, value] : headers) {
    fields.push_back({reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
                      reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())), name.size(),
                      value.size(), NGHTTP2_NV_FLAG_NONE});
  }
  auto upload = std::make_unique<Upload>();
  upload->bytes = std::move(body);
  upload->end_stream = end_stream;
  nghttp2_data_provider provider{};
  provider.source.ptr = upload.get();
  provider.read_callback = [](nghttp2_session*, std::int32_t, std::uint8_t* into, std::size_t size,
                              std::uint32_t* flags, nghttp2_data_source* source, void*) -> ssize_t {
    auto& from = *static_cast<Upload*>(source->ptr);
    const std::size_t taken = std::min(size, from.bytes.size() - from.sent);
    if (taken == 0 && !from.end_stream) return NGHTTP2_ERR_DEFERRED;
    std::memcpy(into, from.bytes.data() + from.sent, taken);
    from.sent += taken;
    if (from.sent == from.bytes.size() && from.end_stream) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(taken);
  };
  const bool with_body = !upload->bytes.empty() || !end_stream;
  const std::int32_t id = nghttp2_submit_request(session_, nullptr, fields.data(), fields.size(),
                                                 with_body ? &provider : nullptr, nullptr);
  results_[id] = std::make_unique<Http2Result>();
  uploads_[id] = std::move(upload);
  return id;
}

std::int32_t Http2Client::grpc(std::string_view path, std::string_view message, TestHeaders extra) {
  extra.emplace_back("te", "trailers");
  return request(grpc_head(path, std::move(extra)), grpc_framed(message));
}

void Http2Client::append(std::int32_t id, std::string_view bytes, bool end_stream) {
  uploads_[id]->bytes += bytes;
  uploads_[id]->end_stream = end_stream;
  nghttp2_session_resume_data(session_, id);
}

void Http2Client::reset(std::int32_t id, std::uint32_t code) {
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, code);
}

void Http2Client::ping() { nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr); }

std::string Http2Client::take_output() {
  std::string out;
  for (;;) {
    const std::uint8_t* data = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_, &data);
    if (size <= 0) return out;
    out += text_of(data, static_cast<std::size_t>(size));
  }
}

void Http2Client::flush() {
  const std::string out = take_output();
  if (!out.empty()) raw_.send(out);
}

bool Http2Client::step() {
  flush();
  const std::string in = raw_.read();
  if (in.empty()) {
    ended_ = true;
    return false;
  }
  const ssize_t used = nghttp2_session_mem_recv(
      session_, reinterpret_cast<const std::uint8_t*>(in.data()), in.size());
  flush();
  return used >= 0;
}

bool Http2Client::wait(std::int32_t id) {
  while (!results_[id]->closed) {
    if (!step()) return false;
  }
  return true;
}

bool Http2Client::wait_until(bool (*done)(const Http2Client&)) {
  while (!done(*this)) {
    if (!step()) return done(*this);
  }
  return true;
}

Http2Result& Http2Client::call(const TestHeaders& headers, std::string body) {
  const std::int32_t id = request(headers, std::move(body));
  wait(id);
  return result(id);
}

Http2Result& Http2Client::call_grpc(std::string_view path, std::string_view message,
                                    TestHeaders extra) {
  const std::int32_t id = grpc(path, message, std::move(extra));
  wait(id);
  return result(id);
}

}  // namespace gateway::net
