// Of a poll: source archives that may cross.
#include <algorithm>

#include "common/base/present.h"
#include "common/ecosystem/pypi/archive_reader.h"
#include "lowside/upstream/pypi/poll.h"
#include "lowside/upstream/pypi/specifier.h"

namespace sluice::low {
namespace {

// Whether its PKG-INFO says for certain what it needs (specification "Core metadata", 2.2).
bool tells_dependencies(const pypi::CoreMetadata& metadata) {
  const auto written = pypi::Version::parse(metadata.metadata_version);
  const auto first = pypi::Version::parse("2.2");
  return written && first && *written >= *first &&
         std::ranges::find(metadata.dynamic, "requires-dist") == metadata.dynamic.end();
}

}  // namespace

// One that cannot be had is a problem; what needs it fails by itself, with pip's reason.
void PypiPoll::prepare_sources() {
  for (const std::string& source : settings_.sources) {
    auto prepared = prepare_source(source);
    if (!prepared) {
      Error error = std::move(prepared).error();
      error.thing = "source archive " + source + ": " + error.thing;
      unresolved(std::move(error));
    }
  }
}

Result<void> PypiPoll::prepare_source(const std::string& source) {
  SLUICE_TRY(const PypiRequirement requirement, read_requirement(source));
  const bool is_exact = requirement.specifiers.starts_with("==") &&
                        requirement.specifiers.find_first_of(",*") == std::string::npos;
  const auto specifiers = SpecifierSet::parse(requirement.specifiers);
  if (!is_exact || !specifiers) {
    return Error{ErrorCode::kInvalid, source, "it does not name one version",
                 "write \"name==version\""};
  }
  Project& project = projects_[requirement.project];
  if (!project.page && !project.no_page) {
    fetch_pages({requirement.project}, false);
  }
  if (!project.page) {
    return present(project.no_page);
  }
  const auto& files = present(project.page).files;
  const auto file = std::ranges::find_if(files, [&](const SimpleFile& each) {
    return each.name.kind == pypi::FileKind::kSourceArchive &&
           specifiers->allows(each.name.version);
  });
  if (file == files.end() || !file->sha256) {
    return Error{ErrorCode::kNotFound, source,
                 "the index has no source archive of that version with a SHA-256",
                 "choose a version that has one"};
  }
  return stand_in(requirement.project, *file);
}

Result<void> PypiPoll::stand_in(const std::string& project, const SimpleFile& file) {
  const Sha256Digest digest = present(file.sha256);
  const auto known = stand_ins_.known(digest);
  SLUICE_TRY(const std::string pkg_info,
             known ? Result<std::string>(*known) : fetch_pkg_info(file, digest));
  SLUICE_TRY(const pypi::CoreMetadata metadata,
             pypi::read_core_metadata(file.filename, project, file.name.version, pkg_info));
  if (!tells_dependencies(metadata) && shipped(project, file.filename) == nullptr) {
    problems_.push_back({ErrorCode::kInvalid, file.filename,
                         "what it needs cannot be known for certain without running its code, "
                         "which is not done here",
                         "list what it needs, and what builds it (setuptools, wheel), in the "
                         "want-list"});
  }
  return stand_ins_.add(project, file.filename, digest, pkg_info, metadata);
}

// Takes the archive into the spool on the way, so that it is not fetched twice.
Result<std::string> PypiPoll::fetch_pkg_info(const SimpleFile& file, const Sha256Digest& digest) {
  const Chosen chosen{describe(file), file.url,     digest,
                      file.size,      std::nullopt, pypi::FileKind::kSourceArchive};
  Result<std::string> pkg_info = Error{ErrorCode::kCancelled, file.filename, "not fetched", ""};
  context_.fetch.files(
      {request_of(chosen)}, context_.stop, [&](std::size_t, Result<FetchedFile> fetched) {
        if (!fetched) {
          pkg_info = fetched.error();
          return;
        }
        const bool is_right = fetched->digests().front() == Digest(digest);
        if (is_right) {
          pkg_info = read_archived_metadata(file.filename, fetched->path().value(),
                                            pypi::FileKind::kSourceArchive);
        }
        if (auto taken = context_.intake.take(std::move(*fetched), expectation_of(chosen));
            !taken) {
          pkg_info = std::move(taken).error();
        }
      });
  return pkg_info;
}

}  // namespace sluice::low
