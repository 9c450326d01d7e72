#include "common/ecosystem/pypi/provenance.h"

#include <boost/json.hpp>

#include "common/base/text.h"

namespace sluice::pypi {
namespace {

namespace json = boost::json;

// Of a DSSE envelope: an in-toto statement whose subject is the file.
bool is_of(const json::value& attestation, const Sha256Digest& file) {
  const json::string& encoded = attestation.at("envelope").at("statement").as_string();
  const auto statement = base64_decode(encoded);
  if (!statement) {
    return false;
  }
  const json::value read = json::parse(json::string_view(as_text(*statement)));
  for (const json::value& subject : read.at("subject").as_array()) {
    if (std::string_view(subject.at("digest").at("sha256").as_string()) == file.hex()) {
      return true;
    }
  }
  return false;
}

}  // namespace

Result<void> check_provenance(const std::string& thing, const Sha256Digest& file,
                              std::string_view text) {
  const auto invalid = [&](std::string cause) {
    return Error{ErrorCode::kInvalid, thing, std::move(cause), "ask the index's owner"};
  };
  if (text.size() > kMaxProvenanceBytes) {
    return invalid("its provenance has more than 1 MiB");
  }
  try {  // Boost.JSON's own checked access: whatever is not as PEP 740 says ends here
    std::size_t attestations = 0;
    const json::value provenance = json::parse(json::string_view(text));
    for (const json::value& bundle : provenance.at("attestation_bundles").as_array()) {
      for (const json::value& attestation : bundle.at("attestations").as_array()) {
        ++attestations;
        if (!is_of(attestation, file)) {
          return invalid("its provenance has an attestation of another file");
        }
      }
    }
    return attestations > 0 ? Result<void>() : invalid("its provenance holds no attestation");
  } catch (const std::exception& failure) {
    return invalid(std::string("its provenance does not read: ") + failure.what());
  }
}

}  // namespace sluice::pypi
