// A body that was checked and whose verdict nobody looked at would be stored unchecked.
// error: ignoring return(ed)? value
#include "otlpview/check.h"

void store(otlpview::Bytes body) {
#ifdef MISUSE
  otlpview::check(otlpview::Signal::traces, body);
#else
  const auto report = otlpview::check(otlpview::Signal::traces, body);
  static_cast<void>(report);
#endif
}
