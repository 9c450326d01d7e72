// What a document consists of, so that two states of it can be compared.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>

#include "highside/pipeline/catalog_reader.h"

namespace sluice::high {

// By kind ("version", "dist-tag", "file") and name ("1.3.0", "latest"): its state as text for
// people. Two states are equal exactly where the texts are. At most as many as the record has
// parts.
using RecordItems = std::map<std::pair<std::string, std::string>, std::string>;

// Of one ecosystem; implemented in mirror/. kIo: the stored record does not read.
using ItemReader = std::function<Result<RecordItems>(const CatalogEntry& entry)>;

}  // namespace sluice::high
