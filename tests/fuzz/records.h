// Records of each ecosystem, built from a fuzzer's choices so that most of each holds together.
#pragma once

#include "sluice/shipment.pb.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/mirrors.h"

namespace sluice::fuzz {

// They put the blobs that they name into the mirrors' store.
proto::Record npm_record(Input& input, Mirrors& mirrors);
proto::Record pypi_record(Input& input, Mirrors& mirrors);
proto::Record apt_record(Input& input, Mirrors& mirrors);
proto::Record file_record(Input& input, Mirrors& mirrors);

// What must hold of a record that was published: what an index lists can be fetched, and shows
// nothing else.
void check_npm(const proto::Record& record, Mirrors& mirrors);
void check_pypi(const proto::Record& record, Mirrors& mirrors);
void check_apt(const proto::Record& record, Mirrors& mirrors);
void check_file(const proto::Record& record, Mirrors& mirrors);

}  // namespace sluice::fuzz
