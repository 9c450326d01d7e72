// What `npm publish` sends: a packument of one version, with the tarball as base64 among its
// members.
//
//   {"name": …, "dist-tags": {…}, "versions": {"1.0.0": {…}}, "_attachments":
//     {"x-1.0.0.tgz": {"content_type": …, "data": "base64", "length": …}}}
//
// It is read as it comes. Tarballs go to staging files as they are decoded; all else is kept within
// a bound.
#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <memory>
#include <string>

#include "highside/pipeline/staged_blob.h"

namespace sluice::high {

// One thread at a time; unusable after an Error.
class PublishDocument {
 public:
  // Of text and values beside the tarballs: a README of a megabyte is already odd.
  static constexpr std::size_t kMaxDocumentBytes = std::size_t{8} << 20;
  static constexpr std::size_t kMaxTarballs = 8;  // npm sends one
  static constexpr std::size_t kMaxDepth = 64;    // as in packuments that come from outside

  // Both outlive it. `limit`: bytes of a tarball.
  PublishDocument(store::BlobStore& blobs, FileSystem& files, std::uint64_t limit);
  ~PublishDocument();

  // kInvalid: it is no such document. kRefused: beyond a bound.
  Result<void> write(ByteView bytes);
  // All but the tarballs, whose "data" is empty.
  Result<boost::json::object> finish();
  // By the name of the attachment; after finish().
  std::map<std::string, std::unique_ptr<StagedBlob>>& tarballs();

 private:
  class Handler;
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace sluice::high
