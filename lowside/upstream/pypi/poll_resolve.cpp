// Of a poll: the closures of what is wanted.
#include <algorithm>

#include "common/base/hasher.h"
#include "common/base/present.h"
#include "common/ecosystem/pypi/project_name.h"
#include "lowside/upstream/pypi/explain.h"
#include "lowside/upstream/pypi/poll.h"

namespace sluice::low {
namespace {

// Requirements that are tried one by one when they cannot be resolved together: a run of pip each.
constexpr std::size_t kMaxApart = 200;

}  // namespace

// One bad entry does not stop the others; but if the index gave none of them, it is the index that
// is at fault, and the poll is tried again as a whole.
Result<void> PypiPoll::resolve_wants() {
  SLUICE_TRY(constraints_, read_constraints());
  prepare_sources();
  const std::size_t each = settings_.files.size() + (settings_.packages.empty() ? 0 : 1);
  const std::size_t total = each * settings_.targets.size();
  std::size_t done = 0;
  for (const PypiTarget& target : settings_.targets) {
    if (!settings_.packages.empty()) {
      progress("resolve", done++, total);
      resolve_inline(target);
    }
    for (const auto& path : settings_.files) {
      progress("resolve", done++, total);
      resolve_file(path, target);
    }
  }
  progress("resolve", total, total);
  if (broken_) {
    return *broken_;
  }
  if (closures_.empty() && unavailable_) {
    return *unavailable_;
  }
  return {};
}

Result<std::string> PypiPoll::read_constraints() {
  std::string text;
  for (const auto& path : settings_.constraints) {
    SLUICE_TRY(const PypiWant lines, read_requirements_file(posix_file_system(), path));
    text += lines.text();
  }
  return text;
}

// Together, as somebody would install them. If that cannot be, each alone, so that one bad entry
// does not stop the others; what only together is wrong is said too.
void PypiPoll::resolve_inline(const PypiTarget& target) {
  PypiWant all{settings_.name + ".want", {}};
  for (const std::string& line : settings_.packages) {
    auto requirement = read_requirement(line);
    if (requirement) {
      all.requirements.push_back(std::move(*requirement));
    } else if (&target == &settings_.targets.front()) {  // it is as wrong for the others
      unresolved(requirement.error());
    }
  }
  if (context_.published_since) {  // each of them may be too old
    resolve_apart(all, target);
    return;
  }
  auto together = resolve(all, target);
  if (!together) {
    return;
  }
  if (all.requirements.size() < 2 || all.requirements.size() > kMaxApart) {
    unresolved(std::move(*together));
    return;
  }
  if (resolve_apart(all, target)) {
    unresolved(std::move(*together));
  }
}

// False if one of them cannot be had even by itself.
bool PypiPoll::resolve_apart(const PypiWant& all, const PypiTarget& target) {
  bool all_apart = true;
  for (const PypiRequirement& requirement : all.requirements) {
    if (auto alone = resolve(PypiWant{requirement.line, {requirement}}, target)) {
      all_apart = false;
      unresolved(std::move(*alone));
    }
  }
  return all_apart;
}

void PypiPoll::resolve_file(const std::filesystem::path& path, const PypiTarget& target) {
  const auto want = read_requirements_file(posix_file_system(), path);
  if (!want) {
    if (&target == &settings_.targets.front()) {
      unresolved(want.error());
    }
    return;
  }
  if (auto failed = resolve(*want, target)) {
    unresolved(std::move(*failed));
  }
}

// None: its closure is known, or the poll is to end.
std::optional<Error> PypiPoll::resolve(const PypiWant& want, const PypiTarget& target) {
  if (want.requirements.empty() || broken_) {
    return std::nullopt;
  }
  Closure closure{
      .want = want.name + " for " + target.text(), .key = key_of(want, target), .files = {}};
  for (const PypiRequirement& requirement : want.requirements) {
    closure.projects.insert(requirement.project);
  }
  const auto before = cursor_.closures.find(closure.key);
  if (before != cursor_.closures.end() && still_stands(before->second)) {
    closure.files = before->second;
    add_closure(std::move(closure));
    return std::nullopt;
  }
  auto resolution =
      resolver_.resolve(want, constraints_, target, stand_ins_.folder(), context_.stop);
  if (!resolution) {
    if (resolution.error().code == ErrorCode::kUnavailable) {
      return std::move(resolution).error();
    }
    broken_ = std::move(resolution).error();  // no pip, no disk, or the program is stopping
    return std::nullopt;
  }
  if (resolution->failure) {
    return why(closure.want, present(resolution->failure), target);
  }
  for (ResolvedFile& file : resolution->files) {
    file.filename = stand_ins_.original(file.filename);
  }
  closure.files = std::move(resolution->files);
  closure.is_current = std::ranges::all_of(closure.files, [&](const ResolvedFile& file) {
    const auto project = projects_.find(file.project);
    return project != projects_.end() && project->second.is_asked;
  });
  add_closure(std::move(closure));
  return std::nullopt;
}

Error PypiPoll::why(const std::string& want, const PipFailure& failure, const PypiTarget& target) {
  Result<SimplePage> page = Error{ErrorCode::kUnavailable, want, "no page was asked for", ""};
  if (const auto requirement = read_requirement(failure.requirement)) {
    Project& project = projects_[requirement->project];
    if (!project.page && !project.no_page) {
      fetch_pages({requirement->project}, false);
    }
    if (project.page) {
      page = *project.page;
    } else if (project.no_page) {
      page = *project.no_page;
    }
  }
  return explain(want, failure, target, page);
}

// All that pip's answer depends on but the index.
std::string PypiPoll::key_of(const PypiWant& want, const PypiTarget& target) const {
  std::string text = want.text() + '\0' + constraints_ + '\0' + target.text() + '\0' +
                     (settings_.prereleases ? "pre" : "") + '\0' + settings_.index;
  for (const std::string& source : settings_.sources) {
    text += '\0' + source;
  }
  return sha256(as_bytes(text)).hex();
}

bool PypiPoll::still_stands(const std::vector<ResolvedFile>& closure) const {
  return std::ranges::none_of(closure, [&](const ResolvedFile& file) {
    return is_changed(file.project) || shipped(file.project, file.filename) == nullptr;
  });
}

void PypiPoll::add_closure(Closure closure) {
  want_files(closure);
  flag_mixed_variants(closure);
  closures_.push_back(std::move(closure));
}

void PypiPoll::want_files(const Closure& closure) {
  for (const ResolvedFile& file : closure.files) {
    projects_[file.project].wanted.insert(file.filename);
  }
}

void PypiPoll::unresolved(Error error) {
  if (error.code == ErrorCode::kUnavailable) {
    unavailable_ = error;
  }
  counters_.add(observe::Metric::kWantUnresolved);
  problems_.push_back(std::move(error));
}

}  // namespace sluice::low
