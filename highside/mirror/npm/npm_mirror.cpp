#include "highside/mirror/npm/npm_mirror.h"

#include <boost/json.hpp>

#include "common/base/hasher.h"
#include "common/ecosystem/npm/package_name.h"
#include "common/http/content.h"
#include "highside/mirror/npm/search.h"
#include "highside/pipeline/blob_body.h"
#include "highside/pipeline/miss.h"

namespace sluice::high {
namespace {

namespace json = boost::json;

constexpr std::string_view kAbbreviatedType = "application/vnd.npm.install-v1+json";
constexpr std::string_view kDistTags = "/dist-tags";
constexpr std::string_view kTarballEnding = ".tgz";
constexpr std::string_view kPackagePrefix = "/-/package/";

// What `npm audit` of npm 6 reads; later ones use the bulk endpoint first.
constexpr std::string_view kQuickAudit =
    R"({"actions":[],"advisories":{},"muted":[],"metadata":{"vulnerabilities":{"info":0,"low":0,)"
    R"("moderate":0,"high":0,"critical":0},"dependencies":0,"devDependencies":0,)"
    R"("optionalDependencies":0,"totalDependencies":0}})";

http::Response failure(unsigned status, const std::string& message) {
  return http::json_response(json::serialize(json::object{{"error", message}}), status);
}

http::Response to_response(const Error& error) {
  switch (error.code) {
    case ErrorCode::kNotFound:
      return failure(404, error.message());
    case ErrorCode::kInvalid:
      return failure(400, error.message());
    case ErrorCode::kUnavailable:
    case ErrorCode::kExhausted:
      return failure(503, error.message());
    default:
      return failure(500, error.message());
  }
}

Error not_held(std::string thing) {
  return {ErrorCode::kNotFound, std::move(thing), "not held on this side",
          "ask for it on the low side: add it to the packages of an npm source"};
}

PackumentForm wanted_form(const http::Request& request) {
  const auto accept = request.header("Accept");
  return accept && accept->find(kAbbreviatedType) != std::string_view::npos
             ? PackumentForm::kAbbreviated
             : PackumentForm::kFull;
}

// "20.1.0" of @types/node's node-20.1.0.tgz; empty for a file that is named otherwise.
std::string version_in(std::string_view file, std::string_view name) {
  const std::string start = std::string(npm::base_name(name)) + "-";
  if (!file.starts_with(start) || !file.ends_with(kTarballEnding)) {
    return {};
  }
  file.remove_prefix(start.size());
  file.remove_suffix(kTarballEnding.size());
  return std::string(file);
}

bool is_read(const http::Request& request) {
  return request.method == "GET" || request.method == "HEAD";
}

}  // namespace

NpmMirror::NpmMirror(std::string prefix, const CatalogReader& catalog,
                     const store::BlobStore& blobs, std::size_t cache_bytes)
    : prefix_(std::move(prefix)), catalog_(catalog), blobs_(blobs), cache_(cache_bytes) {
  while (prefix_.ends_with('/')) {
    prefix_.pop_back();
  }
}

http::Handler NpmMirror::handler(std::shared_ptr<NpmMirror> mirror) {
  return [mirror = std::move(mirror)](const http::Request& request) {
    return mirror->handle(request);
  };
}

// The path has been decoded once: "@types%2fsemver", "@types%2Fsemver" and "@types/semver" are one.
http::Response NpmMirror::handle(const http::Request& request) {
  std::string_view path = request.path;
  if (!path.starts_with(prefix_)) {
    return failure(404, request.path + ": not below " + prefix_);
  }
  path.remove_prefix(prefix_.size());
  if (request.base_url().empty()) {
    return failure(400, "no Host header: the addresses of tarballs are made from it");
  }
  if (path.starts_with("/-/")) {
    return handle_service(request, path);
  }
  if (!is_read(request)) {
    return failure(405,
                   "this registry only gives out what came over the diode: publish on the low "
                   "side's upstream");
  }
  return handle_package(request, path);
}

http::Response NpmMirror::handle_service(const http::Request& request, std::string_view path) {
  if (path == "/-/npm/v1/security/advisories/bulk" && request.method == "POST") {
    return http::json_response("{}");
  }
  if (path == "/-/npm/v1/security/audits/quick" && request.method == "POST") {
    return http::json_response(std::string(kQuickAudit));
  }
  if (!is_read(request)) {
    return failure(405, "this registry cannot be changed from this side");
  }
  if (path == "/-/ping") {
    return http::json_response("{}");
  }
  if (path == "/-/whoami") {
    return failure(401, "this registry knows no users: nothing here needs a login");
  }
  if (path == "/-/v1/search") {
    auto found = search_packages(catalog_, catalog_.current(), request.query);
    return found ? http::json_response(std::move(*found)) : to_response(found.error());
  }
  if (path.starts_with(kPackagePrefix) && path.ends_with(kDistTags) &&
      path.size() > kPackagePrefix.size() + kDistTags.size()) {
    path.remove_prefix(kPackagePrefix.size());
    path.remove_suffix(kDistTags.size());
    return dist_tags(request, std::string(path));
  }
  return failure(404, request.path + ": this registry does not answer that");
}

http::Response NpmMirror::handle_package(const http::Request& request, std::string_view path) {
  if (path.empty() || path == "/") {
    return http::json_response(R"({"registry":"sluice"})");
  }
  path.remove_prefix(1);
  std::size_t end = path.find('/');
  if (path.starts_with('@') && end != std::string_view::npos) {
    end = path.find('/', end + 1);
  }
  const std::string name(path.substr(0, end));
  if (auto checked = npm::check_package_name(name); !checked) {
    return failure(404, checked.error().message());
  }
  const std::string_view rest = end == std::string_view::npos ? "" : path.substr(end + 1);
  if (rest.empty()) {
    return packument(request, name);
  }
  if (rest.starts_with("-/")) {
    return tarball(request, name, std::string(rest.substr(2)));
  }
  return manifest(request, name, std::string(rest));
}

http::Response NpmMirror::packument(const http::Request& request, const std::string& name) {
  const auto found = find(name);
  if (!found) {
    return to_response(found.error());
  }
  const auto& entry = *found;
  if (!entry) {
    return with_miss(to_response(not_held(name)), {"npm", name, ""});
  }
  const PackumentForm form = wanted_form(request);
  const bool is_full = form == PackumentForm::kFull;
  const std::string key = name + '\n' + std::to_string(entry->since.value()) + '\n' +
                          std::to_string(catalog_.lost_changes()) +
                          (is_full ? "\nfull\n" : "\nabbreviated\n") + root(request);
  auto document = cache_.find(key);
  if (!document) {
    proto::NpmPackage package;
    if (!package.ParseFromString(entry->body)) {
      return failure(500, name + ": its record cannot be read");
    }
    leave_out_lost(catalog_, package);
    if (package.versions().empty()) {
      return to_response(lost_bytes(name));
    }
    RenderedDocument rendered{render_packument(package, form, root(request)), ""};
    rendered.etag = '"' + sha256(as_bytes(rendered.text)).hex() + '"';
    document = std::make_shared<const RenderedDocument>(std::move(rendered));
    cache_.put(key, document);
  }
  http::Content content;
  content.media_type = is_full ? "application/json" : std::string(kAbbreviatedType);
  content.etag = document->etag;
  content.extra = {{"Vary", "Accept"}, {"Cache-Control", "no-cache"}};
  content.lasting = true;
  return http::respond(request, content, document->text);
}

http::Response NpmMirror::manifest(const http::Request& request, const std::string& name,
                                   const std::string& version) {
  const auto package = read(name);
  const purl::Package miss{"npm", name, version};
  if (!package) {
    return with_miss(to_response(package.error()), miss);
  }
  const proto::NpmVersion* wanted = find_version(*package, version);
  if (wanted == nullptr) {
    return with_miss(to_response(not_held(name + "@" + version)), miss);
  }
  if (is_lost(catalog_, *wanted)) {
    return to_response(lost_bytes(name + "@" + version));
  }
  std::string text = render_manifest(*package, *wanted, root(request));
  http::Content content;
  content.media_type = "application/json";
  content.etag = '"' + sha256(as_bytes(text)).hex() + '"';
  content.extra = {{"Cache-Control", "no-cache"}};
  content.lasting = true;
  return http::respond(request, content, std::move(text));
}

http::Response NpmMirror::tarball(const http::Request& request, const std::string& name,
                                  const std::string& file) {
  const auto package = read(name);
  const purl::Package miss{"npm", name, version_in(file, name)};
  if (!package) {
    return with_miss(to_response(package.error()), miss);
  }
  const proto::NpmVersion* version = find_tarball(*package, file);
  const auto digest =
      version == nullptr ? std::nullopt : Sha256Digest::from_bytes(as_bytes(version->tarball()));
  if (!digest) {
    return with_miss(to_response(not_held(name + ": " + file)), miss);
  }
  if (catalog_.is_lost(*digest)) {
    return to_response(lost_bytes(name + ": " + file));
  }
  auto reader = blobs_.open(*digest);
  if (!reader) {
    // A record without its blob is our fault, not the client's: 404 would say "not held".
    return failure(500, name + ": " + file + ": " + reader.error().message());
  }
  http::Content content;
  content.media_type = "application/octet-stream";
  content.etag = '"' + digest->hex() + '"';
  content.extra = {{"Cache-Control", "public, immutable, max-age=31536000"},
                   {"Repr-Digest", http::repr_digest_sha256(digest->bytes())}};
  content.lasting = true;
  return http::respond(request, content, std::make_shared<const BlobBody>(std::move(*reader)));
}

http::Response NpmMirror::dist_tags(const http::Request& request, const std::string& name) {
  const auto package = read(name);
  if (!package) {
    return to_response(package.error());
  }
  proto::NpmPackage shown = *package;
  leave_out_lost(catalog_, shown);
  json::object tags;
  for (const auto& [tag, version] : shown.dist_tags()) {
    tags[tag] = version;
  }
  http::Content content;
  content.media_type = "application/json";
  return http::respond(request, content, json::serialize(tags));
}

Result<std::optional<CatalogEntry>> NpmMirror::find(const std::string& name) const {
  return catalog_.find(catalog_.current(), "npm", name);
}

Result<proto::NpmPackage> NpmMirror::read(const std::string& name) const {
  SLUICE_TRY(const auto entry, find(name));
  if (!entry) {
    return not_held(name);
  }
  proto::NpmPackage package;
  if (!package.ParseFromString(entry->body)) {
    return Error{ErrorCode::kIo, name, "its record cannot be read", "check the catalog's disk"};
  }
  return package;
}

std::string NpmMirror::root(const http::Request& request) const {
  return request.base_url() + prefix_;
}

}  // namespace sluice::high
