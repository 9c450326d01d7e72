// Of a poll: what may cross together.
#include <algorithm>

#include "common/base/hasher.h"
#include "common/base/present.h"
#include "common/base/text.h"
#include "lowside/upstream/pypi/poll.h"

namespace sluice::low {
namespace {

// In one message; the rest is counted.
constexpr std::size_t kMaxNamed = 5;

std::string hex(const std::string& digest) { return hex_encode(as_bytes(digest)); }

}  // namespace

// None if this file is shipped, or can be.
std::optional<std::string> PypiPoll::what_is_wrong(const ResolvedFile& resolved) const {
  const Project& project = projects_.at(resolved.project);
  const bool is_held = project.held.contains(resolved.filename) && !project.frozen;
  if (is_held || shipped(resolved.project, resolved.filename) != nullptr) {
    return std::nullopt;
  }
  const auto failure = failures_.find(resolved.filename);
  return failure == failures_.end() ? resolved.filename + " cannot be had" : failure->second;
}

std::set<std::string> PypiPoll::files_of_whole_closures() {
  std::set<std::string> shippable;
  cursor_.closures.clear();
  for (Closure& closure : closures_) {
    std::vector<std::string> wrong;
    for (const ResolvedFile& file : closure.files) {
      if (auto cause = what_is_wrong(file)) {
        wrong.push_back(std::move(*cause));
      }
    }
    if (wrong.empty()) {
      for (const ResolvedFile& file : closure.files) {
        shippable.insert(file.filename);
      }
      if (closure.is_current) {
        cursor_.closures[closure.key] = std::move(closure.files);
      }
      continue;
    }
    std::string cause = std::to_string(wrong.size()) + " of its " +
                        std::to_string(closure.files.size()) + " files cannot be had: ";
    for (std::size_t i = 0; i < std::min(wrong.size(), kMaxNamed); ++i) {
      cause += (i == 0 ? "" : "; ") + wrong[i];
    }
    counters_.add(observe::Metric::kWantUnresolved);
    problems_.push_back({ErrorCode::kUnavailable, closure.want, std::move(cause),
                         "nothing new of it is shipped until all of it can be had; what was "
                         "shipped before stays"});
  }
  return shippable;
}

Result<Proposal> PypiPoll::publish() {
  Proposal proposal;
  const std::set<std::string> shippable = files_of_whole_closures();
  if (context_.list_closure) {
    SLUICE_TRY_VOID(list_closure(shippable, proposal));
  }
  for (auto& [name, project] : projects_) {
    if (project.page && !project.frozen) {
      publish_project(name, project, shippable, proposal);
    }
  }
  proposal.cursor = cursor_.write();
  proposal.problems = std::move(problems_);
  return proposal;
}

void PypiPoll::publish_project(const std::string& name, Project& project,
                               const std::set<std::string>& shippable, Proposal& proposal) {
  std::map<std::string, HeldFile> held;
  PypiTracked now;
  for (auto& [file, entry] : project.held) {
    if (shipped(name, file) == nullptr && !shippable.contains(file)) {
      continue;
    }
    now.files[file] = {hex(entry.blob.sha256()),
                       entry.metadata ? hex(entry.metadata->sha256()) : "",
                       entry.attestations ? hex(entry.attestations->sha256()) : ""};
    held.emplace(file, std::move(entry));
  }
  if (held.empty()) {
    return;
  }
  proto::Record record = make_pypi_record(name, held);
  now.etag = project.etag;
  now.last_modified = project.last_modified;
  now.answer = project.answer;
  now.serial = present(project.page).serial;
  now.record = sha256(as_bytes(record.body())).hex();
  if (tracked(name) == nullptr || tracked(name)->record != now.record) {
    records_.put(now.record, record.body());
    for (auto& [file, entry] : held) {
      if (shipped(name, file) != nullptr) {
        proposal.besides.push_back(entry.blob.sha256());
      }
      proposal.blobs.push_back(std::move(entry.blob));
      for (auto* beside : {&entry.metadata, &entry.attestations}) {
        if (*beside) {
          proposal.besides.push_back((*beside)->sha256());
          proposal.blobs.push_back(std::move(**beside));
        }
      }
    }
    proposal.records.push_back(std::move(record));
  }
  cursor_.projects[name] = std::move(now);
}

}  // namespace sluice::low
