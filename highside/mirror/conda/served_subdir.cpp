#include "highside/mirror/conda/served_subdir.h"

#include "common/base/hasher.h"
#include "common/ecosystem/conda/zstd_text.h"

namespace sluice::high {
namespace {

// Of a file beside its name: its digest, and the nodes around them.
constexpr std::size_t kFileBytes = 160;

IndexText with_etag(std::string text) {
  std::string etag = '"' + sha256(as_bytes(text)).hex() + '"';
  return {std::move(text), std::move(etag)};
}

// "name" or "name":{…}, with a comma before all but the first. Names are plain ASCII.
void append(std::string& list, const std::string& name, const std::string& value = "") {
  list += list.empty() ? "\"" : ",\"";
  list += name;
  list += '"';
  if (!value.empty()) {
    list += ':';
    list += value;
  }
}

}  // namespace

std::string render_repodata(std::string_view subdir, const proto::CondaSubdir& body,
                            const std::function<bool(const Sha256Digest&)>& left_out) {
  std::string older;
  std::string newer;
  std::string removed;
  for (const auto& file : body.files()) {
    const auto digest = Sha256Digest::from_bytes(as_bytes(file.sha256()));
    if (!digest || left_out(*digest)) {
      continue;
    }
    if (file.removed()) {
      append(removed, file.name());
    } else {
      append(file.name().ends_with(".conda") ? newer : older, file.name(), file.metadata());
    }
  }
  return R"({"info":{"subdir":")" + std::string(subdir) + R"("},"packages":{)" + older +
         R"(},"packages.conda":{)" + newer + R"(},"removed":[)" + removed +
         R"(],"repodata_version":1})";
}

ServedSubdir::ServedSubdir(std::string_view subdir, const proto::CondaSubdir& body,
                           const std::function<bool(const Sha256Digest&)>& left_out)
    : plain_(with_etag(render_repodata(subdir, body, left_out))),
      packed_(with_etag(conda::pack_zstd(plain_.text))) {
  for (const auto& file : body.files()) {
    if (const auto digest = Sha256Digest::from_bytes(as_bytes(file.sha256()))) {
      files_.emplace(file.name(), *digest);
    }
  }
}

const Sha256Digest* ServedSubdir::find(std::string_view file) const {
  const auto found = files_.find(file);
  return found == files_.end() ? nullptr : &found->second;
}

std::size_t ServedSubdir::cost() const {
  std::size_t bytes = plain_.text.size() + packed_.text.size();
  for (const auto& [name, digest] : files_) {
    bytes += name.size() + kFileBytes;
  }
  return bytes;
}

}  // namespace sluice::high
