// The same for the view of one item.
#include <vector>

#include "otlpview/views.h"

std::vector<std::byte> span();

int main() {
#ifdef CONTROL
  const std::vector<std::byte> bytes = span();
  const otlpview::SpanView view(bytes);
#else
  const otlpview::SpanView view(span());
#endif
  return view.name().empty() ? 0 : 1;
}
