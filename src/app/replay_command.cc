#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <memory>
#include <span>

#include "app/commands.h"
#include "app/replay_source.h"
#include "app/time_text.h"
#include "config/load.h"
#include "exporter/resender.h"
#include "io/clock.h"
#include "io/random.h"
#include "pipeline/delivery/backoff.h"
#include "query/tap/item_filter.h"

// `otlp-service log replay`: sends stored or captured requests once more, one at a time.

namespace gateway::app {
namespace {

using exporter::AnswerKind;
namespace delivery = pipeline::delivery;

// Refusals that are told one by one; the others are counted.
constexpr std::uint64_t kRefusalsToldMax = 10;

void complain(const std::string& text) {
  std::fprintf(stderr, "otlp-service log replay: %s\n", text.c_str());
}

// "http://host:4318", "grpc://host:4317" and, under TLS, "https://" and "grpcs://".
std::optional<config::Exporter> destination_of(const std::string& url) {
  config::Exporter settings;
  settings.id = "replay";
  const std::size_t scheme_end = url.find("://");
  if (scheme_end == std::string::npos) return std::nullopt;
  const std::string scheme = url.substr(0, scheme_end);
  const std::string rest = url.substr(scheme_end + 3);
  if (rest.empty()) return std::nullopt;
  if (scheme == "http" || scheme == "https") {
    settings.kind = config::ExporterKind::otlp_http;
    settings.endpoint = url;
  } else if (scheme == "grpc" || scheme == "grpcs") {
    settings.kind = config::ExporterKind::otlp;
    settings.endpoint = (scheme == "grpcs" ? "https://" : "http://") + rest;
  } else {
    return std::nullopt;
  }
  return settings;
}

class Replay {
 public:
  explicit Replay(const CommandLine& line) : line_(line) {}

  [[nodiscard]] int run() {
    if (!prepare()) return 2;
    if (!line_.replay.dry_run && !connect()) return 2;
    take_signals();
    started_ = io::real_clock().monotonic();
    const auto read =
        read_requests(io::real_file_system(), source_,
                      [this](const pipeline::CapturedHead& head, std::string_view payload) {
                        return consider(head, payload);
                      });
    if (!read) complain(read.error());
    report();
    const bool all_well = read && !stopped_ && refused_ == 0 && rejected_items_ == 0;
    return all_well ? 0 : 1;
  }

 private:
  [[nodiscard]] bool prepare() {
    const ReplayLine& replay = line_.replay;
    const std::uint64_t now = io::real_clock().unix_nano();
    // What is replayed to the gateway that it is read from must not be read again.
    source_.until_unix_nano = now;
    for (const auto& [text, into] : {std::pair{&replay.from, &source_.from_unix_nano},
                                     std::pair{&replay.until, &source_.until_unix_nano}}) {
      if (text->empty()) continue;
      const auto moment = parse_moment(*text, now);
      if (!moment) {
        complain("\"" + *text + "\" is no time; for example 2026-11-21T10:05:00Z or -15m");
        return false;
      }
      *into = std::min(*moment, now);
    }
    if (!replay.signals.empty()) {
      if (const auto added = query::add_condition("signal", replay.signals, filter_); !added) {
        complain(added.error());
        return false;
      }
    }
    source_.path = replay.source;
    source_.dead_letters = replay.dead_letters;
    source_.signals = replay.signals;
    source_.timeout_ms = line_.timeout_ms;
    if (source_.path.empty()) {
      const auto endpoint = admin_endpoint(line_);
      if (!endpoint) return false;
      source_.endpoint = *endpoint;
    }
    return true;
  }

  [[nodiscard]] bool connect() {
    const ReplayLine& replay = line_.replay;
    if (replay.to.empty() == replay.to_exporter.empty()) {
      complain("say where to: --to URL, or --to-exporter ID with --config; or --dry-run");
      return false;
    }
    if (!replay.to.empty()) {
      const auto settings = destination_of(replay.to);
      if (!settings) {
        complain("\"" + replay.to +
                 "\" is no destination; for example http://localhost:4318 or "
                 "grpc://localhost:4317");
        return false;
      }
      settings_ = *settings;
    } else {
      const auto loaded = config::load(load_request(line_));
      if (!loaded) {
        complain(loaded.error().text());
        return false;
      }
      const auto& all = loaded->settings.exporters;
      const auto found = std::find_if(all.begin(), all.end(), [&](const config::Exporter& one) {
        return one.id == replay.to_exporter;
      });
      if (found == all.end()) {
        complain("the configuration has no exporter \"" + replay.to_exporter + "\"");
        return false;
      }
      settings_ = *found;
    }
    resender_ = std::make_unique<exporter::Resender>(settings_);
    if (const auto started = resender_->start(); !started) {
      complain(started.error().message);
      return false;
    }
    return true;
  }

  void take_signals() {
    sigemptyset(&signals_);
    for (const int number : {SIGTERM, SIGINT}) sigaddset(&signals_, number);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
  }

  // Waits; true when somebody wants an end meanwhile.
  [[nodiscard]] bool told_to_end(std::chrono::nanoseconds wait) {
    wait = std::max(wait, std::chrono::nanoseconds(0));
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(wait);
    const timespec time{.tv_sec = seconds.count(), .tv_nsec = (wait - seconds).count()};
    if (sigtimedwait(&signals_, nullptr, &time) <= 0) return false;
    complain("stopped");
    return true;
  }

  // False: no more.
  [[nodiscard]] bool consider(const pipeline::CapturedHead& head, std::string_view payload) {
    ++read_;
    const bool chosen = filter_.wants(head.signal) &&
                        head.time_unix_nano >= source_.from_unix_nano &&
                        head.time_unix_nano < source_.until_unix_nano;
    if (!chosen) return true;
    ++chosen_;
    chosen_items_[index_of(head.signal)] += head.item_count;
    chosen_bytes_ += payload.size();
    if (line_.replay.dry_run) return true;
    stopped_ = !send(head, payload);
    return !stopped_;
  }

  // One request to its end; false when there is no sense in going on.
  [[nodiscard]] bool send(const pipeline::CapturedHead& head, std::string_view payload) {
    delivery::Backoff backoff({.initial_interval = std::chrono::milliseconds(500)});
    const auto begun = io::real_clock().monotonic();
    for (;;) {
      if (told_to_end(pause())) return false;
      const exporter::Answer answer = resender_->send(
          head.signal, head.item_count, std::as_bytes(std::span(payload.data(), payload.size())));
      switch (answer.kind) {
        case AnswerKind::delivered:
          sent_items_ += head.item_count;
          rejected_items_ += std::min(answer.rejected_items, head.item_count);
          if (answer.rejected_items != 0) tell_refusal(head, answer.message);
          return true;
        case AnswerKind::data_refused:
          ++refused_;
          refused_items_ += head.item_count;
          tell_refusal(head, answer.message);
          return true;
        case AnswerKind::refused:
          complain("it is refused, whatever is sent: " + answer.message);
          return false;
        case AnswerKind::cancelled:
        case AnswerKind::retry:
          break;
      }
      const auto waited = io::real_clock().monotonic() - begun;
      if (waited > std::chrono::seconds(line_.replay.give_up_after_s)) {
        complain("given up: " + answer.message);
        return false;
      }
      if (told_to_end(backoff.next(answer.retry_in, jitter_))) return false;
    }
  }

  // What the rate asks for before the next request.
  [[nodiscard]] std::chrono::nanoseconds pause() const {
    if (line_.replay.rate == 0) return {};
    const double seconds =
        static_cast<double>(sent_items_ + refused_items_) / static_cast<double>(line_.replay.rate);
    const auto due = started_ + std::chrono::duration_cast<std::chrono::nanoseconds>(
                                    std::chrono::duration<double>(seconds));
    return due - io::real_clock().monotonic();
  }

  void tell_refusal(const pipeline::CapturedHead& head, const std::string& message) {
    if (++told_ > kRefusalsToldMax) return;
    complain(std::string(name_of(head.signal)) + " received at " +
             std::to_string(head.time_unix_nano) + ": " + message);
  }

  void report() const {
    std::uint64_t items = 0;
    std::string by_signal;
    for (const Signal signal : kSignals) {
      const std::uint64_t count = chosen_items_[index_of(signal)];
      if (count == 0) continue;
      items += count;
      by_signal += (by_signal.empty() ? ": " : ", ") + std::string(name_of(signal)) + " " +
                   std::to_string(count);
    }
    std::string text = std::to_string(read_) + " requests read, " + std::to_string(chosen_) +
                       " chosen with " + std::to_string(items) + " items" + by_signal + " (" +
                       std::to_string(chosen_bytes_) + " bytes)\n";
    if (line_.replay.dry_run) {
      text += "nothing was sent: --dry-run\n";
    } else {
      text += "delivered " + std::to_string(sent_items_ - rejected_items_) + " items, refused " +
              std::to_string(refused_items_ + rejected_items_) + ", not sent " +
              std::to_string(items - sent_items_ - refused_items_) + "\n";
    }
    std::fputs(text.c_str(), stdout);
  }

  const CommandLine& line_;
  ReplaySource source_;
  query::ItemFilter filter_;  // its signals alone
  config::Exporter settings_;
  std::unique_ptr<exporter::Resender> resender_;
  delivery::Jitter jitter_{io::real_random().next()};
  sigset_t signals_{};
  std::chrono::nanoseconds started_{};
  std::uint64_t read_ = 0, chosen_ = 0, chosen_bytes_ = 0;
  std::array<std::uint64_t, kSignalCount> chosen_items_{};
  std::uint64_t sent_items_ = 0;      // of requests that were taken
  std::uint64_t rejected_items_ = 0;  // of these, by partial success
  std::uint64_t refused_ = 0, refused_items_ = 0, told_ = 0;
  bool stopped_ = false;
};

}  // namespace

int replay_command(const CommandLine& line) { return Replay(line).run(); }

}  // namespace gateway::app
