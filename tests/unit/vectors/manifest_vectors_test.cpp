// Manifests, with the vectors' key.
#include <gtest/gtest.h>

#include "common/wire/manifest.h"
#include "tests/support/vectors.h"
#include "tests/unit/common/wire/fixed_keys.h"
#include "tests/unit/vectors/message_json.h"

namespace sluice::test {
namespace {

class ManifestVectors : public testing::Test {
 protected:
  const std::vector<Vector> vectors_ = vectors_of("manifest");
  const crypto::SigningKey key_ = wire::fixed_signing_key();
};

TEST_F(ManifestVectors, HaveTheirFieldsAndAreWrittenAlikeOrAreRefused) {
  for (const Vector& vector : vectors_) {
    SCOPED_TRACE(vector.name);
    const auto shipment = wire::read_manifest(vector.bytes, key_.verify_key());
    ASSERT_EQ(shipment.has_value(), vector.good());
    if (!shipment) {
      expect_refusal(vector, shipment.error());
      continue;
    }
    expect_fields(vector.fields(), shown(*shipment));
    if (vector.flag("written")) {
      EXPECT_EQ(wire::sign_manifest(*shipment, key_), vector.bytes);
    }
  }
}

TEST_F(ManifestVectors, CutAnywhereTheyAreRefused) {
  for (const Vector& vector : vectors_) {
    SCOPED_TRACE(vector.name);
    // Without the hint that stands last a manifest is whole.
    const std::size_t hint = 2 + crypto::KeyId().size();
    for (std::size_t size = 0; vector.good() && size < vector.bytes.size() - hint; ++size) {
      ASSERT_FALSE(wire::read_manifest(ByteView(vector.bytes).first(size), key_.verify_key()))
          << size;
    }
  }
}

}  // namespace
}  // namespace sluice::test
