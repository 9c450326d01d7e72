// What a folder shows.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "highside/pipeline/catalog_reader.h"
#include "sluice/file.pb.h"

namespace sluice::high {

struct Listing {
  std::string folder;  // "" for the top, else with a slash at its end
  // By name; a folder's name ends with a slash, and it has no entry.
  std::map<std::string, std::optional<proto::FileEntry>> entries;
  bool complete = true;  // false: there is more than one page can show
};

// What is directly in `folder`. Looks at no more documents than kMaxWalked (listing.cpp).
Result<Listing> list_folder(const CatalogReader& catalog, Edition edition, std::string folder);

std::string render_html(const Listing& listing);
std::string render_json(const Listing& listing);

}  // namespace sluice::high
