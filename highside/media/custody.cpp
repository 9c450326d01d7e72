#include "highside/media/custody.h"

#include <boost/json.hpp>

namespace sluice::high {
namespace {

namespace json = boost::json;
using store::Family;

constexpr std::string_view kPrefix = "media/";

std::string digits(std::uint64_t number, std::size_t width) {
  std::string text = std::to_string(number);
  text.insert(0, text.size() < width ? width - text.size() : 0, '0');
  return text;
}

std::string bundle_prefix(const std::string& stream, std::uint64_t bundle) {
  return std::string(kPrefix) + stream + "/" + digits(bundle, 20) + "/";
}

std::string key_of(const VolumeIdentity& volume) {
  return bundle_prefix(volume.stream, volume.bundle) + digits(volume.volume, 5);
}

std::string stored(const CustodyEntry& entry) {
  return json::serialize(json::object{{"stream", entry.volume.stream},
                                      {"bundle", entry.volume.bundle},
                                      {"volume", entry.volume.volume},
                                      {"imported_micros", to_unix_micros(entry.imported)},
                                      {"by", entry.by},
                                      {"carrier", entry.carrier},
                                      {"reason", entry.reason},
                                      {"place", entry.place},
                                      {"exported_by", entry.exported_by},
                                      {"sums", entry.sums},
                                      {"shipments", entry.shipments},
                                      {"bad_sectors", entry.bad_sectors},
                                      {"recovered", entry.recovered},
                                      {"lost_blocks", entry.lost_blocks},
                                      {"times", entry.times}});
}

Result<CustodyEntry> parse(std::string_view value) {
  try {
    const json::value root = json::parse({value.data(), value.size()});
    const auto text = [&](const char* key) { return std::string(root.at(key).as_string()); };
    const auto number = [&](const char* key) { return root.at(key).to_number<std::uint64_t>(); };
    CustodyEntry entry;
    entry.volume = {text("stream"), number("bundle"), static_cast<std::uint16_t>(number("volume"))};
    entry.imported = from_unix_micros(root.at("imported_micros").to_number<std::int64_t>());
    entry.by = text("by");
    entry.carrier = text("carrier");
    entry.reason = text("reason");
    entry.place = text("place");
    entry.exported_by = text("exported_by");
    entry.sums = text("sums");
    if (root.as_object().contains("shipments")) {  // entries of before 2026-12 name none
      entry.shipments = text("shipments");
    }
    entry.bad_sectors = number("bad_sectors");
    entry.recovered = number("recovered");
    entry.lost_blocks = number("lost_blocks");
    entry.times = number("times");
    return entry;
  } catch (const std::exception&) {
    return Error{ErrorCode::kIntegrity, "index", "an entry of imported media is unreadable",
                 "restore the state folder from a backup"};
  }
}

}  // namespace

Result<void> CustodyLog::add(CustodyEntry entry) {
  SLUICE_TRY(const auto before, find(entry.volume));
  if (before) {
    entry.times = before->times + 1;
  }
  store::Batch batch;
  batch.put(Family::kMeta, key_of(entry.volume), stored(entry));
  return index_.write(batch, store::Durability::kSynced);
}

Result<std::optional<CustodyEntry>> CustodyLog::find(const VolumeIdentity& volume) const {
  SLUICE_TRY(const auto value, index_.get(Family::kMeta, key_of(volume)));
  if (!value) {
    return std::optional<CustodyEntry>();
  }
  SLUICE_TRY(CustodyEntry entry, parse(*value));
  return std::optional(std::move(entry));
}

Result<std::vector<CustodyEntry>> CustodyLog::with_prefix(const std::string& prefix) const {
  std::vector<CustodyEntry> entries;
  Result<void> bad;
  SLUICE_TRY_VOID(
      index_.scan(Family::kMeta, prefix, "", [&](std::string_view /*key*/, std::string_view value) {
        auto entry = parse(value);
        if (!entry) {
          bad = entry.error();
          return false;
        }
        entries.push_back(*std::move(entry));
        return true;
      }));
  SLUICE_TRY_VOID(bad);
  return entries;
}

Result<std::vector<CustodyEntry>> CustodyLog::of_bundle(const std::string& stream,
                                                        std::uint64_t bundle) const {
  return with_prefix(bundle_prefix(stream, bundle));
}

Result<std::vector<CustodyEntry>> CustodyLog::all() const {
  return with_prefix(std::string(kPrefix));
}

Result<std::uint64_t> CustodyLog::newest_bundle(const std::string& stream) const {
  SLUICE_TRY(const auto entries, with_prefix(std::string(kPrefix) + stream + "/"));
  return entries.empty() ? 0 : entries.back().volume.bundle;
}

}  // namespace sluice::high
