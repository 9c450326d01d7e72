#include "lowside/upstream/apt/suite.h"

#include "common/base/file_system.h"
#include "common/base/hasher.h"
#include "common/base/text.h"
#include "common/ecosystem/apt/gpg_verify.h"
#include "lowside/upstream/apt/uri.h"

namespace sluice::low {
namespace {

using observe::Metric;

constexpr const char* kInRelease = "InRelease";
constexpr const char* kRelease = "Release";
constexpr const char* kReleaseGpg = "Release.gpg";

std::string kept_text(const std::filesystem::path& path) {
  const auto bytes = read_file(posix_file_system(), path, apt::kMaxReleaseBytes);
  return bytes ? std::string(as_text(*bytes)) : std::string();
}

}  // namespace

std::string Suite::uri(std::string_view path) const { return source.uri + "/" + encode_path(path); }

std::filesystem::path SuiteReader::kept(const Suite& suite) const {
  // A suite's name may have slashes, and another archive may take its place under the same name.
  return context_.work / "suites" /
         sha256(as_bytes(suite.source.uri + " " + suite.document)).hex().substr(0, 16);
}

void SuiteReader::count(const Error& error) const {
  switch (error.code) {
    case ErrorCode::kIntegrity:
      counters_.add(Metric::kUpstreamBadSignature);
      break;
    case ErrorCode::kOutdated:
      counters_.add(Metric::kUpstreamRollback);
      break;
    case ErrorCode::kInvalid:
      counters_.add(Metric::kUpstreamGarbage);
      break;
    default:
      break;  // counted by the fetch
  }
}

Result<AcceptedSuite> SuiteReader::verify(const Suite& suite, std::string in_release,
                                          const std::string& release,
                                          std::string release_gpg) const {
  const bool inline_signed = !in_release.empty();
  const std::string uri = suite.uri(suite.folder() + (inline_signed ? kInRelease : kRelease));
  if (inline_signed && !in_release.starts_with("-----BEGIN PGP SIGNED MESSAGE-----")) {
    return Error{ErrorCode::kInvalid, uri, "the answer is no InRelease file",
                 "look at what the address answers; a proxy's or a portal's page, perhaps"};
  }
  SLUICE_TRY(auto signed_text,
             inline_signed
                 ? apt::verify_in_release(uri, in_release, suite.keyring, context_.stop)
                 : apt::verify_release(uri, release, release_gpg, suite.keyring, context_.stop));
  AcceptedSuite accepted{suite, std::move(in_release), {}, std::move(release_gpg), {}, {}};
  accepted.release = std::move(signed_text.text);
  accepted.fingerprint = std::move(signed_text.fingerprint);
  SLUICE_TRY(accepted.parsed, apt::parse_release(uri, accepted.release));
  return accepted;
}

Result<void> SuiteReader::check_times(const AcceptedSuite& accepted,
                                      const proto::StoredAptSuite* state) const {
  const auto& release = accepted.parsed;
  const std::string thing = accepted.suite.document;
  if (state != nullptr && to_unix_micros(release.date) < state->upstream_date_micros()) {
    return Error{ErrorCode::kOutdated, thing,
                 "the archive went back: its Release is of " +
                     apt::format_release_date(release.date) + ", but one of " +
                     apt::format_release_date(from_unix_micros(state->upstream_date_micros())) +
                     " was accepted before",
                 "a stale mirror or an attack: use another mirror"};
  }
  if (release.valid_until && *release.valid_until < clock_.utc_now()) {
    return Error{ErrorCode::kOutdated, thing,
                 "its Release expired on " + apt::format_release_date(*release.valid_until),
                 "the mirror no longer follows its archive, or this machine's clock is wrong"};
  }
  return {};
}

Result<Document> SuiteReader::document(const Suite& suite, const char* name,
                                       const proto::StoredAptSuite* condition) {
  DocumentRequest request;
  request.uri = suite.uri(suite.folder() + name);
  request.size_limit = apt::kMaxReleaseBytes;
  if (condition != nullptr) {
    request.if_none_match = condition->etag();
    request.if_modified_since = condition->last_modified();
  }
  return context_.fetch.document(request, context_.stop);
}

Result<AcceptedSuite> SuiteReader::fetch(const Suite& suite, proto::StoredAptSuite& state) {
  std::string in_release = kept_text(kept(suite) / kInRelease);
  auto answer = document(suite, kInRelease, in_release.empty() ? nullptr : &state);
  if (!answer && answer.error().code == ErrorCode::kNotFound) {
    SLUICE_TRY(auto release, document(suite, kRelease, nullptr));
    SLUICE_TRY(auto signature, document(suite, kReleaseGpg, nullptr));
    return verify(suite, "", release.body, std::move(signature.body));
  }
  if (!answer) {
    return std::move(answer).error();
  }
  if (answer->status != 304) {
    in_release = std::move(answer->body);
    state.set_etag(answer->etag);
    state.set_last_modified(answer->last_modified);
    if (in_release.empty()) {
      return Error{ErrorCode::kInvalid, suite.uri(suite.folder() + kInRelease),
                   "the answer is empty", ""};
    }
  }
  return verify(suite, std::move(in_release), "", "");
}

Result<AcceptedSuite> SuiteReader::accept(const Suite& suite, proto::StoredAptSuite& state) {
  proto::StoredAptSuite next = state;
  auto accepted = fetch(suite, next);
  if (accepted) {
    if (auto in_time = check_times(*accepted, &state); !in_time) {
      accepted = std::move(in_time).error();
    }
  }
  if (!accepted) {
    count(accepted.error());
    return accepted;
  }
  auto& files = posix_file_system();
  const auto folder = kept(suite);
  SLUICE_TRY_VOID(files.create_directories(folder));
  for (const auto& [name, text] :
       {std::pair(kInRelease, &accepted->in_release), std::pair(kRelease, &accepted->release),
        std::pair(kReleaseGpg, &accepted->release_gpg)}) {
    SLUICE_TRY_VOID(write_file_durably(files, folder / name, as_bytes(*text)));
  }
  next.set_upstream_date_micros(to_unix_micros(accepted->parsed.date));
  state = std::move(next);
  return accepted;
}

std::optional<AcceptedSuite> SuiteReader::accepted_before(const Suite& suite) {
  const auto folder = kept(suite);
  std::string in_release = kept_text(folder / kInRelease);
  const std::string release = kept_text(folder / kRelease);
  if (in_release.empty() && release.empty()) {
    return std::nullopt;
  }
  auto accepted = verify(suite, std::move(in_release), release, kept_text(folder / kReleaseGpg));
  if (!accepted || !check_times(*accepted, nullptr)) {
    return std::nullopt;
  }
  return std::move(*accepted);
}

void SuiteReader::add_detached(AcceptedSuite& suite) {
  if (suite.in_release.empty()) {
    return;
  }
  auto release = document(suite.suite, kRelease, nullptr);
  auto signature = document(suite.suite, kReleaseGpg, nullptr);
  if (!release || !signature) {
    return;
  }
  const auto accepted = verify(suite.suite, "", release->body, std::move(signature->body));
  // A clear signature covers its text without the last line's end.
  if (accepted && trim(accepted->release) == trim(suite.release)) {
    suite.release = accepted->release;
    suite.release_gpg = accepted->release_gpg;
  }
}

}  // namespace sluice::low
