// One case of `otlp-service test FILE`: requests that go through the pipelines of a configuration,
// and what comes out of them at each exporter.
//
//   file     := {config: [PATH...], tests: [{name, input: [PATH...], expected: PATH}...]}
//   input    := captured requests, or OTLP JSON with one request a line (.json, .jsonl)
//   output   := JSON: exporter -> signal -> {"items", "filtered", "requests": [...]}
//
// Requests are not merged into batches: a test is about what is in them, and batches depend on
// time.
//
// Units:   items.
// Errors:  a sentence with the file.
// Threads: pure, but for reading the files.
// Source:  docs/testing-configurations.md.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "config/settings.h"
#include "io/file_system.h"
#include "pipeline/captured_request.h"

namespace gateway::app {

// Paths are as written, from where the test file is.
struct ConfigTestCase {
  std::string name;
  std::vector<std::string> input;
  std::string expected;
};

struct ConfigTestFile {
  std::vector<std::string> config;
  std::vector<ConfigTestCase> cases;
};

[[nodiscard]] Result<ConfigTestFile, std::string> parse_config_tests(std::string_view text,
                                                                     const std::string& file);

// The requests of one input file, as the gateway would store them.
[[nodiscard]] Result<std::vector<pipeline::CapturedRequest>, std::string> read_input(
    io::FileSystem& files, const std::string& path);

// What the exporters would be given, laid out for people; ends in a newline.
[[nodiscard]] Result<std::string, std::string> run_pipelines(
    const config::Settings& settings, const std::vector<pipeline::CapturedRequest>& requests);

// A small file as a whole.
[[nodiscard]] Result<std::string, std::string> read_text(io::FileSystem& files,
                                                         const std::string& path);

}  // namespace gateway::app
