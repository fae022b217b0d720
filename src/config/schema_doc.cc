#include "config/schema_doc.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "config/schema.h"
#include "config/schema_table.h"

namespace gateway::config {
namespace {

// The part of a path that is a heading: down to the protocol or the component, else one segment.
[[nodiscard]] std::string_view group_of(std::string_view path) {
  constexpr std::string_view kProtocols = ".protocols.";
  std::size_t from = 0;
  if (const std::size_t at = path.find(kProtocols); at != std::string_view::npos) {
    from = at + kProtocols.size();
  } else if (const std::size_t name = path.find("[/name]"); name != std::string_view::npos) {
    from = name;
  }
  return path.substr(0, std::min(path.find('.', from), path.size()));
}

struct Group {
  std::string_view path;
  std::vector<SchemaRow> rows;
};

[[nodiscard]] std::vector<Group> groups() {
  std::vector<Group> result;
  for (const SchemaRow& row : detail::compact_schema_rows()) {
    const std::string_view path = group_of(row.path);
    auto at = std::find_if(result.begin(), result.end(),
                           [path](const Group& group) { return group.path == path; });
    if (at == result.end()) at = result.insert(at, {path, {}});
    at->rows.push_back(row);
  }
  return result;
}

// "a|b" would end a cell.
[[nodiscard]] std::string allowed_text(const SchemaRow& row) {
  if (row.type != Type::choice) {
    return row.allowed.empty() ? "" : ", " + std::string(row.allowed);
  }
  std::string text = "`";
  for (const char c : row.allowed) text += c == '|' ? std::string("`, `") : std::string(1, c);
  return text + '`';
}

void append_row(std::string& out, std::string_view key, const SchemaRow& row) {
  const std::string type = row.type == Type::choice ? "" : std::string(name_of(row.type));
  out.append("| `").append(key).append("` | ").append(type).append(allowed_text(row));
  out.append(" | ");
  if (!row.default_text.empty()) out.append("`").append(row.default_text).append("`");
  out.append(" | ").append(row.doc).append(row.secret ? " Secret." : "").append(" |\n");
}

void append_group(std::string& out, const Group& group) {
  out.append("### `").append(group.path).append("`\n\n");
  const auto key_of = [&](const SchemaRow& row) { return row.path.substr(group.path.size() + 1); };
  bool has_table = false;
  std::string ignored;
  std::string better;
  std::string unsupported;
  for (const SchemaRow& row : group.rows) {
    if (row.path == group.path) {
      out.append(row.type == Type::unsupported ? "Refused: "
                 : row.type == Type::ignored   ? "Accepted, without effect: "
                 : row.type == Type::better    ? "Accepted, not needed: "
                                               : "");
      out.append(row.doc).append("\n\n");
    } else if (row.type == Type::ignored) {
      ignored.append("- `").append(key_of(row)).append("`: ").append(row.doc).append("\n");
    } else if (row.type == Type::better) {
      better.append("- `").append(key_of(row)).append("`: ").append(row.doc).append("\n");
    } else if (row.type == Type::unsupported) {
      unsupported.append("- `").append(key_of(row)).append("`: ").append(row.doc).append("\n");
    } else {
      if (!has_table) out += "| Key | Type | Default | Meaning |\n| --- | --- | --- | --- |\n";
      has_table = true;
      append_row(out, key_of(row), row);
    }
  }
  if (has_table) out += '\n';
  if (!ignored.empty()) out.append("Accepted, without effect:\n\n").append(ignored).append("\n");
  if (!better.empty()) out.append("Accepted, not needed:\n\n").append(better).append("\n");
  if (!unsupported.empty()) out.append("Refused:\n\n").append(unsupported).append("\n");
}

}  // namespace

std::string schema_markdown() {
  std::string out;
  for (const Group& group : groups()) append_group(out, group);
  out.pop_back();  // one newline at the end
  return out;
}

}  // namespace gateway::config
