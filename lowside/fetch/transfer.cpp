#include "lowside/fetch/transfer.h"

#include <algorithm>

#include "common/base/present.h"

namespace sluice::low {

using observe::Metric;
using std::chrono::milliseconds;

namespace {

// Bytes of an error's page that are read so that the connection can be used again.
constexpr std::size_t kMaxErrorPage = std::size_t{64} << 10;
// An attempt that brought this much more of a file does not count as failed: what trickles in
// single bytes would otherwise be tried until the deadline.
constexpr std::uint64_t kProgressBytes = std::uint64_t{64} << 10;
// What libcurl reads at once; its default of 16 KiB costs a system call for every TLS record.
constexpr long kReceiveBuffer = 128L << 10;

// Of the challenges of one answer: as many as there are schemes in use.
constexpr std::size_t kMaxChallenges = 8;

bool is_redirect(long status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}
bool is_passing(long status) { return status == 408 || status == 429 || status >= 500; }

Error status_error(const std::string& thing, long status) {
  const std::string cause = status == 401
                                ? std::string(kUnauthorized)
                                : "the server answered with status " + std::to_string(status);
  switch (status) {
    case 404:
    case 410:
      return {ErrorCode::kNotFound, thing, cause + ": it is not there",
              "check the name; the upstream may have removed it"};
    case 401:
    case 403:
    case 407:
      return {ErrorCode::kRefused, thing, cause + ": it does not let us",
              "check the credentials of this source and of the proxy"};
    default:
      return {is_passing(status) ? ErrorCode::kUnavailable : ErrorCode::kInvalid, thing, cause,
              is_passing(status) ? "" : "check that the URI leads to the registry"};
  }
}

bool is_certificate_error(CURLcode code) {
  return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
         code == CURLE_SSL_ISSUER_ERROR;
}

std::string transport_cure(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return "check the host's name and this machine's DNS, or set https_proxy";
    case CURLE_COULDNT_RESOLVE_PROXY:
      return "check http_proxy and https_proxy";
    case CURLE_COULDNT_CONNECT:
      return "check that the host can be reached from here, or set https_proxy";
    default:
      return "";
  }
}

}  // namespace

Transfer::Transfer(FetchContext& context, std::size_t index, Uri uri, HeaderList headers,
                   std::unique_ptr<Body> body, milliseconds time, std::stop_token stop)
    : context_(context),
      index_(index),
      origin_(std::move(uri)),
      target_(origin_),
      headers_(std::move(headers)),
      body_(std::move(body)),
      time_(time),
      stop_(std::move(stop)) {}

CURL* Transfer::begin_attempt(SteadyTime now) {
  handle_.reset(curl_easy_init());
  SLUICE_ASSERT(handle_ != nullptr);
  CURL* const handle = handle_.get();
  curl_error_[0] = '\0';
  begun_ = false;
  skipped_ = 0;
  refusal_.reset();
  held_before_ = body_->held();

  curl_easy_setopt(handle, CURLOPT_URL, target_.text.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);  // see redirect()
  curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  curl_easy_setopt(handle, CURLOPT_PIPEWAIT, 1L);  // rather a stream than another connection
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(handle, CURLOPT_BUFFERSIZE, kReceiveBuffer);
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, curl_error_.data());
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, this);
  if (body_->head_only()) {
    curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
  }
  if (body_->may_be_encoded()) {
    curl_easy_setopt(handle, CURLOPT_ACCEPT_ENCODING, "");  // all that this libcurl can undo
  }
  set_headers();
  set_limits(now);
  return handle;
}

void Transfer::set_headers() {
  const FetchSettings& settings = context_.settings;
  CURL* const handle = handle_.get();
  std::string agent = "sluice/" + settings.version;
  if (!settings.contact.empty()) {
    agent += " (" + settings.contact + ")";
  }
  curl_easy_setopt(handle, CURLOPT_USERAGENT, agent.c_str());

  const bool at_home = target_.origin == origin_.origin;
  if (at_home && !origin_.user.empty()) {
    curl_easy_setopt(handle, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
    curl_easy_setopt(handle, CURLOPT_USERNAME, origin_.user.c_str());
    curl_easy_setopt(handle, CURLOPT_PASSWORD, origin_.password.c_str());
  }
  std::vector<std::string> lines = body_->request_headers();
  for (const auto& [name, value] : headers_) {
    // Any header may be a credential; only what asks for a form of the answer goes elsewhere too.
    if (at_home || curl_strequal(name.c_str(), "Accept") != 0) {
      lines.push_back(name + ": " + value);
    }
  }
  curl_slist* list = nullptr;
  for (const std::string& line : lines) {
    list = curl_slist_append(list, line.c_str());
  }
  lines_.reset(list);
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, list);
}

void Transfer::set_limits(SteadyTime now) {
  const FetchSettings& settings = context_.settings;
  CURL* const handle = handle_.get();
  if (!deadline_) {
    deadline_ = now + time_;
  }
  const auto left = std::chrono::ceil<milliseconds>(*deadline_ - now);
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, std::max<long>(left.count(), 1));  // 0: no limit
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(settings.connect_time.count()));
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT,
                   static_cast<long>(settings.stall_bytes_per_second));
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, static_cast<long>(settings.stall_time.count()));
  if (!settings.ca_file.empty()) {
    curl_easy_setopt(handle, CURLOPT_CAINFO, settings.ca_file.c_str());
    curl_easy_setopt(handle, CURLOPT_PROXY_CAINFO, settings.ca_file.c_str());
  }
  if (!settings.ca_folder.empty()) {
    curl_easy_setopt(handle, CURLOPT_CAPATH, settings.ca_folder.c_str());
    curl_easy_setopt(handle, CURLOPT_PROXY_CAPATH, settings.ca_folder.c_str());
  }
}

std::size_t Transfer::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  const std::size_t bytes = size * count;
  const bool taken = static_cast<Transfer*>(self)->take_body(as_bytes({data, bytes}));
  return taken ? bytes : CURL_WRITEFUNC_ERROR;
}

bool Transfer::take_body(ByteView bytes) {
  if (!is_answer()) {
    skipped_ += bytes.size();
    return skipped_ <= kMaxErrorPage;
  }
  if (!begin_body()) {
    return false;
  }
  context_.counters.add(Metric::kFetchedBytes, bytes.size());
  if (const Result<void> written = body_->write(bytes); !written) {
    refusal_ = written.error();
    return false;
  }
  return true;
}

bool Transfer::begin_body() {
  if (begun_) {
    return true;
  }
  begun_ = true;
  AnswerHead head;
  head.status = static_cast<unsigned>(status());
  head.etag = header("ETag");
  head.last_modified = header("Last-Modified");
  head.content_type = header("Content-Type");
  head.content_range = header("Content-Range");
  head.link = header("Link");
  head.content_digest = header("Docker-Content-Digest");
  head.challenge = challenges();
  curl_off_t length = -1;
  curl_easy_getinfo(handle_.get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
  if (length >= 0) {
    head.length = static_cast<std::uint64_t>(length);
  }
  if (const Result<void> begun = body_->begin(head); !begun) {
    refusal_ = begun.error();
    return false;
  }
  return true;
}

long Transfer::status() const {
  long status = 0;
  curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
  return status;
}

std::string Transfer::header(const char* name, std::size_t number) const {
  curl_header* found = nullptr;
  if (curl_easy_header(handle_.get(), name, number, CURLH_HEADER, -1, &found) != CURLHE_OK) {
    return {};
  }
  return found->value;
}

std::string Transfer::challenges() const {
  std::string all;
  for (std::size_t i = 0; i < kMaxChallenges && status() == 401; ++i) {
    const std::string one = header("WWW-Authenticate", i);
    all += (all.empty() || one.empty() ? "" : ", ") + one;
  }
  return all;
}

// Where a redirect led asks for credentials of its own, which nobody here has.
bool Transfer::is_answer() const {
  const long answered = status();
  return (answered >= 200 && answered < 300) || answered == 304 ||
         (answered == 401 && body_->takes_challenge() && target_.origin == origin_.origin);
}

std::optional<Transfer::Again> Transfer::conclude(CURLcode code, SteadyTime now) {
  const long answered = status();
  std::optional<Again> again;
  if (refusal_) {
    again = judge_refusal(std::move(*refusal_), now);
  } else if (answered >= 300 && !is_answer()) {
    again = judge_status(answered, now);
  } else if (code != CURLE_OK) {
    again = judge_transport(code, now);
  } else {
    again = begin_body() ? succeed(now) : judge_refusal(present(std::move(refusal_)), now);
  }
  if (!again || again->failure) {
    target_ = origin_;  // where a redirect led may be good for a while only
    redirects_ = 0;
  }
  handle_.reset();
  lines_.reset();
  return again;
}

std::optional<Transfer::Again> Transfer::judge_status(long status, SteadyTime now) {
  if (is_redirect(status)) {
    return redirect();
  }
  Error error = status_error(origin_.text, status);
  if (target_.text != origin_.text) {
    error.cause += " at " + target_.text;
  }
  if (status == 416) {
    body_->restart();
  } else if (!is_passing(status)) {
    return fail(std::move(error), Metric::kFetchHttpErrors, status == 401);
  }
  return again_or_fail(std::move(error), Metric::kFetchHttpErrors, now);
}

std::optional<Transfer::Again> Transfer::redirect() {
  const auto refuse = [&](ErrorCode code, std::string cause) {
    return fail(Error{code, origin_.text, std::move(cause),
                      "ask the registry's operator, or give the address it moved to"},
                Metric::kFetchHttpErrors);
  };
  char* location = nullptr;
  curl_easy_getinfo(handle_.get(), CURLINFO_REDIRECT_URL, &location);
  if (location == nullptr) {
    return refuse(ErrorCode::kInvalid, "the server redirects without saying where to");
  }
  if (++redirects_ > context_.settings.redirects) {
    return refuse(ErrorCode::kRefused, "was redirected more than " +
                                           std::to_string(context_.settings.redirects) + " times");
  }
  Result<Uri> next = parse_uri(location);
  if (!next) {
    return refuse(next.error().code,
                  "was redirected to " + next.error().thing + ", which " + next.error().cause);
  }
  if (target_.scheme == "https" && next->scheme != "https") {
    return refuse(ErrorCode::kRefused,
                  "was redirected from https to " + next->text + ", which anybody could change");
  }
  target_ = std::move(*next);
  return Again{};
}

std::optional<Transfer::Again> Transfer::judge_refusal(Error error, SteadyTime now) {
  switch (error.code) {
    case ErrorCode::kUnavailable:
      return again_or_fail(std::move(error), Metric::kFetchHttpErrors, now);
    case ErrorCode::kRefused:
      return fail(std::move(error), Metric::kFetchTooLarge);
    case ErrorCode::kIntegrity:
      return fail(std::move(error), Metric::kFetchWrongSize);
    case ErrorCode::kExhausted:
      context_.counters.add(Metric::kSpoolDiskFull);
      return fail(std::move(error), Metric::kFetchDiskErrors);
    case ErrorCode::kIo:
      return fail(std::move(error), Metric::kFetchDiskErrors);
    default:
      return fail(std::move(error), Metric::kFetchHttpErrors);
  }
}

std::optional<Transfer::Again> Transfer::judge_transport(CURLcode code, SteadyTime now) {
  const std::string cause =
      curl_error_[0] != '\0' ? std::string(curl_error_.data()) : curl_easy_strerror(code);
  if (is_certificate_error(code)) {
    return fail(Error{ErrorCode::kIntegrity, origin_.text, cause,
                      "if a proxy opens TLS on the way, name its certificate authority in "
                      "SSL_CERT_FILE"},
                Metric::kFetchTransportErrors);
  }
  const Metric metric =
      code == CURLE_OPERATION_TIMEDOUT ? Metric::kFetchTimeouts : Metric::kFetchTransportErrors;
  return again_or_fail(Error{ErrorCode::kUnavailable, origin_.text, cause, transport_cure(code)},
                       metric, now);
}

std::optional<Transfer::Again> Transfer::again_or_fail(Error error, Metric metric, SteadyTime now) {
  failures_ = body_->held() >= held_before_ + kProgressBytes ? 1 : failures_ + 1;
  error.code = ErrorCode::kUnavailable;
  if (error.cure.empty()) {
    error.cure = "it is tried again at the next poll; if it stays, ask the registry's operator";
  }
  if (failures_ >= context_.settings.attempts) {
    error.cause += "; tried " + std::to_string(failures_) + " times";
    return fail(std::move(error), metric);
  }
  const auto asked = parse_retry_after(header("Retry-After"), context_.clock.utc_now());
  const milliseconds delay = context_.retry->delay(failures_, asked);
  if (now + delay >= present(deadline_)) {
    error.cause += "; gave up after " +
                   std::to_string(std::chrono::duration_cast<std::chrono::seconds>(time_).count()) +
                   " s";
    return fail(std::move(error), Metric::kFetchTimeouts);
  }
  context_.counters.add(Metric::kFetchRetries);
  return Again{delay, asked.has_value(), std::move(error)};
}

std::optional<Transfer::Again> Transfer::fail(Error error, Metric metric, bool keep) {
  context_.counters.add(metric);
  body_->abandon(keep || error.code == ErrorCode::kUnavailable ||
                 error.code == ErrorCode::kExhausted);
  result_ = std::move(error);
  return std::nullopt;
}

std::optional<Transfer::Again> Transfer::succeed(SteadyTime now) {
  if (const Result<void> ended = body_->end(); !ended) {
    return judge_refusal(ended.error(), now);
  }
  return std::nullopt;
}

void Transfer::cancel() {
  handle_.reset();
  lines_.reset();
  body_->abandon(true);
  result_ = Error{ErrorCode::kCancelled, origin_.text, "the program is stopping", ""};
}

}  // namespace sluice::low
