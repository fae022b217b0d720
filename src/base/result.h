// Expected failures as values: `Result<T, E>` holds a T, or the E that says why there is none.
//
// E is a small `enum class ...Errc` of the module, or a struct that carries one beside details for
// a person. No exception crosses a module.
//
// Errors:  this is how they look; nothing here fails.
// Threads: values; safe as any value is.
// Source:  C++23 std::expected; tl::expected until the compilers of Debian 12 have it.
#pragma once

#include <utility>

#include <tl/expected.hpp>

namespace gateway {

template <typename T, typename E>
using Result = tl::expected<T, E>;

// `return fail(RecordErrc::truncated);`
template <typename E>
[[nodiscard]] constexpr tl::unexpected<std::decay_t<E>> fail(E&& error) {
  return tl::unexpected<std::decay_t<E>>(std::forward<E>(error));
}

}  // namespace gateway
