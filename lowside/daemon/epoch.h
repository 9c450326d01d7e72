// Numbers that only ever grow, also when the clock does not: of the sender's sessions and of
// bundles of exports.
#pragma once

#include "common/base/clock.h"
#include "common/base/strong.h"
#include "common/store/key_value_store.h"

namespace sluice::low {

// Higher than any epoch before, also when the state folder was lost but the clock was not. Durable
// when it returns.
Result<Epoch> next_epoch(store::KeyValueStore& index, const Clock& clock);
// Likewise the number of a bundle; near the second in which it begins. One caller at a time.
Result<std::uint64_t> next_bundle(store::KeyValueStore& index, const Clock& clock);

}  // namespace sluice::low
