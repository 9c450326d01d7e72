// The way to the outside, through libcurl: HTTP/2, few connections kept alive, redirects over http
// and https only, resume by Range within a run and across runs, limits on bytes and time, retries
// with back-off that honour Retry-After. One thread of its own (transfer_loop.h).
#pragma once

#include <memory>

#include "common/base/clock.h"
#include "common/base/file_system.h"
#include "common/observe/counters.h"
#include "common/observe/events.h"
#include "lowside/fetch/part_folder.h"
#include "lowside/fetch/retry.h"
#include "lowside/fetch/settings.h"
#include "lowside/fetch/transfer_loop.h"
#include "lowside/pipeline/upstream.h"

namespace sluice::low {

// Callable from any thread. Calls must have returned before it is destroyed: request their stop.
//
// Errors: kInvalid, kRefused (a scheme, a limit, credentials), kNotFound, kIntegrity (another size
// than expected, a certificate), kUnavailable (all attempts failed), kExhausted (the disk is full;
// what has come is kept), kCancelled. Each names the URI without credentials.
class Fetcher final : public Fetch {
 public:
  // Errors: of the folder.
  static Result<std::unique_ptr<Fetcher>> open(
      FetchSettings settings, FileSystem& files, const Clock& clock, observe::Counters& counters,
      observe::EventSink& events,
      std::unique_ptr<RetryPolicy> retry = std::make_unique<BackOff>(BackOff::Settings{}));
  ~Fetcher() override;

  Result<Document> document(const DocumentRequest& request, std::stop_token stop) override;
  void documents(const std::vector<DocumentRequest>& requests, std::stop_token stop,
                 const std::function<void(std::size_t, Result<Document>)>& done) override;
  // A file that `done` does not take over stays in the folder until the next start.
  void files(const std::vector<FetchRequest>& requests, std::stop_token stop,
             const std::function<void(std::size_t, Result<FetchedFile>)>& done) override;

 private:
  class Call;

  Fetcher(FetchContext context, FileSystem& files, observe::EventSink& events);
  Result<std::unique_ptr<Transfer>> make_document(const DocumentRequest& request, std::size_t index,
                                                  std::stop_token stop);
  Result<std::unique_ptr<Transfer>> make_file(const FetchRequest& request, std::size_t index,
                                              std::stop_token stop);

  FetchContext context_;
  PartFolder folder_;
  TransferLoop loop_;
};

}  // namespace sluice::low
