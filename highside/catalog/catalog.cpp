#include "highside/catalog/catalog.h"

#include <utility>

#include "highside/pipeline/keys.h"
#include "sluice/stored_ledger.pb.h"

namespace sluice::high {
namespace {

constexpr std::string_view kEditionKey = "catalog.edition";

std::string document_prefix(std::string_view ecosystem, std::string_view document) {
  std::string key;
  append_text(key, ecosystem);
  append_text(key, document);
  return key;
}

Error unreadable(std::string_view document) {
  return {ErrorCode::kIo, "catalog entry of " + std::string(document), "it does not read",
          "the index is damaged: restore it, or let the sender send its catalog again"};
}

Result<Catalog::State> decode(std::string document, Edition since, std::string_view value) {
  proto::StoredDocument stored;
  if (!stored.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
    return unreadable(document);
  }
  return Catalog::State{
      {std::move(document), since, std::move(*stored.mutable_stream()),
       ShipmentSequence(stored.sequence()), from_unix_micros(stored.published_micros()),
       std::move(*stored.mutable_body())},
      stored.withdrawn()};
}

std::string encode(const Catalog::Change& change, const proto::Record& record) {
  proto::StoredDocument stored;
  stored.set_stream(change.shipment.stream());
  stored.set_sequence(change.shipment.sequence());
  stored.set_published_micros(to_unix_micros(change.now));
  stored.set_body(record.body());
  *stored.mutable_blobs() = record.blobs();
  stored.set_withdrawn(record.withdrawn());
  return stored.SerializeAsString();
}

}  // namespace

Result<void> Catalog::load() {
  SLUICE_TRY(const auto value, index_.get(store::Family::kMeta, kEditionKey));
  if (value) {
    std::string_view rest = *value;
    const auto edition = store::read_u64(rest);
    if (!edition || !rest.empty()) {
      return unreadable(kEditionKey);
    }
    current_.store(*edition, std::memory_order_release);
  }
  SLUICE_TRY_VOID(editions_.load());
  return lost_.load();
}

// Asked after reading: what is dropped is named as such before anything of it goes.
Result<void> Catalog::still_readable(Edition edition) const {
  return editions_.kept(edition) ? Result<void>() : Result<void>(dropped_edition(edition));
}

Result<std::optional<CatalogEntry>> Catalog::find(Edition edition, std::string_view ecosystem,
                                                  std::string_view document) const {
  SLUICE_TRY(auto found, state(edition, ecosystem, document));
  if (!found || found->withdrawn) {
    return std::optional<CatalogEntry>();
  }
  return std::optional(std::move(found->entry));
}

Result<std::optional<Catalog::State>> Catalog::state(Edition edition, std::string_view ecosystem,
                                                     std::string_view document) const {
  const std::string prefix = document_prefix(ecosystem, document);
  std::string key = prefix;
  store::append_u64(key, edition.value());
  SLUICE_TRY(const auto found, index_.last_at_or_before(store::Family::kDocuments, prefix, key));
  SLUICE_TRY_VOID(still_readable(edition));
  if (!found) {
    return std::optional<State>();
  }
  std::string_view rest = std::string_view(found->first).substr(prefix.size());
  const auto since = store::read_u64(rest);
  if (!since) {
    return unreadable(document);
  }
  SLUICE_TRY(State entry, decode(std::string(document), Edition(*since), found->second));
  return std::optional(std::move(entry));
}

Result<void> Catalog::list(Edition edition, std::string_view ecosystem, std::string_view prefix,
                           const std::function<bool(const CatalogEntry&)>& each) const {
  std::string start;
  append_text(start, ecosystem);
  const std::size_t skip = start.size();
  append_text_prefix(start, prefix);

  // A document's editions follow one another: the last one that counts is given when the next
  // document begins.
  struct Candidate {
    std::string name_key;
    std::uint64_t since = 0;
    std::string value;
  };
  std::optional<Candidate> candidate;
  Result<void> status;
  const auto give = [&] {
    std::string_view name_key = std::string_view(candidate->name_key).substr(skip);
    auto name = read_text(name_key);
    auto entry = name ? decode(std::move(*name), Edition(candidate->since), candidate->value)
                      : Result<State>(unreadable(candidate->name_key));
    if (!entry) {
      status = entry.error();
      return false;
    }
    return entry->withdrawn || each(entry->entry);
  };
  bool more = true;
  SLUICE_TRY_VOID(index_.scan(
      store::Family::kDocuments, start, "", [&](std::string_view key, std::string_view value) {
        std::string_view tail = key.size() < 8 ? key : key.substr(key.size() - 8);
        const std::string_view name_key = key.substr(0, key.size() - tail.size());
        const std::uint64_t since = store::read_u64(tail).value_or(0);
        if (since > edition.value()) {
          return true;
        }
        if (candidate && candidate->name_key != name_key) {
          more = give();
          candidate.reset();
        }
        if (more) {
          candidate = Candidate{std::string(name_key), since, std::string(value)};
        }
        return more;
      }));
  if (more && candidate) {
    give();
  }
  return status ? still_readable(edition) : status;
}

Result<std::map<Sha256Digest, std::vector<std::string>>> Catalog::documents_naming(
    const std::set<Sha256Digest>& blobs, std::size_t limit) const {
  std::map<Sha256Digest, std::vector<std::string>> naming;
  std::string document;  // of the keys at hand; the last one that counts decides
  std::vector<Sha256Digest> named;
  const auto give = [&] {
    std::string_view rest = document;
    const auto ecosystem = read_text(rest);
    const auto name = read_text(rest);
    for (const Sha256Digest& digest : named) {
      if (std::vector<std::string>& names = naming[digest];
          ecosystem && name && names.size() < limit) {
        names.push_back(*ecosystem + " " + *name);
      }
    }
  };
  const std::uint64_t edition = current().value();
  SLUICE_TRY_VOID(index_.scan(
      store::Family::kDocuments, "", "", [&](std::string_view key, std::string_view value) {
        std::string_view tail = key.size() < 8 ? key : key.substr(key.size() - 8);
        const std::string_view name_key = key.substr(0, key.size() - tail.size());
        proto::StoredDocument stored;
        if (store::read_u64(tail).value_or(0) > edition ||
            !stored.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
          return true;
        }
        if (name_key != document) {
          give();
          document = name_key;
        }
        named.clear();
        for (const std::string& bytes : stored.blobs()) {
          const auto digest = Sha256Digest::from_bytes(as_bytes(bytes));
          if (digest && !stored.withdrawn() && blobs.contains(*digest)) {
            named.push_back(*digest);
          }
        }
        return true;
      }));
  give();
  return naming;
}

Result<Edition> Catalog::publish(const Change& change, store::Batch along) {
  const Edition edition = current().next();
  for (const proto::Record* const record : change.records) {
    std::string key = document_prefix(record->ecosystem(), record->document());
    store::append_u64(key, edition.value());
    along.put(store::Family::kDocuments, std::move(key), encode(change, *record));
  }
  std::string value;
  store::append_u64(value, edition.value());
  along.put(store::Family::kMeta, std::string(kEditionKey), std::move(value));
  SLUICE_TRY_VOID(index_.write(along, store::Durability::kSynced));
  current_.store(edition.value(), std::memory_order_release);
  return edition;
}

}  // namespace sluice::high
