// Of a poll: what a plan says of the closure, and what is too old for the window.
#include <algorithm>

#include "common/base/present.h"
#include "common/base/text.h"
#include "lowside/pipeline/rfc3339.h"
#include "lowside/upstream/npm/json_member.h"
#include "lowside/upstream/npm/poll.h"

namespace sluice::low {
namespace {

// What npm runs when it installs the package.
constexpr std::array<std::string_view, 3> kInstallScripts{"preinstall", "install", "postinstall"};
constexpr std::size_t kMaxDeprecation = 200;  // bytes of it that a flag shows

bool runs_scripts(const boost::json::object& manifest) {
  const auto* scripts = manifest.if_contains("scripts");
  const auto* gyp = manifest.if_contains("gypfile");
  const bool builds = gyp != nullptr && gyp->is_bool() && gyp->get_bool();
  return builds || (scripts != nullptr && scripts->is_object() &&
                    std::ranges::any_of(kInstallScripts, [&](std::string_view name) {
                      return scripts->get_object().contains(name);
                    }));
}

void add_flags(const boost::json::object& manifest, proto::PlanNode& node) {
  if (runs_scripts(manifest)) {
    node.add_flags("install script: npm runs code of it when it is installed");
  }
  if (const std::string why = text_of(manifest, "deprecated"); !why.empty()) {
    node.add_flags("deprecated: " + why.substr(0, kMaxDeprecation));
  }
}

}  // namespace

// A want stands for the version that it resolves to: the newest of that package in its closure.
// What it needs comes along whatever its age.
void NpmPoll::leave_out_old(UtcTime since) {
  std::erase_if(closures_, [&](const Closure& closure) {
    bool old = false;
    if (auto error = is_old(closure, since, old)) {
      problems_.push_back(std::move(*error));
      return true;
    }
    return old;
  });
  for (auto& [name, package] : packages_) {
    package.wanted.clear();
    package.required.clear();
  }
  std::ranges::for_each(closures_, [this](const Closure& closure) { want_closure(closure); });
}

std::optional<Error> NpmPoll::is_old(const Closure& closure, UtcTime since, bool& old) const {
  const auto found = packages_.find(closure.package);
  if (found == packages_.end() || !found->second.packument) {
    return std::nullopt;  // unchanged, or a problem says why
  }
  std::optional<UtcTime> newest;
  for (const LockedPackage& locked : closure.packages) {
    const auto& times = present(found->second.packument).time;
    const auto time = locked.name == closure.package ? times.find(locked.version) : times.end();
    if (time != times.end()) {
      newest = std::max(newest, read_rfc3339(time->second));
    }
  }
  if (!newest) {
    return Error{ErrorCode::kInvalid, closure.want,
                 "the registry does not say when it was published, so that it cannot be told "
                 "whether it is within the window",
                 "use pattern = \"follow\" for this registry"};
  }
  old = *newest < since;
  return std::nullopt;
}

Result<void> NpmPoll::list_closure(const std::set<VersionId>& shippable, Proposal& proposal) const {
  for (const VersionId& id : shippable) {
    SLUICE_TRY_VOID(list_version(id, proposal));
  }
  return {};
}

Result<void> NpmPoll::list_version(const VersionId& id, Proposal& proposal) const {
  const auto& [name, version] = id;
  const Package& package = packages_.at(name);
  proto::PlanNode node;
  node.set_ecosystem("npm");
  node.set_document(name);
  node.set_item(version);
  if (const auto taken = package.versions.find(version); taken != package.versions.end()) {
    node.set_sha256(taken->second.blob.sha256());
    node.set_size(taken->second.blob.size());
    add_flags(package.checked.at(version).manifest.json, node);
  } else if (is_shipped(name, version)) {
    const auto sha256 = Sha256Digest::from_hex(tracked(name)->versions.at(version).tarball);
    if (sha256) {
      SLUICE_TRY(const auto held, context_.intake.held(*sha256));
      node.set_sha256(std::string(as_text(sha256->bytes())));
      node.set_size(held ? held->size() : 0);
    }
  } else {
    return {};  // optional, and for none of the machines
  }
  proposal.closure.push_back(std::move(node));
  return {};
}

}  // namespace sluice::low
