// What waits to cross, and what has crossed and may have to cross again: shipments by sequence, the
// blobs that they carry, the passes in which they were sent.
//
//   poll threads ── take, held, append ──┐                       ┌── next_due, mark_sent ──
//   transmit
//                                        ├─ Spool: one mutex ────┤
//   operators ───── resend, describe ────┘                       └── retain ───────────
//   housekeeping
//
// The mutex is held while the index is written, but not while a blob is committed.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <unordered_map>
#include <vector>

#include "common/base/file_system.h"
#include "common/crypto/keys.h"
#include "common/observe/counters.h"
#include "common/store/blob_store.h"
#include "common/store/key_locks.h"
#include "common/store/reserve.h"
#include "common/store/scrubber.h"
#include "lowside/pipeline/blob_keeper.h"
#include "lowside/pipeline/files.h"
#include "lowside/pipeline/outbox.h"
#include "lowside/pipeline/upstream.h"
#include "lowside/spool/asked.h"
#include "lowside/spool/carousel.h"
#include "lowside/spool/ranges.h"
#include "lowside/spool/schedule.h"
#include "sluice/stored_spool.pb.h"

namespace sluice::low {

struct SpoolSettings {
  std::string stream;            // a spool belongs to one stream for ever
  std::filesystem::path folder;  // of the index and the blobs; named in errors
  // When each pass is due, counted from the first sending; the first is that sending itself (0).
  // The second is far enough behind that what disturbed the link has passed.
  std::vector<std::chrono::seconds> passes{std::chrono::seconds(0), std::chrono::minutes(10)};
  // What has been sent is kept for resends within both.
  std::chrono::hours keep_age{30 * 24};
  std::uint64_t keep_bytes = std::uint64_t{200} << 30;
  // Manifests of what has been dropped are kept within so many bytes, with the addresses of the
  // blobs: so that it can be fetched and sent again, as it was.
  std::uint64_t keep_manifest_bytes = std::uint64_t{1} << 30;
  // How often everything that is held is sent again, with nothing more urgent to do; 0: never.
  std::chrono::seconds carousel{0};
  // A blob that no shipment carries is kept this long after it was taken or asked for: longer than
  // any poll runs.
  std::chrono::hours keep_unshipped{24};
  // Held back in `folder`, and given back when retention finds the disk full to its last byte: more
  // than the index needs to be writable again (store::RocksSettings). 0: none.
  std::uint64_t reserve_bytes = 0;
};

struct ShipmentStatus {
  ShipmentSequence sequence;
  std::string source;
  UtcTime created;
  std::uint64_t bytes = 0;  // of the manifest and the blobs that it carries
  std::uint32_t blobs = 0;
  std::uint32_t records = 0;
  std::uint32_t passes_sent = 0;
  std::optional<UtcTime> last_sent;
  struct Outstanding {
    std::uint32_t pass = 0;
    UtcTime due;
    bool asked = false;
  };
  std::vector<Outstanding> outstanding;
};

// What has to be fetched before a shipment can be sent again.
struct Refetch {
  ShipmentSequence sequence;
  struct Blob {
    std::string name;
    std::uint64_t size = 0;
    std::vector<Digest> digests;  // of the signed manifest; SHA-256 first
    std::string uri;              // where it was fetched at first; empty: it was not
  };
  std::vector<Blob> missing;
};

// What retain() let go.
struct Dropped {
  std::uint64_t shipments = 0;
  std::uint64_t blobs = 0;
};

// Callable from any thread.
class Spool final : public Outbox, public BlobKeeper {
 public:
  struct Parts {  // all outlive the spool
    store::KeyValueStore& index;
    store::BlobStore& blobs;  // over `index`
    FileSystem& files;
    const crypto::SigningKey& key;
    const Clock& clock;
    observe::Counters& counters;
  };
  // kRefused: the folder is another stream's.
  static Result<std::unique_ptr<Spool>> open(SpoolSettings settings, Parts parts);

  // Makes the next shipment of the proposal, signed and durable together with the cursor. It
  // carries those blobs that its records name and no shipment that is still held carries. No
  // records: only the cursor is saved, and nothing is returned. A failure changes nothing:
  // kNotFound names a blob that is not held (poll again), kRefused a limit, kExhausted a full disk.
  // `along` adds to the batch that makes it durable.
  using Along = std::function<void(std::optional<ShipmentSequence> made, store::Batch& batch)>;
  Result<std::optional<ShipmentSequence>> append(
      const std::string& source, const Proposal& proposal,
      const Along& along = [](std::optional<ShipmentSequence>, store::Batch&) {});
  // What append() would send now. Changes nothing; fails as append() would.
  struct Preview {
    std::set<Sha256Digest> blobs;
    std::uint64_t bytes = 0;  // of the manifest and these blobs
  };
  Result<Preview> preview(const std::string& source, const Proposal& proposal) const;
  Result<std::string> cursor(const std::string& source) const;  // empty at first

  // The blob is durable when this returns, with what is said of it: as it was first taken, and
  // every alias that was ever given. Its staging file is gone.
  Result<proto::Blob> take(const AdmittedFile& file) override;
  // Bytes that were made here from verified ones.
  Result<proto::Blob> take_made(const std::string& name, std::string_view bytes,
                                const std::vector<DigestAlgorithm>& aliases,
                                const std::vector<Evidence>& evidence) override;
  // By any of its digests. It stays for SpoolSettings::keep_unshipped at least.
  Result<std::optional<proto::Blob>> held(const Digest& digest) override;

  // The same pass again until mark_sent() takes it off. A full disk stops neither: what was sent is
  // then remembered in memory, and written as soon as there is space.
  Result<std::optional<OutgoingPass>> next_due(UtcTime now, Urgency urgency,
                                               const PassNames& under_way) override;
  Result<void> mark_sent(ShipmentSequence sequence, std::uint32_t pass, Urgency urgency,
                         UtcTime now) override;
  std::uint64_t changes() const override { return changes_; }
  ShipmentSequence highest_made() const;  // 0 for none
  ShipmentSequence highest_sent() const override;
  ShipmentSequence oldest_held() const override;  // the next one to be made if none is held

  // One more pass of each, unless one that was asked for or the first waits already; returns how
  // many. Those of which only the manifest is held, or that lack a blob when their turn comes, wait
  // for next_refetch() first. All or none: kNotFound names the first that was never made or of
  // which nothing is held. Costs the same for one shipment and for a million.
  Result<std::uint64_t> resend(const std::vector<SequenceRange>& ranges);
  // The next shipment whose blobs have to be fetched again before it is sent; the same until
  // refetched() lets it be sent, with what there is then. Its blobs stay for
  // SpoolSettings::keep_unshipped at least.
  Result<std::optional<Refetch>> next_refetch();
  Result<void> refetched(ShipmentSequence sequence);
  // A round of the carousel that begins now; returns how many shipments it has before it.
  Result<std::uint64_t> resend_all();
  // Ranges that wait to be sent again: each is written anew with every shipment that was sent.
  static constexpr std::size_t kMaxAskedRanges = 1000;

  // For exports (spool_export.cpp): the shipment as a pass that is in no schedule. kNotFound: it
  // was never made, or is not held whole any more.
  Result<OutgoingPass> pass_of(ShipmentSequence sequence);
  Result<proto::Shipment> shipment(ShipmentSequence sequence) const;
  // The latest held shipment of `source` that has a record of `document`, and those that carry what
  // that names; `earlier`: and all of the source's before it that are held. kNotFound: none has.
  Result<std::vector<ShipmentSequence>> carriers_of(const std::string& source,
                                                    const std::string& document,
                                                    bool earlier) const;

  Result<std::optional<ShipmentStatus>> describe(ShipmentSequence sequence) const;
  // From `from` on, until `each` returns false.
  Result<void> list(ShipmentSequence from,
                    const std::function<bool(const ShipmentStatus&)>& each) const;

  // Lets go of the oldest shipments beyond the budget that have no pass outstanding, and of blobs
  // that nobody needs any more. To be called every few minutes. kIgnored: only the budget of bytes
  // counts, because the clock cannot be relied on. Where the disk is too full even for that, the
  // reserve is given back first; take() and append() fail until it could be taken again.
  enum class Age { kCounts, kIgnored };
  Result<Dropped> retain(Age age = Age::kCounts);
  bool without_reserve() const { return without_reserve_; }  // it was given back

  // Takes damaged blobs out, so that they are not sent; a line for people about each.
  Result<std::vector<std::string>> lose(const std::vector<store::DamagedBlob>& damaged);

 private:
  Spool(SpoolSettings settings, Parts parts);
  Result<void> load();
  Result<void> load_asked_and_carousel();
  Result<void> load_asked(std::string_view key, Asked& asked) const;
  Result<void> check_stream();

  // With mutex_ held.
  Result<void> save(const store::Batch& batch);
  Result<void> write(
      const store::Batch& batch);  // save(), and a full disk is counted and explained
  Error disk_full(Error error) const;
  Result<proto::SpooledPasses> passes(ShipmentSequence sequence) const;
  Result<proto::Shipment> manifest(ShipmentSequence sequence, std::string& bytes) const;
  Result<ShipmentStatus> status(ShipmentSequence sequence,
                                const proto::SpooledShipment& summary) const;
  void show_gauges();
  ShipmentSequence oldest() const;

  // append (spool_append.cpp)
  Result<proto::Shipment> make_shipment(const std::string& source, const Proposal& proposal,
                                        std::uint64_t previous, UtcTime now) const;
  Result<void> add_blobs(const proto::Record& record, std::set<Sha256Digest>& seen,
                         proto::Shipment& shipment) const;
  Result<Bytes> sign(const proto::Shipment& shipment) const;
  store::Batch shipment_batch(const proto::Shipment& shipment, const Bytes& manifest,
                              proto::SpooledPasses& passes) const;

  // take (spool_blobs.cpp)
  Result<proto::Blob> take(store::NewBlob content, proto::Blob description,
                           const std::string& uri = {});
  Result<store::NewBlob> stage(std::string_view bytes, store::BlobInfo info);
  Result<void> add_aliases(proto::SpooledBlob& held, const proto::Blob& again,
                           const Sha256Digest& digest, store::Batch& batch) const;

  // next_due and mark_sent, by urgency
  std::optional<PassName> planned(UtcTime now, Urgency urgency, const PassNames& under_way);
  Result<void> mark_planned(ShipmentSequence sequence, std::uint32_t pass, UtcTime now);
  Result<void> mark_asked(ShipmentSequence sequence, std::uint32_t pass, UtcTime now);
  void mark_carousel(ShipmentSequence sequence);
  Result<OutgoingPass> outgoing(const PassName& next, Urgency urgency);
  Result<bool> write_or_remember(ShipmentSequence sequence, proto::SpooledPasses passes,
                                 store::Batch batch);

  // refetching (spool_refetch.cpp)
  Result<void> load_dropped();
  void remember_dropped(ShipmentSequence sequence, std::uint64_t bytes);
  Result<proto::SpooledDropped> dropped_entry(const proto::Shipment& shipment) const;
  Result<void> forget_dropped();
  Result<std::string> address_of(ShipmentSequence sequence, const Sha256Digest& digest) const;
  Result<bool> lacks_blobs(const OutgoingPass& pass) const;
  Result<void> put_off(ShipmentSequence sequence);
  Result<void> save_asked(Asked asked, Asked refetch);

  // resend and retain
  Result<void> check_held(const SequenceRange& range) const;
  Result<void> has_room() const;  // for what is new
  Result<Dropped> drop_all(Age age);
  Result<bool> drop_oldest(Age age, UtcTime now);
  Result<std::vector<Sha256Digest>> unneeded_blobs(UtcTime now) const;
  Result<bool> drop_blob(const Sha256Digest& digest, UtcTime now);
  Result<bool> needed(const Sha256Digest& digest, const proto::SpooledBlob& held,
                      UtcTime now) const;

  const SpoolSettings settings_;
  const Parts parts_;
  store::Reserve reserve_;  // retain()'s own
  std::atomic<bool> without_reserve_ = false;
  mutable std::mutex mutex_;
  store::KeyLocks taking_;  // one take() of a blob at a time; taken before mutex_
  ShipmentSequence next_{1};
  ShipmentSequence highest_sent_{0};
  Schedule schedule_{*std::ranges::max_element(settings_.passes)};
  Asked asked_;
  Asked refetch_;                         // asked for, and not to be sent as it is
  std::set<ShipmentSequence> refetched_;  // asked for, and sent with what there is
  // Sequence → bytes, of those before held_ of which the manifest is kept.
  std::map<ShipmentSequence, std::uint64_t> dropped_;
  std::uint64_t dropped_bytes_ = 0;
  bool asked_unsaved_ = false;  // the disk was full
  Carousel carousel_{settings_.carousel};
  std::atomic<std::uint64_t> changes_ = 0;
  // Sequence → bytes, of all that are held. 1 000 000 shipments cost 100 MB; 30 days at one every
  // 10 seconds are a quarter of that.
  std::map<ShipmentSequence, std::uint64_t> held_;
  std::uint64_t held_bytes_ = 0;
  std::map<ShipmentSequence, proto::SpooledPasses> unsaved_;  // sent while the disk was full
  std::unordered_map<Sha256Digest, UtcTime>
      asked_for_;  // blobs that a poll counts on, and since when
};

}  // namespace sluice::low
