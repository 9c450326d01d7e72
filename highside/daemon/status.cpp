// /status and /gaps of the high side.
#include <algorithm>
#include <boost/json.hpp>

#include "highside/daemon/gaps_json.h"
#include "highside/daemon/high_daemon.h"
#include "highside/daemon/wanted_json.h"

namespace sluice::high {
namespace {

namespace json = boost::json;

// A page of gaps, and of the missing blobs of each; the numbers beside them count all.
constexpr std::size_t kGapsShown = 1000;
constexpr std::size_t kBlobsShown = 20;

json::value time_or_null(UtcTime time) {
  return time == UtcTime() ? json::value(nullptr) : json::value(format_rfc3339(time));
}

// All shipments up to this one are visible.
std::uint64_t published_through(const StreamStatus& stream, const std::vector<Gap>& gaps) {
  std::uint64_t through = stream.highest.value();
  for (const Gap& gap : gaps) {
    if (gap.stream == stream.stream && gap.state != ShipmentState::kDamaged) {
      through = std::min(through, gap.first.value() - 1);
    }
  }
  return through;
}

json::array silent_lanes(const LinkStreamStatus& stream) {
  json::array lanes;
  for (const LinkLaneStatus& lane : stream.lanes) {
    if (!lane.alive) {
      lanes.push_back(lane.lane.value());
    }
  }
  return lanes;
}

json::array streams_json(const LinkStatus& link, const CatalogStatus& catalog,
                         const std::vector<Gap>& gaps) {
  json::array array;
  for (const LinkStreamStatus& stream : link.streams) {
    json::object object{{"name", stream.stream},
                        {"alive", stream.alive},
                        {"last_heartbeat", time_or_null(stream.last_heartbeat)},
                        {"epoch", stream.epoch.value()},
                        {"session", stream.session.value()},
                        {"contact", stream.contact},
                        {"recordings", stream.recordings},
                        {"sender_clock_steps", stream.clock_steps},
                        {"sender_clock_ahead_seconds", stream.clock_ahead.count()},
                        {"recovered_blocks", stream.recovered_blocks},
                        {"lost_blocks", stream.lost_blocks},
                        {"silent_lanes", silent_lanes(stream)},
                        {"highest", 0},
                        {"published", 0},
                        {"published_through", 0},
                        {"open", 0},
                        {"never_heard", 0}};
    for (const StreamStatus& known : catalog.streams) {
      if (known.stream == stream.stream) {
        object["highest"] = known.highest.value();
        object["published"] = known.published;
        object["published_through"] = published_through(known, gaps);
        object["open"] = known.open;
        object["never_heard"] = known.never_heard;
      }
    }
    array.push_back(std::move(object));
  }
  return array;
}

}  // namespace

std::string HighDaemon::status() const {
  const CatalogStatus catalog = publisher_->status();
  const AssemblyStatus assembly = assembler_->status();
  const CommitStatus commit = committer_->status();
  const store::BlobStore::Usage usage = blobs_->usage();
  // Listing gaps reads manifests: only where there are any.
  const bool whole = catalog.lost_blobs == 0 &&
                     std::ranges::all_of(catalog.streams, [](const StreamStatus& stream) {
                       return stream.open == 0 && stream.never_heard == 0;
                     });
  const auto gaps = whole ? std::vector<Gap>() : publisher_->gaps(kGapsShown, 0);
  const json::object object{{"side", "high"},
                            {"version", SLUICE_VERSION},
                            {"time", format_rfc3339(clock_.utc_now())},
                            {"streams", streams_json(receiver_->status(), catalog, gaps)},
                            {"gaps", gaps.size()},
                            {"resend", resend_json(gaps).codes},
                            {"catalog",
                             {{"edition", catalog.edition.value()},
                              {"oldest_edition", catalog_->editions().oldest().value()},
                              {"snapshots", catalog_->editions().size()},
                              {"waiting_blobs", catalog.waiting_blobs},
                              {"lost_blobs", catalog.lost_blobs}}},
                            {"assembly",
                             {{"queued_bytes", assembly.queued_bytes},
                              {"blobs", assembly.blobs},
                              {"held_bytes", assembly.held_bytes},
                              {"refusing", assembly.refusing}}},
                            {"commit",
                             {{"queued_blobs", commit.queued_blobs},
                              {"stalled", commit.stalled},
                              {"trouble", commit.trouble}}},
                            {"wanted", wanted_->size()},
                            {"store", {{"blobs", usage.blobs}, {"bytes", usage.bytes}}},
                            {"scrub", service::scrub_status(scrubber_->progress())},
                            {"gc", gc_json(collector_->progress())}};
  return json::serialize(object);
}

std::string HighDaemon::gaps() const {
  return json::serialize(gaps_json(publisher_->gaps(kGapsShown, kBlobsShown)));
}

std::string HighDaemon::wanted() {
  wanted_->forget_held(ask_mirrors());
  return json::serialize(wanted_json(wanted_->packages()));
}

std::optional<std::string> HighDaemon::trouble() const {
  if (const CommitStatus commit = committer_->status(); commit.stalled) {
    return "the store takes nothing: " + commit.trouble;
  }
  if (const std::uint64_t lost = publisher_->status().lost_blobs; lost > 0) {
    return std::to_string(lost) +
           " stored blobs are damaged; sluice-high gaps says what brings them back";
  }
  for (const LinkStreamStatus& stream : receiver_->status().streams) {
    // A side that has just started, before its sender, is not in trouble.
    if (!stream.alive && stream.last_heartbeat != UtcTime()) {
      return "stream " + stream.stream + " is silent since " +
             format_rfc3339(stream.last_heartbeat);
    }
  }
  return std::nullopt;
}

}  // namespace sluice::high
