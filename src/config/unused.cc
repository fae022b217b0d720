// A Collector starts only what a pipeline or service.extensions names. So does this: what it does
// not have is no mistake where nobody uses it.
#include <set>
#include <string>

#include "config/convert.h"
#include "config/schema.h"

namespace gateway::config {
namespace {

void add_texts(const Node* list, std::set<std::string, std::less<>>& out) {
  if (list == nullptr) return;
  for (const Node& item : list->items) out.insert(item.text);
}

[[nodiscard]] bool is_supported(std::string_view section, const std::string& id) {
  const SchemaNode* const known = schema().child(section);
  const SchemaNode* const component = known == nullptr ? nullptr : known->child(id);
  return component != nullptr &&
         (component->row == nullptr || component->row->type != Type::unsupported);
}

}  // namespace

void leave_out_unused(Node& root, Diagnostics& diagnostics) {
  std::set<std::string, std::less<>> used;
  add_texts(root.find_path({"service", "extensions"}), used);
  if (const Node* const pipelines = root.find_path({"service", "pipelines"})) {
    for (const Entry& pipeline : pipelines->entries) {
      for (const std::string_view list : {"receivers", "processors", "exporters"}) {
        add_texts(pipeline.value.find(list), used);
      }
    }
  }
  if (used.empty()) return;
  for (const std::string_view section :
       {"receivers", "processors", "exporters", "connectors", "extensions"}) {
    Node* const found = root.find(section);
    if (found == nullptr) continue;
    std::erase_if(found->entries, [&](const Entry& entry) {
      if (used.contains(entry.key) || is_supported(section, entry.key)) return false;
      diagnostics.warning(entry.origin, std::string(section) + '.' + entry.key,
                          "is not supported; it is not used either, and left out");
      return true;
    });
  }
  const Node* const connectors = root.find("connectors");
  if (connectors != nullptr && connectors->is_map() && connectors->entries.empty()) {
    root.erase("connectors");
  }
}

}  // namespace gateway::config
