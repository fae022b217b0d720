// A view of bytes that are gone at the end of the line. With CONTROL the bytes live, and it builds.
#include <vector>

#include "otlpview/views.h"

std::vector<std::byte> body();

int main() {
#ifdef CONTROL
  const std::vector<std::byte> bytes = body();
  const otlpview::TracesView view(bytes);
#else
  const otlpview::TracesView view(body());
#endif
  return view.empty() ? 0 : 1;
}
