// What a client of the hub asks for, read from the path.
//
//   /api/{models,datasets,spaces}                         kList
//   /api/{kind}/{id}                                      kAbout, of main
//   /api/{kind}/{id}/revision/{revision}                  kAbout
//   /api/{kind}/{id}/tree/{revision}[/{path}]             kTree
//   /api/{kind}/{id}/paths-info/{revision}                kPathsInfo
//   /api/{kind}/{id}/refs                                 kRefs
//   [/datasets|/spaces]/{id}/resolve/{revision}/{path}    kFile
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/ecosystem/huggingface/repository.h"

namespace sluice::high {

struct HubRequest {
  enum class What { kList, kAbout, kTree, kPathsInfo, kRefs, kFile };

  What what = What::kList;
  huggingface::Repository repository;
  std::string revision = "main";  // also where "HEAD" was asked for, as the JavaScript client does
  std::string path;               // of a file or folder; "" is the top
};

// `raw_path`: below the mirror's prefix, not decoded: a revision's slashes come as %2F. None: the
// hub has no such address.
std::optional<HubRequest> read_hub_request(std::string_view raw_path);

}  // namespace sluice::high
