#include <boost/json.hpp>

#include "common/base/hasher.h"
#include "sluice/file.pb.h"
#include "tests/fuzz/records.h"

namespace sluice::fuzz {

proto::Record file_record(Input& input, Mirrors& mirrors) {
  proto::FileEntry entry;
  proto::Record record;
  const std::string bytes = "file " + std::to_string(input.choice(4));
  entry.set_sha256(std::string(as_text(mirrors.blobs.add(bytes).bytes())));
  entry.set_size(input.choice(8) == 0 ? input.u64() : bytes.size());
  entry.set_modified_micros(input.i64());
  entry.set_media_type(input.flag() ? "text/plain" : input.text());
  record.set_ecosystem("file");
  record.set_document(input.flag() ? "drop/" + input.text() : input.text());
  record.add_blobs(entry.sha256());
  record.set_body(entry.SerializeAsString() + input.text());
  return record;
}

void check_file(const proto::Record& record, Mirrors& mirrors) {
  if (record.withdrawn()) {
    return;
  }
  proto::FileEntry entry;
  SLUICE_ASSERT(entry.ParseFromString(record.body()));
  const std::string path = "/files/" + record.document();
  const std::string bytes = mirrors.fetch(path);
  SLUICE_ASSERT(bytes.size() == entry.size());
  SLUICE_ASSERT(as_text(sha256(as_bytes(bytes)).bytes()) == entry.sha256());
  check_answer(mirrors.get(path, {{"If-Modified-Since", "Sat, 31 Jan 2026 12:00:00 GMT"}}));
  // The folder that it is in lists it.
  const std::string folder = path.substr(0, path.rfind('/') + 1);
  mirrors.fetch(folder);
  const auto listing = boost::json::parse(mirrors.fetch(folder, {{"Accept", "application/json"}}));
  const auto& entries = listing.at("entries").as_array();
  SLUICE_ASSERT(std::ranges::any_of(entries, [&](const boost::json::value& listed) {
    return listed.at("name").as_string() == std::string_view(path).substr(folder.size());
  }));
}

}  // namespace sluice::fuzz
