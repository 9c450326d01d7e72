// A source against a small archive that is served on loopback and fetched by the real fetcher; the
// intake keeps what it is given.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <set>

#include "common/base/file_system.h"
#include "common/base/hasher.h"
#include "common/base/text.h"
#include "lowside/fetch/fetcher.h"
#include "lowside/upstream/apt/apt_source.h"
#include "lowside/upstream/apt/site_key.h"
#include "sluice/apt.pb.h"
#include "tests/support/apt_archive.h"
#include "tests/support/events.h"
#include "tests/support/http_server.h"
#include "tests/support/temporary_folder.h"

namespace sluice::low {

class TestIntake final : public Intake {
 public:
  Result<proto::Blob> take(FetchedFile file, const Expectation& expectation) override {
    if (refused.contains(file.request().name)) {
      return Error{ErrorCode::kRefused, file.request().name, "policy says no", ""};
    }
    for (const auto& digest : expectation.digests) {
      if (std::ranges::count(file.digests(), digest) == 0) {
        return Error{ErrorCode::kIntegrity, file.request().name, "another digest", ""};
      }
    }
    EXPECT_FALSE(expectation.evidence.empty());
    EXPECT_EQ(expectation.size, file.size());
    const Bytes bytes = read_file(posix_file_system(), file.path().value(), 1 << 30).value();
    return keep(file.request().name, std::string(as_text(bytes)), file.request().uri);
  }
  Result<proto::Blob> take_made(std::string name, std::string bytes,
                                std::vector<DigestAlgorithm> aliases,
                                std::vector<Evidence> evidence) override {
    EXPECT_FALSE(evidence.empty());
    return keep(name, std::move(bytes), "", aliases);
  }
  Result<std::optional<proto::Blob>> held(const Digest& digest) override {
    const std::scoped_lock lock(mutex_);
    const auto found = blobs_.find(std::string(as_text(digest.bytes())));
    return found == blobs_.end() ? std::nullopt : std::optional(found->second);
  }

  std::string bytes(const std::string& sha256) const { return bytes_.at(sha256); }

  std::set<std::string> refused;

 private:
  proto::Blob keep(const std::string& name, std::string bytes, const std::string& origin,
                   const std::vector<DigestAlgorithm>& aliases = {}) {
    proto::Blob blob;
    blob.set_name(name);
    blob.set_origin(origin);
    blob.set_size(bytes.size());
    blob.set_sha256(std::string(as_text(sha256(as_bytes(bytes)).bytes())));
    for (const auto algorithm : aliases) {
      auto& alias = *blob.add_aliases();
      alias.set_algorithm(static_cast<proto::DigestAlgorithm>(algorithm));
      alias.set_digest(std::string(as_text(hash(algorithm, as_bytes(bytes)).bytes())));
    }
    const std::scoped_lock lock(mutex_);
    bytes_[blob.sha256()] = std::move(bytes);
    blobs_[blob.sha256()] = blob;
    return blob;
  }

  std::mutex mutex_;
  std::map<std::string, proto::Blob> blobs_;
  std::map<std::string, std::string> bytes_;
};

class SettableClock final : public Clock {
 public:
  UtcTime utc_now() const override { return now; }
  SteadyTime steady_now() const override { return SystemClock().steady_now(); }
  UtcTime now = std::chrono::sys_days(std::chrono::year(2026) / 3 / 1);
};

class NoWaiting final : public RetryPolicy {
 public:
  std::chrono::milliseconds delay(unsigned, std::optional<std::chrono::seconds>) override {
    return std::chrono::milliseconds(0);
  }
};

class AptSourceTest : public testing::Test {
 protected:
  AptSourceTest() {
    archive_.add({.name = "hello", .version = "1:2.10+b1", .depends = "libgreet (>= 1)"});
    archive_.add({.name = "libgreet", .version = "1.2", .depends = "data"});
    archive_.add({.name = "data", .version = "7~rc1", .architecture = "all"});
    archive_.add({.name = "unrelated", .version = "3"});
    archive_.publish(suite_);
    server_.handle("/debian/", [this](const test::Seen& seen) { return serve(seen.target); });
    write_keyring("archive.asc", archive_.key().armored());
    FetchSettings fetch;
    fetch.folder = folder_ / "fetch";
    fetch.attempts = 1;
    fetcher_ = Fetcher::open(fetch, posix_file_system(), real_clock_, counters_, events_,
                             std::make_unique<NoWaiting>())
                   .value();
  }

  ~AptSourceTest() override { server_.stop(); }

  // With an ETag, "%xx" decoded once, as an archive's server does it.
  test::Answer serve(std::string target) {
    target.erase(0, std::string("/debian/").size());
    std::string path;
    for (std::size_t i = 0; i < target.size(); ++i) {
      if (target[i] == '%') {
        path += static_cast<char>(hex_decode(target.substr(i + 1, 2)).value()[0]);
        i += 2;
      } else {
        path += target[i];
      }
    }
    {
      const std::scoped_lock lock(mutex_);
      served_.push_back(path);
      if (const auto lie = lies_.find(path); lie != lies_.end()) {
        return lie->second;
      }
    }
    if (!std::filesystem::is_regular_file(archive_.path(path))) {
      return {.status = 404};
    }
    std::string bytes = archive_.read(path);
    std::string etag = '"' + sha256(as_bytes(bytes)).hex().substr(0, 16) + '"';
    return {.body = std::move(bytes), .etag = std::move(etag)};
  }

  void lie(const std::string& path, test::Answer answer) {
    const std::scoped_lock lock(mutex_);
    lies_[path] = std::move(answer);
  }
  void tell_the_truth() {
    const std::scoped_lock lock(mutex_);
    lies_.clear();
  }
  std::size_t served(const std::string& ending) {
    const std::scoped_lock lock(mutex_);
    return static_cast<std::size_t>(std::ranges::count_if(
        served_, [&](const std::string& path) { return path.ends_with(ending); }));
  }

  std::string write_keyring(const std::string& name, const std::string& key) {
    write_file_durably(posix_file_system(), folder_ / name, as_bytes(key)).value();
    return folder_ / name;
  }

  // Those that the proposal shows and that have `part` in them.
  std::vector<std::string> paths(const Proposal& proposal, const std::string& part) {
    std::vector<std::string> found;
    for (const auto& record : proposal.records) {
      for (const auto& [path, bytes] : files(record)) {
        if (path.find(part) != std::string::npos) {
          found.push_back(path);
        }
      }
    }
    return found;
  }

  apt::ArchiveSuite archive_suite(const std::string& name = "stable") {
    return {server_.uri("/debian"), name, {"main"}, {}, {folder_ / "archive.asc"}, ""};
  }
  AptSettings settings(AptSettings::Mode mode) {
    AptSettings settings;
    settings.name = "test";
    settings.archive = "debian";
    settings.mode = mode;
    settings.suites = {archive_suite()};
    settings.architectures = {"amd64"};
    settings.signing_home = folder_ / "site";
    settings.packages = {"hello"};
    return settings;
  }

  Result<Proposal> poll(const AptSettings& settings) {
    generate_site_key(folder_ / "site", {}).value();
    AptSource source(settings, counters_, clock_);
    PollContext context{*fetcher_, intake_, cursor_, folder_ / "work", stop_.get_token(), {}};
    context.list_closure = list_closure_;
    std::filesystem::create_directories(folder_ / "work");
    auto proposal = source.poll(context);
    if (proposal) {
      cursor_ = proposal->cursor;
    }
    return proposal;
  }

  static proto::AptSuite body(const proto::Record& record) {
    proto::AptSuite suite;
    EXPECT_TRUE(suite.ParseFromString(record.body()));
    return suite;
  }
  // Path -> bytes of everything that the record shows.
  std::map<std::string, std::string> files(const proto::Record& record) {
    std::map<std::string, std::string> all;
    const proto::AptSuite suite = body(record);
    for (const auto& file : suite.files()) {
      all[file.path()] = intake_.bytes(file.sha256());
      EXPECT_EQ(all[file.path()].size(), file.size());
      EXPECT_EQ(std::ranges::count(record.blobs(), file.sha256()), 1) << file.path();
    }
    return all;
  }
  static std::vector<std::string> debs(const std::map<std::string, std::string>& files) {
    std::vector<std::string> names;
    for (const auto& [path, bytes] : files) {
      if (path.ends_with(".deb")) {
        names.push_back(path.substr(path.rfind('/') + 1));
      }
    }
    return names;
  }
  std::uint64_t count(observe::Metric metric) const { return counters_.get(metric); }

  test::TestSuite suite_{.date = std::chrono::sys_days(std::chrono::year(2026) / 2 / 1)};
  test::AptArchive archive_;
  test::TemporaryFolder folder_;
  test::HttpServer server_;
  test::RecordedEvents events_;
  observe::Counters counters_;
  SystemClock real_clock_;
  SettableClock clock_;
  TestIntake intake_;
  std::stop_source stop_;
  std::string cursor_;
  bool list_closure_ = false;
  std::unique_ptr<Fetcher> fetcher_;

 private:
  std::mutex mutex_;
  std::map<std::string, test::Answer> lies_;
  std::vector<std::string> served_;
};

}  // namespace sluice::low
