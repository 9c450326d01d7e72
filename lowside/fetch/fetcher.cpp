#include "lowside/fetch/fetcher.h"

#include <algorithm>

#include "lowside/fetch/body.h"
#include "lowside/fetch/file_body.h"
#include "lowside/fetch/uri.h"

namespace sluice::low {
namespace {

// Transfers of one call that are waiting, under way, or finished and not taken yet: as many as run
// at once by default. It bounds the answers held in memory when `done` is slow.
constexpr std::size_t kWindow = 64;

Result<void> check_headers(const std::string& thing, const Transfer::HeaderList& headers) {
  for (const auto& [name, value] : headers) {
    const auto breaks = [](const std::string& text) {
      return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos;
    };
    if (name.empty() || name.find(':') != std::string::npos || breaks(name) || breaks(value)) {
      return Error{ErrorCode::kInvalid, thing, "the request header \"" + name + "\" is not valid",
                   "a header is one line, and its name has no colon"};
    }
  }
  return {};
}

Error stopping(const std::string& uri) {
  return {ErrorCode::kCancelled, display_uri(uri), "the program is stopping", ""};
}

}  // namespace

Result<std::unique_ptr<Fetcher>> Fetcher::open(FetchSettings settings, FileSystem& files,
                                               const Clock& clock, observe::Counters& counters,
                                               observe::EventSink& events,
                                               std::unique_ptr<RetryPolicy> retry) {
  std::unique_ptr<Fetcher> fetcher(new Fetcher(
      FetchContext{std::move(settings), clock, counters, std::move(retry)}, files, events));
  SLUICE_TRY_VOID(fetcher->folder_.open());
  return fetcher;
}

Fetcher::Fetcher(FetchContext context, FileSystem& files, observe::EventSink& events)
    : context_(std::move(context)),
      folder_(files, context_.clock, context_.settings),
      loop_(context_, events) {}

Fetcher::~Fetcher() = default;

// Keeps the window of one call full and hands over what has finished, on the caller's thread.
class Fetcher::Call {
 public:
  Call(TransferLoop& loop, std::stop_token stop)
      : loop_(loop), stop_(std::move(stop)), waker_(stop_, [&loop] { loop.wake(); }) {}

  // `make` returns the transfer of a request or its error; `deliver` gets a finished transfer or
  // that error.
  template <class Request, class Make, class Deliver>
  void run(const std::vector<Request>& requests, const Make& make, const Deliver& deliver) {
    std::size_t next = 0;
    std::size_t pending = 0;
    while (next < requests.size() || pending > 0) {
      for (; next < requests.size() && pending < kWindow; ++next) {
        Result<std::unique_ptr<Transfer>> transfer =
            stop_.stop_requested() ? stopping(requests[next].uri) : make(requests[next], next);
        if (!transfer) {
          deliver(next, Result<Transfer*>(std::move(transfer).error()));
          continue;
        }
        loop_.submit(std::move(*transfer), completions_);
        ++pending;
      }
      if (pending > 0) {
        const std::unique_ptr<Transfer> finished = completions_.take();
        --pending;
        deliver(finished->index(), finished->result()
                                       ? Result<Transfer*>(finished.get())
                                       : Result<Transfer*>(finished->result().error()));
      }
    }
  }

 private:
  TransferLoop& loop_;
  std::stop_token stop_;
  Completions completions_;
  std::stop_callback<std::function<void()>> waker_;
};

Result<std::unique_ptr<Transfer>> Fetcher::make_document(const DocumentRequest& request,
                                                         std::size_t index, std::stop_token stop) {
  SLUICE_TRY(Uri uri, parse_uri(request.uri));
  SLUICE_TRY_VOID(check_headers(uri.text, request.headers));
  SLUICE_TRY_VOID(check_headers(uri.text, {{"If-None-Match", request.if_none_match},
                                           {"If-Modified-Since", request.if_modified_since}}));
  auto body = std::make_unique<DocumentBody>(request, uri.text);
  return std::make_unique<Transfer>(context_, index, std::move(uri), request.headers,
                                    std::move(body), context_.settings.document_time,
                                    std::move(stop));
}

Result<std::unique_ptr<Transfer>> Fetcher::make_file(const FetchRequest& request, std::size_t index,
                                                     std::stop_token stop) {
  SLUICE_TRY(Uri uri, parse_uri(request.uri));
  SLUICE_TRY_VOID(check_headers(uri.text, request.headers));
  const std::uint64_t limit =
      request.size_limit != 0 ? request.size_limit : context_.settings.default_size_limit;
  SLUICE_TRY(auto body, FileBody::open(folder_, request, uri, limit));
  return std::make_unique<Transfer>(context_, index, std::move(uri), request.headers,
                                    std::move(body), context_.settings.file_time, std::move(stop));
}

Result<Document> Fetcher::document(const DocumentRequest& request, std::stop_token stop) {
  Result<Document> answer = Document{};
  documents({request}, std::move(stop),
            [&](std::size_t, Result<Document> one) { answer = std::move(one); });
  return answer;
}

void Fetcher::documents(const std::vector<DocumentRequest>& requests, std::stop_token stop,
                        const std::function<void(std::size_t, Result<Document>)>& done) {
  Call call(loop_, stop);
  call.run(
      requests,
      [&](const DocumentRequest& request, std::size_t index) {
        return make_document(request, index, stop);
      },
      [&](std::size_t index, const Result<Transfer*>& finished) {
        if (!finished) {
          done(index, finished.error());
          return;
        }
        done(index, static_cast<DocumentBody&>((*finished)->body()).take());
      });
}

void Fetcher::files(const std::vector<FetchRequest>& requests, std::stop_token stop,
                    const std::function<void(std::size_t, Result<FetchedFile>)>& done) {
  Call call(loop_, stop);
  call.run(
      requests,
      [&](const FetchRequest& request, std::size_t index) {
        return make_file(request, index, stop);
      },
      [&](std::size_t index, const Result<Transfer*>& finished) {
        if (!finished) {
          done(index, finished.error());
          return;
        }
        auto& body = static_cast<FileBody&>((*finished)->body());
        context_.counters.add(observe::Metric::kFetchedFiles);
        context_.counters.add(observe::Metric::kFetchResumes, body.resumed() ? 1 : 0);
        done(index, FetchedFile(PassKey<Fetcher>(), requests[index], body.path(), body.size(),
                                body.take_digests()));
      });
}

}  // namespace sluice::low
