// The one place that exits.

#include <variant>

#include "app/command_line.h"
#include "app/commands.h"

int main(int argc, char** argv) {
  using gateway::app::Command;
  const auto parsed = gateway::app::parse_command_line(argc, argv);
  if (const int* exit_code = std::get_if<int>(&parsed)) return *exit_code;
  const auto& line = std::get<gateway::app::CommandLine>(parsed);
  switch (line.command) {
    case Command::run:
      return gateway::app::run_gateway(line);
    case Command::validate:
      return gateway::app::validate_command(line);
    case Command::config:
      return gateway::app::config_command(line);
    case Command::health:
      return gateway::app::health_command(line);
    case Command::log_inspect:
    case Command::log_verify:
      return gateway::app::log_command(line);
    case Command::log_replay:
      return gateway::app::replay_command(line);
    case Command::tap:
      return gateway::app::tap_command(line);
    case Command::test:
      return gateway::app::test_command(line);
    case Command::version:
      return gateway::app::version_command(line);
  }
  return 2;
}
