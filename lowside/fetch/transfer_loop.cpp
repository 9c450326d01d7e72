#include "lowside/fetch/transfer_loop.h"

#include <algorithm>

namespace sluice::low {
namespace {

// A wait that is woken by sockets, submit() and wake(); the bound only limits the harm of a missed
// one.
constexpr int kLongestWaitMillis = 1000;

void initialise_curl() {
  static const CURLcode status = curl_global_init(CURL_GLOBAL_DEFAULT);
  SLUICE_ASSERT(status == CURLE_OK);
}

}  // namespace

void Completions::put(std::unique_ptr<Transfer> transfer) {
  // Notified under the lock: the caller may destroy this as soon as it has the last one.
  const std::scoped_lock lock(mutex_);
  finished_.push_back(std::move(transfer));
  some_.notify_one();
}

std::unique_ptr<Transfer> Completions::take() {
  std::unique_lock lock(mutex_);
  some_.wait(lock, [&] { return !finished_.empty(); });
  std::unique_ptr<Transfer> transfer = std::move(finished_.front());
  finished_.pop_front();
  return transfer;
}

TransferLoop::TransferLoop(FetchContext& context, observe::EventSink& events)
    : context_(context), events_(events) {
  initialise_curl();
  multi_ = curl_multi_init();
  SLUICE_ASSERT(multi_ != nullptr);
  const FetchSettings& settings = context.settings;
  curl_multi_setopt(multi_, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
  curl_multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS,
                    static_cast<long>(settings.connections_per_host));
  curl_multi_setopt(multi_, CURLMOPT_MAX_TOTAL_CONNECTIONS, static_cast<long>(settings.transfers));
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(settings.transfers));
  thread_ = std::thread([this] { run(); });
}

TransferLoop::~TransferLoop() {
  {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
  }
  wake();
  thread_.join();
  SLUICE_ASSERT(inbox_.empty() && waiting_.empty() && active_.empty());
  curl_multi_cleanup(multi_);
}

void TransferLoop::submit(std::unique_ptr<Transfer> transfer, Completions& to) {
  {
    const std::scoped_lock lock(mutex_);
    inbox_.push_back({std::move(transfer), &to, SteadyTime{}});
  }
  wake();
}

void TransferLoop::wake() { curl_multi_wakeup(multi_); }

void TransferLoop::run() {
  while (take_inbox()) {
    cancel_stopped();
    start_due();
    int running = 0;
    curl_multi_perform(multi_, &running);
    collect_finished();
    curl_multi_poll(multi_, nullptr, 0, milliseconds_to_wait(), nullptr);
  }
}

bool TransferLoop::take_inbox() {
  const std::scoped_lock lock(mutex_);
  while (!inbox_.empty()) {
    waiting_.push_back(std::move(inbox_.front()));
    inbox_.pop_front();
  }
  return !ending_;
}

void TransferLoop::cancel_stopped() {
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    if (!it->transfer->stop_requested()) {
      ++it;
      continue;
    }
    it->transfer->cancel();
    it->to->put(std::move(it->transfer));
    it = waiting_.erase(it);
  }
  const SteadyTime now = context_.clock.steady_now();
  for (auto it = active_.begin(); it != active_.end();) {
    if (!it->second.transfer->stop_requested()) {
      ++it;
      continue;
    }
    curl_multi_remove_handle(multi_, it->first);
    release_host(it->second.transfer->target().origin, now);
    it->second.transfer->cancel();
    it->second.to->put(std::move(it->second.transfer));
    it = active_.erase(it);
  }
}

void TransferLoop::start_due() {
  const SteadyTime now = context_.clock.steady_now();
  for (auto it = waiting_.begin();
       it != waiting_.end() && active_.size() < context_.settings.transfers;) {
    const auto host = hosts_.find(it->transfer->target().origin);
    if (it->due > now || (host != hosts_.end() && !has_room(host->second, now))) {
      ++it;
      continue;
    }
    Waiting next = std::move(*it);
    it = waiting_.erase(it);
    start(std::move(next));
  }
}

bool TransferLoop::has_room(const Host& host, SteadyTime now) const {
  const FetchSettings& settings = context_.settings;
  return host.not_before <= now && host.active < (host.multiplexes ? settings.streams_per_host
                                                                   : settings.connections_per_host);
}

void TransferLoop::start(Waiting waiting) {
  ++hosts_[waiting.transfer->target().origin].active;
  CURL* const handle = waiting.transfer->begin_attempt(context_.clock.steady_now());
  active_.emplace(handle, std::move(waiting));
  SLUICE_ASSERT(curl_multi_add_handle(multi_, handle) == CURLM_OK);
}

void TransferLoop::collect_finished() {
  int left = 0;
  while (const CURLMsg* const message = curl_multi_info_read(multi_, &left)) {
    if (message->msg == CURLMSG_DONE) {
      finish(message->easy_handle, message->data.result);
    }
  }
}

void TransferLoop::finish(CURL* handle, CURLcode code) {
  const auto found = active_.find(handle);
  SLUICE_ASSERT(found != active_.end());
  Waiting finished = std::move(found->second);
  active_.erase(found);
  curl_multi_remove_handle(multi_, handle);

  const SteadyTime now = context_.clock.steady_now();
  const std::string origin = finished.transfer->target().origin;
  Host& host = hosts_[origin];
  long version = 0;
  curl_easy_getinfo(handle, CURLINFO_HTTP_VERSION, &version);
  host.multiplexes = version == CURL_HTTP_VERSION_2_0;
  const auto again = finished.transfer->conclude(code, now);
  if (again && again->host_asked) {
    host.not_before = std::max(host.not_before, now + again->delay);
  }
  release_host(origin, now);
  if (!again) {
    finished.to->put(std::move(finished.transfer));
    return;
  }
  report_again(*finished.transfer, *again);
  finished.due = now + again->delay;
  waiting_.push_back(std::move(finished));
}

void TransferLoop::release_host(const std::string& origin, SteadyTime now) {
  --hosts_[origin].active;
  std::erase_if(hosts_, [&](const auto& entry) {
    return entry.second.active == 0 && entry.second.not_before <= now;
  });
}

void TransferLoop::report_again(const Transfer& transfer, const Transfer::Again& again) {
  if (!again.failure) {
    return;
  }
  events_.emit(observe::Level::kNotice, "fetch.retried",
               {{"thing", transfer.target().text},
                {"cause", again.failure->cause},
                {"wait_ms", std::to_string(again.delay.count())}});
}

int TransferLoop::milliseconds_to_wait() const {
  const SteadyTime now = context_.clock.steady_now();
  SteadyTime next = now + std::chrono::milliseconds(kLongestWaitMillis);
  for (const Waiting& waiting : waiting_) {
    const auto host = hosts_.find(waiting.transfer->target().origin);
    SteadyTime due = waiting.due;
    if (host != hosts_.end()) {
      due = std::max(due, host->second.not_before);
    }
    if (due > now) {  // what is due already waits for a place, which a finished transfer frees
      next = std::min(next, due);
    } else if (active_.size() < context_.settings.transfers &&
               (host == hosts_.end() || has_room(host->second, now))) {
      return 0;
    }
  }
  return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(next - now).count());
}

}  // namespace sluice::low
