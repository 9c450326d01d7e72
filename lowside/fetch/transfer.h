// One request with all its attempts: sets up libcurl's handle and judges what came of it. Used by
// the caller's thread until it is submitted, by the loop's thread until it is finished, and by the
// caller's again.
#pragma once

#include <curl/curl.h>

#include <array>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/observe/counters.h"
#include "lowside/fetch/body.h"
#include "lowside/fetch/retry.h"
#include "lowside/fetch/settings.h"
#include "lowside/fetch/uri.h"

namespace sluice::low {

// What all transfers of a fetcher share.
struct FetchContext {
  FetchSettings settings;
  const Clock& clock;
  observe::Counters& counters;
  std::unique_ptr<RetryPolicy> retry;
};

class Transfer {
 public:
  using HeaderList = std::vector<std::pair<std::string, std::string>>;

  Transfer(FetchContext& context, std::size_t index, Uri uri, HeaderList headers,
           std::unique_ptr<Body> body, std::chrono::milliseconds time, std::stop_token stop);

  std::size_t index() const { return index_; }
  Body& body() { return *body_; }
  const Result<void>& result() const { return result_; }
  const Uri& target() const { return target_; }  // where the next attempt goes
  bool stop_requested() const { return stop_.stop_requested(); }

  // The handle of the next attempt; it belongs to this transfer until conclude().
  CURL* begin_attempt(SteadyTime now);

  struct Again {
    std::chrono::milliseconds delay{0};
    bool host_asked = false;       // by Retry-After: the whole host is left alone so long
    std::optional<Error> failure;  // why; none for a redirect
  };
  // Judges the attempt. None: it is finished, see result().
  std::optional<Again> conclude(CURLcode code, SteadyTime now);
  void cancel();

 private:
  struct HandleCloser {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  };
  struct ListCloser {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };

  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  bool take_body(ByteView bytes);
  bool begin_body();
  void set_headers();
  void set_limits(SteadyTime now);
  long status() const;
  std::string header(const char* name, std::size_t number = 0) const;
  std::string challenges() const;
  bool is_answer() const;  // not an error's page, nor a redirect

  std::optional<Again> judge_status(long status, SteadyTime now);
  std::optional<Again> judge_refusal(Error error, SteadyTime now);
  std::optional<Again> judge_transport(CURLcode code, SteadyTime now);
  std::optional<Again> redirect();
  std::optional<Again> again_or_fail(Error error, observe::Metric metric, SteadyTime now);
  std::optional<Again> fail(Error error, observe::Metric metric, bool keep = false);
  std::optional<Again> succeed(SteadyTime now);

  FetchContext& context_;
  std::size_t index_;
  Uri origin_;
  Uri target_;
  HeaderList headers_;
  std::unique_ptr<Body> body_;
  std::chrono::milliseconds time_;
  std::stop_token stop_;
  Result<void> result_;

  std::optional<SteadyTime> deadline_;  // from the first attempt on
  unsigned failures_ = 0;               // in a row that brought nothing new
  unsigned redirects_ = 0;              // of this attempt

  // This attempt.
  std::unique_ptr<CURL, HandleCloser> handle_;
  std::unique_ptr<curl_slist, ListCloser> lines_;
  std::array<char, CURL_ERROR_SIZE> curl_error_{};
  bool begun_ = false;       // the body has been offered its head
  std::size_t skipped_ = 0;  // bytes of an error's page
  std::uint64_t held_before_ = 0;
  std::optional<Error> refusal_;  // by the body
};

}  // namespace sluice::low
