// Expected failures as values: `Result<T, E>` holds a T, or the E that says why there is none.
//
// Errors:  none of its own.
// Threads: values; safe as any value is.
// Source:  C++23 std::expected; tl::expected until the compilers of Debian 12 have it.
#pragma once

#include <type_traits>
#include <utility>

#include <tl/expected.hpp>

namespace otlpview {

template <typename T, typename E>
using Result = tl::expected<T, E>;

// `return fail(CheckFailure{CheckErrc::truncated, offset});`
template <typename E>
[[nodiscard]] constexpr tl::unexpected<std::decay_t<E>> fail(E&& error) {
  return tl::unexpected<std::decay_t<E>>(std::forward<E>(error));
}

}  // namespace otlpview
