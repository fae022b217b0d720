#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

#include <unistd.h>

#include "app/commands.h"
#include "app/config_watch.h"
#include "app/gateway.h"
#include "app/reloader.h"
#include "app/version.h"
#include "config/load.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "io/file_watch.h"
#include "io/open_files.h"
#include "telemetry/log.h"

namespace gateway::app {
namespace {

constexpr std::chrono::seconds kTickInterval{1};

// SIGTERM, SIGINT and SIGHUP are taken by the main thread alone, between ticks; a peer that hangs
// up must not end the process.
sigset_t take_signals() {
  sigset_t taken;
  sigemptyset(&taken);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&taken, number);
  pthread_sigmask(SIG_BLOCK, &taken, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return taken;
}

// JSON lines, unless text is configured, or nobody has said anything and a person looks on.
telemetry::LogFormat log_format(const config::Loaded& loaded, const CommandLine& line) {
  const bool is_chosen =
      !loaded.files.empty() ||
      std::any_of(line.overrides.begin(), line.overrides.end(), [](const std::string& text) {
        return text.starts_with("service.telemetry.logs.encoding=");
      });
  const bool is_text =
      loaded.settings.logs.format == "console" || (!is_chosen && isatty(STDERR_FILENO) == 1);
  return is_text ? telemetry::LogFormat::console : telemetry::LogFormat::json;
}

void print_welcome(const Gateway& gateway, const config::Settings& settings) {
  std::string grpc, http, admin;
  for (const Listening& at : gateway.listening()) {
    if (at.protocol == "grpc") grpc = at.address;
    if (at.protocol == "http") http = at.address;
    if (at.protocol == "admin") admin = at.address;
  }
  std::string text = "\notlp-service " + version_number() + " is ready.\n\n";
  if (!grpc.empty()) text += "  OTLP/gRPC  " + grpc + "\n";
  if (!http.empty()) text += "  OTLP/HTTP  " + http + "   (protobuf and JSON)\n";
  text += "  admin      http://" + admin + "/health  /metrics  /api/v1/status\n";
  text += "  storage    " + settings.storage.directory + "   (durability " +
          settings.storage.durability + ")\n";
  if (!http.empty()) {
    text += "\nTry it:\n\n  curl -i http://" + http +
            "/v1/logs -H 'Content-Type: application/json' \\\n"
            "    -d '{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":"
            "[{\"body\":{\"stringValue\":\"hello\"}}]}]}]}'\n";
  }
  text += "\nStop it with Ctrl-C.\n\n";
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

// A service that was left behind may still use the rest: then nothing is destroyed.
void end(bool is_clean) {
  telemetry::flush_log();
  if (!is_clean) std::_Exit(1);
}

}  // namespace

int run_gateway(const CommandLine& line) {
  io::raise_open_files_limit();
  // Before anything is read: what changes while the service starts is new to the first look.
  const auto told = io::make_file_watch();
  ConfigWatch watch(load_request(line), *told);
  auto loaded = config::load(load_request(line));
  if (!loaded) {
    const std::string text = loaded.error().text();
    std::fwrite(text.data(), 1, text.size(), stderr);
    return 2;
  }
  config::Settings& settings = loaded->settings;
  if (!line.services.empty()) settings.services = line.services;
  if (!telemetry::configure_log(log_format(*loaded, line), settings.logs.level)) {
    std::fprintf(stderr, "otlp-service: malformed log level \"%s\"\n", settings.logs.level.c_str());
    return 2;
  }
  for (const config::Diagnostic& remark : loaded->remarks) {
    if (remark.severity == config::Severity::warning) {
      telemetry::log_warn("config", config::text_of(remark));
    } else {
      telemetry::log_info("config", config::text_of(remark));
    }
  }

  const sigset_t signals = take_signals();
  telemetry::log_info("app", "starting",
                      {{"version", version_number()}, {"revision", version_revision()}});
  Gateway gateway(settings, io::real_file_system(), io::real_clock());
  Reloader reloader(gateway, load_request(line), line.services, *loaded, watch);
  if (auto started = gateway.start(); !started) {
    telemetry::log_error("app", "cannot start", {{"error", started.error().message}});
    std::fprintf(stderr, "otlp-service: cannot start: %s\n", started.error().message.c_str());
    end(gateway.stop());
    return 1;
  }
  if (loaded->files.empty()) print_welcome(gateway, settings);

  for (;;) {
    const timespec wait = {.tv_sec = kTickInterval.count(), .tv_nsec = 0};
    const int number = sigtimedwait(&signals, nullptr, &wait);
    if (number == SIGTERM || number == SIGINT) {
      telemetry::log_info("app", "stopping",
                          {{"signal", number == SIGTERM ? "SIGTERM" : "SIGINT"}});
      break;
    }
    const auto now = std::chrono::steady_clock::now();
    if (number == SIGHUP) reloader.reload("SIGHUP", now);
    reloader.tick(now);
    gateway.tick();
  }
  const bool is_clean = gateway.stop();
  telemetry::log_info("app", "stopped", {});
  end(is_clean);
  return 0;
}

}  // namespace gateway::app
