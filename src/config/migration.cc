#include "config/migration.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "config/convert.h"
#include "config/schema.h"

namespace gateway::config {
namespace {

constexpr std::array<std::string_view, kFateCount> kFateNames = {"kept",   "renamed", "mapped",
                                                                 "better", "ignored", "refused"};

using Place = std::tuple<std::string, int, int>;  // file, line, column
[[nodiscard]] Place place_of(const Origin& origin) {
  return {origin.file, origin.line, origin.column};
}

[[nodiscard]] std::string below(const std::string& path, std::string_view key) {
  return path.empty() ? std::string(key) : path + '.' + std::string(key);
}

// Whether `path` is `top` or stands below it.
[[nodiscard]] bool is_at_or_below(std::string_view path, std::string_view top) noexcept {
  return path.starts_with(top) &&
         (path.size() == top.size() || path[top.size()] == '.' || path[top.size()] == '[');
}

// Every place of the file that is inside `node`.
void add_places(const Node& node, std::set<Place>& out) {
  if (!node.origin.file.empty()) out.insert(place_of(node.origin));
  for (const Node& item : node.items) add_places(item, out);
  for (const Entry& entry : node.entries) add_places(entry.value, out);
}

// A leaf is what one row of the schema speaks of: below it there are no keys of ours.
[[nodiscard]] bool is_leaf(const Node& node, const SchemaNode* at) noexcept {
  return at == nullptr || !at->is_section() || at->is_list || !node.is_map() ||
         node.entries.empty();
}

// Where the values of a file stand in the tree that holds.
class Effective {
 public:
  explicit Effective(const Node& root) { add(root, &schema(), ""); }

  [[nodiscard]] bool has(const std::string& path) const { return all_.contains(path); }
  // The paths that hold a value from one of these places.
  [[nodiscard]] std::set<std::string> paths_of(const std::set<Place>& places) const {
    std::set<std::string> found;
    for (const Place& place : places) {
      const auto at = by_place_.find(place);
      if (at != by_place_.end()) found.insert(at->second.begin(), at->second.end());
    }
    return found;
  }

 private:
  void add(const Node& node, const SchemaNode* at, const std::string& path) {
    all_.insert(path);
    if (is_leaf(node, at)) {
      std::set<Place> places;
      add_places(node, places);
      for (const Place& place : places) by_place_[place].insert(path);
      return;
    }
    for (const Entry& entry : node.entries) {
      add(entry.value, at->child(entry.key), below(path, entry.key));
    }
  }

  std::set<std::string> all_;
  std::map<Place, std::set<std::string>> by_place_;
};

class Tracer {
 public:
  Tracer(const Node& effective, const std::vector<Diagnostic>& diagnostics)
      : effective_(effective), diagnostics_(diagnostics), is_told_(diagnostics.size()) {}

  [[nodiscard]] Migration trace(const Node& written) {
    walk(written, &schema(), "", "");
    for (std::size_t i = 0; i < diagnostics_.size(); ++i) {
      const Diagnostic& it = diagnostics_[i];
      if (is_told_[i] || it.severity == Severity::note) continue;
      if (it.severity == Severity::warning) {
        result_.warnings.push_back(it);
      } else {
        result_.keys.push_back({Fate::refused, it.origin, it.path, {}, it.message});
      }
    }
    std::stable_sort(
        result_.keys.begin(), result_.keys.end(),
        [](const KeyFate& a, const KeyFate& b) { return place_of(a.origin) < place_of(b.origin); });
    return std::move(result_);
  }

 private:
  // `own` is `path` with the names that components have here.
  void walk(const Node& node, const SchemaNode* at, const std::string& path,
            const std::string& own) {
    for (const Entry& entry : node.entries) {
      const std::string key = own == "exporters" ? own_exporter_id(entry.key) : entry.key;
      const std::string entry_path = below(path, entry.key);
      const std::string entry_own = below(own, key);
      const SchemaNode* const child = at == nullptr ? nullptr : at->child(key);
      if (key != entry.key) {
        result_.keys.push_back({Fate::renamed, entry.origin, entry_path, {entry_own}, ""});
      }
      if (child != nullptr && !is_leaf(entry.value, child)) {
        walk(entry.value, child, entry_path, entry_own);
      } else if (key == entry.key || !entry.value.entries.empty()) {
        leaf(entry, child, entry_path, entry_own);
      }
    }
  }

  void leaf(const Entry& entry, const SchemaNode* at, const std::string& path,
            const std::string& own) {
    KeyFate key{Fate::kept, entry.origin, path, {}, ""};
    const SchemaRow* const row = at == nullptr ? nullptr : at->row;
    if (refuse(key, own)) return;
    if (const std::string unused = warning_of_component(own); !unused.empty()) {
      key.fate = Fate::ignored;
      key.reason = unused;
    } else if (at != nullptr && at->is_foreign()) {
      key.fate = row->type == Type::better ? Fate::better : Fate::ignored;
      key.reason = row->doc;
    } else {
      set_by_place(key, entry, row, own);
    }
    result_.keys.push_back(std::move(key));
  }

  void set_by_place(KeyFate& key, const Entry& entry, const SchemaRow* row,
                    const std::string& own) {
    std::set<Place> places = {place_of(entry.origin)};
    add_places(entry.value, places);
    std::set<std::string> paths = effective_.paths_of(places);
    const auto is_here = [&](const std::string& found) { return is_at_or_below(found, own); };
    const bool stays = effective_.has(own);
    std::erase_if(paths, is_here);
    if (!paths.empty()) {
      key.fate = Fate::mapped;
      key.paths.assign(paths.begin(), paths.end());
    } else if (!stays && !entry.value.is_null()) {
      key.fate = Fate::mapped;  // a mapping has read it
      if (row != nullptr) key.reason = row->doc;
    }
  }

  // A line for each mistake at this key or below it; false when there is none.
  [[nodiscard]] bool refuse(const KeyFate& key, const std::string& own) {
    bool is_refused = false;
    for (std::size_t i = 0; i < diagnostics_.size(); ++i) {
      const Diagnostic& it = diagnostics_[i];
      if (it.severity != Severity::error || !is_at_or_below(it.path, own)) continue;
      is_refused = is_told_[i] = true;
      result_.keys.push_back({Fate::refused, it.origin, key.path, {}, it.message});
    }
    return is_refused;
  }

  // Why the component that `own` belongs to has no part in this, if it has none.
  [[nodiscard]] std::string warning_of_component(const std::string& own) {
    for (std::size_t i = 0; i < diagnostics_.size(); ++i) {
      const Diagnostic& it = diagnostics_[i];
      const bool is_of_component = std::count(it.path.begin(), it.path.end(), '.') == 1 &&
                                   it.path.find(".pipelines") == std::string::npos;
      const bool is_about = is_at_or_below(own, it.path) || is_at_or_below(it.path, own);
      if (it.severity != Severity::warning || !is_of_component || !is_about ||
          it.message.find("not used") == std::string::npos) {
        continue;
      }
      is_told_[i] = true;
      return it.message;
    }
    return {};
  }

  const Effective effective_;
  const std::vector<Diagnostic>& diagnostics_;
  std::vector<bool> is_told_;
  Migration result_;
};

}  // namespace

std::string_view name_of(Fate fate) noexcept { return kFateNames[static_cast<std::size_t>(fate)]; }

bool Migration::starts() const noexcept {
  return std::none_of(keys.begin(), keys.end(),
                      [](const KeyFate& key) { return key.fate == Fate::refused; });
}

Migration migration_of(const LoadRequest& request) {
  const Examined examined = examine(request);
  return Tracer(examined.effective, examined.diagnostics).trace(examined.written);
}

std::string text_of(const Migration& migration) {
  constexpr std::size_t kFateWidth = 8;
  std::array<std::size_t, kFateCount> counts{};
  std::string text;
  for (const KeyFate& key : migration.keys) {
    ++counts[static_cast<std::size_t>(key.fate)];
    std::string fate(name_of(key.fate));
    fate.resize(kFateWidth, ' ');
    text.append(text_of(key.origin)).append(": ").append(fate).append(key.path);
    if (!key.paths.empty()) text.append(" -> ").append(joined(key.paths));
    if (!key.reason.empty()) text.append(key.path.empty() ? "" : ": ").append(key.reason);
    text += '\n';
  }
  for (const Diagnostic& warning : migration.warnings) text.append(text_of(warning)).append("\n");
  for (std::size_t i = 0; i < kFateCount; ++i) {
    text.append(i == 0 ? "" : ", ").append(std::to_string(counts[i])).append(" ");
    text.append(kFateNames[i]);
  }
  return text + (migration.starts() ? ": it would start\n" : ": it would not start\n");
}

}  // namespace gateway::config
