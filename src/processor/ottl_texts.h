// OTTL of the settings, compiled: the loader has compiled it before, so none of it is wrong.
//
// Errors:  a text that does not compile is a bug and aborts.
// Threads: pure functions.
#pragma once

#include <string>
#include <vector>

#include "base/assert.h"
#include "ottl/program.h"

namespace gateway::processor {

[[nodiscard]] inline std::vector<ottl::Condition> compile_conditions(
    ottl::Compiler& compiler, const std::vector<std::string>& texts) {
  std::vector<ottl::Condition> conditions;
  for (const std::string& text : texts) {
    auto condition = compiler.condition(text);
    GATEWAY_ASSERT(condition.has_value());
    conditions.push_back(*std::move(condition));
  }
  return conditions;
}

[[nodiscard]] inline std::vector<ottl::Statement> compile_statements(
    ottl::Compiler& compiler, const std::vector<std::string>& texts) {
  std::vector<ottl::Statement> statements;
  for (const std::string& text : texts) {
    auto statement = compiler.statement(text);
    GATEWAY_ASSERT(statement.has_value());
    statements.push_back(*std::move(statement));
  }
  return statements;
}

[[nodiscard]] inline bool any_holds(const std::vector<ottl::Condition>& conditions,
                                    ottl::Frame& frame) {
  for (const ottl::Condition& condition : conditions) {
    if (condition.holds(frame)) return true;
  }
  return false;
}

[[nodiscard]] inline bool all_hold(const std::vector<ottl::Condition>& conditions,
                                   ottl::Frame& frame) {
  for (const ottl::Condition& condition : conditions) {
    if (!condition.holds(frame)) return false;
  }
  return true;
}

}  // namespace gateway::processor
