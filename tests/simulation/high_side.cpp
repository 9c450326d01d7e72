#include "tests/simulation/high_side.h"

#include "common/store/disk_blob_store.h"

namespace sluice::sim {
namespace {

// What one block of 64 KiB can bring at the most: accept() must not wait for any of it.
constexpr std::size_t kBlobsOfABlock = 1000;
constexpr std::size_t kBytesOfABlock = std::size_t{16} << 20;

}  // namespace

Result<std::unique_ptr<HighSide>> HighSide::open(const HighParts& parts) {
  SLUICE_TRY(auto blobs, store::DiskBlobStore::open(parts.disk.index(), parts.disk.files(), "/high",
                                                    {}, parts.settings.pack_from));
  std::unique_ptr<HighSide> side(new HighSide(parts, std::move(blobs)));
  SLUICE_TRY_VOID(side->start());
  return side;
}

HighSide::HighSide(const HighParts& parts, std::unique_ptr<store::BlobStore> blobs)
    : parts_(parts),
      blobs_(std::move(blobs)),
      catalog_(parts.disk.index()),
      publisher_(catalog_, parts.disk.index(), *blobs_, parts.clock, parts.counters, parts.events,
                 parts.settings.publish),
      committer_(*blobs_, parts.disk.index(), parts.counters, parts.events, parts.settings.commit),
      assembler_(parts.settings.assemble, *blobs_, parts.disk.index(), parts.disk.files(),
                 parts.clock, committer_, publisher_, parts.counters, parts.events),
      epochs_(parts.disk.index()),
      reader_(parts.settings.receive, {.streams = parts.streams,
                                       .key = parts.key,
                                       .epochs = epochs_,
                                       .consumer = assembler_,
                                       .clock = parts.clock,
                                       .counters = parts.counters,
                                       .events = parts.events}),
      mirror_("/files", catalog_, *blobs_) {
  buffers_.resize(2);
  memory_.resize(buffers_.size() * parts_.source.buffer_bytes());
  for (std::size_t i = 0; i < buffers_.size(); ++i) {
    buffers_[i].memory = MutableByteView(memory_).subspan(i * parts_.source.buffer_bytes(),
                                                          parts_.source.buffer_bytes());
  }
}

Result<void> HighSide::start() {
  SLUICE_TRY_VOID(catalog_.load());
  publisher_.add(check_);
  committer_.listen(assembler_);
  committer_.listen(publisher_);
  SLUICE_TRY_VOID(publisher_.open(assembler_));
  return assembler_.open();
}

// Whether datagrams can be taken without the reader waiting for the assembler.
bool HighSide::room() const {
  return assembler_.status().queued_bytes <= parts_.settings.assemble.queue_bytes / 2;
}

// Whether a block's blobs can be handed on without the assembler waiting for the committer.
bool HighSide::room_for_blobs() const {
  const high::CommitStatus commit = committer_.status();
  const high::CommitterSettings& limits = parts_.settings.commit;
  return commit.stalled || (commit.queued_blobs + kBlobsOfABlock <= limits.queue_blobs &&
                            commit.queued_bytes + kBytesOfABlock <= limits.queue_bytes);
}

bool HighSide::deliver() {
  if (!room()) {
    return false;
  }
  const std::size_t count = parts_.source.receive(buffers_, std::chrono::milliseconds(0)).value();
  if (count == 0) {
    return false;
  }
  for (const link::ReceiveBuffer& buffer : std::span(buffers_).first(count)) {
    MutableByteView rest = buffer.memory.first(buffer.bytes);
    do {
      const MutableByteView datagram = rest.first(std::min(rest.size(), buffer.segment_bytes));
      rest = rest.subspan(datagram.size());
      note(datagram);
      reader_.take(datagram);
    } while (!rest.empty());
  }
  reader_.end_batch();
  return true;
}

void HighSide::note(ByteView datagram) {
  const auto nonce = nonce_of(datagram);
  if (nonce && parts_.tap.genuine(*nonce, datagram)) {
    given_[{nonce->session, nonce->lane}].insert(nonce->counter);
  }
}

bool HighSide::tick() {
  if (room()) {
    reader_.tick();
  }
  return false;  // what it does needs no other's turn
}

bool HighSide::assemble() { return room_for_blobs() && assembler_.step(); }

bool HighSide::keep() {
  const SteadyTime now = parts_.clock.steady_now();
  if (now < next_keep_ || !room_for_blobs()) {
    return false;
  }
  const high::Step step = assembler_.step_keeper();
  if (step == high::Step::kStalled) {
    next_keep_ = now + high::Keeper::kRetryEvery;
  }
  return step == high::Step::kWorked;
}

bool HighSide::commit() {
  const SteadyTime now = parts_.clock.steady_now();
  if (now < next_commit_) {
    return false;
  }
  const high::Step step = committer_.step();
  if (step == high::Step::kStalled) {
    next_commit_ = now + parts_.settings.commit.retry_every;
  }
  return step == high::Step::kWorked;
}

void HighSide::check_bounds() const {
  const auto hold = [](bool holds, const char* what) {
    if (!holds) {
      throw Violation("bounded", std::string(what) + " is beyond its limit");
    }
  };
  const high::AssemblyStatus assembly = assembler_.status();
  const high::CommitStatus commit = committer_.status();
  const HighSettings& settings = parts_.settings;
  hold(assembly.queued_bytes <= settings.assemble.queue_bytes, "the assembler's queue");
  hold(assembly.blobs <= settings.assemble.staging.blobs, "the number of blobs in assembly");
  hold(assembly.reserved_bytes <= settings.assemble.staging.limit_bytes, "staging");
  hold(assembly.held_bytes <= assembly.reserved_bytes, "what is held in assembly");
  hold(commit.queued_blobs <= settings.commit.queue_blobs, "the committer's queue of blobs");
  hold(commit.queued_bytes <= settings.commit.queue_bytes, "the committer's queue in bytes");
  const high::CatalogStatus catalog = publisher_.status();
  std::uint64_t open = 0;  // each of them may wait for its manifest
  for (const high::StreamStatus& stream : catalog.streams) {
    open += stream.open;
  }
  hold(catalog.waiting_blobs <= settings.publish.waiting_blobs + open, "the waits for blobs");
}

Epoch HighSide::check_session() {
  const high::LinkStatus status = reader_.status();
  for (const high::LinkStreamStatus& stream : status.streams) {
    for (const auto& lane : stream.lanes) {
      const auto given = given_.find({stream.session.value(), lane.lane.value()});
      const std::size_t distinct = given == given_.end() ? 0 : given->second.size();
      if (lane.datagrams > distinct) {
        throw Violation("monotonic", "lane " + std::to_string(lane.lane.value()) + " took " +
                                         std::to_string(lane.datagrams) + " datagrams of " +
                                         std::to_string(distinct) + " different ones");
      }
    }
  }
  return status.streams.front().epoch;
}

}  // namespace sluice::sim
