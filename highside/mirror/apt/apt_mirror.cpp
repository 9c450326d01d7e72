#include "highside/mirror/apt/apt_mirror.h"

#include <utility>

#include "common/base/text.h"
#include "common/ecosystem/apt/keyring.h"
#include "common/ecosystem/apt/release.h"
#include "common/http/content.h"
#include "highside/mirror/apt/pages.h"
#include "highside/pipeline/blob_body.h"
#include "highside/pipeline/miss.h"

namespace sluice::high {
namespace {

constexpr std::string_view kByHash = "/by-hash/";

http::Response not_here(std::string_view path) {
  return http::error_response(404, "apt: " + std::string(path) +
                                       " is not here. What is held is listed at the mirror's start "
                                       "page; what is missing must be "
                                       "asked for on the low side.");
}

// "pool/main/j/jq/jq_1.6-2.1_amd64.deb": the name has no epoch, and neither has this version.
std::optional<purl::Package> missed_package(const std::string& archive, std::string_view path) {
  std::string_view file = path.substr(path.rfind('/') + 1);
  if (!path.starts_with("pool/") || !file.ends_with(".deb")) {
    return std::nullopt;
  }
  file.remove_suffix(std::string_view(".deb").size());
  const std::vector<std::string_view> parts = split(file, '_');
  if (parts.size() != 3 || parts[0].empty()) {
    return std::nullopt;
  }
  return purl::Package{"deb", archive + "/" + std::string(parts[0]), std::string(parts[1])};
}

http::Response failed(const Error& error) {
  return http::error_response(error.code == ErrorCode::kUnavailable ? 503 : 500, error.message());
}

http::Content of_type(std::string media_type) {
  http::Content content;
  content.media_type = std::move(media_type);
  return content;
}

std::string_view media_type(std::string_view path) {
  for (const auto& [ending, type] : {std::pair<std::string_view, std::string_view>{
                                         ".deb", "application/vnd.debian.binary-package"},
                                     {".xz", "application/x-xz"},
                                     {".gz", "application/gzip"},
                                     {".bz2", "application/x-bzip2"},
                                     {".zst", "application/zstd"},
                                     {".gpg", "application/pgp-signature"}}) {
    if (path.ends_with(ending)) {
      return type;
    }
  }
  return path.starts_with("dists/") ? "text/plain; charset=utf-8" : "application/octet-stream";
}

}  // namespace

AptMirror::AptMirror(const std::string& prefix, const AptKeyrings& keyrings,
                     const CatalogReader& catalog, const store::BlobStore& blobs)
    : prefix_(prefix == "/" ? "" : prefix),
      keyrings_(keyrings),
      catalog_(catalog),
      blobs_(blobs),
      cache_(catalog) {}

http::Handler AptMirror::handler(std::shared_ptr<AptMirror> mirror) {
  return [mirror = std::move(mirror)](const http::Request& request) {
    return mirror->handle(request);
  };
}

std::string AptMirror::archive_url(const http::Request& request, const std::string& archive) const {
  const std::string base = request.base_url();
  return (base.empty() ? "http://HIGH" : base) + prefix_ + "/" + archive;
}

http::Response AptMirror::page(const http::Request& request, std::string text) const {
  return http::respond(request, of_type("text/plain; charset=utf-8"), std::move(text));
}

http::Response AptMirror::handle(const http::Request& request) {
  if (!request.path.starts_with(prefix_)) {
    return not_here(request.path);
  }
  std::string_view path = std::string_view(request.path).substr(prefix_.size());
  if (path.starts_with('/')) {
    path.remove_prefix(1);
  }
  if (path.empty()) {
    return start_page(request);
  }
  const auto slash = path.find('/');
  const std::string name(path.substr(0, slash));
  if (keyrings_.find(name) == nullptr) {
    return not_here(request.path);
  }
  return archive(request, name, slash == std::string_view::npos ? "" : path.substr(slash + 1));
}

http::Response AptMirror::start_page(const http::Request& request) {
  const Edition edition = catalog_.current();
  std::string text;
  for (const auto& name : keyrings_.archives()) {
    const auto suites = cache_.suites(edition, name);
    if (!suites) {
      return failed(suites.error());
    }
    text += describe_archive(name, archive_url(request, name), **suites);
  }
  return page(request, text.empty() ? "No apt archives are configured.\n" : std::move(text));
}

http::Response AptMirror::archive(const http::Request& request, const std::string& archive,
                                  std::string_view path) {
  const auto suites = cache_.suites(catalog_.current(), archive);
  if (!suites) {
    return failed(suites.error());
  }
  if (path.empty()) {
    return page(request, describe_archive(archive, archive_url(request, archive), **suites));
  }
  if (path == archive + ".asc") {
    return http::respond(request, of_type("application/pgp-keys"),
                         apt::armor(*keyrings_.find(archive)));
  }
  if (path == archive + ".sources") {
    const auto key = signed_by(request.query, archive);
    return key ? page(request, client_sources(archive_url(request, archive), *key, **suites))
               : http::error_response(400, key.error().message());
  }
  if (path == "dists" || path == "dists/") {
    return page(request, list_suites(**suites));
  }
  const auto file = find(**suites, path);
  if (!file) {
    return failed(file.error());
  }
  if (*file != nullptr) {
    return serve(request, path, **file);
  }
  const auto miss = missed_package(archive, path);
  return miss ? with_miss(not_here(request.path), *miss) : not_here(request.path);
}

// "dists/bookworm/main/binary-amd64/by-hash/SHA512/<hex>"; null: not held by this suite.
Result<const ServedFile*> AptMirror::find_by_hash(const ServedSuite& suite, std::string_view path,
                                                  std::size_t by_hash) const {
  const std::string_view name = path.substr(by_hash + kByHash.size());
  const auto slash = name.find('/');
  const auto algorithm = apt::digest_field(name.substr(0, slash));
  const auto digest = algorithm && slash != std::string_view::npos
                          ? Digest::from_hex(*algorithm, name.substr(slash + 1))
                          : std::nullopt;
  if (!digest) {
    return nullptr;
  }
  auto sha256 = digest->as_sha256();
  if (!sha256) {
    SLUICE_TRY(sha256, blobs_.resolve(*digest));
  }
  return sha256 ? suite.find_by_hash(path.substr(0, by_hash + 1), *sha256) : nullptr;
}

Result<const ServedFile*> AptMirror::find(const ArchiveSuites& suites,
                                          std::string_view path) const {
  const auto by_hash = path.find(kByHash);
  for (const auto& suite : suites) {
    if (by_hash != std::string_view::npos && suite->owns(path)) {
      SLUICE_TRY(const auto* file, find_by_hash(*suite, path, by_hash));
      if (file != nullptr) {
        return file;
      }
    } else if (const auto* file = suite->find(path)) {
      return file;
    }
  }
  if (!path.starts_with("dists/")) {
    for (const auto& suite : suites) {
      if (const auto* file = suite->find_in_previous(path)) {
        return file;
      }
    }
  }
  return nullptr;
}

http::Response AptMirror::serve(const http::Request& request, std::string_view path,
                                const ServedFile& file) const {
  // The vendor's index lists it, and that index cannot be changed: only this file is not given.
  if (catalog_.is_lost(file.sha256)) {
    return failed(lost_bytes("apt: " + std::string(path)));
  }
  auto reader = blobs_.open(file.sha256);
  if (!reader) {
    // Only an older edition's file may be gone: what the current one lists is kept.
    return reader.error().code == ErrorCode::kNotFound ? not_here(request.path)
                                                       : failed(reader.error());
  }
  http::Content content = of_type(std::string(media_type(path)));
  content.etag = "\"" + file.sha256.hex() + "\"";
  content.last_modified = file.modified;
  return http::respond(request, content, std::make_shared<BlobBody>(std::move(*reader)));
}

}  // namespace sluice::high
