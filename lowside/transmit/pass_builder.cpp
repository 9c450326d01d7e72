#include "lowside/transmit/pass_builder.h"

#include <algorithm>
#include <cstring>

#include "common/base/hasher.h"
#include "common/observe/stage_timer.h"

namespace sluice::low {
namespace {

// A part that would be shorter than this waits for the next block, unless it is the blob's end: a
// blob that is cut in two is lost with either block. It wastes 0.4 % of 4 MiB at the most.
constexpr std::size_t kShortestPart = std::size_t{16} << 10;

}  // namespace

PassBuilder::PassBuilder(const TransmitSettings& settings, SessionId session,
                         const store::BlobStore& blobs, const crypto::SigningKey& key,
                         const CompressionGate& compression, observe::Counters& counters,
                         observe::EventSink& events)
    : settings_(settings),
      session_(session),
      blobs_(blobs),
      key_(key),
      compression_(compression),
      counters_(counters),
      events_(events) {}

void PassBuilder::begin_at(OutgoingPass pass, std::size_t item, std::uint64_t offset) {
  SLUICE_ASSERT(done_);
  pass_ = std::move(pass);
  notice_ = {.sequence = pass_.sequence,
             .manifest = sha256(pass_.manifest),
             .manifest_bytes = pass_.manifest.size(),
             .pass = pass_.pass};
  done_ = false;
  begun_ = false;
  item_ = item;
  offset_ = begin_offset_ = offset;
  open_ = false;
  partial_ = false;
}

std::uint64_t PassBuilder::total_bytes() const {
  std::uint64_t total = pass_.manifest.size();
  for (const OutgoingBlob& blob : pass_.blobs) {
    total += blob.size;
  }
  return total;
}

void PassBuilder::build(LaneId lane, BlockNumber number, EncodedBlock& block) {
  SLUICE_ASSERT(!done_);
  observe::StageTimer timer(counters_);
  block.pass_bytes = 0;
  fill(block);
  timer.lap(observe::Metric::kSendBuildNanos);
  close(lane, number, block);
}

void PassBuilder::close(LaneId lane, BlockNumber number, EncodedBlock& block) {
  observe::StageTimer timer(counters_);
  block.number = number;
  const ByteView finished =
      block.writer.finish({.session = session_, .lane = lane, .number = number}, key_);
  block.geometry = settings_.geometry(finished.size());
  SLUICE_ASSERT(block.geometry.valid());
  block.data = block.writer.padded(block.geometry.symbol_bytes);
  timer.lap(observe::Metric::kSendBuildNanos);
  protect(block);
  timer.lap(observe::Metric::kSendEncodeNanos);
}

void PassBuilder::rebuild(LaneId lane, BlockNumber number, EncodedBlock& block) {
  block.number = number;
  block.writer.finish_again({.session = session_, .lane = lane, .number = number}, key_);
  protect(block);
}

void PassBuilder::protect(EncodedBlock& block) {
  block.parity.resize(std::size_t{block.geometry.parity} * block.geometry.codewords() *
                      block.geometry.symbol_bytes);
  encoder_.encode(block.geometry, block.data, block.parity);
}

void PassBuilder::fill(EncodedBlock& block) {
  if (!begun_) {
    block.writer.add_notice(notice_);
    begun_ = true;
  }
  while (item_ <= pass_.blobs.size()) {
    if (!open_) {
      if (const auto opened = open_current(); !opened) {
        leave_out(opened.error(), block);
        continue;
      }
    }
    if (!add_part(block)) {
      return;
    }
  }
  if (block.writer.room() > 0) {  // else the next block holds the notice alone
    block.writer.add_notice(notice_);
    done_ = true;
  }
}

bool PassBuilder::add_part(EncodedBlock& block) {
  const std::uint64_t rest = current_.size - offset_;
  const std::size_t room = block.writer.room();
  if (room == 0 || (rest > room && room < kShortestPart)) {
    return false;
  }
  const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(rest, room));
  block.writer.set_compressing(compression_.open());
  if (const auto read = read_into(block.writer, bytes); !read) {
    leave_out(read.error(), block);
    return true;
  }
  block.writer.add_reserved(current_.digest, current_.size, offset_, bytes);
  block.pass_bytes += bytes;
  offset_ += bytes;
  if (offset_ == current_.size) {
    check_digest();
    next_item();
  }
  return true;
}

// A file of the spool that rotted would be sent again and again, and only the high side would know.
void PassBuilder::check_digest() {
  if (!checked()) {
    return;
  }
  const Digest found = hasher_.finish();
  if (found == Digest(current_.digest)) {
    return;
  }
  counters_.add(observe::Metric::kSendMissingBlobs);
  events_.failure(observe::Level::kError, "transmit.blob_damaged",
                  {ErrorCode::kIntegrity, "blob " + current_.digest.hex(),
                   "its bytes in the spool have the digest " + found.to_string(),
                   "check the disk; sluice-low scrub takes the blob out, and then sluice-low "
                   "resend fetches it again"},
                  {{"shipment", observe::shipment_id(settings_.stream, pass_.sequence)},
                   {"pass", std::to_string(pass_.pass)},
                   {"blob", current_.digest.hex()}});
}

Result<void> PassBuilder::read_into(wire::BlockWriter& writer, std::size_t bytes) {
  const MutableByteView memory = writer.reserve(bytes);
  if (reader_ == nullptr) {
    std::memcpy(memory.data(), pass_.manifest.data() + offset_, bytes);
    return {};
  }
  SLUICE_TRY_VOID(reader_->read_at(offset_, memory));
  if (checked()) {
    hasher_.update(memory);
  }
  return {};
}

// A manifest is named by what it is. A blob's first pass follows the hashing of its bytes as they
// came into the spool, and finds them in the page cache: to hash them once more takes as long as
// all else that the sender does (0.5 ns a byte) and sees nothing that the disk did.
bool PassBuilder::checked() const { return reader_ != nullptr && pass_.pass > 0 && !partial_; }

Result<void> PassBuilder::open_current() {
  if (item_ == 0) {
    current_ = {.digest = notice_.manifest, .size = notice_.manifest_bytes};
  } else {
    const OutgoingBlob& blob = pass_.blobs[item_ - 1];
    current_ = {.digest = blob.digest, .size = blob.size};
    SLUICE_TRY(reader_, blobs_.open(blob.digest));
    if (reader_->size() != blob.size) {
      return Error{ErrorCode::kIntegrity, "blob " + blob.digest.hex(),
                   "the spool holds " + std::to_string(reader_->size()) +
                       " bytes, the shipment says " + std::to_string(blob.size),
                   "sluice-low scrub takes it out, and then sluice-low resend fetches it again"};
    }
  }
  if (checked()) {
    hasher_ = Hasher(DigestAlgorithm::kSha256);
  }
  offset_ = std::exchange(begin_offset_, 0);
  partial_ = offset_ > 0;
  open_ = true;
  return {};
}

void PassBuilder::leave_out(const Error& error, EncodedBlock& block) {
  counters_.add(observe::Metric::kSendMissingBlobs);
  events_.failure(observe::Level::kError, "transmit.blob_missing", error,
                  {{"shipment", observe::shipment_id(settings_.stream, pass_.sequence)},
                   {"pass", std::to_string(pass_.pass)},
                   {"blob", current_.digest.hex()}});
  block.pass_bytes += current_.size - (open_ ? offset_ : 0);  // progress still ends at the total
  next_item();
}

void PassBuilder::next_item() {
  ++item_;
  open_ = false;
  offset_ = 0;
  partial_ = false;
  reader_.reset();
}

}  // namespace sluice::low
