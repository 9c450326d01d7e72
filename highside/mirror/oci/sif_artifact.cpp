#include "highside/mirror/oci/sif_artifact.h"

#include "common/ecosystem/sif/image.h"
#include "common/ecosystem/sif/signature.h"

namespace sluice::high {
namespace {

class BlobSource final : public sif::Source {
 public:
  explicit BlobSource(const store::BlobReader& reader) : reader_(reader) {}
  std::uint64_t size() const override { return reader_.size(); }
  Result<void> read_at(std::uint64_t offset, MutableByteView into) const override {
    return reader_.read_at(offset, into);
  }

 private:
  const store::BlobReader& reader_;
};

}  // namespace

Result<void> check_sif(const std::string& thing, const Sha256Digest& digest,
                       const store::BlobStore& blobs, const SifRules& rules,
                       bool looks_at_signatures) {
  SLUICE_TRY(const auto reader, blobs.open(digest));
  const BlobSource source(*reader);
  SLUICE_TRY(const sif::Image image, sif::read_image(thing, source));
  if (rules.keyring.empty() || !looks_at_signatures) {
    return {};
  }
  SLUICE_TRY(const sif::Judgement judged,
             sif::judge_signatures(thing, image, source, rules.keyring, {}));
  const bool passes = judged.verdict == sif::Verdict::kGood ||
                      (judged.verdict == sif::Verdict::kUnsigned && !rules.requires_signatures);
  return passes ? Result<void>()
                : Error{ErrorCode::kIntegrity, thing,
                        "by this side's sif.keyring its signature is " +
                            std::string(sif::to_string(judged.verdict)) + ": " + judged.detail,
                        "if who signed it may, add his key to sif.keyring here, then send the "
                        "shipment again"};
}

Result<oci::Manifest> read_held_manifest(const std::string& thing, const Sha256Digest& digest,
                                         std::uint64_t size, const std::string& media_type,
                                         const store::BlobStore& blobs) {
  if (size > oci::kMaxManifestBytes) {
    return Error{ErrorCode::kInvalid, thing, "it has more than 4 MiB", ""};
  }
  SLUICE_TRY(const auto reader, blobs.open(digest));
  Bytes bytes(size);
  SLUICE_TRY_VOID(reader->read_at(0, bytes));
  return oci::read_manifest(thing, as_text(bytes), media_type);
}

}  // namespace sluice::high
