#include "highside/publish/npm/npm_publisher.h"

#include <algorithm>
#include <boost/json.hpp>

#include "common/ecosystem/npm/package_name.h"
#include "common/ecosystem/npm/semver.h"
#include "highside/publish/npm/package_changes.h"
#include "highside/publish/npm/publish_document.h"
#include "highside/publish/npm/tarball.h"

namespace sluice::high {
namespace {

namespace json = boost::json;

constexpr std::string_view kEcosystem = "npm";
constexpr std::string_view kRevision = "-rev/";
constexpr std::string_view kPackage = "/-/package/";
constexpr std::string_view kTags = "/dist-tags/";
constexpr std::string_view kWho = "/-/whoami";

http::Response failure(unsigned status, const std::string& message) {
  return http::json_response(json::serialize(json::object{{"error", message}}), status);
}
http::Response failure(const Error& error) {
  return failure(publish_status(error), error.message());
}
http::Response no(const Verdict& verdict) { return refused(failure(403, verdict.cause), verdict); }
http::Response created() { return http::json_response(R"({"ok":true,"success":true})", 201); }

// "@acme/x" of "/@acme/x/-rev/1", and what follows it.
struct Named {
  std::string name;
  std::string_view rest;  // "-rev/1"
};
Named split_name(std::string_view path) {
  path = path.substr(std::min<std::size_t>(path.size(), 1));
  std::size_t end = path.find('/');
  if (path.starts_with('@') && end != std::string_view::npos) {
    end = path.find('/', end + 1);
  }
  return {std::string(path.substr(0, end)),
          end == std::string_view::npos ? "" : path.substr(end + 1)};
}

std::string text_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

SiteChange change_of(const std::string& name, const std::string& who) {
  return {.ecosystem = std::string(kEcosystem), .document = name, .by = who, .make = {}};
}

Error bad(const std::string& thing, std::string cause) {
  return {ErrorCode::kInvalid, thing, std::move(cause), "publish with npm or another such client"};
}

// The one version of the document and its manifest.
Result<std::pair<std::string, json::object>> version_in(const std::string& name,
                                                        const json::object& document) {
  const json::value* versions = document.if_contains("versions");
  if (versions == nullptr || !versions->is_object() || versions->get_object().size() != 1) {
    return bad(name, "it does not bring exactly one version");
  }
  const auto& [version, manifest] = *versions->get_object().begin();
  if (!manifest.is_object() || !npm::SemVer::parse(std::string_view(version)) ||
      text_of(manifest.get_object(), "version") != std::string_view(version) ||
      text_of(manifest.get_object(), "name") != name) {
    return bad(name, "its manifest is of another package or version");
  }
  return std::pair(std::string(version), manifest.get_object());
}

// `dist` with the digests of what came; those that the client told must be the same.
Result<void> settle_dist(const std::string& thing, json::object& manifest,
                         const store::BlobInfo& tarball) {
  const auto of = [&](DigestAlgorithm algorithm) {
    return *std::ranges::find(tarball.aliases, algorithm, &Digest::algorithm);
  };
  const std::string integrity = of(DigestAlgorithm::kSha512).sri();
  const std::string shasum = of(DigestAlgorithm::kSha1).hex();
  json::object told;
  if (const json::value* dist = manifest.if_contains("dist");
      dist != nullptr && dist->is_object()) {
    told = dist->get_object();
  }
  const std::string said = text_of(told, "integrity");
  const std::string sha1 = text_of(told, "shasum");
  if ((!said.empty() && said != integrity) || (!sha1.empty() && sha1 != shasum)) {
    return Error{ErrorCode::kIntegrity, thing, "the tarball is not of the digests that dist says",
                 "publish it again"};
  }
  const std::string url = text_of(told, "tarball");
  manifest["dist"] = json::object{
      {"integrity", integrity}, {"shasum", shasum}, {"tarball", url.empty() ? thing : url}};
  return {};
}

class NpmReception final : public http::Reception {
 public:
  NpmReception(const PublishParts& parts, std::string name, std::string who, bool takes_away)
      : parts_(parts),
        name_(std::move(name)),
        who_(std::move(who)),
        takes_away_(takes_away),
        document_(parts.blobs, parts.files, parts.upload_limit) {}

  std::optional<http::Response> write(ByteView bytes) override {
    if (const auto read = document_.write(bytes); !read) {
      return failure(upload_status(read.error()), read.error().message());
    }
    return std::nullopt;
  }

  http::Response finish() override {
    auto document = document_.finish();
    if (!document) {
      return failure(document.error());
    }
    if (text_of(*document, "name") != name_) {
      return failure(400, name_ + ": the packument is of another package");
    }
    const auto done = takes_away_                    ? take_away(*document)
                      : document_.tarballs().empty() ? deprecate(*document)
                                                     : publish(*document);
    return done ? created() : failure(done.error());
  }

 private:
  Result<SiteOutcome> publish(json::object& document) {
    SLUICE_TRY(auto named, version_in(name_, document));
    auto& [version, manifest] = named;
    const std::string thing = name_ + "@" + version;
    if (document_.tarballs().size() != 1) {
      return bad(thing, "it does not bring exactly one tarball");
    }
    StagedBlob& staged = *document_.tarballs().begin()->second;
    const store::NewBlob blob = staged.finish();
    SLUICE_TRY(const json::object own, read_package_json(thing, staged.path()));
    if (text_of(own, "name") != name_ || text_of(own, "version") != version) {
      return Error{ErrorCode::kIntegrity, thing,
                   "the package.json in its tarball is of " + text_of(own, "name").substr(0, 214) +
                       "@" + text_of(own, "version").substr(0, 80),
                   "publish it with npm"};
    }
    SLUICE_TRY_VOID(settle_dist(thing, manifest, blob.info));
    const NewVersion added{version, json::serialize(manifest), blob.info};
    SiteChange change = change_of(name_, who_);
    change.blobs = {{blob, npm::tarball_file_name(name_, version)}};
    change.make = [&](const std::optional<CatalogEntry>& now) {
      return with_version(name_, added, document, parts_.clock.utc_now(), now);
    };
    return parts_.site.publish(change);
  }
  Result<SiteOutcome> deprecate(const json::object& document) {
    SiteChange change = change_of(name_, who_);
    change.make = [&](const std::optional<CatalogEntry>& now) {
      return with_deprecations(name_, document, parts_.clock.utc_now(), now);
    };
    return parts_.site.publish(change);
  }
  // Those of `document` stay.
  Result<SiteOutcome> take_away(const json::object& document) {
    std::set<std::string> kept;
    if (const json::value* versions = document.if_contains("versions");
        versions != nullptr && versions->is_object()) {
      for (const auto& [version, manifest] : versions->get_object()) {
        kept.insert(std::string(version));
      }
    }
    SiteChange change = change_of(name_, who_);
    change.make = [&](const std::optional<CatalogEntry>& now) {
      return with_versions(name_, kept, parts_.clock.utc_now(), now);
    };
    return parts_.site.publish(change);
  }

  const PublishParts parts_;
  const std::string name_;
  const std::string who_;
  const bool takes_away_;
  PublishDocument document_;
};

Error immutable(const std::string& name) {
  return {ErrorCode::kRefused, name, "nothing is taken out of this namespace",
          "on the high side itself: sluice-high withdraw npm " + name};
}

}  // namespace

std::string_view NpmPublisher::below(const http::Request& request) const {
  return std::string_view(request.path).substr(std::min(prefix_.size(), request.path.size()));
}

http::Opening NpmPublisher::open(const http::Request& head) const {
  const std::string_view path = below(head);
  if (head.method != "PUT" || path.starts_with("/-/")) {
    return {};
  }
  auto [name, rest] = split_name(path);
  const bool takes_away = rest.starts_with(kRevision);
  Verdict verdict = parts_.access.decide(
      head.credentials, takes_away ? Verb::kWithdraw : Verb::kPublish, kEcosystem, name);
  if (!verdict.allowed()) {
    return no(verdict);
  }
  if (const auto named = npm::check_package_name(name); !named || (!rest.empty() && !takes_away)) {
    return failure(named ? 404 : 400,
                   named ? head.path + ": nothing is published there" : named.error().message());
  }
  if (takes_away && parts_.namespaces.is_immutable(kEcosystem, name)) {
    return failure(immutable(name));
  }
  return std::make_unique<NpmReception>(parts_, std::move(name), std::move(verdict.who),
                                        takes_away);
}

bool NpmPublisher::takes(const http::Request& request) const {
  const std::string_view path = below(request);
  return path == kWho || request.method == "DELETE" ||
         (request.method == "PUT" && path.starts_with("/-/"));
}

http::Response NpmPublisher::handle(const http::Request& request) const {
  const std::string_view path = below(request);
  if (path == kWho) {
    return who(request);
  }
  if (path.starts_with(kPackage)) {
    return tag(request, path.substr(kPackage.size() - 1));
  }
  const Named named = split_name(path);
  const bool is_tarball = named.rest.starts_with("-/");
  if (request.method == "DELETE" && (is_tarball || named.rest.starts_with(kRevision))) {
    const Verdict verdict =
        parts_.access.decide(request.credentials, Verb::kWithdraw, kEcosystem, named.name);
    if (!verdict.allowed()) {
      return no(verdict);
    }
    // A tarball is gone with its version, which npm takes away first.
    return is_tarball ? created() : unpublish(named.name, verdict.who);
  }
  return failure(405, request.path + ": this registry does not take that");
}

http::Response NpmPublisher::who(const http::Request& request) const {
  const auto name = parts_.access.identify(request.credentials);
  if (!name) {
    http::Response response = challenge();
    response.body = json::serialize(json::object{{"error", "this needs a token"}});
    return response;
  }
  return http::json_response(json::serialize(json::object{{"username", *name}}));
}

http::Response NpmPublisher::tag(const http::Request& request, std::string_view path) const {
  const std::size_t tags = path.find(kTags);
  if (tags == std::string_view::npos || path.starts_with(kTags)) {
    return failure(404, request.path + ": this registry does not answer that");
  }
  const std::string name(path.substr(1, tags - 1));
  const std::string tag(path.substr(tags + kTags.size()));
  const Verdict verdict =
      parts_.access.decide(request.credentials, Verb::kPublish, kEcosystem, name);
  if (!verdict.allowed()) {
    return no(verdict);
  }
  std::string version;
  if (request.method != "DELETE") {
    boost::system::error_code failed;
    const json::value body = json::parse(request.body, failed);
    if (request.method != "PUT" || failed || !body.is_string() || body.get_string().empty()) {
      return failure(400, "a tag is set by PUT of a version as a JSON string");
    }
    version = body.get_string();
  }
  SiteChange change = change_of(name, verdict.who);
  change.make = [&](const std::optional<CatalogEntry>& now) {
    return with_tag(name, tag, version, parts_.clock.utc_now(), now);
  };
  const auto done = parts_.site.publish(change);
  return done ? created() : failure(done.error());
}

http::Response NpmPublisher::unpublish(const std::string& name, const std::string& who) const {
  if (parts_.namespaces.is_immutable(kEcosystem, name)) {
    return failure(immutable(name));
  }
  SiteChange change = change_of(name, who);
  change.make = [&](const std::optional<CatalogEntry>& now) {
    return with_versions(name, {}, parts_.clock.utc_now(), now);
  };
  const auto done = parts_.site.publish(change);
  return done ? created() : failure(done.error());
}

}  // namespace sluice::high
