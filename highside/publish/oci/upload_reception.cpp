#include "highside/publish/oci/upload_reception.h"

#include "common/ecosystem/oci/manifest.h"
#include "highside/publish/oci/failures.h"

namespace sluice::high {

std::optional<http::Response> UploadReception::write(ByteView bytes) {
  const auto written = lease_.blob().write(bytes);
  if (written) {
    return std::nullopt;
  }
  lease_.end();
  return written.error().code == ErrorCode::kRefused
             ? registry_error(413, "SIZE_INVALID", written.error().message())
             : push_failure(written.error(), "BLOB_UPLOAD_INVALID");
}

http::Response UploadReception::finish() {
  http::Response answer = digest_
                              ? push_.complete(lease_, document_, *digest_)
                              : push_.progress(202, document_, lease_.id(), lease_.blob().size());
  lease_.give_back();  // whoever reads the answer sends the next request, maybe before this goes
  return answer;
}

std::optional<http::Response> ManifestReception::write(ByteView bytes) {
  if (bytes.size() > oci::kMaxManifestBytes - bytes_.size()) {
    return registry_error(413, "SIZE_INVALID", "a manifest has at most 4 MiB");
  }
  bytes_ += as_text(bytes);
  return std::nullopt;
}

http::Response ManifestReception::finish() {
  return push_.put_manifest(to_, reference_, media_type_, bytes_);
}

}  // namespace sluice::high
