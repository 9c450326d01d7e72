#include "highside/publish/pypi/upload_form.h"

#include <algorithm>
#include <array>

#include "common/base/text.h"
#include "common/crypto/guarded.h"

namespace sluice::high {
namespace {

constexpr std::array<std::string_view, 9> kFields{
    ":action",    "protocol_version",  "name",
    "version",    "filetype",          "sha256_digest",
    "md5_digest", "blake2_256_digest", "metadata_version"};
constexpr std::string_view kFile = "content";
constexpr std::size_t kBlake2Bytes = 32;

Error bad(std::string thing, std::string cause) {
  return {ErrorCode::kInvalid, std::move(thing), std::move(cause),
          "upload with twine or another such client"};
}

Result<bool> holds(const std::string& name, const std::string& told, const std::string& actual) {
  if (told.empty()) {
    return false;
  }
  const auto digest = hex_decode(trim(told));
  if (!digest || hex_encode(*digest) != actual) {
    return Error{ErrorCode::kIntegrity, name,
                 "what came has " + actual + ", not what the form says", "upload it again"};
  }
  return true;
}

}  // namespace

Result<void> UploadForm::begin(const PartHead& head) {
  name_ = head.name;
  part_ = Part::kSkipped;
  if (name_ == kFile) {
    if (file_ != nullptr) {
      return bad(name_, "it has two files");
    }
    part_ = Part::kFile;
    file_name_ = head.filename.value_or("");
    SLUICE_TRY(file_, StagedBlob::begin(blobs_, files_, limit_));
    crypto::initialize_sodium();
    crypto_generichash_init(&blake2_, nullptr, 0, kBlake2Bytes);
  } else if (std::ranges::find(kFields, name_) != kFields.end()) {
    if (fields_.contains(name_)) {
      return bad(name_, "it stands twice");
    }
    part_ = Part::kField;
    fields_[name_];
  }
  return {};
}

Result<void> UploadForm::data(ByteView bytes) {
  if (part_ == Part::kFile) {
    md5_.update(bytes);
    crypto_generichash_update(&blake2_, bytes.data(), bytes.size());
    return file_->write(bytes);
  }
  if (part_ == Part::kField) {
    std::string& value = fields_.find(name_)->second;
    if (value.size() + bytes.size() > kMaxFieldBytes) {
      return bad(name_, "it has more than " + std::to_string(kMaxFieldBytes) + " bytes");
    }
    value.append(as_text(bytes));
  }
  return {};
}

Result<void> UploadForm::end() {
  part_ = Part::kSkipped;
  return {};
}

const std::string& UploadForm::field(std::string_view name) const {
  static const std::string none;
  const auto found = fields_.find(name);
  return found == fields_.end() ? none : found->second;
}

Result<void> UploadForm::check_digests(const Sha256Digest& sha256) {
  std::array<std::uint8_t, kBlake2Bytes> blake2{};
  crypto_generichash_final(&blake2_, blake2.data(), blake2.size());
  SLUICE_TRY(const bool first, holds("sha256_digest", field("sha256_digest"), sha256.hex()));
  SLUICE_TRY(const bool second,
             holds("blake2_256_digest", field("blake2_256_digest"), hex_encode(blake2)));
  SLUICE_TRY(const bool third, holds("md5_digest", field("md5_digest"), md5_.finish().hex()));
  static_cast<void>(third);  // it proves nothing by itself
  return first || second
             ? Result<void>()
             : Result<void>(bad("form", "it has neither sha256_digest nor blake2_256_digest"));
}

}  // namespace sluice::high
