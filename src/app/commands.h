// The commands that are not `run`: each does its work, prints, and gives the exit code.
//
// Errors:  by exit code: 0 well, 1 the answer is no (not healthy, damaged, invalid), 2 a mistake in
//          the call.
// Threads: main thread.
#pragma once

#include "app/command_line.h"
#include "config/load.h"

namespace gateway::app {

// Files, --set and the environment of this process.
[[nodiscard]] config::LoadRequest load_request(const CommandLine& line);

[[nodiscard]] int run_gateway(const CommandLine& line);  // run.cc
[[nodiscard]] int validate_command(const CommandLine& line);
[[nodiscard]] int config_command(const CommandLine& line);
[[nodiscard]] int health_command(const CommandLine& line);
[[nodiscard]] int log_command(const CommandLine& line);
[[nodiscard]] int version_command(const CommandLine& line);

}  // namespace gateway::app
