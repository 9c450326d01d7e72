#include "lowside/upstream/oci/image_graph.h"

#include "common/ecosystem/oci/names.h"

namespace sluice::low {

std::optional<Error> OciGraph::fault_of(const Sha256Digest& digest, const IsHad& had) const {
  std::set<Sha256Digest> seen{digest};
  std::vector<Sha256Digest> open{digest};
  while (!open.empty()) {
    const Sha256Digest next = open.back();
    open.pop_back();
    const auto node = nodes.find(next);
    if (node == nodes.end() || !node->second.manifest || node->second.fault || !had(node->second)) {
      return node != nodes.end() && node->second.fault
                 ? *node->second.fault
                 : Error{ErrorCode::kNotFound, oci::digest_text(next), "it could not be had", ""};
    }
    for (const Sha256Digest& child : node->second.children) {
      if (seen.insert(child).second) {
        open.push_back(child);
      }
    }
  }
  return std::nullopt;
}

void OciGraph::reach(const Sha256Digest& digest, std::set<Sha256Digest>& live) const {
  std::vector<Sha256Digest> open{digest};
  while (!open.empty()) {
    const Sha256Digest next = open.back();
    open.pop_back();
    if (!live.insert(next).second) {
      continue;
    }
    const auto node = nodes.find(next);
    SLUICE_ASSERT(node != nodes.end());
    open.insert(open.end(), node->second.children.begin(), node->second.children.end());
  }
}

OciState OciGraph::settle(const IsHad& had, std::int64_t now, std::int64_t keep) const {
  std::map<Sha256Digest, bool> known;
  const auto is_whole = [&](const Sha256Digest& digest) {
    const auto [place, is_new] = known.emplace(digest, false);
    if (is_new) {
      place->second = !fault_of(digest, had);
    }
    return place->second;
  };

  std::map<std::string, Sha256Digest> tags = shipped.tags;
  for (const auto& [tag, digest] : found) {
    if (is_whole(digest)) {
      tags[tag] = digest;
    }
  }
  std::erase_if(tags, [&](const auto& tag) { return !is_whole(tag.second); });

  OciState state;
  const auto reach_tag = [&](const auto& tag) {
    state.tags.insert(tag);
    reach(tag.second, state.manifests);
  };
  std::map<std::string, Sha256Digest> legacy;
  for (const auto& tag : tags) {
    if (oci::subject_of_legacy_tag(tag.first)) {
      legacy.insert(tag);
    } else {
      reach_tag(tag);
    }
  }
  for (const Sha256Digest& digest : pinned) {
    if (is_whole(digest)) {
      reach(digest, state.manifests);
    }
  }
  for (const Sha256Digest& digest : shipped.manifests) {
    const auto since = shipped.untagged.find(digest);
    const std::int64_t from = since == shipped.untagged.end() ? now : since->second;
    if (!state.manifests.contains(digest) && now - from < keep && is_whole(digest)) {
      state.untagged.emplace(digest, from);
    }
  }
  // What stays for its time only is as good a subject as any.
  const auto stays = [&](const Sha256Digest& digest) {
    return state.manifests.contains(digest) || state.untagged.contains(digest);
  };
  for (std::size_t before = 0; before != state.manifests.size() + state.tags.size() + 1;) {
    before = state.manifests.size() + state.tags.size() + 1;
    for (const auto& [digest, node] : nodes) {
      const bool refers =
          node.manifest && node.manifest->subject && stays(node.manifest->subject->digest);
      if (refers && !state.manifests.contains(digest) && is_whole(digest)) {
        reach(digest, state.manifests);
      }
    }
    for (const auto& tag : legacy) {
      if (!state.tags.contains(tag.first) && stays(*oci::subject_of_legacy_tag(tag.first))) {
        reach_tag(tag);
      }
    }
  }
  std::erase_if(state.untagged,
                [&](const auto& one) { return state.manifests.contains(one.first); });
  for (const auto& [digest, since] : state.untagged) {
    state.manifests.insert(digest);
  }
  return state;
}

}  // namespace sluice::low
