// The body of a blob's upload: a chunk, the last one, or all of it at once.
#pragma once

#include <optional>
#include <string>

#include "highside/publish/oci/oci_push.h"

namespace sluice::high {

class UploadReception final : public http::Reception {
 public:
  // `digest`: the upload is complete with this body, and has it; none: more may come.
  UploadReception(OciPush& push, UploadBook::Lease lease, std::string document,
                  std::optional<std::string> digest)
      : push_(push),
        lease_(std::move(lease)),
        document_(std::move(document)),
        digest_(std::move(digest)) {}

  std::optional<http::Response> write(ByteView bytes) override;
  http::Response finish() override;

 private:
  OciPush& push_;
  UploadBook::Lease lease_;
  const std::string document_;
  const std::optional<std::string> digest_;
};

// A manifest: at most what the specification asks registries to take, in memory.
class ManifestReception final : public http::Reception {
 public:
  ManifestReception(OciPush& push, OciPush::Admitted to, std::string reference,
                    std::string media_type)
      : push_(push),
        to_(std::move(to)),
        reference_(std::move(reference)),
        media_type_(std::move(media_type)) {}

  std::optional<http::Response> write(ByteView bytes) override;
  http::Response finish() override;

 private:
  OciPush& push_;
  const OciPush::Admitted to_;
  const std::string reference_;
  const std::string media_type_;
  std::string bytes_;
};

}  // namespace sluice::high
