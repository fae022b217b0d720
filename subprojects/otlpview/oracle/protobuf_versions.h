// What differs between the versions of protobuf that this tree is built with: 3.21 (Debian 12 and
// 13) and 34 (nixpkgs). The one place with a version in an #if; what else differs is written so
// that both take it: names of descriptors are strings before version 30 and views since, so a copy
// is made by its constructor.
//
// Errors:  none.
// Threads: call before others use protobuf.
#pragma once

#include <google/protobuf/stubs/common.h>
#if GOOGLE_PROTOBUF_VERSION < 4022000
#include <google/protobuf/stubs/logging.h>
#endif

namespace otlpview::oracle {

// Nothing is printed about messages that are refused. Since version 22 the log is abseil's, which
// has no handler to take away; its lines go to stderr and nobody reads them.
inline void silence_protobuf() {
#if GOOGLE_PROTOBUF_VERSION < 4022000
  google::protobuf::SetLogHandler(nullptr);
#endif
}

}  // namespace otlpview::oracle
