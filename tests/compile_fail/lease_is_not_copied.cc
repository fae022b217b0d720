// Bytes taken from the budget once would be given back twice.
// error: deleted function
#include "base/byte_budget.h"

gateway::ByteLease share(gateway::ByteLease& lease) {
#ifdef MISUSE
  return lease;
#else
  return std::move(lease);
#endif
}
