// Python packages, published as to the public index (warehouse docs, "Upload API"; what twine, uv,
// poetry and flit send):
//
//   POST /pypi/legacy/    200; 400 what does not hold; 409 where the file is there with other bytes
//
//   twine upload --repository-url https://HIGH/pypi/legacy/ -u __token__ -p TOKEN dist/*
//
// The name, version and digests that the form tells are held against the file: its name, its bytes,
// and the metadata within, which is served beside it (PEP 658).
#pragma once

#include <memory>
#include <string>

#include "common/http/upload.h"
#include "highside/pipeline/publishing.h"

namespace sluice::high {

// Callable from any thread.
class PypiPublisher {
 public:
  static constexpr std::size_t kMaxFiles = 10'000;  // of a project; its record is written each time

  // `prefix`: "/pypi". Nexus' "/repository/pypi-hosted/" takes uploads at its root.
  PypiPublisher(std::string prefix, PublishParts parts)
      : prefix_(std::move(prefix)), parts_(parts) {}

  // Of POST; of others nothing.
  http::Opening open(const http::Request& head) const;

 private:
  const std::string prefix_;
  const PublishParts parts_;
};

}  // namespace sluice::high
