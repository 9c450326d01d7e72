// The hub's answers in JSON, as its Python and JavaScript clients read them.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <string>
#include <string_view>

#include "common/ecosystem/huggingface/repository.h"
#include "sluice/huggingface.pb.h"

namespace sluice::high {

struct HubRevisionView {
  const huggingface::Repository& repository;
  const std::string& commit;
  const proto::HuggingFaceRevision& revision;
};

// `with_files`: sizes and digests of siblings too ("blobs=true").
boost::json::object render_about(const HubRevisionView& view, bool with_files);
// Files and folders in `folder` ("": the top), or in all folders below it too.
boost::json::array render_tree(const proto::HuggingFaceRevision& revision, std::string_view folder,
                               bool recursive);
// Of these paths, those that are there.
boost::json::array render_paths(const proto::HuggingFaceRevision& revision,
                                const std::vector<std::string>& paths);
boost::json::object render_refs(const proto::HuggingFaceRefs& refs);

// None: there is no such file.
const proto::HuggingFaceFile* find_file(const proto::HuggingFaceRevision& revision,
                                        std::string_view path);
// The SHA-256 of an LFS file, the git blob's SHA-1 of another; hexadecimal.
std::string etag_of(const proto::HuggingFaceFile& file);

}  // namespace sluice::high
