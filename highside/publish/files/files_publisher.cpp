#include "highside/publish/files/files_publisher.h"

#include <algorithm>

#include "common/ecosystem/files/document_name.h"
#include "common/http/content.h"
#include "highside/pipeline/staged_blob.h"
#include "sluice/file.pb.h"

namespace sluice::high {
namespace {

constexpr std::string_view kEcosystem = "file";
constexpr std::string_view kAnyType = "application/octet-stream";
// What curl says when it is not told.
constexpr std::string_view kFormType = "application/x-www-form-urlencoded";

// "text/plain" of "text/plain; charset=utf-8"; what is no type is any.
std::string media_type(const http::Request& head) {
  std::string_view type = head.header("Content-Type").value_or("");
  type = type.substr(0, type.find(';'));
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$&^_.+-").find(c) != std::string_view::npos;
  };
  const std::size_t slash = type.find('/');
  const bool good = slash != std::string_view::npos && slash > 0 && slash + 1 < type.size() &&
                    std::ranges::all_of(type.substr(0, slash), is_plain) &&
                    std::ranges::all_of(type.substr(slash + 1), is_plain) && type != kFormType;
  return std::string(good ? type : kAnyType);
}

class FileReception final : public http::Reception {
 public:
  FileReception(const PublishParts& parts, const http::Request& head, std::string document,
                std::string who, std::unique_ptr<StagedBlob> staged)
      : parts_(parts),
        document_(std::move(document)),
        who_(std::move(who)),
        type_(media_type(head)),
        expected_(head.header("Repr-Digest").value_or("")),
        only_new_(head.header("If-None-Match") == "*"),
        location_(head.raw_path),
        staged_(std::move(staged)) {}

  std::optional<http::Response> write(ByteView bytes) override {
    if (const auto written = staged_->write(bytes); !written) {
      return http::error_response(upload_status(written.error()), written.error().message());
    }
    return std::nullopt;
  }

  http::Response finish() override {
    const store::NewBlob blob = staged_->finish();
    const Sha256Digest digest = blob.info.digest;
    if (!expected_.empty() && expected_ != http::repr_digest_sha256(digest.bytes())) {
      return http::error_response(400, document_ +
                                           ": it is not of the digest that Repr-Digest "
                                           "says (" +
                                           http::repr_digest_sha256(digest.bytes()) + ")");
    }
    SiteChange change{.ecosystem = std::string(kEcosystem),
                      .document = document_,
                      .by = who_,
                      .blobs = {{blob, document_.substr(document_.rfind('/') + 1)}},
                      .make = {}};
    bool is_new = false;
    change.make = [&](const std::optional<CatalogEntry>& now) {
      is_new = !now;
      return record(blob, now);
    };
    const auto done = parts_.site.publish(change);
    if (!done) {
      const bool precondition = only_new_ && done.error().code == ErrorCode::kOutdated;
      return http::error_response(precondition ? 412 : publish_status(done.error()),
                                  done.error().message());
    }
    http::Response response;
    response.status = is_new ? 201 : 200;
    response.headers = {{"ETag", '"' + digest.hex() + '"'},
                        {"Location", location_},
                        {"Content-Type", "text/plain; charset=utf-8"}};
    response.body = digest.hex() + "  " + document_ + "\n";
    return response;
  }

 private:
  // None: it is there already, as it is.
  Result<std::optional<proto::Record>> record(const store::NewBlob& blob,
                                              const std::optional<CatalogEntry>& now) const {
    proto::FileEntry entry;
    const std::string digest(as_text(blob.info.digest.bytes()));
    if (now && entry.ParseFromString(now->body) && entry.sha256() == digest) {
      return std::optional<proto::Record>();
    }
    if (now && only_new_) {
      return Error{ErrorCode::kOutdated, document_, "there is one of that name", ""};
    }
    if (now && parts_.namespaces.is_immutable(kEcosystem, document_)) {
      return Error{ErrorCode::kRefused, document_, "nothing is replaced in this namespace",
                   "publish it under another name"};
    }
    entry.Clear();
    entry.set_sha256(digest);
    entry.set_size(blob.info.size);
    entry.set_modified_micros(to_unix_micros(parts_.clock.utc_now()));
    entry.set_media_type(type_);
    proto::Record record;
    record.set_body(entry.SerializeAsString());
    record.add_blobs(digest);
    return std::optional(std::move(record));
  }

  const PublishParts parts_;
  const std::string document_;
  const std::string who_;
  const std::string type_;
  const std::string expected_;
  const bool only_new_;
  const std::string location_;
  std::unique_ptr<StagedBlob> staged_;
};

}  // namespace

std::string FilesPublisher::document_of(const http::Request& request) const {
  return request.path.size() > prefix_.size() + 1 ? request.path.substr(prefix_.size() + 1) : "";
}

http::Opening FilesPublisher::open(const http::Request& head) const {
  if (head.method != "PUT") {
    return {};
  }
  std::string document = document_of(head);
  Verdict verdict = parts_.access.decide(head.credentials, Verb::kPublish, kEcosystem, document);
  if (!verdict.allowed()) {
    return refusal(verdict);
  }
  if (const auto named = files::check_document_name(document); !named) {
    return http::error_response(400, named.error().message());
  }
  auto staged = StagedBlob::begin(parts_.blobs, parts_.files, parts_.upload_limit);
  if (!staged) {
    return http::error_response(upload_status(staged.error()), staged.error().message());
  }
  return std::make_unique<FileReception>(parts_, head, std::move(document), std::move(verdict.who),
                                         std::move(*staged));
}

http::Response FilesPublisher::handle(const http::Request& request) const {
  if (request.method != "DELETE") {
    http::Response response =
        http::error_response(405, "files are read by GET, published by PUT, taken away by DELETE");
    response.headers.emplace("Allow", "GET, HEAD, PUT, DELETE");
    return response;
  }
  const std::string document = document_of(request);
  const Verdict verdict =
      parts_.access.decide(request.credentials, Verb::kWithdraw, kEcosystem, document);
  return verdict.allowed() ? take_away(document, verdict.who) : refusal(verdict);
}

http::Response FilesPublisher::take_away(const std::string& document,
                                         const std::string& who) const {
  SiteChange change{
      .ecosystem = std::string(kEcosystem), .document = document, .by = who, .make = {}};
  change.make = [&](const std::optional<CatalogEntry>& now) {
    using Made = Result<std::optional<proto::Record>>;
    if (!now) {
      return Made(Error{ErrorCode::kNotFound, document, "it is not here", ""});
    }
    if (parts_.namespaces.is_immutable(kEcosystem, document)) {
      return Made(Error{ErrorCode::kRefused, document, "nothing is taken out of this namespace",
                        "on the high side itself: sluice-high withdraw file " + document});
    }
    proto::Record record;
    record.set_withdrawn(true);
    return Made(std::optional(std::move(record)));
  };
  if (const auto done = parts_.site.publish(change); !done) {
    return http::error_response(publish_status(done.error()), done.error().message());
  }
  return {.status = 204};
}

}  // namespace sluice::high
