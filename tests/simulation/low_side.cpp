#include "tests/simulation/low_side.h"

#include <set>

#include "common/store/disk_blob_store.h"
#include "lowside/daemon/epoch.h"
#include "tests/support/fake_inspector.h"

namespace sluice::sim {

// As StagedIntake, but for the stage that needs files that libmagic can open.
class LowSide::Intake final : public low::Intake {
 public:
  Intake(LowSide& side) : side_(side) {}

  Result<proto::Blob> take(low::FetchedFile file, const low::Expectation& expectation) override {
    const StagingPath path = file.path();
    Result<proto::Blob> blob = pass(std::move(file), expectation);
    if (!blob) {
      static_cast<void>(side_.parts_.disk.files().remove(path.value()));
    }
    return blob;
  }
  Result<proto::Blob> take_made(std::string name, std::string bytes,
                                std::vector<DigestAlgorithm> aliases,
                                std::vector<low::Evidence> evidence) override {
    return side_.spool_->take_made(name, bytes, aliases, evidence);
  }
  Result<std::optional<proto::Blob>> held(const Digest& digest) override {
    return side_.spool_->held(digest);
  }

 private:
  Result<proto::Blob> pass(low::FetchedFile file, const low::Expectation& expectation) {
    SLUICE_TRY(low::VerifiedFile verified, side_.verifier_->verify(std::move(file), expectation));
    SLUICE_TRY(const low::AdmittedFile admitted,
               side_.admitter_->admit(
                   low::Inspector::inspected(std::move(verified), "application/octet-stream")));
    return side_.spool_->take(admitted);
  }

  LowSide& side_;
};

// Tells the tap when symbols may leave.
class LowSide::WatchedOutbox final : public low::Outbox {
 public:
  WatchedOutbox(low::Spool& spool, WireTap& tap) : spool_(spool), tap_(tap) { show(); }
  Result<std::optional<low::OutgoingPass>> next_due(UtcTime now, low::Urgency urgency,
                                                    const low::PassNames& under_way) override {
    auto due = spool_.next_due(now, urgency, under_way);
    if (due && due->has_value()) {
      ++open_;
    }
    show();
    return due;
  }
  Result<void> mark_sent(ShipmentSequence sequence, std::uint32_t pass, low::Urgency urgency,
                         UtcTime now) override {
    --open_;
    show();
    return spool_.mark_sent(sequence, pass, urgency, now);
  }
  std::uint64_t changes() const override { return spool_.changes(); }
  ShipmentSequence highest_sent() const override { return spool_.highest_sent(); }
  ShipmentSequence oldest_held() const override { return spool_.oldest_held(); }

 private:
  void show() { tap_.set_pass_open(open_ > 0); }

  low::Spool& spool_;
  WireTap& tap_;
  std::size_t open_ = 0;
};

LowSide::LowSide(const LowParts& parts) : parts_(parts) {}
LowSide::~LowSide() = default;

Result<std::unique_ptr<LowSide>> LowSide::open(const LowParts& parts) {
  std::unique_ptr<LowSide> side(new LowSide(parts));
  SLUICE_TRY_VOID(side->open_stores());
  SLUICE_TRY_VOID(side->open_link());
  const low::RunnerParts running{parts.settings.spool.stream,
                                 *side->fetch_,
                                 *side->intake_,
                                 *side->spool_,
                                 parts.events,
                                 parts.counters,
                                 parts.clock,
                                 [] {}};
  for (const auto& registry : parts.registries) {
    side->sources_.push_back(std::make_unique<low::SourcePoll>(
        std::make_unique<RegistrySource>(*registry, parts.upstream_faults, parts.random), running,
        std::filesystem::temp_directory_path()));
  }
  side->next_poll_.resize(side->sources_.size());
  return side;
}

Result<void> LowSide::open_stores() {
  FileSystem& files = parts_.disk.files();
  SLUICE_TRY(blobs_,
             store::DiskBlobStore::open(parts_.disk.index(), files, parts_.settings.spool.folder));
  SLUICE_TRY(spool_,
             low::Spool::open(parts_.settings.spool, {parts_.disk.index(), *blobs_, files,
                                                      parts_.key, parts_.clock, parts_.counters}));
  quarantine_ = std::make_unique<low::QuarantineFolder>(
      low::QuarantineSettings{.folder = "/low/quarantine", .max_files = 10}, files, parts_.clock,
      parts_.counters);
  SLUICE_TRY_VOID(quarantine_->open());
  audit_ = std::make_unique<low::StoredAuditLog>(parts_.disk.index());
  verifier_ = std::make_unique<low::Verifier>(*quarantine_, files, parts_.counters, parts_.events);
  admitter_ = std::make_unique<low::Admitter>(low::Policy{}, *quarantine_, *audit_, parts_.clock,
                                              parts_.counters, parts_.events);
  intake_ = std::make_unique<Intake>(*this);
  fetch_ = std::make_unique<RegistryFetch>(parts_.registries, parts_.upstream_faults, parts_.disk,
                                           parts_.random);
  return fetch_->open();
}

Result<void> LowSide::open_link() {
  outbox_ = std::make_unique<WatchedOutbox>(*spool_, parts_.tap);
  low::TransmitSettings settings = parts_.settings.transmit;
  SLUICE_TRY(settings.epoch, low::next_epoch(parts_.disk.index(), parts_.clock));
  SLUICE_TRY(
      transmission_,
      low::Transmission::begin(
          settings,
          {*outbox_, *blobs_, std::vector<link::DatagramSink*>(parts_.settings.lanes, &parts_.tap),
           parts_.key, parts_.receivers, parts_.clock, parts_.counters, parts_.events}));
  next_send_.resize(transmission_->lanes());
  return {};
}

bool LowSide::poll_due(std::size_t source) const {
  return parts_.clock.steady_now() >= next_poll_[source];
}

void LowSide::poll(std::size_t source) {
  next_poll_[source] = parts_.clock.steady_now() + sources_[source]->poll({});
}

bool LowSide::build() {
  if (transmission_->build() != low::Transmission::Built::kWorked) {
    return false;
  }
  std::ranges::fill(next_send_, SteadyTime());  // a lane that was idle may have a block now
  return true;
}

bool LowSide::send(std::size_t lane) {
  if (parts_.clock.steady_now() < next_send_[lane]) {
    return false;
  }
  next_send_[lane] = transmission_->send(lane);
  return true;
}

}  // namespace sluice::sim
