#include <array>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <span>
#include <utility>
#include <vector>

#include "app/commands.h"
#include "io/file_system.h"
#include "io/random.h"
#include "net/http_client.h"
#include "net/query_string.h"
#include "otlpview/wire_to_json.h"
#include "query/tap/item_filter.h"
#include "query/tap/item_text.h"
#include "query/tap/tap_answer.h"

// `otlp-service tap`: asks the admin listener for what has come since the last answer, again and
// again, until it is told to end.

namespace gateway::app {
namespace {

// Between two questions when there was nothing more to show.
constexpr long kPauseNanoseconds = 100'000'000;
// Between two attempts when the gateway has gone away.
constexpr long kRetryPauseSeconds = 1;

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

void complain(const std::string& text) {
  std::fprintf(stderr, "otlp-service tap: %s\n", text.c_str());
}

// Appends entries to a file, byte for byte.
class Recording {
 public:
  [[nodiscard]] Result<void, std::string> open(const std::string& path) {
    auto opened = io::real_file_system().open(path, {.write = true, .create = true});
    if (!opened) return fail(path + ": " + opened.error().message());
    const auto size = (*opened)->size();
    if (!size) return fail(path + ": " + size.error().message());
    file_ = std::move(*opened);
    path_ = path;
    size_bytes_ = *size;
    return {};
  }
  [[nodiscard]] bool on() const noexcept { return file_ != nullptr; }
  [[nodiscard]] Result<void, std::string> add(const pipeline::CapturedView& entry) {
    std::string head;
    pipeline::append_captured_head(entry.head, head);
    const std::array parts = {bytes_of(head), bytes_of(entry.payload), bytes_of("\n")};
    if (const auto done = file_->write_at(size_bytes_, parts); !done) {
      static_cast<void>(file_->truncate(size_bytes_));  // whole entries only
      return fail(path_ + ": " + done.error().message());
    }
    size_bytes_ += head.size() + entry.payload.size() + 1;
    ++count;
    return {};
  }
  void close() {
    if (file_) static_cast<void>(file_->sync());
  }

  std::uint64_t count = 0;

 private:
  std::unique_ptr<io::File> file_;
  std::string path_;
  std::uint64_t size_bytes_ = 0;
};

class Tap {
 public:
  explicit Tap(const CommandLine& line) : line_(line) {}

  [[nodiscard]] int run() {
    for (const auto& [name, value] : line_.tap.conditions) {
      if (auto added = query::add_condition(name, value, filter_); !added) {
        complain(added.error());
        return 2;
      }
    }
    if (!line_.tap.record_file.empty()) {
      if (auto opened = recording_.open(line_.tap.record_file); !opened) {
        complain(opened.error());
        return 1;
      }
    }
    const auto endpoint = admin_endpoint(line_);
    if (!endpoint) return 2;
    take_signals();
    const int code = follow(*endpoint);
    recording_.close();
    std::fflush(stdout);
    sum_up();
    return code;
  }

 private:
  // SIGINT and SIGTERM end the pauses; a reader of ours that goes away is seen by the writes.
  void take_signals() {
    sigemptyset(&signals_);
    for (const int number : {SIGTERM, SIGINT}) sigaddset(&signals_, number);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
  }

  [[nodiscard]] bool told_to_end(timespec wait) {
    return sigtimedwait(&signals_, nullptr, &wait) > 0;
  }

  [[nodiscard]] std::string target() const {
    std::string query;
    const bool dead_letters = !line_.tap.dead_letters.empty();
    net::append_query(query, "from", from_);
    if (dead_letters) {
      net::append_query(query, "exporter", line_.tap.dead_letters);
    } else {
      net::append_query(query, "id", id_);
    }
    for (const auto& [name, value] : line_.tap.conditions) net::append_query(query, name, value);
    return (dead_letters ? "/api/v1/dead-letters?" : "/api/v1/tap?") + query;
  }

  [[nodiscard]] int follow(const std::string& endpoint) {
    net::HttpClient client(endpoint, std::chrono::milliseconds(line_.timeout_ms));
    bool connected = false;
    for (;;) {
      const auto answer = client.get(target());
      if (!answer || answer->status != 200) {
        complain(answer ? endpoint + " answers " + std::to_string(answer->status) + " " +
                              answer->body.substr(0, answer->body.find('\n'))
                        : answer.error());
        // A gateway that restarts comes back, and the place in its log is still good.
        const bool may_pass = connected && (!answer || answer->status == 503);
        if (!may_pass) return 1;
        if (told_to_end({.tv_sec = kRetryPauseSeconds, .tv_nsec = 0})) return 0;
        continue;
      }
      if (!std::exchange(connected, true)) complain("watching " + endpoint + ", Ctrl-C ends it");
      const auto end = query::read_tap_answer(
          answer->body, [this](const pipeline::CapturedView& entry) { return show(entry); });
      if (!end) {
        complain("the answer of " + endpoint + " cannot be read: " + end.error());
        return 1;
      }
      if (failed_) return 1;
      if (enough()) return 0;
      from_ = end->next;
      note_dropped(end->dropped_items);
      std::fflush(stdout);
      const bool at_end = !end->more && line_.tap.from == "oldest" && line_.tap.until_end;
      if (at_end) return 0;
      if (told_to_end({.tv_sec = 0, .tv_nsec = end->more ? 0 : kPauseNanoseconds})) return 0;
    }
  }

  [[nodiscard]] bool enough() const noexcept {
    return line_.tap.request_count_max != 0 && request_count_ >= line_.tap.request_count_max;
  }

  // False: no more of this answer.
  [[nodiscard]] bool show(const pipeline::CapturedView& entry) {
    if (failed_ || enough()) return false;
    std::vector<std::byte> kept;
    item_count_ += query::narrow(filter_, entry.head.signal, bytes_of(entry.payload), kept);
    ++request_count_;
    if (recording_.on()) {
      if (const auto added = recording_.add(entry); !added) {
        complain(added.error());
        failed_ = true;
      }
    }
    if (!entry.head.reason.empty() && line_.tap.output == "text") {
      print(entry.head.reason + ": " + entry.head.message);
    }
    if (line_.tap.output == "text") {
      query::show_items(entry.head.signal, kept, [this](std::string_view text) { print(text); });
    } else if (line_.tap.output == "json") {
      std::string text;
      const auto signal = static_cast<otlpview::Signal>(index_of(entry.head.signal));
      if (otlpview::wire_to_json(signal, kept, text)) print(text);
    }
    return !failed_;
  }

  void print(std::string_view text) {
    const std::array<std::string_view, 2> parts = {text, "\n"};
    for (const std::string_view part : parts) {
      if (std::fwrite(part.data(), 1, part.size(), stdout) != part.size()) failed_ = true;
    }
  }

  void note_dropped(std::uint64_t items) {
    if (items == 0) return;
    dropped_items_ += items;
    complain(std::to_string(items) + " items were not looked at: more is stored than can be shown");
  }

  void sum_up() const {
    std::string text = std::to_string(request_count_) + " requests with " +
                       std::to_string(item_count_) + " spans, metrics and log records";
    if (recording_.on()) text += ", recorded in " + line_.tap.record_file;
    if (dropped_items_ != 0) text += "; " + std::to_string(dropped_items_) + " items not looked at";
    complain(text);
  }

  const CommandLine& line_;
  query::ItemFilter filter_;
  Recording recording_;
  sigset_t signals_{};
  const std::string id_ = std::to_string(io::real_random().next());
  std::string from_ = line_.tap.from;
  std::uint64_t request_count_ = 0, item_count_ = 0, dropped_items_ = 0;
  bool failed_ = false;
};

}  // namespace

int tap_command(const CommandLine& line) { return Tap(line).run(); }

}  // namespace gateway::app
