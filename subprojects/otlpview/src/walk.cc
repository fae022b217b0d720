// The walk, in one unit: an instantiation spread over several is no definition to a linker that
// optimises, which sees only weak symbols in an archive.
#include "walk.h"

#include "walk_fast.h"
#include "walk_general.h"
#include "walk_items.h"

namespace otlpview::internal {

template class Walker<true>;
template class Walker<false>;

}  // namespace otlpview::internal
