// Plain files, published by whoever has a token:
//
//   PUT /files/COLLECTION/PATH      201 new, 200 replaced or the same; 409 where nothing is
//   replaced DELETE /files/COLLECTION/PATH   204
//
//   curl --user __token__:TOKEN -T tool.run https://HIGH/files/internal/tools/tool.run
#pragma once

#include <memory>
#include <string>

#include "common/http/upload.h"
#include "highside/pipeline/publishing.h"

namespace sluice::high {

// Callable from any thread.
class FilesPublisher {
 public:
  // `prefix`: "/files".
  FilesPublisher(std::string prefix, PublishParts parts)
      : prefix_(std::move(prefix)), parts_(parts) {}

  // Of PUT; of others nothing.
  http::Opening open(const http::Request& head) const;
  // Of DELETE.
  http::Response handle(const http::Request& request) const;

 private:
  std::string document_of(const http::Request& request) const;
  http::Response take_away(const std::string& document, const std::string& who) const;

  const std::string prefix_;
  const PublishParts parts_;
};

}  // namespace sluice::high
