// The command line as values. Parsing prints help and mistakes by itself; nothing here acts.
//
//   otlp-service [run] --config FILE... --set KEY=VALUE... --services=trace,health
//   otlp-service validate | config | health | tap | test FILE | log inspect|verify|replay | version
//
// Errors:  a mistake on the command line is printed to stderr with what to do next; exit code 2.
// Threads: main thread only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace gateway::app {

enum class Command : std::uint8_t {
  run,
  validate,
  config,
  health,
  log_inspect,
  log_verify,
  log_replay,
  tap,
  test,
  version
};

// tap
struct TapLine {
  std::vector<std::pair<std::string, std::string>> conditions;  // query/tap/item_filter.h
  std::string dead_letters;  // of this exporter; empty: what is stored
  std::string from = "latest";
  bool until_end = false;  // end where everything stored has been shown
  std::string output;      // text, json, none; empty: text, or none while recording
  std::string record_file;
  std::uint64_t request_count_max = 0;  // 0: no limit
};

// log replay
struct ReplayLine {
  std::string source;           // directory or file; empty: a running gateway
  std::string dead_letters;     // of this exporter
  std::string signals;          // "traces,logs"; empty: all
  std::string from, until;      // app/time_text.h
  std::string to, to_exporter;  // one of the two
  std::uint64_t rate = 0;       // items a second; 0: as fast as it goes
  std::uint32_t give_up_after_s = 60;
  bool dry_run = false;
};

// test
struct TestLine {
  std::string file;
  bool accept = false;
};

struct CommandLine {
  Command command = Command::run;
  // run, validate, config, health
  std::vector<std::string> config_files;
  std::vector<std::string> overrides;  // key=value
  std::vector<std::string> services;   // --services=; empty: as configured
  // validate
  std::vector<std::string> collector_files;  // --from-collector: what becomes of each of its keys
  // config
  std::vector<std::string> diff_files;  // --diff: the configuration to compare with
  // health
  std::string probe = "ready";  // live, ready, startup
  std::string endpoint;         // empty: the admin endpoint of the configuration
  int timeout_ms = 3000;
  // log
  std::string directory;
  bool records = false;
  ReplayLine replay;
  TapLine tap;
  TestLine test;
  // version
  bool json = false;
};

// The parsed line, or the exit code of a process that has nothing more to do.
[[nodiscard]] std::variant<CommandLine, int> parse_command_line(int argc, const char* const* argv);

}  // namespace gateway::app
