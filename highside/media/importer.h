// Imports volumes: finds them, checks each, has the link's receiver take what is in them, waits
// until it is visible, and says what is missing.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/observe/counters.h"
#include "common/observe/events.h"
#include "common/wire/resend_code.h"
#include "highside/media/custody.h"
#include "highside/media/volume_check.h"

namespace sluice::high {

// Volumes of one command: a shelf of discs, with their images beside them.
inline constexpr std::size_t kMaxVolumesAtOnce = 1000;
// Lines of a report; what is beyond stands in the events.
inline constexpr std::size_t kMaxReportLines = 2000;

struct ImportRequest {
  std::vector<std::filesystem::path> paths;
  std::string by;
  std::string carrier;
  std::string reason;
};

// What becomes of what was handed over. The wiring implements it on ledger and assembler.
class Aftermath {
 public:
  virtual ~Aftermath() = default;
  // Those of `ranges` that are not visible, or not whole any more; without ranges: of all that was
  // ever heard of.
  virtual std::vector<wire::SequenceRange> not_visible(
      const std::string& stream, const std::vector<wire::SequenceRange>& ranges) const = 0;
  // Until everything that was handed over is durable, and is visible or waits for something; or
  // until `enough` says that nothing is missing.
  virtual void settle(const std::function<bool()>& enough, const std::stop_token& stop) = 0;
  // What keeps these from being visible, a line for each, those that they wait for included; and
  // how to ask for them again.
  virtual std::vector<std::string> explain(
      const std::string& stream, const std::vector<wire::SequenceRange>& ranges) const = 0;
};

struct ImportReport {
  std::vector<std::string> lines;  // for people, in order
  std::uint64_t volumes = 0;       // taken, or here already
  std::uint64_t refused = 0;
  std::uint64_t missing_volumes = 0;
  bool complete = true;  // every shipment of the bundles is visible
  std::string wipe_record;
};

struct ImportProgress {
  std::uint64_t bytes = 0;  // of volumes, read
  std::uint64_t total_bytes = 0;
  std::string place;  // under way
};

// All outlive it.
struct ImportParts {
  const Senders& senders;
  std::string own_fingerprint;
  GroupSink& sink;
  CustodyLog& custody;
  Aftermath& aftermath;
  const Clock& clock;
  observe::Counters& counters;
  observe::EventSink& events;
};

class Importer {
 public:
  explicit Importer(ImportParts parts) : parts_(std::move(parts)) {}

  // An Error only when it was stopped, or the store failed; what is wrong with a volume stands in
  // the report.
  Result<ImportReport> run(const ImportRequest& request, const std::stop_token& stop);
  ImportProgress progress() const;  // any thread

 private:
  struct Bundle {
    std::string stream;
    std::uint64_t number = 0;
    auto operator<=>(const Bundle&) const = default;
  };
  void find(const std::filesystem::path& path);
  void open(const std::filesystem::path& path, bool folder);
  void refuse(observe::Metric reason, const Error& why);
  void tell_refused(const Error& why);
  Result<bool> wanted(const CheckedVolume& volume);
  Result<void> take(const CheckedVolume& volume, const ImportRequest& request,
                    const std::stop_token& stop);
  void count(const VolumeOutcome& outcome);
  void tell_damage(const CheckedVolume& volume, const VolumeOutcome& outcome);
  bool all_visible() const;  // of the bundles taken, as far as their manifests can be read
  Result<void> look_at_bundles();
  Result<void> look_at_bundle(const Bundle& bundle, const media::VolumeManifest& manifest);
  void look_at_nameless(const Bundle& bundle);
  void explain(const std::string& stream, const std::vector<wire::SequenceRange>& missing);
  void write_wipe_record(const ImportRequest& request);
  void line(std::string text);

  const ImportParts parts_;
  ImportReport report_;
  std::vector<CheckedVolume> volumes_;
  std::set<Bundle> bundles_;          // of those taken
  std::vector<std::string> to_wipe_;  // a line for each volume taken
  std::atomic<std::uint64_t> bytes_{0};
  mutable std::mutex mutex_;
  ImportProgress progress_;  // guarded by mutex_, but for its bytes
};

}  // namespace sluice::high
