#include "common/ecosystem/pypi/provenance.h"

#include <gtest/gtest.h>

#include "common/base/hasher.h"
#include "tests/support/provenance.h"

namespace sluice::pypi {
namespace {

const Sha256Digest kFile = sha256(as_bytes("a wheel"));

std::string cause_of(const std::string& text) {
  const auto checked = check_provenance("a.whl", kFile, text);
  return checked ? "" : checked.error().cause;
}

TEST(Provenance, IsTakenOfTheFileItAttests) {
  EXPECT_EQ(cause_of(test::provenance_of(kFile.hex())), "");
}

TEST(Provenance, OfAnotherFileIsRefused) {
  EXPECT_EQ(cause_of(test::provenance_of(sha256(as_bytes("another")).hex())),
            "its provenance has an attestation of another file");
}

TEST(Provenance, WhatAttestsNothingIsRefused) {
  EXPECT_EQ(cause_of(R"({"attestation_bundles":[]})"), "its provenance holds no attestation");
  EXPECT_EQ(cause_of(R"({"attestation_bundles":[{"attestations":[]}]})"),
            "its provenance holds no attestation");
  for (const char* text :
       {"", "[]", "{}", R"({"attestation_bundles":{}})", R"({"attestation_bundles":[{}]})",
        R"({"attestation_bundles":[{"attestations":[{"envelope":{}}]}]})",
        R"({"attestation_bundles":[{"attestations":[{"envelope":{"statement":"e30="}}]}]})"}) {
    EXPECT_TRUE(cause_of(text).starts_with("its provenance does not read")) << text;
  }
  EXPECT_NE(cause_of(std::string(kMaxProvenanceBytes + 1, ' ')).find("1 MiB"), std::string::npos);
}

}  // namespace
}  // namespace sluice::pypi
