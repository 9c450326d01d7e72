// One configured source, polled again and again. An ecosystem implements this in lowside/upstream/;
// adding one touches nothing else but the wiring.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "lowside/pipeline/files.h"
#include "sluice/shipment.pb.h"
#include "sluice/stored_request.pb.h"

namespace sluice::low {

// A short answer, whole in memory: an index, a packument, a Release file.
struct Document {
  // 200, 304 or, where the request takes a challenge, 401; everything else is an Error.
  unsigned status = 200;
  std::string body{};
  std::string etag{};           // empty where the upstream has none
  std::string last_modified{};  // as it came
  std::string content_type{};
  std::string link{};            // RFC 8288, as it came: where the next page is
  std::string content_digest{};  // Docker-Content-Digest, as it came
  std::string challenge{};       // of status 401: WWW-Authenticate, several joined by ", "
};

struct DocumentRequest {
  std::string uri{};
  std::string if_none_match{};  // an etag from before
  std::string if_modified_since{};
  std::vector<std::pair<std::string, std::string>> headers{};
  std::uint64_t size_limit = std::uint64_t{64} << 20;
  bool head_only = false;  // HEAD: an answer without its body
  // Status 401 of the address itself is an answer too: it says how to ask again.
  bool takes_challenge = false;
};

// How the cause begins where an upstream answered 401 to a request that takes no challenge. What
// has come of a file is kept then: a token may have aged while it came.
inline constexpr std::string_view kUnauthorized = "the server answered with status 401";
inline bool is_unauthorized(const Error& error) { return error.cause.starts_with(kUnauthorized); }

// The way to the outside. Implemented in fetch/ (libcurl). Callable from any thread; every call
// blocks, with retries and limits inside, until stop is requested.
class Fetch {
 public:
  virtual ~Fetch() = default;
  virtual Result<Document> document(const DocumentRequest& request, std::stop_token stop) = 0;
  // Many at once, over few connections. Calls `done` for each request as it ends, from one thread
  // at a time, with its index.
  virtual void documents(const std::vector<DocumentRequest>& requests, std::stop_token stop,
                         const std::function<void(std::size_t index, Result<Document>)>& done) = 0;
  virtual void files(const std::vector<FetchRequest>& requests, std::stop_token stop,
                     const std::function<void(std::size_t index, Result<FetchedFile>)>& done) = 0;
};

// What must hold for a fetched file to be taken. At least one digest, or evidence of a signature
// over one of its digests, must be given.
struct Expectation {
  std::vector<Digest> digests{};  // all must be equal to those computed
  std::optional<std::uint64_t> size{};
  std::vector<std::string>
      media_types{};  // what its content may be ("application/gzip", …); empty: anything
  std::vector<Evidence>
      evidence{};  // what the caller checked itself: a registry's signature, a signed index
  std::optional<Error> refusal{};  // what the caller found in it: it goes to quarantine
};

// verify → inspect → admit → the spool's blob store, in one call; the wiring implements it with the
// stages' own types. A file that fails is moved to quarantine, counted and reported as an event by
// the stage that refused it. Callable from any thread.
class Intake {
 public:
  virtual ~Intake() = default;
  // The blob is durable in the spool when this returns.
  virtual Result<proto::Blob> take(FetchedFile file, const Expectation& expectation) = 0;
  // Bytes made here from verified ones (a subset's index): no upstream digest exists. `evidence`
  // says what it was made from.
  virtual Result<proto::Blob> take_made(std::string name, std::string bytes,
                                        std::vector<DigestAlgorithm> aliases,
                                        std::vector<Evidence> evidence) = 0;
  // A blob that the spool holds already, by any digest: it need not be fetched again.
  virtual Result<std::optional<proto::Blob>> held(const Digest& digest) = 0;
};

struct PollContext {
  Fetch& fetch;
  Intake& intake;
  std::string cursor;          // what the last successful poll returned; empty at first
  std::filesystem::path work;  // a folder of the source's own, empty or as the last poll left it
  std::stop_token stop;
  std::function<void(std::string_view stage, std::uint64_t done, std::uint64_t total)> progress;
  bool list_closure = false;  // Proposal::closure is asked for
  // Only what was published or changed since then is wanted, with all that it needs. None: no
  // matter when.
  std::optional<UtcTime> published_since{};
};

// What a poll found. Shipped whole or not at all.
struct Proposal {
  std::string cursor{};              // saved together with the shipment, in one batch
  std::vector<proto::Blob> blobs{};  // every blob that the records name, as intake returned it; the
                                     // spool leaves out what it has shipped before
  std::vector<proto::Record>
      records{};  // only those that changed since the last poll; none: nothing is shipped
  std::vector<Error> problems{};  // what was left out, each named with cause and cure: an unknown
                                  // package, a refused file
  // Every artifact that what is wanted needs, also those that have not changed or were shipped
  // before (`fresh` is not set here). Only where the context asks for it.
  std::vector<proto::PlanNode> closure{};
  // SHA-256 of blobs that the records name besides those: made here of them, or shipped before.
  std::vector<std::string> besides{};
};

class Upstream {
 public:
  virtual ~Upstream() = default;
  virtual const std::string& name() const = 0;        // unique among sources: "npm-main"
  virtual std::chrono::seconds interval() const = 0;  // between polls
  // On a thread of its own; never twice at once. An Error means that nothing is shipped and the
  // cursor stays.
  virtual Result<Proposal> poll(PollContext& context) = 0;
};

}  // namespace sluice::low
