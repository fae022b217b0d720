#include "app/config_watch.h"

#include <functional>
#include <utility>

#include "io/file_system.h"

namespace gateway::app {

ConfigWatch::ConfigWatch(config::LoadRequest request, io::FileWatch& watch)
    : request_(std::move(request)), watch_(watch), sources_(config::source_texts(request_)) {
  watch_directories();
}

std::uint64_t ConfigWatch::content_of(const std::string& file) const {
  io::FileSystem& files =
      request_.file_system != nullptr ? *request_.file_system : io::real_file_system();
  const auto opened = files.open(file, {});
  if (!opened) return 0;
  const auto size = (*opened)->size();
  if (!size || *size > config::kConfigFileSizeBytesMax) return 0;
  std::string text(*size, '\0');
  if (!(*opened)->read_at(0, std::as_writable_bytes(std::span(text)))) return 0;
  return std::hash<std::string>{}(text);
}

void ConfigWatch::follow(const std::vector<std::string>& files, TimePoint now) {
  std::map<std::string, std::uint64_t> followed;
  for (const std::string& file : files) {
    const auto known = files_.find(file);
    followed.emplace(file, known == files_.end() ? content_of(file) : known->second);
  }
  files_ = std::move(followed);
  compare_at_ = now + kCompareInterval;
  watch_directories();
}

void ConfigWatch::watch_directories() {
  std::vector<std::string> directories;
  const auto add = [&](const std::string& path) {
    for (std::string& directory : io::directories_of(path)) {
      directories.push_back(std::move(directory));
    }
  };
  for (const std::string& path : config::named_paths(request_)) add(path);
  for (const config::SourceText& source : sources_) add(source.file);
  for (const auto& [file, content] : files_) add(file);
  watch_.watch(directories);
}

ConfigWatch::Seen ConfigWatch::look(TimePoint now) {
  if (watch_.changed()) {
    if (!first_change_) first_change_ = now;
    last_change_ = now;
  }
  const bool has_settled = first_change_ && (now - last_change_ >= kSettleTime ||
                                             now - *first_change_ >= kSettleTimeMax);
  if (!has_settled && now < compare_at_) return {};
  first_change_.reset();
  compare_at_ = now + kCompareInterval;
  // A symlink may lead elsewhere now. Before reading, so that nothing is missed.
  watch_directories();
  Seen seen;
  if (auto sources = config::source_texts(request_); sources != sources_) {
    sources_ = std::move(sources);
    seen.config = true;
  }
  for (auto& [file, content] : files_) {
    if (const std::uint64_t found = content_of(file); found != content) {
      content = found;
      seen.files.push_back(file);
    }
  }
  return seen;
}

}  // namespace gateway::app
