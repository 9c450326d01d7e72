// lose(): what scrub found damaged.
#include "lowside/spool/spool.h"
#include "lowside/spool/spool_state.h"

namespace sluice::low {

// What is said of the blob and its carrier stay: when a poll asks for it, it is not held, so that
// it is fetched and taken again; and a resend of its carrier fetches it, too.
Result<std::vector<std::string>> Spool::lose(const std::vector<store::DamagedBlob>& damaged) {
  std::vector<std::string> lines;
  for (const store::DamagedBlob& blob : damaged) {
    const std::string key = spool_keys::held_blob(blob.digest);
    const auto one_at_a_time = taking_.lock({key});
    SLUICE_TRY(const auto held,
               read_stored<proto::SpooledBlob>(parts_.index, store::Family::kShipments, key));
    SLUICE_TRY(const auto carrier,
               read_stored<proto::SpooledCarrier>(parts_.index, store::Family::kShipments,
                                                  spool_keys::carrier(blob.digest)));
    if (auto removed = parts_.blobs.remove(blob.digest); !removed) {
      return disk_full(std::move(removed).error());
    }
    std::string line = "blob " + blob.digest.hex();
    line += held && !held->blob().name().empty() ? " (" + held->blob().name() + "): " : ": ";
    line += blob.cause;
    line += carrier
                ? "; carried by shipment " + std::to_string(carrier->sequence()) +
                      (held && held->uri().empty()
                           ? " (it was not fetched from an upstream: lay the file into its drop "
                             "folder again; then: sluice-low resend "
                           : " (fetched again and sent by: sluice-low resend ") +
                      std::to_string(carrier->sequence()) + ")"
                : "; no shipment carries it (it is fetched again when a poll asks for it)";
    lines.push_back(std::move(line));
  }
  const std::lock_guard lock(mutex_);
  show_gauges();
  return lines;
}

}  // namespace sluice::low
