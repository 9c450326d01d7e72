// The stages joined as the daemon joins them. Making another one over the same disk is a restart.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/store/disk_blob_store.h"
#include "highside/assemble/assembler.h"
#include "highside/catalog/publisher.h"
#include "highside/commit/committer.h"
#include "tests/support/events.h"
#include "tests/unit/highside/pipeline/sender.h"

namespace sluice::test {

// Waits for a condition; false after 20 seconds, which is a failure of the test and no timing.
inline bool eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

class FileCheck final : public high::RecordCheck {
 public:
  std::string_view ecosystem() const override { return "file"; }
  Result<void> check(const proto::Record& record, const std::optional<high::CatalogEntry>&,
                     const store::BlobStore&) override {
    if (record.body() == "bad") {
      return Error{ErrorCode::kInvalid, record.document(), "its body is bad", ""};
    }
    return {};
  }
};

struct Disk {
  store::KeyValueStore& index;
  FileSystem& files;
  std::filesystem::path folder;
};

class HighSide {
 public:
  using Streams = std::map<std::string, crypto::VerifyKey, std::less<>>;

  HighSide(const Disk& disk, Streams streams,
           const std::function<void(high::AssemblerSettings&)>& adjust = {},
           high::PublisherSettings publishing = {.retry_every = std::chrono::milliseconds(1)})
      : store_(store::DiskBlobStore::open(disk.index, disk.files, disk.folder / "store").value()),
        committer_(*store_, disk.index, counters, events,
                   {.retry_every = std::chrono::milliseconds(1)}),
        catalog(disk.index),
        publisher(catalog, disk.index, *store_, clock_, counters, events, publishing),
        assembler(settings(disk, std::move(streams), adjust), *store_, disk.index, disk.files,
                  clock_, committer_, publisher, counters, events) {
    catalog.load().value();
    publisher.add(check_);
    committer_.listen(assembler);
    committer_.listen(publisher);
    committer_.start();
    publisher.start(assembler).value();
    assembler.start().value();
  }
  ~HighSide() { stop(); }

  void stop() {
    assembler.stop();
    committer_.stop();
    publisher.stop();
  }

  std::uint64_t count(observe::Metric metric) const { return counters.get(metric); }
  std::uint64_t parts() const {
    return count(observe::Metric::kPartsTaken) + count(observe::Metric::kPartsNotNeeded) +
           count(observe::Metric::kPartsRefused);
  }
  bool published(std::uint64_t shipments) const {
    return eventually([&] { return count(observe::Metric::kPublishedShipments) == shipments; });
  }
  // The body of a document now; "" if it is not there.
  std::string body(const std::string& document) const {
    const auto entry = catalog.find(catalog.current(), "file", document).value();
    return entry ? entry->body : "";
  }
  std::vector<high::Gap> gaps() const { return publisher.gaps(100, 100); }
  store::BlobStore& store() { return *store_; }

  observe::Counters counters;
  RecordedEvents events;

 private:
  static high::AssemblerSettings settings(
      const Disk& disk, Streams streams,
      const std::function<void(high::AssemblerSettings&)>& adjust) {
    high::AssemblerSettings settings;
    settings.streams = std::move(streams);
    settings.staging.folder = disk.folder / "parts";
    if (adjust) {
      adjust(settings);
    }
    return settings;
  }

  SystemClock clock_;
  FileCheck check_;
  std::unique_ptr<store::BlobStore> store_;
  high::Committer committer_;

 public:
  high::Catalog catalog;
  high::Publisher publisher;
  high::Assembler assembler;
};

}  // namespace sluice::test
