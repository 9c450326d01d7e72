// What the hub's API says of a repository, checked (docs/protocol.md has the record that is made of
// it).
//
//   GET api/models/{id}/revision/{revision}              → HubRevision
//   GET api/models/{id}/tree/{commit}?recursive=true     → pages of a HubTree, by "Link"
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"
#include "common/ecosystem/huggingface/repository.h"
#include "sluice/huggingface.pb.h"

namespace sluice::low {

struct HubRevision {
  std::string commit;
  std::string last_modified;  // as it came; empty where there is none
  std::string about;          // a JSON object of the members that clients read
};

// `uri` is for messages. kInvalid: it is no answer of a hub.
Result<HubRevision> read_hub_revision(const std::string& uri, std::string_view body);

struct HubTree {
  std::vector<proto::HuggingFaceFile> files;  // SHA-256 only of LFS files
  std::vector<proto::HuggingFaceFolder> folders;
};

// Adds what a page lists. kInvalid, kRefused: a name that leaves the repository, digests that are
// none, more files than a shipment may have.
Result<void> read_hub_tree(const std::string& uri, std::string_view body, HubTree& tree);

// Addresses; `hub` ends with a slash.
std::string revision_uri(const std::string& hub, const huggingface::Repository& repository,
                         std::string_view revision);
std::string tree_uri(const std::string& hub, const huggingface::Repository& repository,
                     std::string_view commit);
std::string file_uri(const std::string& hub, const huggingface::Repository& repository,
                     std::string_view commit, std::string_view path);

}  // namespace sluice::low
