#include "tests/fuzz/mirrors.h"

#include <fstream>

#include "common/ecosystem/apt/private_directory.h"
#include "common/http/head.h"

namespace sluice::fuzz {
namespace {

constexpr std::uint8_t kPublicKeyPacket = 0x99;

high::AptKeyrings keyrings() {
  const auto folder = apt::PrivateDirectory::make().value();
  const std::filesystem::path key = folder.path() / "key";
  std::ofstream(key, std::ios::binary) << static_cast<char>(kPublicKeyPacket) << "key";
  return high::AptKeyrings::load({{Mirrors::kArchive, {key}}}).value();
}

}  // namespace

void NewestCatalog::publish(const proto::Record& record) {
  edition_ = edition_.next();
  high::CatalogEntry entry;
  entry.document = record.document();
  entry.since = edition_;
  entry.body = record.body();
  entries_[{record.ecosystem(), record.document()}] = std::move(entry);
}

Result<std::optional<high::CatalogEntry>> NewestCatalog::find(Edition, std::string_view ecosystem,
                                                              std::string_view document) const {
  const auto found = entries_.find({std::string(ecosystem), std::string(document)});
  return found == entries_.end() ? std::nullopt : std::optional(found->second);
}

Result<void> NewestCatalog::list(Edition, std::string_view ecosystem, std::string_view prefix,
                                 const std::function<bool(const high::CatalogEntry&)>& each) const {
  for (const auto& [place, entry] : entries_) {
    if (place.first == ecosystem && place.second.starts_with(prefix) && !each(entry)) {
      break;
    }
  }
  return {};
}

Mirrors::Mirrors() : keyrings_(keyrings()), apt_check_(keyrings_) {
  router_.mount(
      "/npm", high::NpmMirror::handler(std::make_shared<high::NpmMirror>("/npm", catalog_, blobs)));
  router_.mount("/pypi", high::PypiMirror::handler(
                             std::make_shared<const high::PypiMirror>("/pypi", catalog_, blobs)));
  router_.mount("/apt", high::AptMirror::handler(
                            std::make_shared<high::AptMirror>("/apt", keyrings_, catalog_, blobs)));
  router_.mount("/files", high::FilesMirror::handler(std::make_shared<const high::FilesMirror>(
                              "/files", catalog_, blobs)));
}

Result<void> Mirrors::publish(const proto::Record& record) {
  for (high::RecordCheck* check : std::initializer_list<high::RecordCheck*>{
           &npm_check_, &pypi_check_, &apt_check_, &file_check_}) {
    if (check->ecosystem() == record.ecosystem()) {
      SLUICE_TRY(const auto previous,
                 catalog_.find(catalog_.current(), record.ecosystem(), record.document()));
      SLUICE_TRY_VOID(check->check(record, previous, blobs));
      catalog_.publish(record);
      return {};
    }
  }
  return Error{ErrorCode::kInvalid, record.ecosystem(), "no such ecosystem", ""};
}

http::Response Mirrors::get(const std::string& path, http::Headers headers) {
  http::Request request;
  request.method = "GET";
  request.target = request.path = request.raw_path = path;
  request.headers = std::move(headers);
  request.headers.emplace("Host", "high.example");
  return handle(request);
}

std::string Mirrors::fetch(const std::string& path, http::Headers headers) {
  const http::Response response = get(path, std::move(headers));
  SLUICE_ASSERT(response.status == 200);
  return check_answer(response);
}

std::string check_answer(const http::Response& response) {
  SLUICE_ASSERT(response.status >= 200 && response.status < 600);
  SLUICE_ASSERT(http::is_sendable(response.headers));
  const std::string head =
      http::response_head(response, http::Framing::kNone, 0, true, from_unix_micros(0));
  SLUICE_ASSERT(head.ends_with("\r\n\r\n") && head.find("\r\n\r\n") == head.size() - 4);
  if (const auto* text = std::get_if<std::string>(&response.body)) {
    return *text;
  }
  const auto* range = std::get_if<http::SourceRange>(&response.body);
  if (range == nullptr) {
    return "";
  }
  const std::uint64_t size = range->source->size();
  SLUICE_ASSERT(range->offset <= size && range->length <= size - range->offset);
  std::string bytes(range->length, '\0');
  const auto read = range->source->read_at(
      range->offset, MutableByteView(reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()));
  SLUICE_ASSERT(read);
  return bytes;
}

}  // namespace sluice::fuzz
