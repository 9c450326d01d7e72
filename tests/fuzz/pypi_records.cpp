#include <boost/json.hpp>

#include "common/base/hasher.h"
#include "sluice/pypi.pb.h"
#include "tests/fuzz/records.h"

namespace sluice::fuzz {
namespace {

namespace json = boost::json;

constexpr std::array kNames{"odd", "my-odd", "2to3"};
constexpr std::array kFiles{"-1.0-py3-none-any.whl", "-1.0+cpu-1-cp311-abi3-win_amd64.whl",
                            "-1.0.tar.gz", "-0.9-1.zip"};
constexpr const char* kJson = "application/vnd.pypi.simple.v1+json";

std::string put(Mirrors& mirrors, const std::string& bytes) {
  return std::string(as_text(mirrors.blobs.add(bytes).bytes()));
}

void add_file(Input& input, Mirrors& mirrors, proto::PypiProject& project, proto::Record& record) {
  const std::string bytes = "file " + std::to_string(input.choice(3));
  const std::size_t which = input.choice(kFiles.size());
  proto::PypiFile& file = *project.add_files();
  file.set_filename(input.choice(8) == 0 ? input.text() : project.name() + kFiles[which]);
  file.set_sha256(put(mirrors, bytes));
  file.set_size(input.choice(16) == 0 ? input.u64() : bytes.size());
  file.set_requires_python(input.text());
  file.set_yanked(input.flag());
  file.set_yanked_reason(input.text());
  file.set_upload_time(input.text());
  if (which < 2 || input.choice(8) == 0) {
    const std::string version = which == 1 ? "1.0+cpu" : "1.0";
    file.set_metadata(put(mirrors, input.choice(8) == 0 ? input.text()
                                                        : "Name: " + project.name() +
                                                              "\nVersion: " + version + "\n"));
  }
  if (input.choice(16) != 0) {
    record.add_blobs(file.sha256());
    record.add_blobs(file.metadata());
  }
}

std::string sha256_of(const json::value& object) {
  const auto digest = Sha256Digest::from_hex(std::string_view(object.at("sha256").as_string()));
  SLUICE_ASSERT(digest);
  return std::string(as_text(digest->bytes()));
}

}  // namespace

proto::Record pypi_record(Input& input, Mirrors& mirrors) {
  proto::PypiProject project;
  proto::Record record;
  project.set_name(input.choice(8) == 0 ? input.text() : kNames[input.choice(kNames.size())]);
  for (std::size_t files = input.choice(4); files > 0; --files) {
    add_file(input, mirrors, project, record);
  }
  record.set_ecosystem("pypi");
  record.set_document(project.name());
  record.set_body(project.SerializeAsString() + input.text());
  return record;
}

void check_pypi(const proto::Record& record, Mirrors& mirrors) {
  proto::PypiProject project;
  SLUICE_ASSERT(project.ParseFromString(record.body()));
  const std::string folder = "/pypi/packages/" + project.name() + "/";
  const std::string path = "/pypi/simple/" + project.name() + "/";
  const json::value page = json::parse(mirrors.fetch(path, {{"Accept", kJson}}));
  const json::array& files = page.at("files").as_array();
  SLUICE_ASSERT(files.size() == static_cast<std::size_t>(project.files_size()));
  for (const json::value& file : files) {
    const std::string name(file.at("filename").as_string());
    const std::string bytes = mirrors.fetch(folder + name);
    SLUICE_ASSERT(bytes.size() == file.at("size").to_number<std::uint64_t>());
    SLUICE_ASSERT(as_text(sha256(as_bytes(bytes)).bytes()) == sha256_of(file.at("hashes")));
    if (const auto* metadata = file.as_object().if_contains("core-metadata")) {
      const std::string text = mirrors.fetch(folder + name + ".metadata");
      SLUICE_ASSERT(as_text(sha256(as_bytes(text)).bytes()) == sha256_of(*metadata));
    }
  }
  mirrors.fetch(path);
  const json::value index = json::parse(mirrors.fetch("/pypi/simple/", {{"Accept", kJson}}));
  SLUICE_ASSERT(std::ranges::any_of(
      index.at("projects").as_array(),
      [&](const json::value& listed) { return listed.at("name").as_string() == project.name(); }));
}

}  // namespace sluice::fuzz
