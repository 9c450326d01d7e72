// The catalog over many editions: comparing two, and dropping what none shows.
#include <utility>

#include "highside/catalog/catalog.h"
#include "highside/pipeline/keys.h"

namespace sluice::high {
namespace {

constexpr std::size_t kEditionBytes = 8;
// Entries of one walk over the index, which keeps a view of it open, and of one batch.
constexpr std::size_t kPiece = 1000;

// A key of kDocuments: a document's, and the edition.
struct EntryKey {
  std::string_view document;
  std::uint64_t since = 0;
};

std::optional<EntryKey> read_key(std::string_view key) {
  if (key.size() < kEditionBytes) {
    return std::nullopt;
  }
  std::string_view tail = key.substr(key.size() - kEditionBytes);
  const std::string_view document = key.substr(0, key.size() - kEditionBytes);
  return EntryKey{document, *store::read_u64(tail)};
}

Error unreadable() {
  return {ErrorCode::kIo, "catalog", "an entry of a document does not read",
          "the index is damaged: restore it, or let the sender send its catalog again"};
}

// What one edition has of the document at hand.
struct Side {
  std::uint64_t edition;
  std::optional<std::uint64_t> since{};
  std::string value{};

  void take(const EntryKey& key, std::string_view bytes) {
    if (key.since <= edition) {
      since = key.since;
      value = bytes;
    }
  }
  // None: not there, or withdrawn.
  Result<std::optional<CatalogEntry>> entry(const std::string& document) const {
    proto::StoredDocument stored;
    if (!since) {
      return std::optional<CatalogEntry>();
    }
    if (!stored.ParseFromString(value)) {
      return unreadable();
    }
    if (stored.withdrawn()) {
      return std::optional<CatalogEntry>();
    }
    return std::optional(CatalogEntry{
        document, Edition(*since), stored.stream(), ShipmentSequence(stored.sequence()),
        from_unix_micros(stored.published_micros()), std::move(*stored.mutable_body())});
  }
};

Result<std::optional<Catalog::Difference>> difference(const std::string& key, const Side& from,
                                                      const Side& to) {
  std::string_view rest = key;
  auto ecosystem = read_text(rest);
  auto document = read_text(rest);
  if (!ecosystem || !document) {
    return unreadable();
  }
  if (from.since == to.since) {
    return std::optional<Catalog::Difference>();
  }
  SLUICE_TRY(auto before, from.entry(*document));
  SLUICE_TRY(auto after, to.entry(*document));
  const bool same = before && after ? before->body == after->body : !before && !after;
  if (same) {
    return std::optional<Catalog::Difference>();
  }
  return std::optional(Catalog::Difference{std::move(*ecosystem), std::move(*document),
                                           std::move(before), std::move(after), key});
}

}  // namespace

Result<void> Catalog::compare(Edition from, Edition to, std::string_view behind,
                              const std::function<bool(Difference)>& each) const {
  std::string document;
  Side before{from.value()};
  Side after{to.value()};
  Result<void> status;
  bool more = true;
  const auto give = [&] {
    if (document.empty()) {
      return;
    }
    auto found = difference(document, before, after);
    if (!found) {
      status = found.error();
      more = false;
    } else if (*found) {
      more = each(std::move(**found));
    }
  };
  // Behind all editions of that document: no edition is 2^64 - 1.
  const std::string start =
      behind.empty() ? "" : std::string(behind) + std::string(kEditionBytes, '\xff');
  SLUICE_TRY_VOID(index_.scan(store::Family::kDocuments, "", start,
                              [&](std::string_view key, std::string_view value) {
                                const auto entry = read_key(key);
                                if (!entry) {
                                  status = unreadable();
                                  return more = false;
                                }
                                if (entry->document != document) {
                                  give();
                                  document = entry->document;
                                  before = {from.value()};
                                  after = {to.value()};
                                }
                                before.take(*entry, value);
                                after.take(*entry, value);
                                return more;
                              }));
  if (more) {
    give();
  }
  SLUICE_TRY_VOID(status);
  SLUICE_TRY_VOID(still_readable(from));
  return still_readable(to);
}

// One entry is kept back until the next one tells whether it is the document's last.
class Catalog::Sweep {
 public:
  Sweep(store::KeyValueStore& index, const KeptEditions& kept, bool drop,
        const std::function<void(const proto::StoredDocument&)>& shown)
      : index_(index), kept_(kept), drop_(drop), shown_(shown) {}

  Result<Swept> run() {
    for (bool more = true; more;) {
      SLUICE_TRY(more, piece());
      if (drop_ && !batch_.empty()) {
        SLUICE_TRY_VOID(index_.write(batch_, store::Durability::kSynced));
        batch_ = {};
      }
    }
    SLUICE_TRY_VOID(settle(std::nullopt));
    return swept_;
  }

 private:
  // False: that was the last one.
  Result<bool> piece() {
    std::size_t count = 0;
    Result<void> status;
    SLUICE_TRY_VOID(index_.scan(store::Family::kDocuments, "", next_,
                                [&](std::string_view key, std::string_view value) {
                                  status = take(key, value);
                                  return status && ++count < kPiece;
                                }));
    SLUICE_TRY_VOID(status);
    return count == kPiece;
  }
  Result<void> take(std::string_view key, std::string_view value) {
    const auto entry = read_key(key);
    if (!entry) {
      return unreadable();
    }
    ++swept_.states;
    SLUICE_TRY_VOID(settle(entry));
    key_ = key;
    value_ = value;
    next_ = key_ + '\0';
    return {};
  }
  // What becomes of the entry at hand, `next` being the one behind it.
  Result<void> settle(const std::optional<EntryKey>& next) {
    const auto entry = read_key(key_);
    if (!entry) {
      return {};  // there is none yet
    }
    const bool last = !next || next->document != entry->document;
    if (!last && !kept_.sees(entry->since, next->since)) {
      ++swept_.dropped;
      batch_.remove(store::Family::kDocuments, key_);
      return {};
    }
    proto::StoredDocument stored;
    if (!stored.ParseFromString(value_)) {
      return unreadable();
    }
    shown_(stored);
    return {};
  }

  store::KeyValueStore& index_;
  const KeptEditions& kept_;
  const bool drop_;
  const std::function<void(const proto::StoredDocument&)>& shown_;
  Swept swept_;
  store::Batch batch_;
  std::string key_;  // of the entry at hand
  std::string value_;
  std::string next_;
};

Result<Catalog::Swept> Catalog::sweep(
    const KeptEditions& kept, bool drop,
    const std::function<void(const proto::StoredDocument&)>& shown) {
  return Sweep(index_, kept, drop, shown).run();
}

}  // namespace sluice::high
