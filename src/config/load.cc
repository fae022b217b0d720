#include "config/load.h"

#include <exception>
#include <optional>
#include <span>
#include <utility>

#include <unistd.h>

#include "config/build.h"
#include "config/convert.h"
#include "config/cross_check.h"
#include "config/environment.h"
#include "config/node.h"
#include "config/schema.h"
#include "io/file_system.h"

namespace gateway::config {
namespace {

struct Source {
  std::string file, text;
};

[[nodiscard]] bool is_config_file(std::string_view name) noexcept {
  return !name.starts_with('.') && (name.ends_with(".yaml") || name.ends_with(".yml") ||
                                    name.ends_with(".toml") || name.ends_with(".json"));
}

// The file itself, or the configuration files of a folder in order of name.
[[nodiscard]] std::vector<std::string> files_at(io::FileSystem& file_system,
                                                const std::string& path, Diagnostics& diagnostics) {
  const auto names = file_system.list(path);
  if (!names) return {path};  // no folder
  std::vector<std::string> files;
  for (const std::string& name : *names) {
    if (!is_config_file(name)) continue;
    files.push_back(path);
    files.back().append(path.ends_with('/') ? "" : "/").append(name);
  }
  if (files.empty()) {
    diagnostics.error({path, 0, 0}, "", "no .yaml, .yml, .toml or .json file in this folder");
  }
  return files;
}

[[nodiscard]] std::optional<std::string> read_file(io::FileSystem& file_system,
                                                   const std::string& path,
                                                   Diagnostics& diagnostics) {
  const Origin origin{path, 0, 0};
  const auto file = file_system.open(path, {});
  if (!file) {
    diagnostics.error(origin, "", "cannot be read: " + file.error().message());
    return std::nullopt;
  }
  std::string text(kConfigFileSizeBytesMax + 1, '\0');
  const auto size = (*file)->read_at(0, std::as_writable_bytes(std::span(text)));
  if (!size) {
    diagnostics.error(origin, "", "cannot be read: " + size.error().message());
    return std::nullopt;
  }
  if (*size > kConfigFileSizeBytesMax) {
    diagnostics.error(origin, "", "is larger than 4 MiB");
    return std::nullopt;
  }
  text.resize(*size);
  return text;
}

// Sources in order to one tree in the Collector's shape, not yet checked; `written`, if anybody
// wants it, to the same before anything in it was changed.
[[nodiscard]] Node merged_tree(const std::vector<Source>& sources, const LoadRequest& request,
                               bool is_built_in, Node* written, Diagnostics& diagnostics) {
  Node root = Node::map(sources.empty() ? Origin{} : Origin{sources.back().file, 0, 0});
  bool has_short_form = false;
  bool has_own_form = false;
  for (const Source& source : sources) {
    Node tree = source.file.ends_with(".toml") ? parse_toml(source.text, source.file, diagnostics)
                                               : parse_yaml(source.text, source.file, diagnostics);
    expand_environment(tree, request.environment, diagnostics);
    if (!tree.is_map()) {
      diagnostics.error(tree.origin, "", "a configuration is a map of sections");
      continue;
    }
    if (written != nullptr) merge(*written, tree);
    if (is_flat(tree)) {
      has_short_form = true;
      tree = convert_flat(tree, diagnostics);
    } else {
      has_own_form = true;
    }
    use_own_names(tree, diagnostics);
    merge(root, std::move(tree));
  }
  const Exporters exporters = is_built_in                       ? Exporters::built_in
                              : has_short_form && !has_own_form ? Exporters::from_short_form
                                                                : Exporters::from_file;
  apply_environment(root, request.environment, exporters, diagnostics);
  apply_assignments(root, request.assignments, diagnostics);
  use_own_names(root, diagnostics);  // what --set brought
  return root;
}

struct Worked {
  Settings settings;
  Node effective;
};

// Everything after reading. Nothing when there is no tree to speak of; `diagnostics` says why.
[[nodiscard]] std::optional<Worked> work_out(const std::vector<Source>& sources,
                                             const LoadRequest& request, bool is_built_in,
                                             Node* written, Diagnostics& diagnostics) {
  const bool is_unreadable = diagnostics.has_errors();
  Node root = merged_tree(sources, request, is_built_in, written, diagnostics);
  // A text that does not parse makes every reference dangle: say only why it does not.
  const bool is_malformed = diagnostics.has_errors() && root.entries.empty();
  if (is_unreadable || is_malformed) return std::nullopt;
  leave_out_unused(root, diagnostics);
  check_schema(root, diagnostics);
  apply_mappings(root, diagnostics);
  fill_defaults(root);
  Settings settings = build_settings(root);
  cross_check(settings, root, diagnostics);
  // What no pipeline names was checked, and does not listen.
  std::erase_if(settings.receivers, [](const OtlpReceiver& it) { return it.signals == 0; });
  return Worked{std::move(settings), std::move(root)};
}

[[nodiscard]] Result<Loaded, LoadFailure> load_sources(const std::vector<Source>& sources,
                                                       const LoadRequest& request, bool is_built_in,
                                                       Diagnostics diagnostics) {
  auto worked = work_out(sources, request, is_built_in, nullptr, diagnostics);
  if (!worked || diagnostics.has_errors()) {
    return fail(LoadFailure{std::move(diagnostics).take()});
  }
  Loaded loaded;
  loaded.settings = std::move(worked->settings);
  loaded.effective_yaml = effective_yaml(worked->effective);
  loaded.effective = std::move(worked->effective);
  loaded.remarks = std::move(diagnostics).take();
  for (const Source& source : sources) {
    if (!is_built_in) loaded.files.push_back(source.file);
  }
  return loaded;
}

// The files that `request` names, in order; what cannot be read is told.
[[nodiscard]] std::vector<Source> read_sources(const LoadRequest& request,
                                               Diagnostics& diagnostics) {
  std::vector<Source> sources;
  io::FileSystem& file_system =
      request.file_system != nullptr ? *request.file_system : io::real_file_system();
  for (const std::string& name : named_paths(request)) {
    for (const std::string& file : files_at(file_system, name, diagnostics)) {
      if (sources.size() == kConfigFilesMax) {
        diagnostics.error({file, 0, 0}, "", "more than 64 files");
        break;
      }
      if (auto text = read_file(file_system, file, diagnostics)) {
        sources.push_back({file, *std::move(text)});
      }
    }
  }
  return sources;
}

[[nodiscard]] Result<Loaded, LoadFailure> load_unguarded(const LoadRequest& request) {
  Diagnostics diagnostics;
  if (named_paths(request).empty()) {
    return load_sources({{"built-in configuration", std::string(built_in_config())}}, request, true,
                        std::move(diagnostics));
  }
  const std::vector<Source> sources = read_sources(request, diagnostics);
  return load_sources(sources, request, false, std::move(diagnostics));
}

[[nodiscard]] Examined examine_unguarded(const LoadRequest& request) {
  Diagnostics diagnostics;
  const std::vector<Source> sources = read_sources(request, diagnostics);
  Examined examined;
  examined.written = Node::map();
  if (auto worked = work_out(sources, request, false, &examined.written, diagnostics)) {
    examined.effective = std::move(worked->effective);
  }
  examined.diagnostics = std::move(diagnostics).take();
  return examined;
}

[[nodiscard]] Diagnostic thrown(const std::exception& failure) {
  Diagnostic diagnostic;
  diagnostic.message = std::string("the configuration cannot be loaded: ") + failure.what();
  return diagnostic;
}

// The libraries below throw; nothing of that leaves this module.
template <typename Function>
[[nodiscard]] Result<Loaded, LoadFailure> guarded(Function function) {
  try {
    return function();
  } catch (const std::exception& failure) {
    return fail(LoadFailure{{thrown(failure)}});
  }
}

}  // namespace

std::string LoadFailure::text() const {
  std::string text;
  for (const Diagnostic& diagnostic : diagnostics) text.append(text_of(diagnostic)).append("\n");
  return text;
}

Result<Loaded, LoadFailure> load(const LoadRequest& request) {
  return guarded([&] { return load_unguarded(request); });
}

Examined examine(const LoadRequest& request) {
  try {
    return examine_unguarded(request);
  } catch (const std::exception& failure) {
    return {Node::map(), Node::map(), {thrown(failure)}};
  }
}

Result<Loaded, LoadFailure> load_text(std::string_view text, const std::string& file_name,
                                      const LoadRequest& request) {
  return guarded([&] {
    return load_sources({{file_name, std::string(text)}}, request, false, Diagnostics());
  });
}

std::vector<std::string> named_paths(const LoadRequest& request) {
  if (!request.files.empty()) return request.files;
  for (const char* const name : {"OTLP_CONFIG_PATH", "CONFIG_PATH"}) {
    const auto at = request.environment.find(name);
    if (at != request.environment.end() && !at->second.empty()) return {at->second};
  }
  return {};
}

std::vector<SourceText> source_texts(const LoadRequest& request) {
  io::FileSystem& file_system =
      request.file_system != nullptr ? *request.file_system : io::real_file_system();
  Diagnostics unheard;  // load() says it
  std::vector<SourceText> texts;
  for (const std::string& name : named_paths(request)) {
    for (const std::string& file : files_at(file_system, name, unheard)) {
      if (texts.size() == kConfigFilesMax) return texts;
      texts.push_back({file, read_file(file_system, file, unheard).value_or("")});
    }
  }
  return texts;
}

Environment process_environment() {
  Environment environment;
  for (char** at = ::environ; at != nullptr && *at != nullptr; ++at) {
    const std::string_view assignment = *at;
    const std::size_t equals = assignment.find('=');
    if (equals == std::string_view::npos) continue;
    environment.emplace(assignment.substr(0, equals), assignment.substr(equals + 1));
  }
  return environment;
}

}  // namespace gateway::config
