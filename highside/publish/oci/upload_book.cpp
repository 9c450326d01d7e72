#include "highside/publish/oci/upload_book.h"

#include <vector>

#include "common/base/text.h"
#include "common/crypto/random.h"

namespace sluice::high {
namespace {

// A UUID of version 4 (RFC 9562 section 5.4): nobody guesses another's.
std::string new_id() {
  Bytes random(16);
  crypto::fill_random(random);
  random[6] = static_cast<std::uint8_t>((random[6] & 0x0f) | 0x40);
  random[8] = static_cast<std::uint8_t>((random[8] & 0x3f) | 0x80);
  std::string id = hex_encode(random);
  for (const std::size_t dash : {8, 13, 18, 23}) {
    id.insert(dash, "-");
  }
  return id;
}

}  // namespace

void UploadBook::Lease::give_back() {
  if (upload_) {
    book_->give_back(*upload_);
    upload_.reset();
  }
}

void UploadBook::Lease::end() { book_->end(id_); }

Result<UploadBook::Lease> UploadBook::begin(const std::string& document) {
  sweep();
  auto upload = std::make_shared<Upload>();
  upload->document = document;
  upload->busy = true;
  SLUICE_TRY(upload->blob, StagedBlob::begin(store_, files_, limit_));
  const std::lock_guard lock(mutex_);
  if (uploads_.size() >= kMaxUploads) {
    return Error{ErrorCode::kExhausted, "uploads", "as many as can be are under way",
                 "try again when some have ended: an idle one does after an hour"};
  }
  std::string id = new_id();
  uploads_.emplace(id, upload);
  return Lease(*this, std::move(id), std::move(upload));
}

Result<UploadBook::Lease> UploadBook::take(const std::string& id, const std::string& document) {
  sweep();
  const std::lock_guard lock(mutex_);
  const auto found = uploads_.find(id);
  if (found == uploads_.end() || found->second->document != document) {
    return Error{ErrorCode::kNotFound, "upload " + id, "there is none, or it has ended",
                 "begin it anew"};
  }
  if (found->second->busy) {
    return Error{ErrorCode::kUnavailable, "upload " + id, "another request is writing to it",
                 "one after the other"};
  }
  found->second->busy = true;
  return Lease(*this, id, found->second);
}

void UploadBook::give_back(Upload& upload) {
  const std::lock_guard lock(mutex_);
  upload.busy = false;
  upload.used = clock_.steady_now();
}

void UploadBook::end(const std::string& id) {
  const std::lock_guard lock(mutex_);
  uploads_.erase(id);
}

void UploadBook::sweep() {
  std::vector<std::shared_ptr<Upload>> ended;  // their files go without the lock
  const SteadyTime now = clock_.steady_now();
  const std::lock_guard lock(mutex_);
  for (auto at = uploads_.begin(); at != uploads_.end();) {
    const bool rests = !at->second->busy && at->second->used + kIdleFor <= now;
    if (rests) {
      ended.push_back(std::move(at->second));
    }
    at = rests ? uploads_.erase(at) : std::next(at);
  }
}

std::size_t UploadBook::size() const {
  const std::lock_guard lock(mutex_);
  return uploads_.size();
}

}  // namespace sluice::high
