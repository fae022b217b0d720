#include "io/thread.h"

#include <algorithm>
#include <array>

#include <pthread.h>

namespace gateway::io {

void name_this_thread(std::string_view name) noexcept {
  std::array<char, 16> text{};  // with the zero at its end
  std::copy_n(name.begin(), std::min(name.size(), text.size() - 1), text.begin());
  pthread_setname_np(pthread_self(), text.data());
}

}  // namespace gateway::io
