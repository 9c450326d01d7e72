// What a client that pushes asks for, read from method and path (OCI distribution 1.1, "Push" and
// "Content Management").
//
//   GET    /                              kSupport
//   GET    /_token                        kToken
//   POST   /NAME/blobs/uploads/           kBegin
//   …      /NAME/blobs/uploads/ID         kUpload: PATCH, PUT, GET, DELETE
//   …      /NAME/manifests/REFERENCE      kManifest: PUT, DELETE
//   …      /NAME/blobs/DIGEST             kBlob: GET, HEAD, DELETE
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/http/message.h"

namespace sluice::high {

struct PushRequest {
  enum class What { kSupport, kToken, kBegin, kUpload, kManifest, kBlob };

  What what = What::kSupport;
  std::string name{};       // as it came: of no repository, perhaps
  std::string reference{};  // an upload's id, a tag or a digest, likewise
};

// `path`: below the mount, decoded. None: it is for whoever serves pulls.
std::optional<PushRequest> read_push_request(std::string_view method, std::string_view path);

// Of a request's query; none: it is not there, or the query cannot be read.
std::optional<std::string> query_parameter(const http::Request& request, std::string_view name);

// "0-1023" of Content-Range, as uploads write it; none for anything else.
struct ChunkRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};
std::optional<ChunkRange> read_chunk_range(std::string_view text);

}  // namespace sluice::high
