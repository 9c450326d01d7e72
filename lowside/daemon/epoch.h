// The number of the session that this run begins.
#pragma once

#include "common/base/clock.h"
#include "common/base/strong.h"
#include "common/store/key_value_store.h"

namespace sluice::low {

// Higher than any epoch before, also when the state folder was lost but the clock was not. Durable
// when it returns.
Result<Epoch> next_epoch(store::KeyValueStore& index, const Clock& clock);

}  // namespace sluice::low
