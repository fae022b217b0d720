// From files, environment and command line to Settings: the one way in.
//
//   built-in configuration, when no file is named
//   < files, later over earlier: maps merge, all else is replaced
//   < environment variables
//   < --set key=value
//
// A file is in the Collector's shape, or in one of the short forms of the deployment guides; YAML
// (JSON too), or TOML when its name ends in .toml. A folder stands for its files in order of name.
//
// Errors:  every mistake at once, with file, line and column. Nothing throws.
// Limits:  a file has at most kConfigFileSizeBytesMax.
// Threads: load() from any; it reads files.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/diagnostic.h"
#include "config/node.h"
#include "config/settings.h"
#include "config/source.h"

namespace gateway::io {
class FileSystem;
}

namespace gateway::config {

inline constexpr std::size_t kConfigFileSizeBytesMax = 4U << 20U;
inline constexpr std::size_t kConfigFilesMax = 64;

struct LoadRequest {
  std::vector<std::string> files;  // empty: OTLP_CONFIG_PATH, CONFIG_PATH, or the built-in text
  std::vector<std::string> assignments;  // --set
  Environment environment;
  io::FileSystem* file_system = nullptr;  // the real one when null
};

struct Loaded {
  Settings settings;
  Node effective;                   // the tree that `settings` were built from, secrets included
  std::string effective_yaml;       // what holds, defaults included, secrets masked
  std::vector<Diagnostic> remarks;  // warnings and notes
  std::vector<std::string> files;   // that were read, to watch for changes
};

struct LoadFailure {
  std::vector<Diagnostic> diagnostics;     // at least one error
  [[nodiscard]] std::string text() const;  // one a line
};

[[nodiscard]] Result<Loaded, LoadFailure> load(const LoadRequest& request);

// The same for whoever asks what became of a file, mistakes and all (config/migration.h).
struct Examined {
  Node written;    // the files, merged: before names, short forms, sections that set others
  Node effective;  // as far as it could be worked out
  std::vector<Diagnostic> diagnostics;
};
[[nodiscard]] Examined examine(const LoadRequest& request);

// The files and folders that load() takes: those of the request, or of the environment. None: the
// built-in text.
[[nodiscard]] std::vector<std::string> named_paths(const LoadRequest& request);

// The files that load() would read now, folders taken apart, and their content: two of these are
// equal when load() would give the same. What cannot be read has no content.
struct SourceText {
  std::string file, text;
  bool operator==(const SourceText&) const = default;
};
[[nodiscard]] std::vector<SourceText> source_texts(const LoadRequest& request);

// The environment of this process.
[[nodiscard]] Environment process_environment();

// config/otlp-service.yaml, as it was when this binary was built.
[[nodiscard]] std::string_view built_in_config() noexcept;

// One text, no files: what load() does after reading. For tests and for checking a text by hand.
[[nodiscard]] Result<Loaded, LoadFailure> load_text(std::string_view text,
                                                    const std::string& file_name,
                                                    const LoadRequest& request = {});

}  // namespace gateway::config
