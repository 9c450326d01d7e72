// A provenance object as PEP 740 has it, with one attestation of the file with that SHA-256.
#pragma once

#include <string>

#include "common/base/text.h"

namespace sluice::test {

inline std::string provenance_of(const std::string& sha256_hex) {
  const std::string statement = R"({"_type":"statement","subject":[{)"
                                R"("name":"a.whl","digest":{"sha256":")" +
                                sha256_hex + R"("}}],"predicate":null})";
  return R"({"version":1,"attestation_bundles":[{"publisher":{"kind":"builder"},"attestations":[{)"
         R"("version":1,"verification_material":{},"envelope":{"statement":")" +
         base64_encode(as_bytes(statement)) + R"(","signature":"MAo="}}]}]})";
}

}  // namespace sluice::test
