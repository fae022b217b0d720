// How what is stored compressed is read: handed in, for exporters know it.
//
// Errors:  nothing, for what cannot be read.
// Threads: any.
#pragma once

#include <functional>
#include <optional>

#include "base/buffer.h"
#include "storage/log.h"

namespace gateway::query {

using Decode = std::function<std::optional<Slice>(ContentCoding, const Slice&)>;

}  // namespace gateway::query
