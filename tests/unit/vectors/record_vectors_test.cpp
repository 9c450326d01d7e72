// Records against the blobs that are held.
#include <gtest/gtest.h>

#include <fstream>

#include "common/base/text.h"
#include "highside/mirror/apt/record_check.h"
#include "highside/mirror/conda/record_check.h"
#include "highside/mirror/files/record_check.h"
#include "highside/mirror/huggingface/record_check.h"
#include "highside/mirror/npm/record_check.h"
#include "highside/mirror/oci/record_check.h"
#include "highside/mirror/pypi/record_check.h"
#include "sluice/apt.pb.h"
#include "sluice/conda.pb.h"
#include "sluice/file.pb.h"
#include "sluice/huggingface.pb.h"
#include "sluice/npm.pb.h"
#include "sluice/oci.pb.h"
#include "sluice/pypi.pb.h"
#include "tests/support/memory_blobs.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/vectors.h"
#include "tests/unit/vectors/message_json.h"

namespace sluice::test {
namespace {

std::string characters(ByteView bytes) { return std::string(as_text(bytes)); }

template <class Body>
json::object shown_body(const std::string& bytes) {
  Body body;
  EXPECT_TRUE(body.ParseFromString(bytes));
  return shown(body);
}

class RecordVectors : public testing::Test {
 protected:
  RecordVectors() {
    // Begins like a key, which is all that is asked of it: no vector comes to its signature.
    std::ofstream(folder_ / "keyring") << "\x98 no key";
    apt_ = std::make_unique<high::AptRecordCheck>(
        keyrings_ = high::AptKeyrings::load(
                        {{.archive = "debian", .keyrings = {(folder_ / "keyring").string()}}})
                        .value());
  }

  high::RecordCheck& check_of(const std::string& ecosystem) {
    for (high::RecordCheck* check : std::initializer_list<high::RecordCheck*>{
             &file_, &npm_, &pypi_, &huggingface_, &conda_, &oci_, apt_.get()}) {
      if (check->ecosystem() == ecosystem) {
        return *check;
      }
    }
    throw std::invalid_argument(ecosystem);
  }

  static json::object shown_body_of(const Vector& vector) {
    const std::string ecosystem = vector.text("ecosystem");
    const std::string body = characters(vector.bytes);
    if (ecosystem == "huggingface") {
      return vector.text("document").find('@') == std::string::npos
                 ? shown_body<proto::HuggingFaceRefs>(body)
                 : shown_body<proto::HuggingFaceRevision>(body);
    }
    return ecosystem == "file"    ? shown_body<proto::FileEntry>(body)
           : ecosystem == "npm"   ? shown_body<proto::NpmPackage>(body)
           : ecosystem == "pypi"  ? shown_body<proto::PypiProject>(body)
           : ecosystem == "conda" ? shown_body<proto::CondaSubdir>(body)
           : ecosystem == "oci"   ? shown_body<proto::OciRepository>(body)
                                  : shown_body<proto::AptSuite>(body);
  }

  Result<void> check(const Vector& vector) {
    proto::Record record;
    record.set_ecosystem(vector.text("ecosystem"));
    record.set_document(vector.text("document"));
    record.set_body(characters(vector.bytes));
    for (const json::value& blob : vector.all.at("blobs").as_array()) {
      record.add_blobs(characters(hex_decode(blob.as_string()).value()));
    }
    MemoryBlobs blobs;
    for (const json::value& content : vector.all.at("held").as_array()) {
      blobs.add(hex_decode(content.as_string()).value());
    }
    std::optional<high::CatalogEntry> previous;
    if (const json::value* visible = vector.all.if_contains("previous")) {
      previous.emplace();
      previous->document = record.document();
      previous->body = characters(bytes_of(visible->at("bytes")));
    }
    return check_of(record.ecosystem()).check(record, previous, blobs);
  }

 private:
  TemporaryFolder folder_;
  high::AptKeyrings keyrings_;
  high::FileRecordCheck file_;
  high::NpmRecordCheck npm_;
  high::PypiRecordCheck pypi_;
  high::HuggingFaceRecordCheck huggingface_;
  high::CondaRecordCheck conda_;
  high::OciRecordCheck oci_;
  std::unique_ptr<high::AptRecordCheck> apt_;
};

TEST_F(RecordVectors, HoldOrAreRefused) {
  for (const Vector& vector : vectors_of("record")) {
    SCOPED_TRACE(vector.name);
    const auto checked = check(vector);
    ASSERT_EQ(checked.has_value(), vector.good());
    if (checked) {
      expect_fields(vector.fields(), shown_body_of(vector));
    } else {
      expect_refusal(vector, checked.error());
    }
  }
}

TEST_F(RecordVectors, CutAnywhereTheyAreRefusedOrHoldOfLess) {
  for (const Vector& vector : vectors_of("record")) {
    SCOPED_TRACE(vector.name);
    for (std::size_t size = 0; vector.good() && size < vector.bytes.size(); ++size) {
      Vector cut = vector;
      cut.bytes.resize(size);
      if (check(cut)) {  // it ended between two fields, and was whole without the rest
        EXPECT_LT(json::serialize(shown_body_of(cut)).size(),
                  json::serialize(shown_body_of(vector)).size())
            << size;
      }
    }
  }
}

}  // namespace
}  // namespace sluice::test
