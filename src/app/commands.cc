#include "app/commands.h"

#include <cstdio>
#include <string>

#include "app/version.h"
#include "config/load.h"
#include "config/migration.h"
#include "io/file_system.h"
#include "net/http_client.h"
#include "storage/inspect.h"
#include "telemetry/json_text.h"

namespace gateway::app {
namespace {

void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }
void complain(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stderr); }

}  // namespace

config::LoadRequest load_request(const CommandLine& line) {
  config::LoadRequest request;
  request.files = line.config_files;
  request.assignments = line.overrides;
  request.environment = config::process_environment();
  return request;
}

std::optional<std::string> admin_endpoint(const CommandLine& line) {
  if (!line.endpoint.empty()) return line.endpoint;
  const auto loaded = config::load(load_request(line));
  if (!loaded) {
    complain(loaded.error().text());
    return std::nullopt;
  }
  std::string endpoint = loaded->settings.admin.endpoint;
  // A wildcard is where it listens, not where it can be asked.
  if (endpoint.starts_with("0.0.0.0:")) endpoint.replace(0, 7, "127.0.0.1");
  if (endpoint.starts_with("[::]:")) endpoint.replace(0, 4, "[::1]");
  return endpoint;
}

int validate_command(const CommandLine& line) {
  if (!line.collector_files.empty()) {
    config::LoadRequest request = load_request(line);
    request.files = line.collector_files;
    const config::Migration migration = config::migration_of(request);
    print(config::text_of(migration));
    return migration.starts() ? 0 : 1;
  }
  const auto loaded = config::load(load_request(line));
  if (!loaded) {
    complain(loaded.error().text());
    return 1;
  }
  for (const config::Diagnostic& remark : loaded->remarks) print(config::text_of(remark) + "\n");
  print("the configuration is valid\n");
  return 0;
}

int config_command(const CommandLine& line) {
  if (!line.diff_files.empty()) return config_diff_command(line);
  const auto loaded = config::load(load_request(line));
  if (!loaded) {
    complain(loaded.error().text());
    return 1;
  }
  print(loaded->effective_yaml);
  return 0;
}

int health_command(const CommandLine& line) {
  const auto endpoint = admin_endpoint(line);
  if (!endpoint) return 2;
  net::HttpClient client(*endpoint, std::chrono::milliseconds(line.timeout_ms));
  const auto answer = client.get("/health/" + line.probe);
  if (!answer) {
    complain("otlp-service: " + answer.error() + "\n");
    return 1;
  }
  print(answer->body + "\n");
  return answer->status == 200 ? 0 : 1;
}

int log_command(const CommandLine& line) {
  storage::InspectOptions options;
  options.payload_checksums = line.command == Command::log_verify;
  if (line.records) {
    options.each_record = [](std::string_view record) { print(std::string(record) + "\n"); };
  }
  const auto found = storage::inspect(io::real_file_system(), line.directory, options);
  if (!found) {
    complain("otlp-service: " + found.error().message + "\n");
    return 2;
  }
  print(storage::to_text(*found));
  return line.command == Command::log_verify && !found->problems.empty() ? 1 : 0;
}

int version_command(const CommandLine& line) {
  print(line.json ? version_json() + "\n" : version_text());
  return 0;
}

}  // namespace gateway::app
