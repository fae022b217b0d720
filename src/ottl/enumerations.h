// The names of OTLP's enumerations as OTTL has them: STATUS_CODE_ERROR.
//
// Errors:  none; a name that there is not is a nullptr.
// Threads: constants.
// Source:  the .proto files.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace gateway::ottl {

struct EnumerationRow {
  std::string_view name;
  std::int64_t number = 0;
};
[[nodiscard]] std::span<const EnumerationRow> enumeration_rows() noexcept;
[[nodiscard]] const EnumerationRow* enumeration(std::string_view name) noexcept;

}  // namespace gateway::ottl
