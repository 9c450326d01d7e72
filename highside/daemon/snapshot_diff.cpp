#include "highside/daemon/snapshot_diff.h"

#include <boost/json.hpp>
#include <charconv>

#include "common/base/hasher.h"
#include "common/base/text.h"
#include "highside/daemon/registries.h"

namespace sluice::high {
namespace {

namespace json = boost::json;

// A page ends behind the document that reaches it: some megabytes, but for a document that is
// larger by itself.
constexpr std::size_t kPageItems = 5000;

json::object item_json(std::string_view change, const RecordItems::key_type& item,
                       const json::value& was, const json::value& is) {
  return {
      {"change", change}, {"kind", item.first}, {"name", item.second}, {"was", was}, {"is", is}};
}

// Both are sorted: they are gone through side by side.
json::array compare(const RecordItems& before, const RecordItems& after) {
  json::array items;
  auto was = before.begin();
  auto is = after.begin();
  while (was != before.end() || is != after.end()) {
    const bool gone = is == after.end() || (was != before.end() && was->first < is->first);
    const bool came = was == before.end() || (is != after.end() && is->first < was->first);
    if (gone) {
      items.push_back(item_json("removed", was->first, json::value(was->second), nullptr));
      ++was;
    } else if (came) {
      items.push_back(item_json("added", is->first, nullptr, json::value(is->second)));
      ++is;
    } else {
      if (was->second != is->second) {
        items.push_back(
            item_json("changed", was->first, json::value(was->second), json::value(is->second)));
      }
      ++was;
      ++is;
    }
  }
  return items;
}

Result<RecordItems> items_of(const std::string& ecosystem,
                             const std::optional<CatalogEntry>& entry) {
  static const auto readers = item_readers();
  const auto reader = readers.find(ecosystem);
  return entry && reader != readers.end() ? reader->second(*entry) : Result<RecordItems>();
}

json::value body_digest(const std::optional<CatalogEntry>& entry) {
  return entry ? json::value("sha256:" + sha256(as_bytes(entry->body)).hex())
               : json::value(nullptr);
}

Result<json::object> document_json(const Catalog::Difference& difference) {
  SLUICE_TRY(const RecordItems before, items_of(difference.ecosystem, difference.before));
  SLUICE_TRY(const RecordItems after, items_of(difference.ecosystem, difference.after));
  json::array items = compare(before, after);
  const std::string_view change = !difference.before  ? "added"
                                  : !difference.after ? "removed"
                                                      : "changed";
  if (items.empty()) {  // what the record says beside its items
    items.push_back(item_json(change, {"record", ""}, body_digest(difference.before),
                              body_digest(difference.after)));
  }
  return json::object{{"ecosystem", difference.ecosystem},
                      {"document", difference.document},
                      {"change", change},
                      {"items", std::move(items)}};
}

}  // namespace

Result<Edition> find_edition(const Catalog& catalog, UtcTime now, std::string_view text) {
  if (text == "current") {
    return catalog.current();
  }
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) {
    if (!catalog.readable(Edition(number))) {
      return Error{ErrorCode::kNotFound, "edition " + std::string(text), "it cannot be read",
                   "the current one is " + std::to_string(catalog.current().value()) +
                       ", the oldest " + std::to_string(catalog.editions().oldest().value())};
    }
    return Edition(number);
  }
  SLUICE_TRY_VOID(check_snapshot_name(text));
  const auto snapshot = catalog.editions().find_snapshot(text);
  if (!snapshot || snapshot->expired(now)) {
    return Error{ErrorCode::kNotFound, "snapshot " + std::string(text),
                 "there is none of that name, or it has expired",
                 "sluice-high snapshot list shows what there is"};
  }
  return snapshot->edition;
}

Result<std::string> diff_page(const Catalog& catalog, Edition from, Edition to,
                              std::string_view behind) {
  const auto key = hex_decode(behind);
  if (!key) {
    return Error{ErrorCode::kInvalid, "diff", "that is no place to go on from", ""};
  }
  json::array changes;
  json::value next;
  std::size_t items = 0;
  Result<void> status;
  SLUICE_TRY_VOID(
      catalog.compare(from, to, as_text(*key), [&](const Catalog::Difference& difference) {
        auto document = document_json(difference);
        if (!document) {
          status = document.error();
          return false;
        }
        items += document->at("items").as_array().size();
        changes.push_back(std::move(*document));
        if (items < kPageItems) {
          return true;
        }
        next = hex_encode(as_bytes(difference.key));
        return false;
      }));
  SLUICE_TRY_VOID(status);
  return json::serialize(json::object{{"from", from.value()},
                                      {"to", to.value()},
                                      {"changes", std::move(changes)},
                                      {"next", std::move(next)}});
}

}  // namespace sluice::high
