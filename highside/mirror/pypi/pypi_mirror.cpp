#include "highside/mirror/pypi/pypi_mirror.h"

#include "common/base/hasher.h"
#include "common/ecosystem/pypi/file_name.h"
#include "common/ecosystem/pypi/project_name.h"
#include "common/ecosystem/pypi/provenance.h"
#include "common/http/content.h"
#include "highside/mirror/pypi/render.h"
#include "highside/pipeline/blob_body.h"
#include "highside/pipeline/miss.h"

namespace sluice::high {
namespace {

constexpr std::string_view kSimple = "/simple";
constexpr std::string_view kPackages = "/packages/";
constexpr std::string_view kMetadata = ".metadata";
constexpr std::string_view kProvenance = ".provenance";

http::Response to_response(const Error& error) {
  switch (error.code) {
    case ErrorCode::kNotFound:
      return http::error_response(404, error.message());
    case ErrorCode::kUnavailable:
    case ErrorCode::kExhausted:
      return http::error_response(503, error.message());
    default:
      return http::error_response(500, error.message());
  }
}

Error not_held(std::string thing) {
  return {ErrorCode::kNotFound, std::move(thing), "not held on this side",
          "ask for it on the low side: add it to the wants of a pypi source"};
}

// `where` is relative, so that it holds behind any proxy and prefix.
http::Response moved(const std::string& where) {
  http::Response response = http::error_response(301, "see " + where);
  response.headers.emplace("Location", where);
  return response;
}

http::Response page(const http::Request& request, PageForm form, std::string text) {
  http::Content content;
  content.media_type = media_type(form);
  content.etag = '"' + sha256(as_bytes(text)).hex() + '"';
  content.extra = {{"Vary", "Accept"}, {"Cache-Control", "no-cache"}};
  content.lasting = true;
  return http::respond(request, content, std::move(text));
}

Result<PageForm> wanted_form(const http::Request& request) {
  const auto form = negotiate(request.header("Accept").value_or(""));
  if (!form) {
    return Error{ErrorCode::kInvalid, request.path, "is given in none of the types that you accept",
                 "accept text/html or application/vnd.pypi.simple.v1+json"};
  }
  return *form;
}

}  // namespace

PypiMirror::PypiMirror(std::string prefix, const CatalogReader& catalog,
                       const store::BlobStore& blobs)
    : prefix_(std::move(prefix)), catalog_(catalog), blobs_(blobs) {
  while (prefix_.ends_with('/')) {
    prefix_.pop_back();
  }
}

http::Handler PypiMirror::handler(std::shared_ptr<const PypiMirror> mirror) {
  return [mirror = std::move(mirror)](const http::Request& request) {
    return mirror->handle(request);
  };
}

http::Response PypiMirror::handle(const http::Request& request) const {
  std::string_view path = request.path;
  if (!path.starts_with(prefix_)) {
    return http::error_response(404, request.path + ": not below " + prefix_);
  }
  path.remove_prefix(prefix_.size());
  if (request.method != "GET" && request.method != "HEAD") {
    return http::error_response(
        405, "this index only gives out what came over the diode: upload on the low side's index");
  }
  if (path == kSimple) {
    return moved("simple/");
  }
  if (path.starts_with(kSimple) && path[kSimple.size()] == '/') {
    return simple(request, path.substr(kSimple.size() + 1));
  }
  if (path.starts_with(kPackages)) {
    return package(request, path.substr(kPackages.size()));
  }
  return http::error_response(
      404, request.path + ": the index is at " + prefix_ + std::string(kSimple) + "/");
}

http::Response PypiMirror::simple(const http::Request& request, std::string_view path) const {
  if (path.empty()) {
    return index(request);
  }
  const bool has_slash = path.ends_with('/');
  if (has_slash) {
    path.remove_suffix(1);
  }
  if (auto checked = pypi::check_project_name(path); !checked) {
    return http::error_response(404, checked.error().message());
  }
  const std::string name = pypi::normalise(path);
  if (!has_slash) {
    return moved(name + "/");
  }
  return name == path ? project(request, name) : moved("../" + name + "/");
}

http::Response PypiMirror::index(const http::Request& request) const {
  const auto form = wanted_form(request);
  if (!form) {
    return http::error_response(406, form.error().message());
  }
  std::vector<std::string> names;
  const auto listed = catalog_.list(catalog_.current(), "pypi", "", [&](const CatalogEntry& entry) {
    proto::PypiProject project;
    if (catalog_.any_lost() && project.ParseFromString(entry.body)) {
      leave_out_lost(catalog_, project);
      if (project.files().empty()) {
        return true;
      }
    }
    names.push_back(entry.document);
    return true;
  });
  return listed ? page(request, *form, render_index(names, *form)) : to_response(listed.error());
}

http::Response PypiMirror::project(const http::Request& request, const std::string& name) const {
  const auto form = wanted_form(request);
  if (!form) {
    return http::error_response(406, form.error().message());
  }
  auto project = read(name);
  if (!project) {
    return with_miss(to_response(project.error()), {"pypi", name, ""});
  }
  leave_out_lost(catalog_, *project);
  if (project->files().empty()) {
    return to_response(lost_bytes(name));
  }
  const std::string base = request.base_url();
  const std::string root = base.empty() ? "" : base + prefix_;
  return page(request, *form, render_project(*project, *form, root));
}

http::Response PypiMirror::package(const http::Request& request, std::string_view path) const {
  const std::size_t slash = path.find('/');
  if (slash == std::string_view::npos) {
    return http::error_response(404, request.path + ": no file of a project");
  }
  const std::string name = pypi::normalise(path.substr(0, slash));
  std::string_view wanted = path.substr(slash + 1);
  std::string_view beside;  // what is asked for beside the file
  for (const std::string_view suffix : {kMetadata, kProvenance}) {
    if (wanted.ends_with(suffix)) {
      beside = suffix;
      wanted.remove_suffix(suffix.size());
      break;
    }
  }
  const auto project = read(name);
  const auto parts = pypi::read_file_name(name, wanted);
  const purl::Package miss{"pypi", name, parts ? parts->version.text() : ""};
  if (!project) {
    return with_miss(to_response(project.error()), miss);
  }
  for (const auto& file : project->files()) {
    if (file.filename() != wanted) {
      continue;
    }
    if (beside.empty()) {
      return blob(request, file.filename(), file.sha256(), "application/octet-stream");
    }
    if (beside == kMetadata && !file.metadata().empty()) {
      return blob(request, file.filename() + std::string(kMetadata), file.metadata(),
                  "application/octet-stream");
    }
    if (beside == kProvenance && !file.attestations().empty()) {
      return blob(request, file.filename() + std::string(kProvenance), file.attestations(),
                  std::string(pypi::kProvenanceMediaType));
    }
  }
  return with_miss(to_response(not_held(name + ": " + std::string(path.substr(slash + 1)))), miss);
}

http::Response PypiMirror::blob(const http::Request& request, const std::string& thing,
                                const std::string& digest, const std::string& media_type) const {
  const auto sha256 = Sha256Digest::from_bytes(as_bytes(digest));
  if (!sha256) {
    return http::error_response(500, thing + ": its record cannot be read");
  }
  if (catalog_.is_lost(*sha256)) {
    return to_response(lost_bytes(thing));
  }
  auto reader = blobs_.open(*sha256);
  if (!reader) {
    // A record without its blob is our fault, not the client's: 404 would say "not held".
    return http::error_response(500, thing + ": " + reader.error().message());
  }
  http::Content content;
  content.media_type = media_type;
  content.etag = '"' + sha256->hex() + '"';
  content.extra = {{"Cache-Control", "public, immutable, max-age=31536000"},
                   {"Repr-Digest", http::repr_digest_sha256(sha256->bytes())}};
  content.lasting = true;
  return http::respond(request, content, std::make_shared<const BlobBody>(std::move(*reader)));
}

Result<proto::PypiProject> PypiMirror::read(const std::string& name) const {
  SLUICE_TRY(const auto entry, catalog_.find(catalog_.current(), "pypi", name));
  if (!entry) {
    return not_held(name);
  }
  proto::PypiProject project;
  if (!project.ParseFromString(entry->body)) {
    return Error{ErrorCode::kIo, name, "its record cannot be read", "check the catalog's disk"};
  }
  return project;
}

}  // namespace sluice::high
