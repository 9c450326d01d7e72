#include "lowside/daemon/refetcher.h"

#include <chrono>

namespace sluice::low {
namespace {

using observe::Level;
using observe::Metric;

// The spool is asked this often although nobody called wake(): a pass may have found a blob gone.
constexpr std::chrono::seconds kLookAgain{5};

Expectation expectation_of(const Refetch& shipment, const Refetch::Blob& blob) {
  Expectation expected;
  expected.digests = blob.digests;
  expected.size = blob.size;
  expected.evidence.push_back(
      {"refetch", "manifest of shipment " + std::to_string(shipment.sequence.value())});
  return expected;
}

FetchRequest request_of(const Refetch::Blob& blob) {
  FetchRequest request;
  request.uri = blob.uri;
  request.name = blob.name;
  request.expected_size = blob.size;
  for (const Digest& digest : blob.digests) {
    if (digest.algorithm() != DigestAlgorithm::kSha256) {
      request.digests.push_back(digest.algorithm());
    }
  }
  return request;
}

}  // namespace

void Refetcher::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const Result<bool> done = step(stop);
    if (!done) {
      parts_.events.failure(Level::kError, "refetch.delayed", done.error());
    }
    if (done && *done) {
      continue;
    }
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, stop, kLookAgain, [this] { return woken_; });
    woken_ = false;
  }
}

void Refetcher::wake() {
  const std::lock_guard lock(mutex_);
  woken_ = true;
  changed_.notify_all();
}

Result<bool> Refetcher::step(const std::stop_token& stop) {
  SLUICE_TRY(const auto shipment, parts_.spool.next_refetch());
  if (!shipment) {
    return false;
  }
  fetch(*shipment, stop);
  if (stop.stop_requested()) {
    return false;
  }
  SLUICE_TRY_VOID(parts_.spool.refetched(shipment->sequence));
  parts_.ready();
  return true;
}

void Refetcher::fetch(const Refetch& shipment, const std::stop_token& stop) {
  std::vector<FetchRequest> requests;
  std::vector<const Refetch::Blob*> asked;  // beside `requests`
  for (const Refetch::Blob& blob : shipment.missing) {
    if (blob.uri.empty()) {
      failed(shipment, blob,
             {ErrorCode::kNotFound, "blob " + blob.digests.front().to_string(),
              "has no address: it was not fetched from an upstream, or before addresses were kept",
              "lay the file into its drop folder again, or let its source be polled anew"});
      continue;
    }
    requests.push_back(request_of(blob));
    asked.push_back(&blob);
  }
  std::size_t fetched = 0;
  parts_.fetch.files(requests, stop, [&](std::size_t index, Result<FetchedFile> file) {
    const Refetch::Blob& blob = *asked[index];
    Result<void> taken;
    if (!file) {
      taken = file.error();
    } else if (auto took = parts_.intake.take(*std::move(file), expectation_of(shipment, blob));
               !took) {
      taken = took.error();
    }
    if (taken) {
      ++fetched;
      parts_.counters.add(Metric::kRefetchedBlobs);
    } else if (taken.error().code != ErrorCode::kCancelled) {
      failed(shipment, blob, taken.error());
    }
  });
  parts_.events.emit(Level::kNotice, "refetch.done",
                     {{"shipment", observe::shipment_id(parts_.stream, shipment.sequence)},
                      {"blobs", std::to_string(fetched)},
                      {"missing", std::to_string(shipment.missing.size() - fetched)}});
}

void Refetcher::failed(const Refetch& shipment, const Refetch::Blob& blob, const Error& error) {
  parts_.counters.add(Metric::kRefetchFailed);
  parts_.events.failure(Level::kError, "refetch.failed", error,
                        {{"shipment", observe::shipment_id(parts_.stream, shipment.sequence)},
                         {"name", blob.name},
                         {"blob", blob.digests.front().to_string()}});
}

}  // namespace sluice::low
