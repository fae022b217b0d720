// Goal: what a configuration says to its author, and what holds afterwards, changes only on
// purpose.
// Method: each folder of tests/golden/config/ is a case: its .yaml and .toml files in order of
// name, `env` (NAME=value lines) and `set` (key=value lines) are loaded; `expected.txt` holds all
// messages, and the effective configuration if there is one. Of a Collector's file (collector_...)
// `migration.txt` holds what becomes of each key. TEST_ACCEPT=1 rewrites both.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "config/load.h"
#include "config/migration.h"

namespace gateway::config {
namespace {

namespace fs = std::filesystem;

[[nodiscard]] std::string read(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

[[nodiscard]] std::vector<std::string> lines(const fs::path& path) {
  std::ifstream stream(path);
  std::vector<std::string> result;
  for (std::string line; std::getline(stream, line);) {
    if (!line.empty() && line[0] != '#') result.push_back(line);
  }
  return result;
}

// Messages name files by their whole path; only the last part is the same everywhere.
[[nodiscard]] std::string without_folder(std::string text, const fs::path& folder) {
  const std::string prefix = folder.string() + '/';
  for (std::size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix, at)) {
    text.erase(at, prefix.size());
  }
  return text;
}

[[nodiscard]] LoadRequest request_of(const fs::path& folder) {
  LoadRequest request;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const auto extension = entry.path().extension();
    if (extension == ".yaml" || extension == ".toml") request.files.push_back(entry.path());
  }
  std::sort(request.files.begin(), request.files.end());
  for (const std::string& line : lines(folder / "env")) {
    const std::size_t equals = line.find('=');
    request.environment[line.substr(0, equals)] = line.substr(equals + 1);
  }
  request.assignments = lines(folder / "set");
  return request;
}

class GoldenConfig : public testing::TestWithParam<std::string> {
 protected:
  // Compares with the file, or writes it.
  static void expect_file(const std::string& name, std::string said) {
    const fs::path folder = fs::path(GOLDEN_FOLDER) / GetParam();
    said = without_folder(std::move(said), folder);
    if (const char* const accept = std::getenv("TEST_ACCEPT");
        accept != nullptr && *accept == '1') {
      std::ofstream(folder / name, std::ios::binary) << said;
      GTEST_SKIP() << "rewrote " << folder / name;
    }
    EXPECT_EQ(said, read(folder / name));
  }
};

TEST_P(GoldenConfig, SaysAndMeansWhatIsExpected) {
  const LoadRequest request = request_of(fs::path(GOLDEN_FOLDER) / GetParam());
  const auto loaded = load(request);
  std::string said;
  if (loaded) {
    for (const Diagnostic& remark : loaded->remarks) said += text_of(remark) + '\n';
    said += "--- effective\n" + loaded->effective_yaml;
  } else {
    said = loaded.error().text();
  }
  if (GetParam().starts_with("collector_")) {
    const Migration migration = migration_of(request);
    EXPECT_EQ(migration.starts(), loaded.has_value());
    expect_file("migration.txt", text_of(migration));
  }
  expect_file("expected.txt", said);
  if (!loaded) return;

  // What is effective loads again and means the same.
  const auto again = load_text(loaded->effective_yaml, "effective.yaml");
  ASSERT_TRUE(again.has_value()) << again.error().text();
  EXPECT_EQ(again->effective_yaml, loaded->effective_yaml);
}

[[nodiscard]] std::vector<std::string> cases() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(GOLDEN_FOLDER)) {
    if (entry.is_directory()) names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

INSTANTIATE_TEST_SUITE_P(Cases, GoldenConfig, testing::ValuesIn(cases()),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace gateway::config
