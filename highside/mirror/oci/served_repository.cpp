#include "highside/mirror/oci/served_repository.h"

#include <algorithm>

#include "common/base/present.h"

namespace sluice::high {
namespace {

// Of an entry beside its texts: the nodes around them.
constexpr std::size_t kEntryBytes = 128;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

Sha256Digest digest_of(const std::string& sha256) {
  return present(Sha256Digest::from_bytes(as_bytes(sha256)));
}

}  // namespace

bool tag_before(std::string_view a, std::string_view b) {
  const auto [left, right] = std::ranges::mismatch(a, b, {}, lower, lower);
  if (left == a.end() && right == b.end()) {
    return a < b;
  }
  return left == a.end() || (right != b.end() && lower(*left) < lower(*right));
}

ServedRepository::ServedRepository(const proto::OciRepository& body) {
  for (const auto& shown : body.manifests()) {
    const Sha256Digest digest = digest_of(shown.sha256());
    manifests_.push_back({digest, shown.size(), shown.media_type()});
    cost_ += kEntryBytes + shown.media_type().size();
    if (shown.subject().empty()) {
      continue;
    }
    Referrer referrer{digest,
                      shown.size(),
                      shown.media_type(),
                      shown.artifact_type(),
                      {shown.annotations().begin(), shown.annotations().end()}};
    cost_ += kEntryBytes + shown.media_type().size() + shown.artifact_type().size();
    for (const auto& [key, value] : referrer.annotations) {
      cost_ += kEntryBytes + key.size() + value.size();
    }
    referrers_[digest_of(shown.subject())].push_back(std::move(referrer));
  }
  for (const auto& blob : body.blobs()) {
    blobs_.push_back(digest_of(blob.sha256()));
  }
  for (const auto& [name, manifest] : body.tags()) {
    tags_.push_back({name, digest_of(manifest)});
    cost_ += kEntryBytes + name.size();
  }
  std::ranges::sort(tags_, tag_before, &Tag::name);
  cost_ += blobs_.size() * sizeof(Sha256Digest);
}

const ServedRepository::Manifest* ServedRepository::manifest(const Sha256Digest& digest) const {
  const auto found = std::ranges::lower_bound(manifests_, digest, {}, &Manifest::digest);
  return found != manifests_.end() && found->digest == digest ? &*found : nullptr;
}

const ServedRepository::Manifest* ServedRepository::tagged(std::string_view tag) const {
  const auto found = std::ranges::lower_bound(tags_, tag, tag_before, &Tag::name);
  return found != tags_.end() && found->name == tag ? manifest(found->manifest) : nullptr;
}

bool ServedRepository::has_blob(const Sha256Digest& digest) const {
  return std::ranges::binary_search(blobs_, digest) || manifest(digest) != nullptr;
}

const std::vector<ServedRepository::Referrer>& ServedRepository::referrers(
    const Sha256Digest& subject) const {
  static const std::vector<Referrer> kNone;
  const auto found = referrers_.find(subject);
  return found == referrers_.end() ? kNone : found->second;
}

}  // namespace sluice::high
