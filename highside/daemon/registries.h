// Every registry that this side serves.
#pragma once

#include <map>
#include <string>

#include "common/http/router.h"
#include "common/store/blob_store.h"
#include "highside/daemon/publishing.h"
#include "highside/mirror/apt/keyrings.h"
#include "highside/pipeline/catalog_reader.h"
#include "highside/pipeline/namespaces.h"
#include "highside/pipeline/record_items.h"

namespace sluice::high {

// What they read from; outlives the router.
struct RegistryParts {
  const CatalogReader& catalog;
  const store::BlobStore& blobs;
  const AptKeyrings& archives;
  const std::string& authority;      // the site's, in PEM; empty: none
  const std::string& oci_namespace;  // of images' names that begin with no registry; empty: none
  const Namespaces& site;            // names that nothing from outside has
};

// Below `prefix` ("" or "/edition/17"): /npm, /pypi, /v2, …, and /setup for it. `publishing`: for
// what is published at the same paths; null where nothing is. `document_cache`: bytes of rendered
// documents that npm's keeps.
void mount_registries(http::Router& router, const std::string& prefix, const RegistryParts& parts,
                      std::size_t document_cache, const PublishParts* publishing = nullptr);

// One of them ("npm", "pypi", "apt", "hf", "conda", "files") at the root: for a port of its own.
void mount_alone(http::Router& router, const std::string& registry, const RegistryParts& parts,
                 std::size_t document_cache, const PublishParts& publishing);

// What takes the records of each ecosystem apart.
std::map<std::string, ItemReader, std::less<>> item_readers();

}  // namespace sluice::high
