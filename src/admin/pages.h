// The pages of the admin listener: a path in, an answer out; no sockets.
//
// Errors:  404 and 405 with a reason as JSON.
// Threads: answer() from any, if the sources are.
// Source:  docs/configuration.md, "Health, metrics and status".
#pragma once

#include <string_view>

#include "admin/admin.h"
#include "config/settings.h"
#include "net/exchange.h"

namespace gateway::admin {

enum class Surface : std::uint8_t { everything, metrics_only };

class Pages {
 public:
  Pages(const config::Admin& settings, Sources sources);

  [[nodiscard]] net::HttpReply answer(Surface surface, std::string_view method,
                                      std::string_view path, std::string_view query,
                                      std::string_view body = {}) const;
  // Whether the body of such a request is to be read.
  [[nodiscard]] bool takes_body(Surface surface, std::string_view method,
                                std::string_view path) const;

 private:
  [[nodiscard]] bool is_metrics_path(std::string_view path) const noexcept;
  [[nodiscard]] Page page(Surface surface, std::string_view path, std::string_view query) const;
  [[nodiscard]] Page health() const;
  [[nodiscard]] Page old_health() const;
  [[nodiscard]] Page index(Surface surface) const;

  const config::Admin settings_;
  const Sources sources_;
};

}  // namespace gateway::admin
