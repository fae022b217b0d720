// What the Collector's extensions set here: health_check, healthcheckv2, file_storage, and those
// that give an exporter its credentials.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "base/base64.h"
#include "config/convert.h"
#include "config/mapping_tools.h"

namespace gateway::config::detail {
namespace {

// Where the Collector's health page listens when nothing is said.
constexpr std::string_view kHealthEndpoint = "127.0.0.1:13133";

[[nodiscard]] bool lists(const Node* list, std::string_view text) noexcept {
  return list != nullptr && std::any_of(list->items.begin(), list->items.end(),
                                        [text](const Node& item) { return item.text == text; });
}

[[nodiscard]] std::string text_at(const Node& node, std::initializer_list<std::string_view> path) {
  const Node* const found = node.find_path(path);
  return found == nullptr ? std::string() : found->text;
}

void map_health(Node& root, const Entry& extension) {
  const bool is_second = type_of(extension.key) == "healthcheckv2";
  const Node& from = extension.value;
  const Node* const http = is_second ? from.find("http") : &from;
  if (http == nullptr) return;  // gRPC alone
  const Node own_endpoint = Node::scalar(kHealthEndpoint, extension.origin);
  const Node* const endpoint = http->find("endpoint");
  set_if_missing(root, {"admin", "endpoint"}, endpoint == nullptr ? &own_endpoint : endpoint);
  const Node* const path = is_second ? http->find_path({"status", "path"}) : http->find("path");
  const Node own_path = Node::scalar(is_second ? "/status" : "/", extension.origin);
  set_if_missing(root, {"admin", "health_path"}, path == nullptr ? &own_path : path);
}

// A header that an extension gives to an exporter; the value stands where the secret does.
struct Credentials {
  std::string header;
  Node value;
};

[[nodiscard]] std::optional<Credentials> credentials_of(const Entry& extension,
                                                        Diagnostics& diagnostics) {
  const std::string path = "extensions." + extension.key;
  const Node& from = extension.value;
  Credentials result{"authorization", Node::scalar("", extension.origin)};
  result.value.quoted = true;
  if (type_of(extension.key) == "bearertokenauth") {
    const Node* const token = from.find("token");
    if (token == nullptr || token->text.empty()) {
      diagnostics.error(extension.origin, path, "`token` is missing: what to send");
      return std::nullopt;
    }
    const std::string scheme =
        from.find("scheme") == nullptr ? std::string("Bearer") : text_at(from, {"scheme"});
    if (from.find("header") != nullptr) result.header = text_at(from, {"header"});
    result.value.origin = token->origin;
    result.value.text = scheme + (scheme.empty() ? "" : " ") + token->text;
    return result;
  }
  if (type_of(extension.key) == "basicauth") {
    const Node* const password = from.find_path({"client_auth", "password"});
    const std::string username = text_at(from, {"client_auth", "username"});
    if (password == nullptr || username.empty()) {
      diagnostics.error(extension.origin, path,
                        "`client_auth` with `username` and `password` is missing: what to send");
      return std::nullopt;
    }
    result.value.origin = password->origin;
    result.value.text = "Basic " + base64_encode(username + ':' + password->text, Padding::full);
    return result;
  }
  diagnostics.error(extension.origin, path,
                    "gives an exporter no credentials; bearertokenauth and basicauth do");
  return std::nullopt;
}

void set_header(Node& exporter, Credentials credentials) {
  const Origin origin = credentials.value.origin;
  Node& headers = exporter.at("headers", origin);
  if (!headers.is_list()) {
    if (!headers.is_map()) headers = Node::map(origin);
    headers.at(credentials.header, origin) = std::move(credentials.value);
    return;
  }
  Node pair = Node::map(origin);
  pair.at("name", origin) = Node::scalar(credentials.header, origin);
  pair.at("value", origin) = std::move(credentials.value);
  headers.items.push_back(std::move(pair));
}

// `auth` of an exporter is a header that its authenticator gives.
void map_authenticators(Node& root, Diagnostics& diagnostics) {
  Node* const exporters = root.find("exporters");
  if (exporters == nullptr || !exporters->is_map()) return;
  const Node* const extensions = root.find("extensions");
  for (Entry& exporter : exporters->entries) {
    const Node* const found = exporter.value.find_path({"auth", "authenticator"});
    if (found == nullptr || !found->is_scalar()) continue;
    const Node name = *found;
    exporter.value.erase("auth");
    const std::string path = "exporters." + exporter.key + ".auth.authenticator";
    const Entry* const extension = extensions == nullptr ? nullptr : extensions->entry(name.text);
    if (extension == nullptr) {
      diagnostics.error(name.origin, path, "`" + name.text + "` is not defined in `extensions`");
    } else if (!lists(root.find_path({"service", "extensions"}), name.text)) {
      diagnostics.error(name.origin, path, "`" + name.text + "` is not in service.extensions");
    } else if (auto credentials = credentials_of(*extension, diagnostics)) {
      set_header(exporter.value, *std::move(credentials));
    }
  }
}

}  // namespace

void set_if_missing(Node& root, std::initializer_list<std::string_view> to, const Node* from) {
  if (from == nullptr || !from->is_scalar()) return;
  Node& value = root.at_path(to, from->origin);
  if (value.is_null()) value = *from;
}

void map_extensions(Node& root, Diagnostics& diagnostics) {
  map_authenticators(root, diagnostics);
  const auto copy_of = [&](std::initializer_list<std::string_view> path) {
    const Node* const found = root.find_path(path);
    return found == nullptr ? Node() : *found;
  };
  const Node extensions = copy_of({"extensions"});  // root changes below
  const Node used = copy_of({"service", "extensions"});
  for (const Entry& extension : extensions.entries) {
    const std::string_view type = type_of(extension.key);
    if (!lists(&used, extension.key)) {
      diagnostics.warning(extension.origin, "extensions." + extension.key,
                          "is not in service.extensions and so not used");
    } else if (type == "health_check" || type == "healthcheckv2") {
      map_health(root, extension);
    } else if (type == "file_storage") {
      set_if_missing(root, {"storage", "directory"}, extension.value.find("directory"));
    }
  }
  for (const Node& item : used.items) {
    if (!item.is_scalar() || extensions.find(item.text) != nullptr) continue;
    diagnostics.error(item.origin, "service.extensions",
                      "`" + item.text + "` is not defined in `extensions`");
  }
  root.erase("extensions");
  if (Node* const service = root.find("service"); service != nullptr && service->is_map()) {
    service->erase("extensions");
  }
}

}  // namespace gateway::config::detail
