#include "lowside/upstream/apt/subset.h"

#include <algorithm>

#include "common/base/hasher.h"
#include "lowside/upstream/apt/packages.h"
#include "lowside/upstream/apt/site_key.h"
#include "lowside/upstream/apt/solver.h"
#include "lowside/upstream/apt/subset_release.h"
#include "lowside/upstream/apt/suite_record.h"

namespace sluice::low {
namespace {

struct SubsetSuite {
  const AcceptedSuite& accepted;
  std::vector<SubsetIndex> indices;
  std::vector<WantedPackage> packages;
};

class Subset {
 public:
  using SourceId = std::pair<std::string, std::string>;  // name, version

  Subset(const AptSettings& settings, IndexReader& reader, PollContext& context, const Clock& clock,
         Proposal& proposal)
      : settings_(settings),
        reader_(reader),
        context_(context),
        clock_(clock),
        proposal_(proposal) {}

  // The stanzas of `closure` in the suite's indices.
  Result<void> select(const AcceptedSuite& accepted, const std::vector<PackagesIndex>& indices,
                      const std::set<ChosenPackage>& closure) {
    SubsetSuite suite{accepted, {}, {}};
    for (const auto& index : indices) {
      SubsetIndex made{index.component, index.architecture, {}};
      SLUICE_TRY(const auto text, reader_.text(accepted, index));
      SLUICE_TRY_VOID(apt::for_each_package(
          accepted.suite.document, text, [&](const apt::PackageStanza& package) -> Result<void> {
            if (closure.contains({std::string(package.name), std::string(package.version),
                                  std::string(package.architecture)})) {
              add(accepted, index, package, made, suite);
              sources_.emplace(SourceId(package.source, package.source_version), package.name);
            }
            return {};
          }));
      suite.indices.push_back(std::move(made));
    }
    suites_.push_back(std::move(suite));
    return {};
  }

  // The source packages of all that was selected, after that. One that no suite has is a problem.
  Result<void> select_sources() {
    std::map<SourceId, std::string> missing = sources_;
    for (auto& suite : suites_) {
      SLUICE_TRY(const auto indices, source_indices(suite.accepted));
      for (const auto& index : indices) {
        SubsetIndex made{index.component, index.architecture, {}};
        SLUICE_TRY(const auto text, reader_.text(suite.accepted, index));
        SLUICE_TRY_VOID(apt::for_each_source(suite.accepted.suite.document, text,
                                             [&](const apt::SourceStanza& source) -> Result<void> {
                                               const SourceId id(source.name, source.version);
                                               if (sources_.contains(id)) {
                                                 missing.erase(id);
                                                 add(suite, index, source, made);
                                               }
                                               return {};
                                             }));
        suite.indices.push_back(std::move(made));
      }
    }
    for (const auto& [id, package] : missing) {
      proposal_.problems.push_back(
          {ErrorCode::kNotFound, "source package " + id.first + " " + id.second,
           "no suite of the source has it, and " + package + " was made from it",
           "its publisher keeps it elsewhere; the package itself is taken"});
    }
    return {};
  }

  // What policy refuses is left out of the indices.
  Result<void> take() {
    std::vector<WantedPackage> all;
    for (const auto& suite : suites_) {
      all.insert(all.end(), suite.packages.begin(), suite.packages.end());
    }
    SLUICE_TRY(auto taken, take_packages(all, context_));
    std::ranges::move(taken.refused, std::back_inserter(proposal_.problems));
    blobs_ = std::move(taken.blobs);
    for (auto& suite : suites_) {
      for (auto& index : suite.indices) {
        std::erase_if(index.entries, [&](const SubsetIndex::Entry& entry) {
          return !std::ranges::all_of(
              entry.files, [&](const Sha256Digest& file) { return blobs_.contains(file); });
        });
      }
      keep_listed(suite);
    }
    return {};
  }

  Result<void> publish(const std::string& public_key, proto::StoredAptCursor& cursor) {
    for (const auto& suite : suites_) {
      SLUICE_TRY_VOID(
          publish_one(suite, public_key, state_of(cursor, suite.accepted.suite.document)));
    }
    return {};
  }

 private:
  void add(const AcceptedSuite& accepted, const PackagesIndex& index,
           const apt::PackageStanza& package, SubsetIndex& made, SubsetSuite& suite) {
    auto one = wanted(accepted, index.variants.front(), package);
    const auto [at, added] = paths_.emplace(one.path, one.sha256);
    if (!added && at->second != one.sha256) {
      proposal_.problems.push_back(two_files(one.path));
      return;
    }
    made.entries.push_back({std::string(package.raw), {one.sha256}});
    suite.packages.push_back(std::move(one));
  }

  void add(SubsetSuite& suite, const PackagesIndex& index, const apt::SourceStanza& source,
           SubsetIndex& made) {
    SubsetIndex::Entry entry{std::string(source.raw), {}};
    for (const auto& file : source.files) {
      auto one = wanted(suite.accepted, index.variants.front(), file);
      const auto [at, added] = paths_.emplace(one.path, one.sha256);
      if (!added && at->second != one.sha256) {
        proposal_.problems.push_back(two_files(one.path));
        return;
      }
      entry.files.push_back(one.sha256);
      suite.packages.push_back(std::move(one));
    }
    made.entries.push_back(std::move(entry));
  }

  // Of a source package that lacks a file, none is published.
  static void keep_listed(SubsetSuite& suite) {
    std::set<Sha256Digest> listed;
    for (const auto& index : suite.indices) {
      for (const auto& entry : index.entries) {
        listed.insert(entry.files.begin(), entry.files.end());
      }
    }
    std::erase_if(suite.packages,
                  [&](const WantedPackage& package) { return !listed.contains(package.sha256); });
  }

  static Error two_files(const std::string& path) {
    return {ErrorCode::kInvalid, path, "two suites of the source have different files of this name",
            "put one of the suites into a source of its own, with an archive folder of its own"};
  }

  Result<void> publish_one(const SubsetSuite& suite, const std::string& public_key,
                           proto::StoredAptSuite& state) {
    if (context_.list_closure) {
      list_closure(suite);
    }
    const auto files = make_index_files(suite.indices);
    const auto release = make_release(suite.accepted.parsed, suite.indices, files);
    const std::string published(as_text(sha256(as_bytes(release.undated() + public_key)).bytes()));
    if (published == state.published()) {
      return {};
    }
    const UtcTime date = std::max<UtcTime>(
        std::chrono::floor<std::chrono::seconds>(clock_.utc_now()),
        from_unix_micros(state.published_date_micros()) + std::chrono::seconds(1));
    const std::string text = release.dated(date);
    SLUICE_TRY(const auto signature, sign_release(settings_.signing_home, text, context_.stop));
    SuiteRecord record;
    const std::int64_t modified = to_unix_micros(date);
    const auto add_made = [&](const std::string& name, const std::string& bytes,
                              std::vector<DigestAlgorithm> aliases) -> Result<void> {
      const std::string path = suite.accepted.suite.folder() + name;
      SLUICE_TRY(const auto blob,
                 context_.intake.take_made(path, bytes, std::move(aliases), evidence(suite)));
      proposal_.besides.push_back(blob.sha256());
      record.add(path, blob, modified);
      return {};
    };
    for (const auto& [path, bytes] : files) {
      SLUICE_TRY_VOID(add_made(path, bytes, {DigestAlgorithm::kSha512}));
    }
    SLUICE_TRY_VOID(add_made("Release", text, {}));
    SLUICE_TRY_VOID(add_made("Release.gpg", signature.release_gpg, {}));
    SLUICE_TRY_VOID(add_made("InRelease", signature.in_release, {}));
    for (const auto& package : suite.packages) {
      record.add(package.path, blobs_.at(package.sha256), 0);
    }
    proto::AptSuite body;
    body.set_archive(settings_.archive);
    body.set_suite(suite.accepted.suite.source.suite);
    body.set_mode(proto::AptSuite::SUBSET);
    body.set_date_micros(modified);
    record.propose(suite.accepted.suite.document, std::move(body), proposal_);
    state.set_published(published);
    state.set_published_date_micros(modified);
    return {};
  }

  void list_closure(const SubsetSuite& suite) {
    for (const auto& package : suite.packages) {
      proto::PlanNode& node = proposal_.closure.emplace_back();
      node.set_ecosystem("apt");
      node.set_document(suite.accepted.suite.document);
      node.set_item(package.path);
      node.set_sha256(std::string(as_text(package.sha256.bytes())));
      node.set_size(package.size);
    }
  }

  static std::vector<Evidence> evidence(const SubsetSuite& suite) {
    return {{"gpg", suite.accepted.fingerprint},
            {"made-from", "Release of " + apt::format_release_date(suite.accepted.parsed.date)}};
  }

  const AptSettings& settings_;
  IndexReader& reader_;
  PollContext& context_;
  const Clock& clock_;
  Proposal& proposal_;
  std::vector<SubsetSuite> suites_;
  std::map<SourceId, std::string> sources_;  // of the packages selected, and one made from it
  std::map<std::string, Sha256Digest> paths_;
  std::map<Sha256Digest, proto::Blob> blobs_;
};

// All that the closure and its indices follow from.
std::string inputs_of(const std::vector<AcceptedSuite>& suites, const AptSettings& settings,
                      const std::string& public_key) {
  std::string all =
      public_key + (settings.recommends ? "+" : "-") + (settings.source_packages ? "source\n" : "");
  for (const auto& package : settings.packages) {
    all += package + "\n";
  }
  for (const auto& suite : suites) {
    all += suite.suite.document + "\n" + suite.release;
    for (const auto& component : suite.suite.source.components) {
      all += component + " ";
    }
    for (const auto& architecture : suite.suite.source.architectures) {
      all += architecture + ",";
    }
  }
  return std::string(as_text(sha256(as_bytes(all)).bytes()));
}

}  // namespace

proto::StoredAptSuite& state_of(proto::StoredAptCursor& cursor, const std::string& document) {
  const auto found =
      std::ranges::find(*cursor.mutable_suites(), document, &proto::StoredAptSuite::document);
  if (found != cursor.mutable_suites()->end()) {
    return *found;
  }
  auto& state = *cursor.add_suites();
  state.set_document(document);
  return state;
}

Result<void> publish_subset(const std::vector<AcceptedSuite>& suites, const AptSettings& settings,
                            IndexReader& indices, PollContext& context, observe::Counters& counters,
                            const Clock& clock, proto::StoredAptCursor& cursor,
                            Proposal& proposal) {
  SLUICE_TRY(const auto public_key, site_public_key(settings.signing_home));
  const std::string inputs = inputs_of(suites, settings, public_key);
  if (inputs == cursor.inputs() && !cursor.problems() && !context.list_closure) {
    return {};
  }
  std::vector<std::vector<PackagesIndex>> packages;
  std::set<std::string> architectures;
  for (const auto& suite : suites) {
    SLUICE_TRY(auto found, packages_indices(suite));
    packages.push_back(std::move(found));
    architectures.insert(suite.suite.source.architectures.begin(),
                         suite.suite.source.architectures.end());
  }
  const SolverInput input{suites,
                          packages,
                          settings.packages,
                          {architectures.begin(), architectures.end()},
                          settings.recommends};
  SLUICE_TRY(auto closure, resolve(input, indices, context, counters));
  std::ranges::move(closure.problems, std::back_inserter(proposal.problems));
  Subset subset(settings, indices, context, clock, proposal);
  for (std::size_t i = 0; i < suites.size(); ++i) {
    SLUICE_TRY_VOID(subset.select(suites[i], packages[i], closure.packages));
  }
  if (settings.source_packages) {
    SLUICE_TRY_VOID(subset.select_sources());
  }
  SLUICE_TRY_VOID(subset.take());
  SLUICE_TRY_VOID(subset.publish(public_key, cursor));
  cursor.set_inputs(inputs);
  return {};
}

}  // namespace sluice::low
