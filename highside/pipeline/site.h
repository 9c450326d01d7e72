// What the site publishes itself: how a publishing protocol changes one document. Implemented by
// the catalog's Publisher, through the same checks, editions and ledger as what crosses.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"
#include "common/base/strong.h"
#include "common/store/blob_store.h"
#include "highside/pipeline/catalog_reader.h"
#include "sluice/shipment.pb.h"

namespace sluice::high {

// The stream that the site's own shipments count in; no low side can have it. "site/17" in events.
inline constexpr std::string_view kSiteStream = "site";

// Bytes that a change brings. Their digests were computed here (StagedBlob).
struct SiteBlob {
  store::NewBlob blob;
  std::string name;  // for people: "acme_tool-1.0-py3-none-any.whl"
};

struct SiteChange {
  std::string ecosystem;  // as records have it
  std::string document;
  std::string by;                 // whose token, or what: for the ledger and events
  std::vector<SiteBlob> blobs{};  // what the record names and may not be held yet
  // Given the document as it is (none: not there), makes the record that it becomes; none where
  // nothing is to change; an Error where it must not, which publish() returns. Called once, while
  // nothing else is published, so that two who change one document see each other.
  std::function<Result<std::optional<proto::Record>>(const std::optional<CatalogEntry>& now)> make;
  // Whether it may take the place of what came from outside, before the name was the site's.
  bool over_outside = false;
};

struct SiteOutcome {
  Edition edition;  // in which it can be read
  bool changed = false;
};

// Callable from any thread.
class SitePublisher {
 public:
  virtual ~SitePublisher() = default;
  // Visible, and durable, when it returns; otherwise nothing has changed but that blobs may be held
  // which garbage collection takes. kRefused: the name belongs to what came from outside. kInvalid,
  // kIntegrity: the record does not hold. kExhausted, kIo, kUnavailable: the store, try again.
  virtual Result<SiteOutcome> publish(const SiteChange& change) = 0;
  // Has garbage collection leave this blob for an hour, held or about to be: before a client is
  // told that it need not send it. Whoever asks the store after this finds what will stay.
  virtual void hold(const Sha256Digest& blob) = 0;
};

}  // namespace sluice::high
