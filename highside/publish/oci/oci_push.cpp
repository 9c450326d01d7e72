#include "highside/publish/oci/oci_push.h"

#include <algorithm>

#include "common/ecosystem/oci/names.h"
#include "common/http/content.h"
#include "highside/pipeline/blob_body.h"
#include "highside/publish/oci/failures.h"
#include "highside/publish/oci/login.h"
#include "highside/publish/oci/repository_record.h"
#include "highside/publish/oci/upload_reception.h"

namespace sluice::high {
namespace {

using What = PushRequest::What;

constexpr std::string_view kVersion = "Docker-Distribution-Api-Version";

http::Response unsupported(std::string_view message) {
  return registry_error(405, "UNSUPPORTED", message);
}

http::Response with_version(http::Response response) {
  if (response.headers.find(kVersion) == response.headers.end()) {
    response.headers.emplace(kVersion, "registry/2.0");
  }
  return response;
}

http::Response bad_digest(std::string_view cause) {
  return registry_error(400, "DIGEST_INVALID", cause);
}

}  // namespace

OciPush::OciPush(std::string prefix, const PublishParts& parts, http::Handler mirror)
    : prefix_(std::move(prefix)),
      parts_(parts),
      mirror_(std::move(mirror)),
      uploads_(parts.blobs, parts.files, parts.clock, parts.upload_limit),
      pushed_(parts.clock) {}

http::Handler OciPush::handler(std::shared_ptr<OciPush> push) {
  return [push = std::move(push)](const http::Request& request) { return push->handle(request); };
}

http::Receiver OciPush::receiver(std::shared_ptr<OciPush> push) {
  return [push = std::move(push)](const http::Request& head) { return push->receive(head); };
}

http::Response OciPush::handle(const http::Request& request) {
  uploads_.sweep();
  const auto asked = read_push_request(
      request.method,
      std::string_view(request.path).substr(std::min(prefix_.size(), request.path.size())));
  if (!asked) {
    return mirror_(request);
  }
  switch (asked->what) {
    case What::kSupport:
      return with_version(support(request));
    case What::kToken:
      return token(request);
    case What::kBegin:
      return with_version(unsupported("an upload begins with POST"));
    case What::kUpload:
      return with_version(upload_status(request, *asked));
    case What::kManifest:
      return with_version(remove(request, *asked));
    case What::kBlob:
      break;
  }
  if (request.method == "DELETE") {
    return with_version(remove(request, *asked));
  }
  auto pushed = pushed_blob(request, *asked);
  return pushed ? with_version(std::move(*pushed)) : mirror_(request);
}

http::Opening OciPush::receive(const http::Request& head) {
  const auto asked = read_push_request(
      head.method, std::string_view(head.path).substr(std::min(prefix_.size(), head.path.size())));
  if (!asked) {
    return std::monostate();  // the mirror says that it only reads
  }
  if (asked->what == What::kToken) {
    return unsupported("tokens are asked for with GET");  // clients that try POST first go on so
  }
  const bool fits = asked->what == What::kBegin      ? head.method == "POST"
                    : asked->what == What::kUpload   ? head.method != "POST"
                    : asked->what == What::kManifest ? head.method == "PUT"
                                                     : false;
  if (!fits) {
    return with_version(unsupported(head.method + " is not for this address"));
  }
  auto to = admit(head, *asked, Verb::kPublish);
  if (auto* no = std::get_if<http::Response>(&to)) {
    return with_version(std::move(*no));
  }
  const Admitted& admitted = std::get<Admitted>(to);
  switch (asked->what) {
    case What::kBegin:
      return begin(head, admitted);
    case What::kUpload:
      return go_on(head, *asked, admitted);
    default:
      return std::make_unique<ManifestReception>(
          *this, admitted, asked->reference, std::string(head.header("Content-Type").value_or("")));
  }
}

std::variant<OciPush::Admitted, http::Response> OciPush::admit(const http::Request& request,
                                                               const PushRequest& asked,
                                                               Verb verb) const {
  const auto document = oci::parse_document(asked.name);
  if (!document) {
    return registry_error(400, "NAME_INVALID", document.error().message());
  }
  Admitted to{document->name(), ""};
  const Verdict verdict = parts_.access.decide(without_anonymous(request.credentials), verb,
                                               oci::kEcosystem, to.document);
  if (!verdict.allowed()) {
    return denied(request, verdict, to.document);
  }
  to.who = verdict.who;
  return to;
}

http::Response OciPush::denied(const http::Request& request, const Verdict& verdict,
                               const std::string& document) const {
  const bool is_unknown = verdict.outcome == Verdict::Outcome::kUnknown;
  http::Response answer =
      registry_error(is_unknown ? 401 : 403, is_unknown ? "UNAUTHORIZED" : "DENIED", verdict.cause);
  if (is_unknown) {
    answer.headers.emplace("WWW-Authenticate", bearer_challenge(request, prefix_, document));
  }
  return answer;
}

// Clients ask this before anything else, and send their token afterwards only if it was asked for
// here: so whoever comes without one is sent to get one, which nobody is refused.
http::Response OciPush::support(const http::Request& request) const {
  const http::Credentials given = without_anonymous(request.credentials);
  const bool is_anonymous = given.empty() && !request.credentials.empty();
  if (is_anonymous || (!given.empty() && parts_.access.identify(given))) {
    return http::json_response("{}");
  }
  http::Response answer = registry_error(
      401, "UNAUTHORIZED",
      given.empty() ? "log in to push; pulls need no more than what is given to anybody"
                    : "that is no token, or one that was revoked or has expired");
  answer.headers.emplace("WWW-Authenticate", bearer_challenge(request, prefix_, ""));
  return answer;
}

http::Response OciPush::token(const http::Request& request) const {
  if (request.method != "GET") {
    return unsupported("tokens are asked for with GET");
  }
  if (!without_anonymous(request.credentials).empty() &&
      !parts_.access.identify(request.credentials)) {
    http::Response answer = registry_error(
        401, "UNAUTHORIZED", "that is no token, or one that was revoked or has expired");
    answer.headers.emplace("WWW-Authenticate", kChallenge);
    return answer;
  }
  return bearer_answer(request.credentials);
}

// --- blobs

http::Opening OciPush::begin(const http::Request& head, const Admitted& to) {
  if (auto mounted = mount(head, to)) {
    return with_version(std::move(*mounted));
  }
  auto lease = uploads_.begin(to.document);
  if (!lease) {
    return with_version(push_failure(lease.error(), "BLOB_UPLOAD_INVALID"));
  }
  if (auto digest = query_parameter(head, "digest")) {
    return std::make_unique<UploadReception>(*this, std::move(*lease), to.document,
                                             std::move(digest));
  }
  return with_version(progress(202, to.document, lease->id(), 0));
}

// Of a repository that holds it; otherwise it is to be uploaded.
std::optional<http::Response> OciPush::mount(const http::Request& head, const Admitted& to) {
  const auto blob = oci::parse_digest(query_parameter(head, "mount").value_or(""));
  const auto from = query_parameter(head, "from");
  if (!blob || !from || !oci::parse_document(*from) ||
      !parts_.access
           .decide(without_anonymous(head.credentials), Verb::kRead, oci::kEcosystem, *from)
           .allowed()) {
    return std::nullopt;
  }
  parts_.site.hold(*blob);
  const auto entry = parts_.catalog.find(parts_.catalog.current(), oci::kEcosystem, *from);
  if (!entry) {
    return std::nullopt;
  }
  const auto repository = repository_of(*from, *entry);
  const auto held = repository ? size_in(*repository, *blob) : std::nullopt;
  const auto size = held ? held : pushed_.find(*from, *blob);
  const auto stored = parts_.blobs.find(*blob);
  if (!size || !stored || !*stored || parts_.catalog.is_lost(*blob)) {
    return std::nullopt;
  }
  pushed_.add(to.document, *blob, *size);
  return created(to.document, *blob);
}

http::Opening OciPush::go_on(const http::Request& head, const PushRequest& asked,
                             const Admitted& to) {
  auto lease = uploads_.take(asked.reference, to.document);
  if (!lease) {
    const bool is_gone = lease.error().code == ErrorCode::kNotFound;
    return with_version(registry_error(is_gone ? 404 : 409,
                                       is_gone ? "BLOB_UPLOAD_UNKNOWN" : "BLOB_UPLOAD_INVALID",
                                       lease.error().message()));
  }
  const std::uint64_t size = lease->blob().size();
  if (const auto field = head.header("Content-Range")) {
    const auto range = read_chunk_range(*field);
    if (!range || range->first != size) {
      return with_version(progress(416, to.document, lease->id(), size));
    }
  }
  auto digest = query_parameter(head, "digest");
  if (head.method == "PUT" && !digest) {
    return with_version(bad_digest("an upload is completed with ?digest="));
  }
  return std::make_unique<UploadReception>(*this, std::move(*lease), to.document,
                                           head.method == "PUT" ? std::move(digest) : std::nullopt);
}

http::Response OciPush::upload_status(const http::Request& request, const PushRequest& asked) {
  auto to = admit(request, asked, Verb::kPublish);
  if (auto* no = std::get_if<http::Response>(&to)) {
    return std::move(*no);
  }
  const std::string& document = std::get<Admitted>(to).document;
  auto lease = uploads_.take(asked.reference, document);
  if (!lease) {
    const bool is_gone = lease.error().code == ErrorCode::kNotFound;
    return registry_error(is_gone ? 404 : 409,
                          is_gone ? "BLOB_UPLOAD_UNKNOWN" : "BLOB_UPLOAD_INVALID",
                          lease.error().message());
  }
  if (request.method == "DELETE") {
    lease->end();
    return {.status = 204};
  }
  return progress(204, document, lease->id(), lease->blob().size());
}

http::Response OciPush::complete(UploadBook::Lease& lease, const std::string& document,
                                 const std::string& digest) {
  lease.end();
  const store::NewBlob blob = lease.blob().finish();
  const auto expected = oci::parse_digest(digest);
  if (!expected || *expected != blob.info.digest) {
    return bad_digest("the bytes are " + oci::digest_text(blob.info.digest) + ", not " +
                      (expected ? digest : "of a digest that is taken here: sha256 alone is"));
  }
  parts_.site.hold(blob.info.digest);
  if (const auto kept = parts_.blobs.commit({blob}); !kept) {
    return push_failure(kept.error(), "BLOB_UPLOAD_INVALID");
  }
  pushed_.add(document, blob.info.digest, blob.info.size);
  return created(document, blob.info.digest);
}

http::Response OciPush::progress(unsigned status, const std::string& document,
                                 const std::string& id, std::uint64_t size) const {
  http::Response answer{.status = status};
  answer.headers.emplace("Location", prefix_ + "/" + document + "/blobs/uploads/" + id);
  answer.headers.emplace("Range", "0-" + std::to_string(size == 0 ? 0 : size - 1));
  answer.headers.emplace("Docker-Upload-UUID", id);
  return answer;
}

http::Response OciPush::created(const std::string& document, const Sha256Digest& blob) const {
  http::Response answer{.status = 201};
  answer.headers.emplace("Location", prefix_ + "/" + document + "/blobs/" + oci::digest_text(blob));
  answer.headers.emplace("Docker-Content-Digest", oci::digest_text(blob));
  return answer;
}

// What was pushed and stands in no manifest yet is seen by who asks for it by its digest.
std::optional<http::Response> OciPush::pushed_blob(const http::Request& request,
                                                   const PushRequest& asked) const {
  const auto document = oci::parse_document(asked.name);
  const auto blob = oci::parse_digest(asked.reference);
  if (!document || !blob || !pushed_.find(document->name(), *blob) ||
      !parts_.access
           .decide(without_anonymous(request.credentials), Verb::kPublish, oci::kEcosystem,
                   document->name())
           .allowed()) {
    return std::nullopt;
  }
  parts_.site.hold(*blob);
  auto reader = parts_.blobs.open(*blob);
  if (!reader) {
    return std::nullopt;
  }
  http::Content content;
  content.media_type = "application/octet-stream";
  content.etag = '"' + asked.reference + '"';
  content.extra.emplace("Docker-Content-Digest", asked.reference);
  return http::respond(request, content, std::make_shared<BlobBody>(std::move(*reader)));
}

}  // namespace sluice::high
