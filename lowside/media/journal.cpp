#include "lowside/media/journal.h"

#include <boost/json.hpp>

namespace sluice::low {
namespace {

namespace json = boost::json;

std::uint64_t number(const json::value& from, const char* key) {
  return from.at(key).to_number<std::uint64_t>();
}

std::string text(const json::value& from, const char* key) {
  return std::string(from.at(key).as_string());
}

ClosedVolume closed_volume(const json::value& from) {
  const auto sums = Sha256Digest::from_hex(text(from, "sums"));
  if (!sums) {
    throw std::invalid_argument("a digest");
  }
  return {*sums, number(from, "bytes"), number(from, "first"), number(from, "last")};
}

Journal journal_from(const json::value& root) {
  Journal journal;
  journal.asked = text(root, "asked");
  journal.stream = text(root, "stream");
  journal.bundle = number(root, "bundle");
  journal.begun = from_unix_micros(root.at("begun_micros").to_number<std::int64_t>());
  journal.by = text(root, "by");
  journal.reason = text(root, "reason");
  journal.size = number(root, "size");
  journal.iso = root.at("iso").as_bool();
  journal.shipments = text(root, "shipments");
  for (const json::value& volume : root.at("closed").as_array()) {
    journal.closed.push_back(closed_volume(volume));
  }
  journal.files = number(root, "files");
  journal.groups = number(root, "groups");
  journal.sectors = number(root, "sectors");
  journal.first = number(root, "first");
  journal.position = {number(root, "shipment"), number(root, "item"), number(root, "offset")};
  journal.data_done = root.at("data_done").as_bool();
  return journal;
}

}  // namespace

Result<std::optional<Journal>> read_journal(FileSystem& files,
                                            const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / kJournalFile;
  SLUICE_TRY(const bool there, files.exists(path));
  if (!there) {
    return std::optional<Journal>();
  }
  SLUICE_TRY(const Bytes bytes, read_file(files, path, kMaxJournalBytes));
  try {
    const std::string_view content = as_text(bytes);
    return std::optional(journal_from(json::parse({content.data(), content.size()})));
  } catch (const std::exception& error) {
    return Error{ErrorCode::kInvalid, path.string(), std::string("cannot be read: ") + error.what(),
                 "remove it with its volumes, and export anew"};
  }
}

Result<void> write_journal(FileSystem& files, const std::filesystem::path& folder,
                           const Journal& journal) {
  json::array closed;
  for (const ClosedVolume& volume : journal.closed) {
    closed.push_back({{"sums", volume.sums.hex()},
                      {"bytes", volume.bytes},
                      {"first", volume.first},
                      {"last", volume.last}});
  }
  const json::object root{{"asked", journal.asked},
                          {"stream", journal.stream},
                          {"bundle", journal.bundle},
                          {"begun_micros", to_unix_micros(journal.begun)},
                          {"by", journal.by},
                          {"reason", journal.reason},
                          {"size", journal.size},
                          {"iso", journal.iso},
                          {"shipments", journal.shipments},
                          {"closed", std::move(closed)},
                          {"files", journal.files},
                          {"groups", journal.groups},
                          {"sectors", journal.sectors},
                          {"first", journal.first},
                          {"shipment", journal.position.shipment},
                          {"item", journal.position.item},
                          {"offset", journal.position.offset},
                          {"data_done", journal.data_done}};
  return write_file_durably(files, folder / kJournalFile, as_bytes(json::serialize(root) + "\n"));
}

}  // namespace sluice::low
