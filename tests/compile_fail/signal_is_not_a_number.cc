// The numbers of signals are on disk: no arithmetic makes one by accident.
// error: (cannot convert|invalid conversion|no known conversion)
#include "base/signal.h"

gateway::Signal next(gateway::Signal signal) {
#ifdef MISUSE
  return gateway::index_of(signal) + 1;
#else
  return signal;
#endif
}
