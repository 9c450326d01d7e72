// Of a poll: the files, and whether they are what the index says they are.
#include <algorithm>
#include <boost/url.hpp>

#include "common/base/hasher.h"
#include "common/base/present.h"
#include "common/base/text.h"
#include "common/ecosystem/pypi/archive_reader.h"
#include "common/ecosystem/pypi/core_metadata.h"
#include "lowside/upstream/pypi/poll.h"

namespace sluice::low {
namespace {

// The public index takes 1 GB without asking; the largest wheels with GPU code have 3.
constexpr std::uint64_t kMaxFileBytes = std::uint64_t{8} << 30;

Sha256Digest sha256_of(const proto::Blob& blob) {
  return Sha256Digest::from_bytes(as_bytes(blob.sha256())).value();
}

}  // namespace

std::string PypiPoll::with_credentials(const std::string& url) const {
  const auto own = boost::urls::parse_uri(settings_.index);
  const auto file = boost::urls::parse_uri(url);
  if (!own || !file || !own->has_userinfo() || own->scheme() != file->scheme() ||
      own->encoded_host() != file->encoded_host() || own->port() != file->port()) {
    return url;
  }
  boost::urls::url result(*file);
  result.set_encoded_userinfo(own->encoded_userinfo());
  return std::string(result.buffer());
}

// Of projects that closures want files of and that have no page yet: new ones, and held ones whose
// page has not changed but of which another file is wanted now.
void PypiPoll::fetch_missing_pages() {
  std::set<std::string> missing;
  for (const auto& [name, project] : projects_) {
    for (const std::string& file : project.wanted) {
      if (!project.page && !project.no_page && shipped(name, file) == nullptr) {
        missing.insert(name);
      }
    }
  }
  fetch_pages(missing, false);
}

void PypiPoll::choose_files() {
  for (auto& [name, project] : projects_) {
    const PypiTracked* before = tracked(name);
    const bool wants_more = std::ranges::any_of(
        project.wanted, [&](const auto& file) { return shipped(name, file) == nullptr; });
    if (!project.page) {
      for (const std::string& file : project.wanted) {
        if (project.no_page && shipped(name, file) == nullptr) {
          failures_[file] = project.no_page->message();
        }
      }
      continue;
    }
    if (!wants_more && (before == nullptr || before->answer == project.answer)) {
      if (before != nullptr) {
        cursor_.projects[name].etag = project.etag;
        cursor_.projects[name].last_modified = project.last_modified;
      }
      project.page.reset();  // it says nothing new
      continue;
    }
    std::set<std::string> files = project.wanted;
    if (before != nullptr) {
      for (const auto& [file, digests] : before->files) {
        files.insert(file);
      }
    }
    for (const std::string& file : files) {
      choose(name, project, file);
    }
  }
}

void PypiPoll::choose(const std::string& name, Project& project, const std::string& file) {
  const auto& listed = present(project.page).files;
  const auto found = std::ranges::find(listed, file, &SimpleFile::filename);
  const PypiShipped* before = shipped(name, file);
  if (found == listed.end()) {
    if (before != nullptr) {
      choose_unlisted(name, project, file);
    } else {
      fail(name, file,
           {ErrorCode::kNotFound, file, "the index does not list it any more",
            "it may just have been deleted: the next poll resolves anew"});
    }
    return;
  }
  if (!found->sha256) {
    fail(name, file,
         {ErrorCode::kRefused, file, "the index names no SHA-256 of it, or two",
          "ask the index's owner for one: what cannot be checked does not cross"});
    return;
  }
  if (before != nullptr && present(found->sha256).hex() != before->sha256) {
    counters_.add(observe::Metric::kUpstreamBadDigest);
    fail(name, file,
         {ErrorCode::kIntegrity, file,
          "the index now names another digest for a file that was shipped before",
          "files never change: ask the index's owner"});
    return;
  }
  if (found->size.value_or(0) > kMaxFileBytes) {
    fail(name, file,
         {ErrorCode::kRefused, file,
          "the index says that it has " + human_size(found->size.value_or(0)) + ", more than the " +
              human_size(kMaxFileBytes) + " that are taken",
          "if that is right, carry it as a file"});
    return;
  }
  project.chosen.emplace(file, Chosen{describe(*found), found->url, present(found->sha256),
                                      found->size, found->metadata, found->name.kind});
}

// What was held stays, as the record that was shipped last describes it.
void PypiPoll::choose_unlisted(const std::string& name, Project& project, const std::string& file) {
  if (const auto record = records_.find<proto::PypiProject>(tracked(name)->record)) {
    for (const auto& held : record->files()) {
      const auto parsed = pypi::read_file_name(name, file);
      const auto digest = Sha256Digest::from_bytes(as_bytes(held.sha256()));
      if (held.filename() == file && parsed && digest) {
        project.chosen.emplace(file,
                               Chosen{held, "", *digest, held.size(), std::nullopt, parsed->kind});
        return;
      }
    }
  }
  problems_.push_back(
      {ErrorCode::kNotFound, file,
       "the index no longer lists it, and what it said of it is no longer held here",
       "it is listed no more from the next shipment on"});
}

void PypiPoll::take_files() {
  std::vector<FetchRequest> requests;
  std::vector<std::pair<std::string, std::string>> ids;  // project, file
  for (auto& [name, project] : projects_) {
    for (const auto& [file, chosen] : project.chosen) {
      if (take_held(name, project, chosen)) {
        continue;
      }
      if (chosen.url.empty()) {
        fail(name, file,
             {ErrorCode::kNotFound, file, "the index no longer lists it, and the spool dropped it",
              "raise spool.keep_bytes; the high side still has it"});
        continue;
      }
      requests.push_back(request_of(chosen));
      ids.emplace_back(name, file);
    }
  }
  std::size_t done = 0;
  context_.fetch.files(requests, context_.stop, [&](std::size_t index, Result<FetchedFile> file) {
    Project& project = projects_[ids[index].first];
    take_file(ids[index].first, project, project.chosen.at(ids[index].second), std::move(file));
    progress("files", ++done, requests.size());
  });
}

FetchRequest PypiPoll::request_of(const Chosen& chosen) const {
  FetchRequest request;
  request.uri = with_credentials(chosen.url);
  request.name = chosen.file.filename();
  request.expected_size = chosen.size;
  request.size_limit = chosen.size.value_or(kMaxFileBytes);
  return request;
}

// True if its bytes and its metadata are in the spool, or the spool failed.
bool PypiPoll::take_held(const std::string& name, Project& project, const Chosen& chosen) {
  const std::string& file = chosen.file.filename();
  const PypiShipped* before = shipped(name, file);
  const bool is_wheel = chosen.kind == pypi::FileKind::kWheel;
  const auto read_before = before != nullptr ? Sha256Digest::from_hex(before->metadata)
                                             : wheels_.metadata_of(chosen.sha256);
  if (is_wheel && (!read_before || chosen.metadata.value_or(*read_before) != *read_before)) {
    return false;  // its metadata must be read out of it
  }
  const auto find = [&](const std::optional<Sha256Digest>& digest) {
    return digest ? context_.intake.held(*digest)
                  : Result<std::optional<proto::Blob>>(std::nullopt);
  };
  const auto blob = find(chosen.sha256);
  const auto metadata = is_wheel ? find(read_before) : blob;
  if (!blob || !metadata) {
    fail(name, file, blob ? metadata.error() : blob.error());
    return true;
  }
  if (!*blob || !*metadata) {
    return false;
  }
  project.held.emplace(file,
                       HeldFile{chosen.file, present(*blob), is_wheel ? *metadata : std::nullopt});
  return true;
}

void PypiPoll::take_file(const std::string& name, Project& project, const Chosen& chosen,
                         Result<FetchedFile> fetched) {
  auto held =
      fetched ? admit(name, chosen, std::move(*fetched)) : Result<HeldFile>(fetched.error());
  if (held) {
    project.held.emplace(chosen.file.filename(), std::move(*held));
    return;
  }
  Error error = std::move(held).error();
  if (error.thing != chosen.file.filename()) {
    error.thing = chosen.file.filename() + ": " + error.thing;
  }
  fail(name, chosen.file.filename(), std::move(error));
}

Expectation PypiPoll::expectation_of(const Chosen& chosen) {
  Expectation expectation;
  expectation.digests = {chosen.sha256};
  expectation.size = chosen.size;
  expectation.media_types = {"application/zip"};
  expectation.evidence = {{"simple-index", "sha256:" + chosen.sha256.hex()}};
  if (chosen.kind == pypi::FileKind::kSourceArchive) {
    expectation.media_types.emplace_back("application/gzip");
    expectation.evidence.push_back({"source-archive", "allowed by the setting sources"});
  }
  return expectation;
}

// The metadata is read before the file is moved into the spool, and only if it is the file that the
// index means: what is damaged goes to quarantine by the intake's own check.
Result<HeldFile> PypiPoll::admit(const std::string& name, const Chosen& chosen,
                                 FetchedFile fetched) {
  const std::string& file = chosen.file.filename();
  const bool is_wheel = chosen.kind == pypi::FileKind::kWheel;
  std::string metadata;
  if (is_wheel && fetched.digests().front() == Digest(chosen.sha256)) {
    SLUICE_TRY(metadata, read_archived_metadata(file, fetched.path().value(), chosen.kind));
    SLUICE_TRY(const pypi::FileName parsed, pypi::read_file_name(name, file));
    SLUICE_TRY_VOID(pypi::read_core_metadata(file, name, parsed.version, metadata));
    if (chosen.metadata && sha256(as_bytes(metadata)) != *chosen.metadata) {
      counters_.add(observe::Metric::kUpstreamBadDigest);
      return Error{ErrorCode::kIntegrity, file,
                   "the index's digest of its metadata is not that of the METADATA in it",
                   "report it to the index's owner: clients would resolve by other words than the "
                   "wheel's own"};
    }
  }
  HeldFile held{chosen.file, {}, std::nullopt};
  SLUICE_TRY(held.blob, context_.intake.take(std::move(fetched), expectation_of(chosen)));
  if (is_wheel) {
    SLUICE_TRY(held.metadata,
               context_.intake.take_made(file + ".metadata", std::move(metadata), {},
                                         {{"wheel", "METADATA of sha256:" + chosen.sha256.hex()}}));
    wheels_.remember(chosen.sha256, sha256_of(*held.metadata));
  }
  return held;
}

}  // namespace sluice::low
