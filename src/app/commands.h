// The commands that are not `run`: each does its work, prints, and gives the exit code.
//
// Errors:  by exit code: 0 well, 1 the answer is no (not healthy, damaged, invalid), 2 a mistake in
//          the call.
// Threads: main thread.
#pragma once

#include <optional>
#include <string>

#include "app/command_line.h"
#include "config/load.h"

namespace gateway::app {

// Files, --set and the environment of this process.
[[nodiscard]] config::LoadRequest load_request(const CommandLine& line);

// The admin address to ask: --endpoint, or that of the configuration; nothing, and the mistakes are
// told, where that cannot be loaded.
[[nodiscard]] std::optional<std::string> admin_endpoint(const CommandLine& line);

[[nodiscard]] int run_gateway(const CommandLine& line);  // run.cc
[[nodiscard]] int validate_command(const CommandLine& line);
[[nodiscard]] int config_command(const CommandLine& line);
[[nodiscard]] int config_diff_command(const CommandLine& line);  // config_diff.cc
[[nodiscard]] int health_command(const CommandLine& line);
[[nodiscard]] int log_command(const CommandLine& line);
[[nodiscard]] int replay_command(const CommandLine& line);  // replay_command.cc
[[nodiscard]] int tap_command(const CommandLine& line);     // tap_command.cc
[[nodiscard]] int test_command(const CommandLine& line);    // test_command.cc
[[nodiscard]] int version_command(const CommandLine& line);

}  // namespace gateway::app
