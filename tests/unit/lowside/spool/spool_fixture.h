// A spool over disks that fail, at a time that the test sets.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "common/base/hasher.h"
#include "common/base/limits.h"
#include "common/store/disk_blob_store.h"
#include "common/wire/manifest.h"
#include "lowside/spool/spool.h"
#include "tests/support/memory_store.h"
#include "tests/support/sim_file_system.h"

namespace sluice::low {

// Stand for the stages before the spool, which alone can make the types that it takes.
class Admitter {
 public:
  static AdmittedFile admit(InspectedFile file) { return {PassKey<Admitter>(), std::move(file)}; }
};
class Inspector {
 public:
  static InspectedFile inspect(VerifiedFile file) {
    return {PassKey<Inspector>(), std::move(file), "application/octet-stream"};
  }
};
class Verifier {
 public:
  static VerifiedFile verify(FetchedFile file, std::vector<Evidence> evidence) {
    return {PassKey<Verifier>(), std::move(file), std::move(evidence)};
  }
};
class Fetcher {
 public:
  static FetchedFile fetch(FetchRequest request, StagingPath path, std::uint64_t size,
                           std::vector<Digest> digests) {
    return {PassKey<Fetcher>(), std::move(request), std::move(path), size, std::move(digests)};
  }
};

class SettableClock final : public Clock {
 public:
  UtcTime utc_now() const override { return now; }
  SteadyTime steady_now() const override { return SteadyTime(now.time_since_epoch()); }
  UtcTime now = from_unix_micros(1'800'000'000'000'000);
};

class SpoolFixture : public testing::Test {
 protected:
  SpoolFixture() {
    settings_.stream = "lab-low";
    settings_.folder = folder_;
  }

  Result<void> open() {
    spool_.reset();
    blobs_.reset();
    SLUICE_TRY(blobs_, store::DiskBlobStore::open(index_, files_, folder_));
    SLUICE_TRY(spool_, Spool::open(settings_, {index_, *blobs_, files_, key_, clock_, counters_}));
    return {};
  }
  void crash(test::Loss files, test::Loss index, std::uint64_t seed = 0) {
    spool_.reset();
    blobs_.reset();
    plan_.clear();
    files_.crash(files, seed);
    index_.crash(index, seed);
  }

  // What a poll does with a file: it comes through all stages and is taken.
  Result<proto::Blob> take(const std::string& name, const std::string& bytes,
                           const std::vector<DigestAlgorithm>& aliases = {}) {
    const StagingPath path = blobs_->new_staging_path();
    SLUICE_TRY(const auto file, files_.open_for_writing(path.value()));
    SLUICE_TRY_VOID(file->write_at(0, as_bytes(bytes)));
    MultiHasher hasher(aliases);
    hasher.update(as_bytes(bytes));
    FetchRequest request;
    request.uri = "https://user:secret@upstream.example/" + name + "?signature=1";
    request.name = name;
    return spool_->take(Admitter::admit(Inspector::inspect(Verifier::verify(
        Fetcher::fetch(request, path, bytes.size(), hasher.finish()), {{"sri", "of " + name}}))));
  }
  static std::string digest_of(const std::string& bytes) {
    return std::string(as_text(sha256(as_bytes(bytes)).bytes()));
  }
  // A record for each document, which names the blobs with these bytes.
  using Documents = std::vector<std::pair<std::string, std::vector<std::string>>>;
  static Proposal proposal(const std::string& cursor, const Documents& documents) {
    Proposal made;
    made.cursor = cursor;
    for (const auto& [document, blobs] : documents) {
      proto::Record record;
      record.set_ecosystem("file");
      record.set_document(document);
      record.set_body("body of " + document);
      for (const std::string& bytes : blobs) {
        record.add_blobs(digest_of(bytes));
      }
      made.records.push_back(std::move(record));
    }
    return made;
  }
  // Takes and appends one document with one blob.
  Result<std::optional<ShipmentSequence>> ship(const std::string& source, const std::string& name,
                                               const std::string& bytes) {
    SLUICE_TRY(const proto::Blob taken, take(name, bytes));
    EXPECT_EQ(taken.size(), bytes.size());
    return spool_->append(source, proposal("cursor of " + name, {{name, {bytes}}}));
  }
  // The most urgent that is due.
  Result<std::optional<OutgoingPass>> next() {
    for (const Urgency urgency : kUrgencies) {
      SLUICE_TRY(auto due, spool_->next_due(clock_.now, urgency, {}));
      if (due) {
        return due;
      }
    }
    return std::optional<OutgoingPass>();
  }
  OutgoingPass due() { return next().value().value(); }
  proto::Shipment manifest_of(const OutgoingPass& pass) {
    return wire::read_manifest(pass.manifest, key_.verify_key()).value();
  }
  // Sends what is due; its sequence.
  std::uint64_t send() {
    const OutgoingPass pass = due();
    spool_->mark_sent(pass.sequence, pass.pass, pass.urgency, clock_.now).value();
    return pass.sequence.value();
  }
  bool idle() { return !next().value().has_value(); }

  const std::filesystem::path folder_ = "/spool";
  test::FaultPlan plan_;
  std::shared_ptr<test::DiskSpace> space_ = std::make_shared<test::DiskSpace>();
  test::SimFileSystem files_{plan_, space_};
  test::MemoryStore index_{plan_, space_};
  crypto::SigningKey key_ = crypto::SigningKey::generate();
  SettableClock clock_;
  observe::Counters counters_;
  SpoolSettings settings_;
  std::unique_ptr<store::DiskBlobStore> blobs_;
  std::unique_ptr<Spool> spool_;
};

}  // namespace sluice::low
