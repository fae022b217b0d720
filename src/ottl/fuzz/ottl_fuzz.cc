// Any text as a condition and as a statement, in a context: it compiles, or its mistake lies inside
// it. The first byte chooses the context.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "ottl/program.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gateway::ottl;
  constexpr std::array<std::string_view, 7> kContexts = {
      "resource", "scope", "span", "spanevent", "metric", "datapoint", "log"};
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  const Context* const context = context_of(kContexts[data[0] % kContexts.size()]);
  require(context != nullptr);
  for (const Names names : {Names::any, Names::with_context}) {
    Compiler compiler(*context, names);
    if (const auto condition = compiler.condition(text); !condition) {
      require(condition.error().offset <= text.size());
      require(!condition.error().message.empty());
    }
    if (const auto statement = compiler.statement(text); !statement) {
      require(statement.error().offset <= text.size());
      require(!statement.error().message.empty());
    }
  }
  return 0;
}
