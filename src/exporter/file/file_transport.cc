#include "exporter/file/file_transport.h"

#include <array>
#include <limits>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "exporter/otlp_json.h"
#include "exporter/rotating_file.h"

namespace gateway::exporter {

namespace {

class FileTransport final : public Transport {
 public:
  FileTransport(const config::Exporter& settings, boost::asio::io_context& loop,
                io::FileSystem& files)
      : id_(settings.id), proto_(settings.encoding == "proto"), path_(settings.path), loop_(loop) {
    const auto make = [&](const std::string& path) {
      return std::make_unique<RotatingFile>(files, path, settings.rotation_max_size_bytes,
                                            settings.rotation_max_backups);
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
    std::array<std::byte, 4> length{};
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
