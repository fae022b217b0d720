// What a person sees of a thread: its name in top, perf and a core dump.
//
// Units:   the kernel keeps 15 characters; longer names are cut.
// Errors:  none.
// Threads: any.
// Source:  pthread_setname_np(3).
#pragma once

#include <string_view>

namespace gateway::io {

void name_this_thread(std::string_view name) noexcept;

}  // namespace gateway::io
