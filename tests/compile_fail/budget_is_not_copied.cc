// A copy of the budget would be a second bound on memory.
// error: deleted function
#include "base/byte_budget.h"

std::size_t limit_of(const gateway::ByteBudget& budget) {
#ifdef MISUSE
  const gateway::ByteBudget own = budget;
  return own.limit_bytes();
#else
  return budget.limit_bytes();
#endif
}
