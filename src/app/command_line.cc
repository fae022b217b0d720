#include "app/command_line.h"

#include <CLI/CLI.hpp>

#include "app/version.h"

namespace gateway::app {
namespace {

void add_config_options(CLI::App& app, CommandLine& line) {
  app.add_option("-c,--config", line.config_files,
                 "Configuration file, YAML or TOML; repeat it, later files override earlier ones")
      ->type_name("FILE")
      ->expected(1)
      ->take_all();
  app.add_option("--set", line.overrides,
                 "Override one setting, for example --set storage.directory=/data")
      ->type_name("KEY=VALUE")
      ->expected(1)
      ->take_all();
}

void add_run_options(CLI::App& app, CommandLine& line) {
  add_config_options(app, line);
  app.add_option(
         "--services", line.services,
         "Run only these: trace, metric, log, config, health (config and health always run)")
      ->delimiter(',')
      ->check(CLI::IsMember({"trace", "metric", "log", "config", "health"}))
      ->type_name("NAME,...")
      ->expected(1)
      ->take_all();
}

}  // namespace

std::variant<CommandLine, int> parse_command_line(int argc, const char* const* argv) {
  CommandLine line;
  CLI::App app{
      "Durable OTLP gateway: receives traces, metrics and logs, stores them, acknowledges, "
      "and delivers them to every destination at its own pace.",
      "otlp-service"};
  app.footer(
      "Without a configuration it listens on 127.0.0.1:4317 (gRPC), :4318 (HTTP) and :8080\n"
      "(admin), keeps its data in ./data and needs no other server.");
  app.set_version_flag("--version", version_text());
  app.require_subcommand(0, 1);
  add_run_options(app, line);

  const auto command = [&](CLI::App* sub, Command value) {
    sub->callback([&line, value] { line.command = value; });
    return sub;
  };
  add_run_options(
      *command(app.add_subcommand("run", "Run the gateway (the default)"), Command::run), line);
  add_run_options(
      *command(app.add_subcommand("validate", "Check the configuration, name every mistake"),
               Command::validate),
      line);
  add_run_options(
      *command(app.add_subcommand("config", "Print the effective configuration, secrets masked"),
               Command::config),
      line);

  CLI::App* health =
      command(app.add_subcommand(
                  "health", "Ask a running gateway; exit code 0 when the probe passes, else 1"),
              Command::health);
  add_config_options(*health, line);
  health->add_option("--probe", line.probe, "Which probe")
      ->check(CLI::IsMember({"live", "ready", "startup"}))
      ->capture_default_str();
  health->add_option("--endpoint", line.endpoint, "Admin address, host:port")->type_name("ADDRESS");
  health->add_option("--timeout-ms", line.timeout_ms, "Give up after this long")
      ->check(CLI::Range(1, 600'000))
      ->capture_default_str();

  CLI::App* log = app.add_subcommand("log", "Look into a storage directory");
  log->require_subcommand(1);
  for (const auto& [name, help, value] :
       {std::tuple{"inspect", "Print segments, cursors and totals", Command::log_inspect},
        std::tuple{"verify", "Read everything; exit code 1 when anything is damaged",
                   Command::log_verify}}) {
    CLI::App* sub = command(log->add_subcommand(name, help), value);
    sub->add_option("directory", line.directory, "Storage directory")->required()->type_name("DIR");
    sub->add_flag("--records", line.records, "Print a line for each record");
  }
  command(app.add_subcommand("version", "Print version, compiler and libraries"), Command::version)
      ->add_flag("--json", line.json, "Print JSON");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : 2;
  }
  return line;
}

}  // namespace gateway::app
