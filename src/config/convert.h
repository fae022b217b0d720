// Other forms of configuration into the Collector's shape, tree to tree, before anything is
// checked.
//
//   is_flat()      : the short schemas of the deployment guides (and a logging.yaml beside them)
//   convert_flat() : such a tree in the Collector's shape
//   use_own_names(): the Collector's other names for a component (otlphttp, otlp_grpc, logging)
//   leave_out_unused(): components that nobody uses, and that we do not have
//   apply_mappings(): sections that only set others: extensions, processors, sending_queue.batch
//
// Errors:  keys and values that a form does not have are reported where they stand.
// Threads: pure functions.
// Source:  docs/configuration.md, "Short forms".
#pragma once

#include "config/diagnostic.h"
#include "config/node.h"

namespace gateway::config {

[[nodiscard]] bool is_flat(const Node& root) noexcept;
[[nodiscard]] Node convert_flat(const Node& flat, Diagnostics& diagnostics);

[[nodiscard]] std::string own_exporter_id(const std::string& id);
void use_own_names(Node& root, Diagnostics& diagnostics);

// Takes out what is not supported and no pipeline and no service.extensions names, with a warning.
void leave_out_unused(Node& root, Diagnostics& diagnostics);

// Requires: check_schema() has reported what is malformed; malformed values are left alone.
void apply_mappings(Node& root, Diagnostics& diagnostics);

// `otlp_http` for a URL with the port of OTLP/HTTP, or with a path; else `otlp`.
[[nodiscard]] std::string exporter_type_for(std::string_view endpoint);

// The part of a component's id before "/", and the part after it.
[[nodiscard]] std::string_view type_of(std::string_view id) noexcept;
[[nodiscard]] std::string_view name_of(std::string_view id) noexcept;

}  // namespace gateway::config
