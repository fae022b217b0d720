#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "config/load.h"

namespace gateway::config {
namespace {

namespace fs = std::filesystem;

// Goal: nobody copies an example that does not load. Method: every file below config/.
TEST(Examples, EveryFileLoads) {
  std::size_t count = 0;
  for (const auto& entry : fs::recursive_directory_iterator(CONFIG_FOLDER)) {
    const std::string path = entry.path().string();
    if (!path.ends_with(".yaml") && !path.ends_with(".toml")) continue;
    SCOPED_TRACE(path);
    LoadRequest request;
    // A logging.yaml says nothing about destinations: it stands beside another file.
    if (path.ends_with("002-logging.yaml")) {
      request.files.push_back(entry.path().parent_path() / "002.toml");
    }
    request.files.push_back(path);
    const auto loaded = load(request);
    EXPECT_TRUE(loaded.has_value()) << loaded.error().text();
    ++count;
  }
  EXPECT_GE(count, 9U);
}

// Goal: what the binary does without a file is what config/otlp-service.yaml says. Method: compare.
TEST(Examples, TheBuiltInConfigurationIsTheDocumentedFile) {
  LoadRequest request;
  request.files = {std::string(CONFIG_FOLDER) + "/otlp-service.yaml"};
  const auto from_file = load(request);
  const auto built_in = load({});
  ASSERT_TRUE(from_file.has_value() && built_in.has_value());
  EXPECT_EQ(from_file->effective_yaml, built_in->effective_yaml);
}

}  // namespace
}  // namespace gateway::config
