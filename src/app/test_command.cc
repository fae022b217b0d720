#include <array>
#include <cstdio>
#include <span>

#include "app/commands.h"
#include "app/config_test_case.h"
#include "app/json_format.h"
#include "app/line_diff.h"
#include "config/load.h"
#include "io/file_system.h"

// `otlp-service test FILE`: requests through a candidate configuration, compared with what is
// expected. Nothing is stored, sent or listened to.

namespace gateway::app {
namespace {

void complain(const std::string& text) {
  std::fprintf(stderr, "otlp-service test: %s\n", text.c_str());
}

// `path` as written in `file`, seen from here.
std::string beside(const std::string& file, const std::string& path) {
  const std::size_t slash = file.rfind('/');
  if (path.starts_with('/') || slash == std::string::npos) return path;
  return file.substr(0, slash + 1) + path;
}

Result<void, std::string> write_text(const std::string& path, std::string_view text) {
  const auto opened = io::real_file_system().open(path, {.write = true, .create = true});
  if (!opened) return fail(path + ": " + opened.error().message());
  const std::array parts = {std::as_bytes(std::span(text.data(), text.size()))};
  auto done = (*opened)->truncate(0);
  if (done) done = (*opened)->write_at(0, parts);
  if (!done) return fail(path + ": " + done.error().message());
  return {};
}

enum class Verdict : std::uint8_t { passed, failed, accepted, mistake };

Verdict run_case(const ConfigTestCase& one, const std::string& file,
                 const config::Settings& settings, bool accept) {
  std::vector<pipeline::CapturedRequest> requests;
  for (const std::string& input : one.input) {
    auto read = read_input(io::real_file_system(), beside(file, input));
    if (!read) {
      complain(read.error());
      return Verdict::mistake;
    }
    for (pipeline::CapturedRequest& request : *read) requests.push_back(std::move(request));
  }
  const auto output = run_pipelines(settings, requests);
  if (!output) {
    complain(one.name + ": " + output.error());
    return Verdict::mistake;
  }
  const std::string path = beside(file, one.expected);
  const auto written = read_text(io::real_file_system(), path);
  const auto expected = written ? format_json(*written) : std::nullopt;
  if (expected && *expected + "\n" == *output) {
    std::printf("ok        %s\n", one.name.c_str());
    return Verdict::passed;
  }
  if (accept) {
    if (const auto done = write_text(path, *output); !done) {
      complain(done.error());
      return Verdict::mistake;
    }
    std::printf("accepted  %s: %s\n", one.name.c_str(), path.c_str());
    return Verdict::accepted;
  }
  if (!expected) {
    complain(written ? path + " is no JSON" : written.error() + "; --accept writes it");
    return Verdict::mistake;
  }
  std::printf("FAILED    %s\n--- %s\n+++ what comes out\n%s", one.name.c_str(), path.c_str(),
              line_diff(*expected + "\n", *output).c_str());
  return Verdict::failed;
}

}  // namespace

int test_command(const CommandLine& line) {
  const std::string& file = line.test.file;
  const auto text = read_text(io::real_file_system(), file);
  const auto tests = text ? parse_config_tests(*text, file) : fail(text.error());
  if (!tests) {
    complain(tests.error());
    return 2;
  }
  config::LoadRequest request = load_request(line);
  if (request.files.empty()) {
    for (const std::string& path : tests->config) request.files.push_back(beside(file, path));
  }
  const auto loaded = config::load(request);
  if (!loaded) {
    complain(loaded.error().text());
    return 2;
  }
  std::array<std::size_t, 4> counts{};
  for (const ConfigTestCase& one : tests->cases) {
    const Verdict verdict = run_case(one, file, loaded->settings, line.test.accept);
    ++counts[static_cast<std::size_t>(verdict)];
  }
  std::printf("%zu passed, %zu failed, %zu accepted, %zu could not be run\n", counts[0], counts[1],
              counts[2], counts[3]);
  if (counts[3] != 0) return 2;
  return counts[1] == 0 ? 0 : 1;
}

}  // namespace gateway::app
