#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <mutex>
#include <vector>

#include "lowside/fetch/fetcher.h"
#include "tests/support/events.h"
#include "tests/support/http_server.h"
#include "tests/support/temporary_folder.h"

namespace sluice::low {

// Never waits, and keeps what it was asked.
class RecordedRetries final : public RetryPolicy {
 public:
  struct Call {
    unsigned attempt;
    std::optional<std::chrono::seconds> asked;
  };
  explicit RecordedRetries(std::vector<Call>& calls) : calls_(calls) {}
  std::chrono::milliseconds delay(unsigned attempt,
                                  std::optional<std::chrono::seconds> asked) override {
    calls_.push_back({attempt, asked});
    return std::chrono::milliseconds(0);
  }

 private:
  std::vector<Call>& calls_;  // read by the test when no call is under way
};

class FetcherTest : public testing::Test {
 protected:
  FetcherTest() {
    settings_.folder = folder_ / "fetch";
    settings_.version = "1.2.3";
    settings_.contact = "ops@example.test";
    settings_.attempts = 3;
  }

  Fetcher& fetcher() {
    if (fetcher_ == nullptr) {
      fetcher_ = Fetcher::open(settings_, *files_, clock_, counters_, events_,
                               std::make_unique<RecordedRetries>(retries_))
                     .value();
    }
    return *fetcher_;
  }
  void restart() { fetcher_.reset(); }

  Result<Document> document(const std::string& path) {
    return fetcher().document({.uri = server_.uri(path)}, stop_.get_token());
  }
  Result<FetchedFile> file(FetchRequest request) {
    std::optional<Result<FetchedFile>> result;
    fetcher().files({std::move(request)}, stop_.get_token(),
                    [&](std::size_t, Result<FetchedFile> one) { result = std::move(one); });
    return std::move(*result);
  }
  FetchRequest request(const std::string& path) {
    FetchRequest request;
    request.uri = server_.uri(path);
    request.name = path;
    return request;
  }
  Result<FetchedFile> file(const std::string& path) { return file(request(path)); }

  std::string content(const FetchedFile& file) {
    const Bytes bytes = read_file(*files_, file.path().value(), 1 << 30).value();
    return std::string(as_text(bytes));
  }
  std::size_t files_in_folder(const std::string& suffix) {
    std::size_t count = 0;
    files_
        ->list_files(settings_.folder,
                     [&](const std::string& name) { count += name.ends_with(suffix) ? 1 : 0; })
        .value();
    return count;
  }
  std::uint64_t count(observe::Metric metric) { return counters_.get(metric); }

  test::TemporaryFolder folder_;
  test::HttpServer server_;
  test::RecordedEvents events_;
  observe::Counters counters_;
  SystemClock clock_;
  FetchSettings settings_;
  FileSystem* files_ = &posix_file_system();
  std::stop_source stop_;
  std::vector<RecordedRetries::Call> retries_;

 private:
  std::unique_ptr<Fetcher> fetcher_;
};

}  // namespace sluice::low
