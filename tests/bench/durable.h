// What a disk takes durably, without the product.
#pragma once

#include <filesystem>

namespace sluice::bench {

// In Gb/s: past the page cache (O_DIRECT) in pieces of 4 MiB, or through it with one sync at the
// end, whichever is faster. 0 where files are in memory anyway.
double durable_gigabits(const std::filesystem::path& folder);

}  // namespace sluice::bench
