// docs/processors.md against the code: its examples load, and its lists are whole.
#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include "config/load.h"
#include "ottl/enumerations.h"
#include "ottl/functions.h"
#include "ottl/paths.h"

namespace gateway::processor {
namespace {

std::string document() {
  std::ifstream file(PROCESSORS_DOC);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Goal: nobody copies an example that does not load. Method: every yaml block is a whole file.
TEST(ProcessorsDocument, EveryExampleLoads) {
  const std::string text = document();
  constexpr std::string_view kFence = "```yaml\n";
  std::size_t count = 0;
  for (std::size_t at = text.find(kFence); at != std::string::npos; at = text.find(kFence, at)) {
    at += kFence.size();
    const std::string example = text.substr(at, text.find("```", at) - at);
    const auto loaded = config::load_text(example, "example.yaml", {});
    EXPECT_TRUE(loaded.has_value()) << loaded.error().text() << example;
    ++count;
  }
  EXPECT_GE(count, 6U);
}

// Goal: what there is of OTTL is in the document. Method: look for each name.
TEST(ProcessorsDocument, EveryFunctionAndPathIsNamed) {
  std::string text = document();
  text.erase(0, text.find("\n## OTTL\n"));
  for (const ottl::FunctionRow& row : ottl::function_rows()) {
    EXPECT_NE(text.find("`" + std::string(row.name)), std::string::npos) << row.name;
  }
  for (const ottl::PathRow& row : ottl::path_rows()) {
    const std::string line_begin = "| `" + std::string(ottl::name_of(row.context)) + "` | ";
    const std::size_t begin = text.find(line_begin);
    ASSERT_NE(begin, std::string::npos) << line_begin;
    const std::string line = text.substr(begin, text.find('\n', begin) - begin);
    const std::string name = "`" + std::string(row.name) + (row.may_be_set ? "`" : "`*");
    const std::size_t at = line.find(name, line_begin.size() - 2);
    EXPECT_NE(at, std::string::npos) << line_begin << name;
  }
  for (const ottl::EnumerationRow& row : ottl::enumeration_rows()) {
    const std::string_view name = row.name;
    const bool is_named = std::any_of(name.begin(), name.end(), [&](const char& c) {
      return c == '_' &&
             text.find(std::string(name.substr(0, static_cast<std::size_t>(&c - name.data()))) +
                       "_...") != std::string::npos;
    });
    EXPECT_TRUE(is_named) << name;
  }
}

}  // namespace
}  // namespace gateway::processor
