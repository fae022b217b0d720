// What becomes of each key of a Collector's file, for whoever is about to move: worked out from
// what the loader made of it, so that the answer and the running gateway cannot differ.
//
//   kept     the same setting under the same name
//   renamed  a component under the name that it has here
//   mapped   sets other settings, which are named
//   better   not needed: what it asks for is there anyway
//   ignored  accepted, without effect
//   refused  the gateway would not start; with line and reason
//
// How: the tree as it is written is compared with the tree that holds. Each value knows where it
// stands in the file, in both; one that is found at another path was mapped. The rest is the types
// of the schema's rows, and the loader's own messages.
//
// Limits:  those of load.h.
// Errors:  a file that cannot be read or parsed is one or more refused lines without a path.
// Threads: pure but for reading the file.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostic.h"
#include "config/load.h"

namespace gateway::config {

enum class Fate : std::uint8_t { kept, renamed, mapped, better, ignored, refused };
inline constexpr std::size_t kFateCount = 6;
[[nodiscard]] std::string_view name_of(Fate fate) noexcept;

struct KeyFate {
  Fate fate = Fate::kept;
  Origin origin;
  std::string path;                // as written; empty when it is about a whole file
  std::vector<std::string> paths;  // renamed and mapped: what it is or sets here
  std::string reason;              // a sentence for better, ignored, refused
};

struct Migration {
  std::vector<KeyFate> keys;         // in the order of the file
  std::vector<Diagnostic> warnings;  // of what starts, but is hardly meant
  [[nodiscard]] bool starts() const noexcept;
};

[[nodiscard]] Migration migration_of(const LoadRequest& request);

// A line a key, then the warnings, then how many of each and whether it would start.
[[nodiscard]] std::string text_of(const Migration& migration);

}  // namespace gateway::config
