#include "highside/publish/pypi/pypi_pruner.h"

#include <gmock/gmock.h>

#include "sluice/pypi.pb.h"

namespace sluice::high {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

CatalogEntry project(const std::vector<std::string>& versions, const std::string& yanked = "") {
  proto::PypiProject project;
  project.set_name("acme-tool");
  for (const std::string& version : versions) {
    proto::PypiFile& file = *project.add_files();
    file.set_filename("acme_tool-" + version + "-py3-none-any.whl");
    file.set_sha256(std::string(32, static_cast<char>('a' + project.files_size())));
    file.set_metadata(std::string(32, static_cast<char>('A' + project.files_size())));
    file.set_yanked(version == yanked);
  }
  CatalogEntry entry;
  entry.document = "acme-tool";
  entry.body = project.SerializeAsString();
  return entry;
}

std::vector<std::string> loose(const CatalogEntry& entry) {
  std::vector<std::string> versions;
  for (const std::string& file : PypiPruner().loose(entry).value()) {
    versions.push_back(file.substr(10, file.find("-py3") - 10));
  }
  return versions;
}

TEST(PypiPruner, KeepsTheHighestRelease) {
  EXPECT_THAT(loose(project({"1.0", "1.1", "2.0rc1"})), ElementsAre("1.0", "2.0rc1"));
  EXPECT_THAT(loose(project({"1.0a1", "1.0a2"})), ElementsAre("1.0a1"));
  EXPECT_THAT(loose(project({"1.0", "1.1"}, "1.1")), ElementsAre("1.1"));
  EXPECT_THAT(loose(project({"1.0"})), IsEmpty());
}

TEST(PypiPruner, WhatIsLeftNamesItsOwnBlobsAlone) {
  const CatalogEntry entry = project({"1.0", "1.1"});
  const auto record = PypiPruner().without(entry, {"acme_tool-1.0-py3-none-any.whl"}).value();
  EXPECT_THAT(record.blobs(), ElementsAre(std::string(32, 'c'), std::string(32, 'C')));
  EXPECT_FALSE(record.withdrawn());
  const auto gone =
      PypiPruner()
          .without(entry, {"acme_tool-1.0-py3-none-any.whl", "acme_tool-1.1-py3-none-any.whl"})
          .value();
  EXPECT_TRUE(gone.withdrawn());
  EXPECT_TRUE(gone.body().empty());
}

}  // namespace
}  // namespace sluice::high
