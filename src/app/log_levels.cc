#include "app/log_levels.h"

#include <string>

#include "net/text.h"
#include "telemetry/json_text.h"
#include "telemetry/log.h"

namespace gateway::app {

admin::Page log_level_page(std::string_view configured) {
  admin::Page page{.body = "{\"filter\":"};
  telemetry::append_json_string(page.body, telemetry::log_filter());
  page.body += ",\"configured\":";
  telemetry::append_json_string(page.body, configured);
  page.body += "}\n";
  return page;
}

admin::Page change_log_levels(std::string_view configured, std::string_view filter) {
  filter = net::trim(filter);
  while (filter.ends_with('\n') || filter.ends_with('\r')) filter.remove_suffix(1);
  const std::string before = telemetry::log_filter();
  if (!telemetry::set_log_filter(filter.empty() ? configured : filter)) {
    admin::Page page{.status = 400, .body = "{\"status\":400,\"message\":"};
    telemetry::append_json_string(
        page.body, "\"" + std::string(filter) + "\" is no filter; for example info,storage=debug");
    page.body += "}\n";
    return page;
  }
  // A warning, so that it is there whatever the levels are now.
  telemetry::log_warn("app", "log levels changed",
                      {{"from", before}, {"to", telemetry::log_filter()}});
  return log_level_page(configured);
}

}  // namespace gateway::app
