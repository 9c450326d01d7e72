// What the protocols by which clients publish have in common.
#pragma once

#include <cstdint>

#include "common/base/clock.h"
#include "common/base/file_system.h"
#include "common/http/message.h"
#include "common/store/blob_store.h"
#include "highside/pipeline/access.h"
#include "highside/pipeline/catalog_reader.h"
#include "highside/pipeline/namespaces.h"
#include "highside/pipeline/site.h"

namespace sluice::high {

// All outlive whoever is given them.
struct PublishParts {
  SitePublisher& site;
  const AccessControl& access;
  const Namespaces& namespaces;
  const CatalogReader& catalog;
  store::BlobStore& blobs;
  FileSystem& files;
  const Clock& clock;
  std::uint64_t upload_limit;  // bytes of one file
};

// The status that says what the client does next: 400 mend it, 409 it is taken, 413 too much, 507
// no space, 503 later.
inline unsigned publish_status(const Error& error) {
  switch (error.code) {
    case ErrorCode::kInvalid:
    case ErrorCode::kIntegrity:
      return 400;
    case ErrorCode::kNotFound:
      return 404;
    case ErrorCode::kRefused:
    case ErrorCode::kOutdated:
      return 409;
    case ErrorCode::kExhausted:
      return 507;
    case ErrorCode::kUnavailable:
    case ErrorCode::kCancelled:
      return 503;
    case ErrorCode::kIo:
      return 500;
  }
  return 500;
}

// Of what fails while an upload comes: kRefused is its size.
inline unsigned upload_status(const Error& error) {
  return error.code == ErrorCode::kRefused ? 413 : publish_status(error);
}

}  // namespace sluice::high
