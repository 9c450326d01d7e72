// A low side and a high side as their daemons put them together, with a link between them whose
// troubles are planned to the nanosecond: one thread, a clock that stands still, the same again for
// the same seed. What the low side spools is made here; all else is the product's.
//
//   Spool ─> Transmission ─> lanes ─> LossyLink ─> LinkReader ─> Assembler ─> Committer ─>
//   Publisher
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "lowside/spool/spool.h"
#include "lowside/transmit/transmission.h"
#include "tests/simulation/high_side.h"
#include "tests/support/events.h"

namespace sluice::survival {

struct PairSettings {
  std::uint64_t seed = 1;
  low::TransmitSettings transmit;
  std::size_t lanes = 1;
  test::LinkFaults faults;
  bool forged = false;  // 1 to 20 datagrams for each that is sent
};

class Pair {
 public:
  static constexpr const char* kStream = "lab-low";

  explicit Pair(const PairSettings& settings);
  ~Pair();

  // A shipment with a document for each size. It is sent as soon as time passes.
  void ship(const std::vector<std::size_t>& sizes);
  // Until everything that is due has been sent, or `limit` has passed.
  void send_all(std::chrono::seconds limit = std::chrono::hours(1));
  void run_for(std::chrono::nanoseconds time);

  // Whether a datagram that leaves at this time is lost; on top of the faults.
  using Outage = std::function<bool(SteadyTime now, ByteView datagram)>;
  void set_outage(Outage outage) { outage_ = std::move(outage); }
  void set_faults(const test::LinkFaults& faults) { link_.set_faults(faults); }
  void end_troubles();
  // While it is true of a lane, the kernel refuses its sends.
  void fail_lane(std::size_t lane, bool fails);

  // Both end at once, without a word, and start again from what they have on disk.
  void restart_low();
  void restart_high();
  void stop_high() { high_.reset(); }
  bool high_runs() const { return high_ != nullptr; }

  // What the high side holds against what was shipped: every document that is listed is what it was
  // made of, each shipment is visible with all its documents or named in gaps, never both. What is
  // wrong, or nothing.
  std::string check() const;
  std::vector<high::Gap> gaps() const;
  std::uint64_t shipped() const { return shipments_.size(); }
  std::uint64_t visible() const;  // shipments
  // What an operator does with what `gaps` prints.
  void resend_gaps();

  const test::LossyLink& link() const { return link_; }
  low::Transmission& transmission() { return *transmission_; }
  std::uint64_t high(observe::Metric metric) const { return high_counters_.get(metric); }
  std::uint64_t low(observe::Metric metric) const { return low_counters_.get(metric); }
  const test::RecordedEvents& low_events() const { return low_events_; }
  const test::RecordedEvents& high_events() const { return high_events_; }
  SteadyTime now() const { return time_.steady_now(); }

 private:
  struct LaneSink;
  using Documents = std::map<std::string, Bytes>;

  void start_low();
  bool work();  // whatever can be done now
  bool work_high();
  SteadyTime next_send() const;

  const PairSettings settings_;
  test::ManualClock time_;
  sim::SideClock clock_{time_};
  sim::Random random_;
  test::LossyLink link_;
  sim::WireTap tap_;
  sim::Adversary adversary_;
  Outage outage_;
  crypto::SigningKey signing_ = crypto::SigningKey::generate();
  crypto::OpeningKey opening_ = crypto::OpeningKey::generate();
  std::vector<high::TrustedStream> streams_;
  sim::HighSettings high_settings_;
  observe::Counters low_counters_;
  observe::Counters high_counters_;
  test::RecordedEvents low_events_;
  test::RecordedEvents high_events_;

  sim::Disk low_disk_;
  sim::Disk high_disk_;
  std::unique_ptr<store::BlobStore> blobs_;
  std::unique_ptr<low::Spool> spool_;
  std::vector<std::unique_ptr<LaneSink>> lanes_;
  std::uint64_t epoch_ = 0;
  std::unique_ptr<low::Transmission> transmission_;
  std::vector<SteadyTime> next_send_;
  std::unique_ptr<sim::HighSide> high_;
  std::vector<Documents> shipments_;  // [i]: sequence i + 1
};

}  // namespace sluice::survival
