// Of a poll: what a plan says of the closures, what does not go together, and what is too old for
// the window.
#include <algorithm>

#include "common/base/present.h"
#include "common/base/text.h"
#include "lowside/pipeline/rfc3339.h"
#include "lowside/upstream/pypi/cuda_variant.h"
#include "lowside/upstream/pypi/poll.h"

namespace sluice::low {
namespace {

constexpr std::size_t kMaxReason = 200;  // bytes of a withdrawal's that a flag shows

}  // namespace

// A want stands for the version that it resolves to. What it needs comes along whatever its age.
void PypiPoll::leave_out_old(UtcTime since) {
  std::erase_if(closures_, [&](const Closure& closure) { return is_old(closure, since); });
  for (auto& [name, project] : projects_) {
    project.wanted.clear();
  }
  std::ranges::for_each(closures_, [this](const Closure& closure) { want_files(closure); });
}

bool PypiPoll::is_old(const Closure& closure, UtcTime since) {
  bool old = true;
  for (const ResolvedFile& resolved : closure.files) {
    const auto& page = projects_.at(resolved.project).page;
    if (!closure.projects.contains(resolved.project)) {
      continue;
    }
    if (!page) {
      return false;  // unchanged, or a problem says why
    }
    const auto listed = std::ranges::find(page->files, resolved.filename, &SimpleFile::filename);
    const auto time =
        listed == page->files.end() ? std::nullopt : read_rfc3339(listed->upload_time);
    if (!time) {
      problems_.push_back({ErrorCode::kInvalid, closure.want + ": " + resolved.filename,
                           "the index does not say when it was uploaded, so that it cannot be told "
                           "whether it is within the window",
                           "use an index that answers in JSON (PEP 700), or pattern = \"follow\""});
      return true;
    }
    old = old && *time < since;
  }
  return old;
}

// Wheels for different CUDAs in one environment load libraries that do not match.
void PypiPoll::flag_mixed_variants(const Closure& closure) {
  std::map<std::string, std::string> variants;  // and a file that has it
  for (const ResolvedFile& file : closure.files) {
    if (const auto variant = cuda_variant(file.project, file.filename)) {
      variants.emplace(*variant, file.filename);
    }
  }
  if (!are_mixed(variants)) {
    return;
  }
  std::string named;
  for (const auto& [variant, file] : variants) {
    named += (named.empty() ? "" : ", ") + variant + " in " + file;
  }
  problems_.push_back({ErrorCode::kInvalid, closure.want,
                       "it mixes wheels for different CUDAs: " + named,
                       "pin all of them to one variant, such as torch==2.1.0+cu121 with "
                       "torchvision==0.16.0+cu121, or take them from an index of one variant"});
}

Result<void> PypiPoll::list_closure(const std::set<std::string>& shippable,
                                    Proposal& proposal) const {
  for (const auto& [name, project] : projects_) {
    for (const std::string& file : project.wanted) {
      if (shippable.contains(file)) {
        SLUICE_TRY(proto::PlanNode node, node_of({name, file}));
        proposal.closure.push_back(std::move(node));
      }
    }
  }
  return {};
}

Result<proto::PlanNode> PypiPoll::node_of(const ResolvedFile& resolved) const {
  const Project& project = projects_.at(resolved.project);
  proto::PlanNode node;
  node.set_ecosystem("pypi");
  node.set_document(resolved.project);
  node.set_item(resolved.filename);
  const auto held = project.held.find(resolved.filename);
  if (held != project.held.end()) {
    node.set_sha256(held->second.blob.sha256());
    node.set_size(held->second.blob.size());
    if (held->second.file.yanked()) {
      const std::string& reason = held->second.file.yanked_reason();
      node.add_flags("withdrawn" + (reason.empty() ? "" : ": " + reason.substr(0, kMaxReason)));
    }
  } else if (const PypiShipped* before = shipped(resolved.project, resolved.filename)) {
    if (const auto sha256 = Sha256Digest::from_hex(before->sha256)) {
      SLUICE_TRY(const auto blob, context_.intake.held(*sha256));
      node.set_sha256(std::string(as_text(sha256->bytes())));
      node.set_size(blob ? blob->size() : 0);
    }
  }
  if (const auto name = pypi::read_file_name(resolved.project, resolved.filename);
      name && name->kind == pypi::FileKind::kSourceArchive) {
    node.add_flags("source archive: pip runs code of it when it is installed");
  }
  if (const auto variant = cuda_variant(resolved.project, resolved.filename)) {
    node.add_flags(*variant);
  }
  return node;
}

}  // namespace sluice::low
