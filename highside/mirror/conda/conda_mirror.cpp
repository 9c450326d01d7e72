#include "highside/mirror/conda/conda_mirror.h"

#include <algorithm>

#include "common/ecosystem/conda/names.h"
#include "common/http/content.h"
#include "highside/pipeline/blob_body.h"
#include "highside/pipeline/miss.h"

namespace sluice::high {
namespace {

constexpr std::string_view kPlainIndex = "repodata.json";
constexpr std::string_view kPackedIndex = "repodata.json.zst";

// A part of what is cached, as long as a client takes it.
class IndexBody final : public http::BodySource {
 public:
  IndexBody(std::shared_ptr<const ServedSubdir> owner, const std::string& text)
      : owner_(std::move(owner)), text_(text) {}
  std::uint64_t size() const override { return text_.size(); }
  Result<void> read_at(std::uint64_t offset, MutableByteView into) const override {
    std::copy_n(text_.begin() + static_cast<std::ptrdiff_t>(offset), into.size(), into.begin());
    return {};
  }

 private:
  std::shared_ptr<const ServedSubdir> owner_;
  const std::string& text_;  // within it
};

http::Response failure(const Error& error) {
  return http::error_response(error.code == ErrorCode::kUnavailable ? 503 : 500, error.message());
}

}  // namespace

CondaMirror::CondaMirror(std::string prefix, const CatalogReader& catalog,
                         const store::BlobStore& blobs, std::size_t cache_bytes)
    : prefix_(std::move(prefix)), catalog_(catalog), blobs_(blobs), cache_(cache_bytes) {}

http::Handler CondaMirror::handler(std::shared_ptr<CondaMirror> mirror) {
  return [mirror = std::move(mirror)](const http::Request& request) {
    return mirror->handle(request);
  };
}

http::Response CondaMirror::handle(const http::Request& request) {
  if (request.method != "GET" && request.method != "HEAD") {
    http::Response response = http::error_response(405, "channels are only read here");
    response.headers.emplace("Allow", "GET, HEAD");
    return response;
  }
  const std::string path = request.path.substr(std::min(prefix_.size() + 1, request.path.size()));
  const std::size_t slash = path.rfind('/');
  const std::string document = slash == std::string::npos ? "" : path.substr(0, slash);
  const auto place = conda::parse_document(document);
  if (!place) {
    return http::error_response(404, request.path + " is no file of a channel's subdir: " +
                                         prefix_ + "/CHANNEL/SUBDIR/repodata.json is");
  }
  return answer(request, {place->channel, place->subdir, document, path.substr(slash + 1)});
}

http::Response CondaMirror::answer(const http::Request& request, const Asked& asked) {
  const auto subdir = find(asked);
  if (!subdir) {
    return failure(subdir.error());
  }
  const bool is_packed = asked.file == kPackedIndex;
  if (is_packed || asked.file == kPlainIndex) {
    return *subdir ? index(request, *subdir, is_packed)
                   : http::error_response(404, asked.document +
                                                   " is not here: its channel or subdir has not "
                                                   "crossed (ask for it on the low side)");
  }
  if (const Sha256Digest* digest = *subdir ? (**subdir).find(asked.file) : nullptr) {
    return package(request, asked, *digest);
  }
  http::Response missing = http::error_response(
      404, asked.document + "/" + asked.file +
               " is not here: it has not crossed (ask for it on the low side)");
  const auto file = conda::parse_file_name(asked.file);
  return file ? with_miss(std::move(missing), {"conda", file->name, file->version}) : missing;
}

http::Response CondaMirror::index(const http::Request& request,
                                  std::shared_ptr<const ServedSubdir> subdir,
                                  bool is_packed) const {
  const IndexText& index = is_packed ? subdir->packed() : subdir->plain();
  http::Content content;
  content.media_type = is_packed ? "application/zstd" : "application/json";
  content.etag = index.etag;
  content.extra.emplace("Cache-Control", "no-cache");  // clients ask whether it has changed
  return http::respond(request, content,
                       std::make_shared<IndexBody>(std::move(subdir), index.text));
}

http::Response CondaMirror::package(const http::Request& request, const Asked& asked,
                                    const Sha256Digest& digest) const {
  const std::string thing = asked.document + "/" + asked.file;
  if (catalog_.is_lost(digest)) {
    return failure(lost_bytes(thing));
  }
  auto reader = blobs_.open(digest);
  if (!reader) {
    return failure({ErrorCode::kUnavailable, thing, reader.error().cause, reader.error().cure});
  }
  http::Content content;
  content.media_type = "application/octet-stream";
  content.etag = '"' + digest.hex() + '"';
  content.extra.emplace("Repr-Digest", http::repr_digest_sha256(digest.bytes()));
  content.extra.emplace("X-Content-Type-Options", "nosniff");
  content.lasting = true;
  return http::respond(request, content, std::make_shared<BlobBody>(std::move(*reader)));
}

// Clients ask every channel for noarch, and take its absence for that of the channel: of one that
// is held in other subdirs it is empty.
Result<std::shared_ptr<const ServedSubdir>> CondaMirror::find(const Asked& asked) {
  const Edition edition = catalog_.current();
  SLUICE_TRY(const auto entry, catalog_.find(edition, conda::kEcosystem, asked.document));
  if (!entry) {
    if (asked.subdir == "noarch") {
      SLUICE_TRY(const bool is_held, holds_channel(edition, asked.channel));
      if (is_held) {
        return std::make_shared<const ServedSubdir>(asked.subdir, proto::CondaSubdir(),
                                                    [](const Sha256Digest&) { return false; });
      }
    }
    return std::shared_ptr<const ServedSubdir>();
  }
  const SubdirCache::State state{entry->since, catalog_.lost_changes()};
  if (auto cached = cache_.find(asked.document, state)) {
    return cached;
  }
  proto::CondaSubdir body;
  if (!body.ParseFromString(entry->body)) {
    return Error{ErrorCode::kIo, asked.document, "its record cannot be read",
                 "check the catalog's disk"};
  }
  auto made = std::make_shared<const ServedSubdir>(
      asked.subdir, body, [&](const Sha256Digest& blob) { return catalog_.is_lost(blob); });
  cache_.put(asked.document, state, made);
  return made;
}

Result<bool> CondaMirror::holds_channel(Edition edition, const std::string& channel) const {
  bool is_held = false;
  SLUICE_TRY_VOID(
      catalog_.list(edition, conda::kEcosystem, channel + "/", [&](const CatalogEntry& entry) {
        const auto document = conda::parse_document(entry.document);
        is_held = document && document->channel == channel;
        return !is_held;
      }));
  return is_held;
}

}  // namespace sluice::high
