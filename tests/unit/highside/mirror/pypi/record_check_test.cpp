#include "highside/mirror/pypi/record_check.h"

#include <gtest/gtest.h>

#include "common/base/text.h"
#include "tests/support/provenance.h"
#include "tests/unit/highside/mirror/pypi/project.h"

namespace sluice::high {
namespace {

using test::MemoryBlobs;
using test::Project;

class PypiRecordCheckTest : public testing::Test {
 protected:
  PypiRecordCheckTest() : project("my-pkg", blobs) { project.add_wheel("1.0", "one"); }

  Result<void> check(const std::optional<CatalogEntry>& previous = std::nullopt) {
    return PypiRecordCheck().check(project.record(), previous, blobs);
  }
  void expect_refused(const Result<void>& checked, std::string_view cause) {
    ASSERT_FALSE(checked) << cause;
    EXPECT_EQ(checked.error().code, ErrorCode::kIntegrity);
    EXPECT_NE(checked.error().message().find(cause), std::string::npos)
        << checked.error().message();
  }

  MemoryBlobs blobs;
  Project project;
};

TEST_F(PypiRecordCheckTest, TakesWhatHolds) {
  project.add("my_pkg-0.9.tar.gz", "source").set_yanked(true);
  project.add_wheel("1.1", "two", "cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64");
  const auto checked = check();
  EXPECT_TRUE(checked) << checked.error().message();
  proto::Record withdrawn;
  withdrawn.set_ecosystem("pypi");
  withdrawn.set_document("gone");
  withdrawn.set_withdrawn(true);
  EXPECT_TRUE(PypiRecordCheck().check(withdrawn, std::nullopt, blobs));
}

TEST_F(PypiRecordCheckTest, RefusesABodyThatIsNotOfItsDocument) {
  proto::Record record = project.record();
  record.set_document("other");
  expect_refused(PypiRecordCheck().check(record, std::nullopt, blobs), "of another project");
  record = project.record();
  record.set_body("\xff");
  expect_refused(PypiRecordCheck().check(record, std::nullopt, blobs), "cannot be read");
  project.body.set_name("My-Pkg");
  expect_refused(check(), "of another project");
  project.body.set_name("my-pkg");
  project.body.clear_files();
  expect_refused(check(), "has no files");
}

TEST_F(PypiRecordCheckTest, RefusesAttestationsOfAnotherFile) {
  proto::PypiFile& file = *project.body.mutable_files(0);
  file.set_attestations(
      project.put(sluice::test::provenance_of(hex_encode(as_bytes(file.sha256())))));
  EXPECT_TRUE(check()) << check().error().message();
  proto::Record unnamed = project.record();
  unnamed.mutable_blobs()->RemoveLast();
  expect_refused(PypiRecordCheck().check(unnamed, std::nullopt, blobs),
                 "attestations are not among the blobs");
  file.set_attestations(
      project.put(sluice::test::provenance_of(sha256(as_bytes("another")).hex())));
  expect_refused(check(), "attestations are of another file");
  file.set_attestations(std::string(as_text(sha256(as_bytes("not held")).bytes())));
  expect_refused(check(), "attestations are not in the store");
}

TEST_F(PypiRecordCheckTest, RefusesNamesThatAreNotOfTheProject) {
  for (const char* name : {"../my_pkg-1.0-py3-none-any.whl", "other-1.0-py3-none-any.whl",
                           "my_pkg-1.0.exe", "m\u0443_pkg-1.0-py3-none-any.whl", ""}) {
    project.body.mutable_files(0)->set_filename(name);
    expect_refused(check(), "no name of a file");
  }
}

TEST_F(PypiRecordCheckTest, RefusesAFileThatStandsTwice) {
  *project.body.add_files() = project.body.files(0);
  expect_refused(check(), "stands twice");
}

TEST_F(PypiRecordCheckTest, RefusesWhatIsNotInTheStoreOrNotNamed) {
  proto::Record record = project.record();
  record.mutable_blobs()->RemoveLast();
  expect_refused(PypiRecordCheck().check(record, std::nullopt, blobs), "its metadata is not among");
  record.clear_blobs();
  expect_refused(PypiRecordCheck().check(record, std::nullopt, blobs), "it is not among");
  project.body.mutable_files(0)->set_size(99);
  expect_refused(check(), "of another size");
  project.body.mutable_files(0)->set_size(3);
  blobs.lose(*Sha256Digest::from_bytes(as_bytes(project.body.files(0).metadata())));
  expect_refused(check(), "its metadata is not in the store");
  blobs.lose(*Sha256Digest::from_bytes(as_bytes(project.body.files(0).sha256())));
  expect_refused(check(), "it is not in the store");
}

TEST_F(PypiRecordCheckTest, RefusesMetadataOfAnotherProjectOrVersion) {
  for (const char* text : {"Name: other\nVersion: 1.0\n", "Name: my-pkg\nVersion: 2.0\n", "",
                           "\nName: my-pkg\nVersion: 1.0\n"}) {
    project.body.mutable_files(0)->set_metadata(project.put(text));
    expect_refused(check(), "of another project or version");
  }
  project.body.mutable_files(0)->clear_metadata();
  expect_refused(check(), "its metadata is not among");
  auto& source = project.add("my_pkg-1.0.tar.gz", "source");
  project.body.mutable_files(0)->set_metadata(project.put("Name: my_PKG\r\nVersion: 1.0.0\r\n"));
  EXPECT_TRUE(check());
  source.set_metadata(project.body.files(0).metadata());
  expect_refused(check(), "a source archive has no metadata");
}

TEST_F(PypiRecordCheckTest, RefusesOtherBytesForAVisibleFile) {
  CatalogEntry previous;
  previous.body = project.body.SerializeAsString();
  EXPECT_TRUE(check(previous));
  project.body.clear_files();
  project.add_wheel("1.0", "changed");
  expect_refused(check(previous), "replace a visible file");
  previous.body = "\xff";
  ASSERT_FALSE(check(previous));
  EXPECT_EQ(check(previous).error().code, ErrorCode::kIo);
}

}  // namespace
}  // namespace sluice::high
