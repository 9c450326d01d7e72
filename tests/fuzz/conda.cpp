// What a conda channel, an operator's pattern, a record or a client of the mirror may say.
#include <algorithm>
#include <map>

#include "common/ecosystem/conda/zstd_text.h"
#include "highside/mirror/conda/conda_mirror.h"
#include "highside/mirror/conda/record_check.h"
#include "lowside/upstream/conda/cursor.h"
#include "lowside/upstream/conda/repodata.h"
#include "tests/fuzz/input.h"
#include "tests/support/memory_catalog.h"

namespace sluice::fuzz {
namespace {

constexpr const char* kDocument = "lab/linux-64";

low::Repodata read(std::string_view text) {
  low::CondaSelection everything({}, {});
  auto found = low::read_repodata("index", "linux-64", text, everything);
  return found ? std::move(*found) : low::Repodata();
}

proto::CondaSubdir body_of(const low::Repodata& found) {
  proto::CondaSubdir body;
  for (const auto& [name, listed] : found.files) {
    auto& file = *body.add_files();
    file.set_name(name);
    file.set_sha256(std::string(as_text(listed.package.sha256.bytes())));
    file.set_size(listed.package.size);
    file.set_metadata(listed.metadata);
  }
  return body;
}

proto::Record record_of(const proto::CondaSubdir& body) {
  proto::Record record;
  record.set_ecosystem("conda");
  record.set_document(kDocument);
  record.set_body(body.SerializeAsString());
  for (const auto& file : body.files()) {
    record.add_blobs(file.sha256());
  }
  return record;
}

// Whatever digest and size a channel names, there are such bytes.
class AnyBlobs final : public high::test::MemoryBlobs {
 public:
  explicit AnyBlobs(const low::Repodata& found) {
    for (const auto& [name, listed] : found.files) {
      store::BlobInfo& blob = blobs_[listed.package.sha256];
      blob.digest = listed.package.sha256;
      blob.size = listed.package.size;
      if (listed.package.md5) {
        blob.aliases.push_back(*listed.package.md5);
      }
    }
  }
  Result<std::optional<store::BlobInfo>> find(const Sha256Digest& digest) const override {
    const auto found = blobs_.find(digest);
    return found == blobs_.end() ? std::optional<store::BlobInfo>() : std::optional(found->second);
  }

 private:
  std::map<Sha256Digest, store::BlobInfo> blobs_;
};

bool sizes_agree(const low::Repodata& found) {
  std::map<Sha256Digest, std::uint64_t> sizes;
  return std::ranges::all_of(found.files, [&](const auto& file) {
    const auto& package = file.second.package;
    return sizes.emplace(package.sha256, package.size).first->second == package.size;
  });
}

// What the low side makes of an index, the high side takes, and what it renders reads again as the
// same, byte for byte.
void read_index(std::string_view text) {
  const low::Repodata found = read(text);
  const proto::CondaSubdir body = body_of(found);
  if (found.files.empty() || !sizes_agree(found)) {
    return;
  }
  const AnyBlobs blobs(found);
  SLUICE_ASSERT(high::CondaRecordCheck().check(record_of(body), std::nullopt, blobs));
  const low::Repodata again =
      read(high::render_repodata("linux-64", body, [](const Sha256Digest&) { return false; }));
  SLUICE_ASSERT(again.left_out.empty());
  SLUICE_ASSERT(body_of(again).SerializeAsString() == body.SerializeAsString());
}

// A record as it comes, against a store that holds one blob; and what a client asks for then.
void read_record(Input& input) {
  high::test::MemoryBlobs blobs;
  const Sha256Digest digest = blobs.add(input.text());
  proto::Record record;
  record.set_ecosystem("conda");
  record.set_document(input.flag() ? kDocument : input.text());
  record.set_body(input.text());
  record.add_blobs(std::string(as_text(digest.bytes())));
  high::test::MemoryCatalog catalog;
  if (high::CondaRecordCheck().check(record, std::nullopt, blobs)) {
    catalog.publish(record);
  }
  high::CondaMirror mirror("/conda", catalog, blobs);
  http::Request request;
  request.method = "GET";
  request.path = request.raw_path = request.target = "/conda/" + std::string(input.rest_text());
  const unsigned status = mirror.handle(request).status;
  SLUICE_ASSERT(status == 200 || status == 404);
}

void read_pattern(Input& input) {
  const std::string pattern = input.text();
  const auto file = conda::parse_file_name(input.rest_text());
  // An operator's own; fnmatch takes long for many stars.
  const bool is_short = std::ranges::count(pattern, '*') <= 4;
  if (low::check_conda_pattern(pattern) && file && is_short) {
    static_cast<void>(low::CondaSelection({pattern}, {}).wants(*file));
  }
}

void read_packed(Input& input) {
  constexpr std::uint64_t kLimit = 1 << 16;
  const std::string text = input.text();
  SLUICE_ASSERT(conda::unpack_zstd("t", conda::pack_zstd(text), kLimit).value() == text);
  const auto unpacked = conda::unpack_zstd("t", std::string(input.rest_text()), kLimit);
  SLUICE_ASSERT(!unpacked || unpacked->size() <= kLimit);
}

}  // namespace
}  // namespace sluice::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  fuzz::Input input(data, size);
  switch (input.choice(5)) {
    case 0:
      fuzz::read_index(input.rest_text());
      break;
    case 1:
      fuzz::read_record(input);
      break;
    case 2:
      fuzz::read_pattern(input);
      break;
    case 3:
      fuzz::read_packed(input);
      break;
    default:
      if (const auto cursor = low::CondaCursor::read(input.rest_text())) {
        SLUICE_ASSERT(low::CondaCursor::read(cursor->write())->write() == cursor->write());
      }
  }
  return 0;
}
