#include "tests/support/memory_blobs.h"

#include <algorithm>

#include "common/base/hasher.h"

namespace sluice::test {
namespace {

class MemoryReader final : public store::BlobReader {
 public:
  MemoryReader(std::shared_ptr<const Bytes> content, bool broken, std::function<void()> hook)
      : content_(std::move(content)), broken_(broken), hook_(std::move(hook)) {}
  std::uint64_t size() const override { return content_->size(); }
  Result<void> read_at(std::uint64_t offset, MutableByteView into) const override {
    hook_();
    if (broken_ || offset + into.size() > content_->size()) {
      return Error{ErrorCode::kIo, "blob", "the disk fails", ""};
    }
    std::ranges::copy(ByteView(*content_).subspan(offset, into.size()), into.begin());
    return {};
  }
  int descriptor() const override { return -1; }

 private:
  std::shared_ptr<const Bytes> content_;
  bool broken_;
  std::function<void()> hook_;
};

Error not_found(const Sha256Digest& digest) {
  return {ErrorCode::kNotFound, "blob " + digest.hex(), "it is not held", ""};
}

}  // namespace

Sha256Digest MemoryBlobs::add(Bytes content) {
  const Sha256Digest digest = sha256(content);
  const std::lock_guard lock(mutex_);
  blobs_[digest] = std::make_shared<const Bytes>(std::move(content));
  return digest;
}

void MemoryBlobs::damage(const Sha256Digest& digest) {
  const std::lock_guard lock(mutex_);
  Bytes spoiled = *blobs_.at(digest);
  spoiled.back() ^= 1;
  blobs_[digest] = std::make_shared<const Bytes>(std::move(spoiled));
}

void MemoryBlobs::break_reading(const Sha256Digest& digest) {
  const std::lock_guard lock(mutex_);
  broken_.insert(digest);
}

void MemoryBlobs::while_reading(std::function<void()> hook) {
  const std::lock_guard lock(mutex_);
  while_reading_ = std::move(hook);
}

Result<void> MemoryBlobs::commit(const std::vector<store::NewBlob>& blobs,
                                 const store::Batch& along) {
  SLUICE_ASSERT(along.empty());
  for (const store::NewBlob& blob : blobs) {
    add(std::get<Bytes>(blob.content));
  }
  return {};
}

Result<std::optional<store::BlobInfo>> MemoryBlobs::find(const Sha256Digest& digest) const {
  const std::lock_guard lock(mutex_);
  const auto found = blobs_.find(digest);
  if (found == blobs_.end()) {
    return std::optional<store::BlobInfo>();
  }
  return std::optional(
      store::BlobInfo{.digest = digest, .size = found->second->size(), .aliases = {}});
}

Result<std::optional<Sha256Digest>> MemoryBlobs::resolve(const Digest& alias) const {
  const auto digest = alias.as_sha256();
  const std::lock_guard lock(mutex_);
  return digest && blobs_.contains(*digest) ? digest : std::nullopt;
}

Result<std::unique_ptr<store::BlobReader>> MemoryBlobs::open(const Sha256Digest& digest) const {
  const std::lock_guard lock(mutex_);
  const auto found = blobs_.find(digest);
  if (found == blobs_.end()) {
    return not_found(digest);
  }
  return std::unique_ptr<store::BlobReader>(
      std::make_unique<MemoryReader>(found->second, broken_.contains(digest), while_reading_));
}

Result<void> MemoryBlobs::remove(const Sha256Digest& digest) {
  const std::lock_guard lock(mutex_);
  blobs_.erase(digest);
  return {};
}

Result<void> MemoryBlobs::for_each(const Sha256Digest& from,
                                   const std::function<bool(const store::BlobInfo&)>& each) const {
  const std::lock_guard lock(mutex_);
  for (auto at = blobs_.lower_bound(from); at != blobs_.end(); ++at) {
    if (!each({.digest = at->first, .size = at->second->size(), .aliases = {}})) {
      break;
    }
  }
  return {};
}

StagingPath MemoryBlobs::new_staging_path() { return StagingPath("/nonexistent"); }

store::BlobStore::Usage MemoryBlobs::usage() const {
  const std::lock_guard lock(mutex_);
  Usage usage{.blobs = blobs_.size(), .bytes = 0};
  for (const auto& [digest, content] : blobs_) {
    usage.bytes += content->size();
  }
  return usage;
}

void MemoryOutbox::put(low::OutgoingPass pass) {
  const std::lock_guard lock(mutex_);
  ++changes_;
  due_.push_back(std::move(pass));
}

void MemoryOutbox::fail_marks(std::size_t times) {
  const std::lock_guard lock(mutex_);
  failing_marks_ = times;
}

void MemoryOutbox::wait_for_marked(std::size_t count) const {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this, count] { return marked_.size() >= count; });
}

std::vector<std::pair<ShipmentSequence, std::uint32_t>> MemoryOutbox::marked() const {
  const std::lock_guard lock(mutex_);
  return marked_;
}

Result<std::optional<low::OutgoingPass>> MemoryOutbox::next_due(UtcTime /*now*/,
                                                                low::Urgency urgency,
                                                                const low::PassNames& under_way) {
  const std::lock_guard lock(mutex_);
  const auto first = std::ranges::find_if(due_, [&](const low::OutgoingPass& pass) {
    return pass.urgency == urgency &&
           std::ranges::find(under_way, low::PassName{pass.sequence, pass.pass}) == under_way.end();
  });
  return first == due_.end() ? std::optional<low::OutgoingPass>() : std::optional(*first);
}

Result<void> MemoryOutbox::mark_sent(ShipmentSequence sequence, std::uint32_t pass,
                                     low::Urgency urgency, UtcTime /*now*/) {
  const std::lock_guard lock(mutex_);
  ++changes_;
  if (failing_marks_ > 0) {
    --failing_marks_;
    return Error{ErrorCode::kExhausted, "spool", "no space left", "free some"};
  }
  const auto first = std::ranges::find(due_, urgency, &low::OutgoingPass::urgency);
  SLUICE_ASSERT(first != due_.end() && first->sequence == sequence && first->pass == pass);
  due_.erase(first);
  marked_.emplace_back(sequence, pass);
  changed_.notify_all();
  return {};
}

ShipmentSequence MemoryOutbox::highest_sent() const {
  const std::lock_guard lock(mutex_);
  ShipmentSequence highest;
  for (const auto& [sequence, pass] : marked_) {
    highest = std::max(highest, sequence);
  }
  return highest;
}

}  // namespace sluice::test
