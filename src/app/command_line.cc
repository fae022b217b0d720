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

// Asking a running gateway.
void add_admin_options(CLI::App& app, CommandLine& line) {
  add_config_options(app, line);
  app.add_option("--endpoint", line.endpoint, "Admin address, host:port")->type_name("ADDRESS");
  app.add_option("--timeout-ms", line.timeout_ms, "Give up after this long")
      ->check(CLI::Range(1, 600'000))
      ->capture_default_str();
}

void add_tap_options(CLI::App& app, TapLine& tap) {
  const auto condition = [&](const std::string& option, const std::string& name,
                             const std::string& type, const std::string& help) {
    app.add_option_function<std::vector<std::string>>(
           option,
           [&tap, name](const std::vector<std::string>& values) {
             for (const std::string& value : values) tap.conditions.emplace_back(name, value);
           },
           help)
        ->type_name(type)
        ->expected(1)
        ->take_all();
  };
  condition("--signal", "signal", "NAME,...", "Only these: traces, metrics, logs, profiles");
  condition("--service", "service", "NAME", "Only of this service.name");
  condition("--resource", "resource", "KEY=VALUE", "Only with this resource attribute");
  condition("--attribute", "attribute", "KEY=VALUE", "Only with this attribute of the item");
  condition("--name", "name", "PATTERN", "Only spans, metrics, events so named; * is any text");
  condition("--severity", "severity", "LEVEL", "Only log records of this severity or above");
  condition("--trace-id", "trace_id", "HEX", "Only spans and log records of this trace");
  app.add_option("--dead-letters", tap.dead_letters,
                 "Show what this exporter has given up, instead of what is stored")
      ->type_name("EXPORTER");
  app.add_option("--from", tap.from, "Begin with what comes, or with the oldest stored record")
      ->check(CLI::IsMember({"latest", "oldest"}))
      ->capture_default_str();
  app.add_flag("--until-end", tap.until_end, "With --from oldest: end at the newest record");
  app.add_option("--output", tap.output,
                 "text: a line an item; json: a line of OTLP JSON a request")
      ->check(CLI::IsMember({"text", "json", "none"}));
  app.add_option("--record", tap.record_file, "Append the requests to FILE, byte for byte")
      ->type_name("FILE");
  app.add_option("--count", tap.request_count_max, "End after this many requests");
}

void add_replay_options(CLI::App& app, ReplayLine& replay) {
  app.add_option("source", replay.source,
                 "Storage directory, or a file of captured requests; without it the gateway at "
                 "--endpoint is asked")
      ->type_name("DIR|FILE");
  app.add_option("--dead-letters", replay.dead_letters, "What this exporter has given up")
      ->type_name("EXPORTER");
  app.add_option("--signal", replay.signals, "Only these: traces, metrics, logs, profiles")
      ->type_name("NAME,...");
  app.add_option("--from", replay.from, "Received at or after: 2026-11-21T10:05:00Z, or -15m")
      ->type_name("TIME");
  app.add_option("--until", replay.until, "Received before; now, when not said")->type_name("TIME");
  app.add_option("--to", replay.to, "Where to: http://, https://, grpc:// or grpcs://HOST:PORT")
      ->type_name("URL");
  app.add_option("--to-exporter", replay.to_exporter, "Where to: as this exporter of --config")
      ->type_name("ID");
  app.add_option("--rate", replay.rate, "Items a second at most")->type_name("N");
  app.add_option("--give-up-after", replay.give_up_after_s, "Seconds to try one request again")
      ->capture_default_str();
  app.add_flag("--dry-run", replay.dry_run, "Read and count, send nothing");
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
  CLI::App* validate =
      command(app.add_subcommand("validate", "Check the configuration, name every mistake"),
              Command::validate);
  add_run_options(*validate, line);
  validate
      ->add_option("--from-collector", line.collector_files,
                   "A Collector's file as it is: print what becomes of each of its keys; "
                   "repeatable, as --config")
      ->type_name("FILE")
      ->expected(1)
      ->take_all();
  CLI::App* config =
      command(app.add_subcommand("config", "Print the effective configuration, secrets masked"),
              Command::config);
  add_run_options(*config, line);
  config
      ->add_option(
          "--diff", line.diff_files,
          "Print what a reload of FILE instead would change, and what it takes; repeatable")
      ->type_name("FILE")
      ->expected(1)
      ->take_all();

  CLI::App* health =
      command(app.add_subcommand(
                  "health", "Ask a running gateway; exit code 0 when the probe passes, else 1"),
              Command::health);
  add_admin_options(*health, line);
  health->add_option("--probe", line.probe, "Which probe")
      ->check(CLI::IsMember({"live", "ready", "startup"}))
      ->capture_default_str();

  CLI::App* tap = command(
      app.add_subcommand("tap", "Show what a running gateway stores, as it comes"), Command::tap);
  add_admin_options(*tap, line);
  add_tap_options(*tap, line.tap);

  CLI::App* test = command(
      app.add_subcommand("test", "Send recorded requests through a configuration and compare"),
      Command::test);
  add_config_options(*test, line);
  test->add_option("file", line.test.file, "Tests, as docs/testing-configurations.md has them")
      ->required()
      ->type_name("FILE");
  test->add_flag("--accept", line.test.accept, "Write what comes out as what is expected");

  CLI::App* log = app.add_subcommand("log", "Look into a storage directory, send from it again");
  log->require_subcommand(1);
  for (const auto& [name, help, value] :
       {std::tuple{"inspect", "Print segments, cursors and totals", Command::log_inspect},
        std::tuple{"verify", "Read everything; exit code 1 when anything is damaged",
                   Command::log_verify}}) {
    CLI::App* sub = command(log->add_subcommand(name, help), value);
    sub->add_option("directory", line.directory, "Storage directory")->required()->type_name("DIR");
    sub->add_flag("--records", line.records, "Print a line for each record");
  }
  CLI::App* replay =
      command(log->add_subcommand("replay", "Send stored requests or dead letters again"),
              Command::log_replay);
  add_admin_options(*replay, line);
  add_replay_options(*replay, line.replay);
  command(app.add_subcommand("version", "Print version, compiler and libraries"), Command::version)
      ->add_flag("--json", line.json, "Print JSON");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : 2;
  }
  if (line.tap.output.empty()) line.tap.output = line.tap.record_file.empty() ? "text" : "none";
  return line;
}

}  // namespace gateway::app
