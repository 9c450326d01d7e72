#include "highside/mirror/huggingface/huggingface_mirror.h"

#include <algorithm>
#include <boost/json.hpp>
#include <boost/url/parse_query.hpp>
#include <cctype>
#include <charconv>

#include "common/base/hasher.h"
#include "common/http/content.h"
#include "highside/mirror/huggingface/render.h"
#include "highside/pipeline/blob_body.h"
#include "highside/pipeline/miss.h"

namespace sluice::high {
namespace {

namespace json = boost::json;
using What = HubRequest::What;

// The hub's own page size.
constexpr std::size_t kMaxListed = 1000;

using Extra = std::vector<std::pair<std::string, std::string>>;

// The hub's clients read the reason from a header.
http::Response error(unsigned status, std::string_view code, const std::string& message,
                     const Extra& extra = {}) {
  http::Response response =
      http::json_response(json::serialize(json::object{{"error", message}}), status);
  if (!code.empty()) {
    response.headers.emplace("X-Error-Code", code);
    response.headers.emplace("X-Error-Message", message);
  }
  for (const auto& [name, value] : extra) {
    response.headers.emplace(name, value);
  }
  return response;
}

http::Response document(const http::Request& request, const json::value& value,
                        const std::string& commit = "") {
  std::string text = json::serialize(value);
  http::Content content;
  content.media_type = "application/json; charset=utf-8";
  content.etag = '"' + sha256(as_bytes(text)).hex() + '"';
  if (!commit.empty()) {
    content.extra.emplace("X-Repo-Commit", commit);
  }
  http::Request asked = request;
  asked.method = request.method == "HEAD" ? "HEAD" : "GET";  // a POST of paths-info only asks
  return http::respond(asked, content, std::move(text));
}

std::optional<std::string> parameter(const std::string& query, std::string_view name) {
  const auto parsed = boost::urls::parse_query(query);
  if (!parsed) {
    return std::nullopt;
  }
  for (const auto& one : *parsed) {
    if (one.key.decode() == name) {
      return one.value.decode(boost::urls::encoding_opts(true));
    }
  }
  return std::nullopt;
}

bool is_set(const std::string& query, std::string_view name) {
  const auto value = parameter(query, name).value_or("");
  return value == "true" || value == "True" || value == "1";
}

// As the clients send them: JSON from Python and JavaScript, a form from older ones.
std::optional<std::vector<std::string>> wanted_paths(const http::Request& request) {
  std::vector<std::string> paths;
  if (request.header("Content-Type")
          .value_or("")
          .starts_with("application/x-www-form-urlencoded")) {
    const auto parsed = boost::urls::parse_query(request.body);
    if (!parsed) {
      return std::nullopt;
    }
    for (const auto& one : *parsed) {
      if (one.key.decode() == "paths") {
        paths.push_back(one.value.decode(boost::urls::encoding_opts(true)));
      }
    }
    return paths;
  }
  boost::system::error_code failed;
  const json::value body = json::parse(json::string_view(request.body), failed);
  const auto* object = failed ? nullptr : body.if_object();
  const auto* listed = object == nullptr ? nullptr : object->if_contains("paths");
  if (listed == nullptr) {
    return std::nullopt;
  }
  if (const auto* one = listed->if_string()) {
    paths.emplace_back(*one);
  } else if (const auto* several = listed->if_array()) {
    for (const json::value& path : *several) {
      if (!path.is_string()) {
        return std::nullopt;
      }
      paths.emplace_back(path.get_string());
    }
  } else {
    return std::nullopt;
  }
  return paths;
}

bool contains_folded(std::string_view text, std::string_view part) {
  const auto found = std::search(
      text.begin(), text.end(), part.begin(), part.end(),
      [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); });
  return found != text.end() || part.empty();
}

}  // namespace

http::Handler HuggingFaceMirror::handler(std::shared_ptr<const HuggingFaceMirror> mirror) {
  return [mirror = std::move(mirror)](const http::Request& request) {
    return mirror->handle(request);
  };
}

http::Response HuggingFaceMirror::handle(const http::Request& request) const {
  const std::string_view below =
      std::string_view(request.raw_path).substr(std::min(prefix_.size(), request.raw_path.size()));
  const auto asked = read_hub_request(below);
  if (!asked) {
    return error(404, "",
                 request.path +
                     ": the hub's clients ask for no such address; set HF_ENDPOINT or "
                     "hubUrl to this host with " +
                     prefix_);
  }
  const bool asks = request.method == "GET" || request.method == "HEAD" ||
                    (request.method == "POST" && asked->what == What::kPathsInfo);
  if (!asks) {
    return error(405, "", "repositories are only read here: they come over the diode");
  }
  return answer(request, *asked);
}

http::Response HuggingFaceMirror::answer(const http::Request& request,
                                         const HubRequest& asked) const {
  switch (asked.what) {
    case What::kList:
      return list(request, asked.repository.kind);
    case What::kAbout:
      return about(request, asked);
    case What::kTree:
      return tree(request, asked);
    case What::kPathsInfo:
      return paths_info(request, asked);
    case What::kRefs:
      return refs(request, asked);
    case What::kFile:
      return file(request, asked);
  }
  return error(500, "", "no such question");
}

Result<std::optional<proto::HuggingFaceRefs>> HuggingFaceMirror::find_refs(
    const huggingface::Repository& repository) const {
  SLUICE_TRY(const auto entry,
             catalog_.find(catalog_.current(), huggingface::kEcosystem, repository.document()));
  proto::HuggingFaceRefs refs;
  if (!entry) {
    return std::optional<proto::HuggingFaceRefs>();
  }
  if (!refs.ParseFromString(entry->body)) {
    return Error{ErrorCode::kIo, repository.address(), "its record cannot be read",
                 "check the catalog's disk"};
  }
  return std::optional(std::move(refs));
}

Result<HuggingFaceMirror::Held> HuggingFaceMirror::held(const HubRequest& asked) const {
  Held held;
  held.commit = asked.revision;
  const Error missing{ErrorCode::kNotFound, asked.repository.address() + "@" + asked.revision,
                      "not held on this side",
                      "ask for it on the low side: add it to the repositories of a huggingface "
                      "source"};
  if (!huggingface::is_commit(asked.revision)) {
    SLUICE_TRY(const auto refs, find_refs(asked.repository));
    if (!refs || !refs->commits().contains(asked.revision)) {
      return missing;
    }
    held.commit = refs->commits().at(asked.revision);
  }
  SLUICE_TRY(const auto entry, catalog_.find(catalog_.current(), huggingface::kEcosystem,
                                             asked.repository.document_of(held.commit)));
  if (!entry) {
    return missing;
  }
  if (!held.revision.ParseFromString(entry->body)) {
    return Error{ErrorCode::kIo, entry->document, "its record cannot be read",
                 "check the catalog's disk"};
  }
  return held;
}

bool HuggingFaceMirror::holds(const huggingface::Repository& repository) const {
  const std::string name = repository.document();
  bool found = false;
  static_cast<void>(catalog_.list(catalog_.current(), huggingface::kEcosystem, name,
                                  [&](const CatalogEntry& entry) {
                                    const std::string& document = entry.document;
                                    found = document == name || document.starts_with(name + "@");
                                    return !found;
                                  }));
  return found;
}

http::Response HuggingFaceMirror::failure(const Error& error, const HubRequest& asked) const {
  switch (error.code) {
    case ErrorCode::kNotFound:
      return with_miss(
          sluice::high::error(404, holds(asked.repository) ? "RevisionNotFound" : "RepoNotFound",
                              error.message()),
          {"huggingface", asked.repository.address(), asked.revision});
    case ErrorCode::kUnavailable:
    case ErrorCode::kExhausted:
      return sluice::high::error(503, "", error.message());
    default:
      return sluice::high::error(500, "", error.message());
  }
}

http::Response HuggingFaceMirror::list(const http::Request& request, huggingface::Kind kind) const {
  const std::string search = parameter(request.query, "search").value_or("");
  const std::string author = parameter(request.query, "author").value_or("");
  std::size_t limit = kMaxListed;
  if (const auto text = parameter(request.query, "limit")) {
    std::from_chars(text->data(), text->data() + text->size(), limit);
    limit = std::min(limit, kMaxListed);
  }
  json::array found;
  const std::string prefix = std::string(huggingface::plural(kind)) + "/";
  const auto listed = catalog_.list(
      catalog_.current(), huggingface::kEcosystem, prefix, [&](const CatalogEntry& entry) {
        const std::string id = entry.document.substr(prefix.size());
        if (id.find('@') != std::string::npos || !contains_folded(id, search) ||
            (!author.empty() && !id.starts_with(author + "/"))) {
          return true;
        }
        json::object one{{"id", id},   {"private", false}, {"gated", false},
                         {"likes", 0}, {"downloads", 0},   {"tags", json::array()}};
        if (kind == huggingface::Kind::kModel) {
          one["modelId"] = id;
        }
        found.push_back(std::move(one));
        return found.size() < limit;
      });
  return listed ? document(request, found) : error(500, "", listed.error().message());
}

http::Response HuggingFaceMirror::refs(const http::Request& request,
                                       const HubRequest& asked) const {
  const auto refs = find_refs(asked.repository);
  if (!refs) {
    return failure(refs.error(), asked);
  }
  if (!*refs && !holds(asked.repository)) {
    return with_miss(
        error(404, "RepoNotFound", asked.repository.address() + " is not held on this side"),
        {"huggingface", asked.repository.address(), asked.revision});
  }
  return document(request, render_refs(refs->value_or(proto::HuggingFaceRefs())));
}

http::Response HuggingFaceMirror::about(const http::Request& request,
                                        const HubRequest& asked) const {
  const auto found = held(asked);
  if (!found) {
    return failure(found.error(), asked);
  }
  const HubRevisionView view{asked.repository, found->commit, found->revision};
  return document(request, render_about(view, is_set(request.query, "blobs")), found->commit);
}

http::Response HuggingFaceMirror::tree(const http::Request& request,
                                       const HubRequest& asked) const {
  const auto found = held(asked);
  if (!found) {
    return failure(found.error(), asked);
  }
  json::array entries =
      render_tree(found->revision, asked.path, is_set(request.query, "recursive"));
  if (entries.empty() && !asked.path.empty()) {
    return error(
        404, "EntryNotFound",
        asked.repository.address() + " has no folder " + asked.path + " at " + found->commit,
        {{"X-Repo-Commit", found->commit}});
  }
  return document(request, entries, found->commit);
}

http::Response HuggingFaceMirror::paths_info(const http::Request& request,
                                             const HubRequest& asked) const {
  const auto paths = wanted_paths(request);
  if (!paths) {
    return error(400, "", "paths-info wants a JSON object or a form with \"paths\"");
  }
  const auto found = held(asked);
  if (!found) {
    return failure(found.error(), asked);
  }
  return document(request, render_paths(found->revision, *paths), found->commit);
}

http::Response HuggingFaceMirror::file(const http::Request& request,
                                       const HubRequest& asked) const {
  const auto found = held(asked);
  if (!found) {
    return failure(found.error(), asked);
  }
  const std::string thing = asked.repository.address() + "/" + asked.path;
  const auto* file = find_file(found->revision, asked.path);
  if (file == nullptr) {
    return error(404, "EntryNotFound",
                 thing + " is not held at " + found->commit +
                     ": it is not in the repository, or was not asked for on the low side "
                     "(include, exclude)",
                 {{"X-Repo-Commit", found->commit}});
  }
  const auto digest = Sha256Digest::from_bytes(as_bytes(file->sha256()));
  if (!digest || catalog_.is_lost(*digest)) {
    return failure(lost_bytes(thing), asked);
  }
  auto reader = blobs_.open(*digest);
  if (!reader) {
    return failure({ErrorCode::kUnavailable, thing, reader.error().cause, reader.error().cure},
                   asked);
  }
  http::Content content;
  content.media_type = "application/octet-stream";
  content.etag = '"' + etag_of(*file) + '"';
  content.extra.emplace("X-Repo-Commit", found->commit);
  if (file->pointer_size() > 0) {
    content.extra.emplace("X-Linked-Etag", content.etag);
    content.extra.emplace("X-Linked-Size", std::to_string(file->size()));
  }
  content.extra.emplace("X-Content-Type-Options", "nosniff");
  http::Request plain = request;
  if (file->size() == 0 && plain.headers.erase("Range") > 0) {
    // The JavaScript client asks for the first byte of every file to learn its size from
    // Content-Range, and takes 416 for a failure. Beside 200 that header means nothing (RFC 9110
    // section 14.4).
    content.extra.emplace("Content-Range", "bytes */0");
  }
  return http::respond(plain, content, std::make_shared<BlobBody>(std::move(*reader)));
}

}  // namespace sluice::high
