#include "exporter/file/file_transport.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "exporter/otlp_json.h"
#include "exporter/rotating_file.h"

namespace gateway::exporter {

namespace {

constexpr std::size_t kLengthSizeBytes = 4;
// A larger length stands before no batch that was cut off: the file is another one's.
constexpr std::uint64_t kTornBatchSizeBytesMax = 256ULL << 20U;

std::optional<std::uint64_t> end_of_batches(const std::shared_ptr<io::File>& file,
                                            std::uint64_t size_bytes) {
  std::array<std::byte, kLengthSizeBytes> length{};
  for (std::uint64_t end = 0;;) {
    const auto got = file->read_at(end, length);
    if (!got) return std::nullopt;
    if (*got < length.size()) return end;
    std::uint64_t batch_bytes = 0;
    for (const std::byte byte : length) batch_bytes = batch_bytes << 8U | std::uint64_t(byte);
    if (batch_bytes > size_bytes - end - length.size()) {
      return batch_bytes > kTornBatchSizeBytesMax ? std::nullopt : std::optional(end);
    }
    end += length.size() + batch_bytes;
  }
}

// Found from the end of the file on.
std::optional<std::uint64_t> end_of_lines(const std::shared_ptr<io::File>& file,
                                          std::uint64_t size_bytes) {
  constexpr std::uint64_t kReadSizeBytes = 64 * 1024;
  std::string text;
  std::uint64_t end = size_bytes;
  for (std::size_t newline = std::string::npos; end != 0 && newline == std::string::npos;) {
    const std::uint64_t begin = end - std::min(end, kReadSizeBytes);
    text.resize(end - begin);
    const auto got = file->read_at(begin, std::as_writable_bytes(std::span(text)));
    if (!got || *got != text.size()) return std::nullopt;
    newline = text.rfind('\n');
    end = newline == std::string::npos ? begin : begin + newline + 1;
  }
  if (end == size_bytes) return end;
  text.resize(1);
  const auto got = file->read_at(end, std::as_writable_bytes(std::span(text)));
  return got && text == "{" ? std::optional(end) : std::nullopt;  // else it was no line of ours
}

class FileTransport final : public Transport {
 public:
  FileTransport(const config::Exporter& settings, boost::asio::io_context& loop,
                io::FileSystem& files)
      : id_(settings.id), proto_(settings.encoding == "proto"), path_(settings.path), loop_(loop) {
    const auto make = [&](const std::string& path) {
      return std::make_unique<RotatingFile>(files, path, settings.rotation_max_size_bytes,
                                            settings.rotation_max_backups,
                                            proto_ ? end_of_batches : end_of_lines);
    };
    if (!path_.ends_with('/')) {
      files_.push_back(make(path_));
      return;
    }
    for (const Signal signal : kSignals) {
      files_.push_back(make(path_ + std::string(name_of(signal)) + (proto_ ? ".pb" : ".jsonl")));
    }
  }

  [[nodiscard]] Result<void, pipeline::ServiceFailure> start() override {
    if (path_.empty()) {
      return fail(pipeline::ServiceFailure{"exporter " + id_ + ": path is empty"});
    }
    // In a folder, only the files of signals that come are made.
    if (files_.size() > 1) return {};
    if (auto opened = files_.front()->open(); !opened) {
      return fail(pipeline::ServiceFailure{"exporter " + id_ + ": " + opened.error().message});
    }
    return {};
  }

  void send(std::shared_ptr<const Request> request, Done done) override {
    boost::asio::post(loop_, [answer = write(*request), done = std::move(done)]() mutable {
      done(std::move(answer));
    });
  }

  void cancel_all() override {}

 private:
  [[nodiscard]] Answer write(const Request& request) {
    std::vector<std::span<const std::byte>> parts;
    std::string line;
    std::array<std::byte, kLengthSizeBytes> length{};
    if (proto_) {
      if (request.size_bytes > std::numeric_limits<std::uint32_t>::max()) {
        return {.kind = AnswerKind::data_refused, .message = "batch is larger than 4 GiB"};
      }
      for (std::size_t i = 0; i < length.size(); ++i) {
        length[i] = static_cast<std::byte>(request.size_bytes >> (24U - 8U * i) & 0xffU);
      }
      parts.emplace_back(length);
      for (const Piece& piece : request.pieces) parts.push_back(piece.payload.bytes);
    } else {
      auto text = to_otlp_json(request);
      if (!text) return {.kind = AnswerKind::data_refused, .message = text.error()};
      line = std::move(*text);
      line += '\n';
      parts.push_back(std::as_bytes(std::span(line.data(), line.size())));
    }
    RotatingFile& file = *files_[files_.size() == 1 ? 0 : index_of(request.signal)];
    if (const auto written = file.append(parts); !written) {
      return {.kind = AnswerKind::retry, .message = written.error().message};
    }
    return {.kind = AnswerKind::delivered};
  }

  const std::string id_;
  const bool proto_;
  const std::string path_;
  boost::asio::io_context& loop_;
  std::vector<std::unique_ptr<RotatingFile>> files_;  // one, or one a signal
};

}  // namespace

std::unique_ptr<Transport> make_file_transport(const config::Exporter& settings,
                                               boost::asio::io_context& loop,
                                               io::FileSystem& files) {
  return std::make_unique<FileTransport>(settings, loop, files);
}

}  // namespace gateway::exporter
