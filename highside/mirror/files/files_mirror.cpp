#include "highside/mirror/files/files_mirror.h"

#include "common/http/content.h"
#include "highside/mirror/files/listing.h"
#include "highside/pipeline/blob_body.h"
#include "highside/pipeline/miss.h"

namespace sluice::high {
namespace {

http::Response failure(const Error& error) {
  return http::error_response(error.code == ErrorCode::kUnavailable ? 503 : 500, error.message());
}

bool wants_json(const http::Request& request) {
  const auto accept = request.header("Accept");
  return accept && accept->find("application/json") != std::string_view::npos;
}

}  // namespace

http::Handler FilesMirror::handler(std::shared_ptr<const FilesMirror> mirror) {
  return [mirror = std::move(mirror)](const http::Request& request) {
    return mirror->handle(request);
  };
}

http::Response FilesMirror::handle(const http::Request& request) const {
  if (request.method != "GET" && request.method != "HEAD") {
    http::Response response = http::error_response(405, "files are only read here");
    response.headers.emplace("Allow", "GET, HEAD");
    return response;
  }
  std::string document = request.path.substr(std::min(prefix_.size(), request.path.size()));
  const Edition edition = catalog_.current();
  if (document.starts_with('/') && document.ends_with('/')) {
    return folder(request, edition, document.substr(1));
  }
  document.erase(0, 1);
  const auto found = catalog_.find(edition, "file", document);
  if (!found) {
    return failure(found.error());
  }
  if (const auto& entry = *found) {
    return file(request, *entry);
  }
  // A folder without its slash: relative links would lead astray.
  const auto as_folder =
      list_folder(catalog_, edition, document.empty() ? document : document + "/");
  if (as_folder && !as_folder->entries.empty()) {
    http::Response moved = http::error_response(301, "this is a folder: add a slash");
    moved.headers.emplace("Location", request.raw_path + "/");
    return moved;
  }
  http::Response missing = http::error_response(
      404, document +
               " is not here: it has not crossed, or was withdrawn (ask for it on the low "
               "side; " +
               prefix_ + "/ lists what is here)");
  return document.empty() ? missing : with_miss(std::move(missing), {"generic", document, ""});
}

http::Response FilesMirror::file(const http::Request& request, const CatalogEntry& entry) const {
  proto::FileEntry shown;
  const auto digest = shown.ParseFromString(entry.body)
                          ? Sha256Digest::from_bytes(as_bytes(shown.sha256()))
                          : std::nullopt;
  if (!digest) {
    return http::error_response(500, entry.document + ": its record cannot be read");
  }
  if (catalog_.is_lost(*digest)) {
    return failure(lost_bytes(entry.document));
  }
  auto reader = blobs_.open(*digest);
  if (!reader) {
    return failure(reader.error());
  }
  http::Content content;
  content.media_type = shown.media_type().empty() ? "application/octet-stream" : shown.media_type();
  content.etag = "\"" + digest->hex() + "\"";
  content.last_modified = from_unix_micros(shown.modified_micros());
  content.extra.emplace("Repr-Digest", http::repr_digest_sha256(digest->bytes()));
  // A page among the files must not act in the name of this host.
  content.extra.emplace("Content-Security-Policy", "sandbox");
  content.extra.emplace("X-Content-Type-Options", "nosniff");
  content.lasting = true;
  return http::respond(request, content, std::make_shared<BlobBody>(std::move(*reader)));
}

http::Response FilesMirror::folder(const http::Request& request, Edition edition,
                                   const std::string& folder) const {
  const auto listing = list_folder(catalog_, edition, folder);
  if (!listing) {
    return failure(listing.error());
  }
  if (listing->entries.empty() && !folder.empty()) {
    return http::error_response(404, folder + " is not here (" + prefix_ + "/ lists what is)");
  }
  http::Content content;
  content.extra.emplace("Vary", "Accept");
  if (wants_json(request)) {
    content.media_type = "application/json";
    return http::respond(request, content, render_json(*listing));
  }
  content.media_type = "text/html; charset=utf-8";
  content.extra.emplace("Content-Security-Policy", "default-src 'none'");
  return http::respond(request, content, render_html(*listing));
}

}  // namespace sluice::high
