#include "highside/publish/pypi/pypi_publisher.h"

#include <algorithm>

#include "common/ecosystem/pypi/archive_reader.h"
#include "common/ecosystem/pypi/core_metadata.h"
#include "common/ecosystem/pypi/file_name.h"
#include "common/ecosystem/pypi/project_name.h"
#include "highside/publish/pypi/upload_form.h"
#include "sluice/pypi.pb.h"

namespace sluice::high {
namespace {

constexpr std::string_view kEcosystem = "pypi";

Error bad(std::string thing, std::string cause) {
  return {ErrorCode::kInvalid, std::move(thing), std::move(cause),
          "mend the package and build it anew"};
}

std::string bytes_of(const store::NewBlob& blob) {
  return std::string(as_text(blob.info.digest.bytes()));
}

// By version, then by name, as records have them.
bool stands_before(const std::string& project, const proto::PypiFile& a, const proto::PypiFile& b) {
  const auto first = pypi::read_file_name(project, a.filename());
  const auto second = pypi::read_file_name(project, b.filename());
  if (first && second && first->version != second->version) {
    return first->version < second->version;
  }
  return a.filename() < b.filename();
}

// The project with one file more; none if it is there already.
Result<std::optional<proto::Record>> with_file(const proto::PypiFile& file, const std::string& name,
                                               const std::optional<CatalogEntry>& now) {
  proto::PypiProject project;
  if (now && !project.ParseFromString(now->body)) {
    return Error{ErrorCode::kIo, name, "its record cannot be read", "check the catalog's disk"};
  }
  project.set_name(name);
  for (const proto::PypiFile& held : project.files()) {
    if (held.filename() == file.filename()) {
      return held.sha256() == file.sha256()
                 ? Result<std::optional<proto::Record>>(std::optional<proto::Record>())
                 : Error{ErrorCode::kRefused, file.filename(),
                         "File already exists, with other bytes", "give it a new version"};
    }
  }
  if (static_cast<std::size_t>(project.files_size()) >= PypiPublisher::kMaxFiles) {
    return Error{ErrorCode::kRefused, name,
                 "it has " + std::to_string(PypiPublisher::kMaxFiles) + " files already",
                 "let retention take away old ones"};
  }
  *project.add_files() = file;
  std::ranges::sort(*project.mutable_files(),
                    [&](const auto& a, const auto& b) { return stands_before(name, a, b); });
  proto::Record record;
  record.set_body(project.SerializeAsString());
  for (const proto::PypiFile& held : project.files()) {
    record.add_blobs(held.sha256());
    if (!held.metadata().empty()) {
      record.add_blobs(held.metadata());
    }
  }
  return std::optional(std::move(record));
}

class PypiReception final : public http::Reception {
 public:
  PypiReception(const PublishParts& parts, http::Credentials given, const std::string& boundary)
      : parts_(parts),
        given_(std::move(given)),
        form_(parts.blobs, parts.files, parts.upload_limit),
        reader_(boundary, form_) {}

  std::optional<http::Response> write(ByteView bytes) override {
    if (const auto read = reader_.write(bytes); !read) {
      return answer(read.error(), upload_status(read.error()));
    }
    // As early as the name is known: files are large, and who may not is told before he sends one.
    if (!asked_ && form_.has_file() && !form_.field("name").empty()) {
      return ask();
    }
    return std::nullopt;
  }

  http::Response finish() override {
    if (const auto whole = reader_.finish(); !whole) {
      return answer(whole.error(), 400);
    }
    if (!asked_) {
      if (auto refused = ask()) {
        return std::move(*refused);
      }
    }
    const auto done = publish();
    if (!done) {
      return answer(done.error(), publish_status(done.error()));
    }
    http::Response response;
    response.headers.emplace("Content-Type", "text/plain; charset=utf-8");
    response.body =
        form_.file_name() + (done->changed ? " is published\n" : " was there already\n");
    return response;
  }

 private:
  static http::Response answer(const Error& error, unsigned status) {
    return http::error_response(status, error.message());
  }

  std::optional<http::Response> ask() {
    asked_ = true;
    name_ = form_.field("name");
    if (const auto named = pypi::check_project_name(name_); !named) {
      return answer(named.error(), 400);
    }
    name_ = pypi::normalise(name_);
    const Verdict verdict = parts_.access.decide(given_, Verb::kPublish, kEcosystem, name_);
    who_ = verdict.who;
    return verdict.allowed() ? std::nullopt : std::optional(refusal(verdict));
  }

  Result<pypi::FileName> check_form() {
    if (form_.field(":action") != "file_upload" || form_.field("protocol_version") != "1") {
      return bad("form", "it is no upload of a file by protocol version 1");
    }
    if (!form_.has_file()) {
      return bad("form", "it has no file");
    }
    SLUICE_TRY(pypi::FileName name, pypi::read_file_name(name_, form_.file_name()));
    const auto version = pypi::Version::parse(form_.field("version"));
    if (!version || *version != name.version) {
      return bad(form_.file_name(), "its name is of another version than \"" +
                                        form_.field("version").substr(0, 80) + "\"");
    }
    const bool wheel = name.kind == pypi::FileKind::kWheel;
    if (form_.field("filetype") != (wheel ? "bdist_wheel" : "sdist")) {
      return bad(form_.file_name(), "its filetype is not what its name says");
    }
    return name;
  }

  Result<SiteOutcome> publish() {
    SLUICE_TRY(const pypi::FileName name, check_form());
    const store::NewBlob blob = form_.file().finish();
    SLUICE_TRY_VOID(form_.check_digests(blob.info.digest));
    SLUICE_TRY(const std::string text,
               pypi::read_archived_metadata(form_.file_name(), form_.file().path(), name.kind));
    SLUICE_TRY(const pypi::CoreMetadata metadata,
               pypi::read_core_metadata(form_.file_name(), name_, name.version, text));
    proto::PypiFile file;
    file.set_filename(form_.file_name());
    file.set_sha256(bytes_of(blob));
    file.set_size(blob.info.size);
    file.set_requires_python(metadata.requires_python);
    file.set_upload_time(format_rfc3339(parts_.clock.utc_now()));
    SiteChange change{.ecosystem = std::string(kEcosystem),
                      .document = name_,
                      .by = who_,
                      .blobs = {{blob, form_.file_name()}},
                      .make = {}};
    std::unique_ptr<StagedBlob> beside;
    if (name.kind == pypi::FileKind::kWheel) {
      SLUICE_TRY(beside, StagedBlob::begin(parts_.blobs, parts_.files, text.size()));
      SLUICE_TRY_VOID(beside->write(as_bytes(text)));
      change.blobs.push_back({beside->finish(), form_.file_name() + ".metadata"});
      file.set_metadata(bytes_of(change.blobs.back().blob));
    }
    change.make = [&](const std::optional<CatalogEntry>& now) {
      return with_file(file, name_, now);
    };
    return parts_.site.publish(change);
  }

  const PublishParts parts_;
  const http::Credentials given_;
  UploadForm form_;
  MultipartReader reader_;
  bool asked_ = false;
  std::string name_;
  std::string who_;
};

}  // namespace

http::Opening PypiPublisher::open(const http::Request& head) const {
  if (head.method != "POST") {
    return {};
  }
  std::string_view path =
      std::string_view(head.path).substr(std::min(prefix_.size(), head.path.size()));
  if (path != "/legacy/" && path != "/legacy" && path != "/" && !path.empty()) {
    return http::error_response(404, head.path + ": uploads go to " + prefix_ + "/legacy/");
  }
  if (!parts_.access.identify(head.credentials)) {
    return challenge();
  }
  const auto boundary = MultipartReader::boundary_of(head.header("Content-Type").value_or(""));
  if (!boundary) {
    return http::error_response(400, "an upload is a form: multipart/form-data with a boundary");
  }
  return std::make_unique<PypiReception>(parts_, head.credentials, *boundary);
}

}  // namespace sluice::high
