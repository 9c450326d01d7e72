#include "lowside/upstream/apt/full.h"

#include <algorithm>
#include <iterator>

#include "common/base/hasher.h"
#include "lowside/upstream/apt/packages.h"
#include "lowside/upstream/apt/suite_record.h"

namespace sluice::low {
namespace {

// All that the record follows from.
std::string fingerprint(const AcceptedSuite& suite, const std::vector<PackagesIndex>& packages,
                        const std::vector<apt::IndexFile>& extras) {
  std::string all = suite.in_release + suite.release;
  for (const auto& index : packages) {
    all += "\n" + index.variants.front().path;
  }
  for (const auto& file : extras) {
    all += "\n" + file.path;
  }
  return std::string(as_text(sha256(as_bytes(all)).bytes()));
}

class FullSuite {
 public:
  FullSuite(const AcceptedSuite& suite, IndexReader& indices, PollContext& context)
      : suite_(suite),
        indices_(indices),
        context_(context),
        date_(to_unix_micros(suite.parsed.date)) {}

  Result<void> add_packages(const std::vector<PackagesIndex>& packages) {
    std::vector<WantedPackage> all;
    for (const auto& index : packages) {
      SLUICE_TRY(const auto text, indices_.text(suite_, index));
      const auto& file = index.variants.front();
      const std::string thing = suite_.suite.uri(suite_.suite.folder() + file.path);
      if (index.architecture == apt::kSourceArchitecture) {
        SLUICE_TRY_VOID(
            apt::for_each_source(thing, text, [&](const apt::SourceStanza& source) -> Result<void> {
              for (const auto& part : source.files) {
                all.push_back(wanted(suite_, file, part));
              }
              return {};
            }));
        continue;
      }
      SLUICE_TRY_VOID(apt::for_each_package(thing, text,
                                            [&](const apt::PackageStanza& package) -> Result<void> {
                                              all.push_back(wanted(suite_, file, package));
                                              return {};
                                            }));
    }
    SLUICE_TRY(const auto taken, take_packages(all, context_));
    if (!taken.refused.empty()) {
      const Error& first = taken.refused.front();
      return Error{
          first.code, first.thing, first.cause,
          "a signed index cannot leave a package out: allow it, or mirror the archive in mode "
          "\"subset\""};
    }
    for (const auto& package : all) {
      record_.add(package.path, taken.blobs.at(package.sha256), 0);
    }
    return {};
  }

  // `optional`: archives list indices that they do not hold.
  Result<void> add_index(const apt::IndexFile& file, bool optional) {
    auto bytes = indices_.bytes(suite_, file);
    if (!bytes) {
      return optional && bytes.error().code == ErrorCode::kNotFound ? Result<void>()
                                                                    : std::move(bytes).error();
    }
    return add(file.path, std::move(*bytes), by_hash_algorithms(file), "digest-list",
               "listed in the signed Release");
  }

  Result<void> add_signed_files() {
    if (!suite_.in_release.empty()) {
      SLUICE_TRY_VOID(add("InRelease", suite_.in_release, {}, "gpg", suite_.fingerprint));
    }
    if (!suite_.release_gpg.empty()) {
      SLUICE_TRY_VOID(add("Release", suite_.release, {}, "gpg", suite_.fingerprint));
      SLUICE_TRY_VOID(add("Release.gpg", suite_.release_gpg, {}, "gpg", suite_.fingerprint));
    }
    return {};
  }

  void propose(proto::AptSuite body, Proposal& proposal) const {
    body.set_mode(proto::AptSuite::FULL);
    body.set_date_micros(date_);
    if (suite_.parsed.valid_until) {
      body.set_valid_until_micros(to_unix_micros(*suite_.parsed.valid_until));
    }
    record_.propose(suite_.suite.document, std::move(body), proposal);
  }

 private:
  Result<void> add(const std::string& name, std::string bytes, std::vector<DigestAlgorithm> aliases,
                   const char* kind, std::string detail) {
    const std::string path = suite_.suite.folder() + name;
    SLUICE_TRY(auto blob, context_.intake.take_made(path, std::move(bytes), std::move(aliases),
                                                    {{kind, std::move(detail)}}));
    blob.set_origin(suite_.suite.uri(path));
    record_.add(path, blob, date_);
    return {};
  }

  const AcceptedSuite& suite_;
  IndexReader& indices_;
  PollContext& context_;
  std::int64_t date_;
  SuiteRecord record_;
};

}  // namespace

Result<void> publish_full(AcceptedSuite suite, const AptSettings& settings, SuiteReader& suites,
                          IndexReader& indices, PollContext& context, proto::StoredAptSuite& state,
                          Proposal& proposal) {
  SLUICE_TRY(auto packages, packages_indices(suite));
  if (settings.source_packages) {
    SLUICE_TRY(auto sources, source_indices(suite));
    std::ranges::move(sources, std::back_inserter(packages));
  }
  const auto extras = extra_indices(suite, settings.extras);
  const std::string published = fingerprint(suite, packages, extras);
  if (published == state.published()) {
    return {};
  }
  suites.add_detached(suite);
  FullSuite full(suite, indices, context);
  SLUICE_TRY_VOID(full.add_packages(packages));
  for (const auto& index : packages) {
    for (const auto& file : index.variants) {
      SLUICE_TRY_VOID(full.add_index(file, file.path != index.variants.front().path));
    }
  }
  for (const auto& file : extras) {
    SLUICE_TRY_VOID(full.add_index(file, true));
  }
  SLUICE_TRY_VOID(full.add_signed_files());
  proto::AptSuite body;
  body.set_archive(settings.archive);
  body.set_suite(suite.suite.source.suite);
  full.propose(std::move(body), proposal);
  state.set_published(published);
  return {};
}

}  // namespace sluice::low
