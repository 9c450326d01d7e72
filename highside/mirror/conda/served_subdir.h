// One subdir of a channel as clients see it.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/digest.h"
#include "sluice/conda.pb.h"

namespace sluice::high {

struct IndexText {
  std::string text;
  std::string etag;  // quoted
};

// The repodata.json of a subdir: its files but those of `left_out`, each with its metadata as it
// came. Of the same files always the same bytes.
std::string render_repodata(std::string_view subdir, const proto::CondaSubdir& body,
                            const std::function<bool(const Sha256Digest&)>& left_out);

// Made once for each state of a record, and kept.
class ServedSubdir {
 public:
  ServedSubdir(std::string_view subdir, const proto::CondaSubdir& body,
               const std::function<bool(const Sha256Digest&)>& left_out);

  const IndexText& plain() const { return plain_; }    // repodata.json
  const IndexText& packed() const { return packed_; }  // repodata.json.zst
  // Of a file, those that are left out of the index included; none: it is not held.
  const Sha256Digest* find(std::string_view file) const;
  std::size_t cost() const;  // bytes of memory, about

 private:
  IndexText plain_;
  IndexText packed_;
  std::map<std::string, Sha256Digest, std::less<>> files_;
};

}  // namespace sluice::high
