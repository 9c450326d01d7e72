// npm packages, published as to the public registry:
//
//   PUT /npm/@acme%2fx                                a version with its tarball; or, without one,
//                                                     what is deprecated (npm publish, npm
//                                                     deprecate)
//   PUT, DELETE /npm/-/package/@acme%2fx/dist-tags/T  (npm dist-tag)
//   PUT, DELETE …/-rev/R                              fewer versions, none (npm unpublish), for
//   admins GET /npm/-/whoami
//
//   npm publish --registry https://HIGH/npm/          with //HIGH/npm/:_authToken=TOKEN in .npmrc
#pragma once

#include <string>

#include "common/http/upload.h"
#include "highside/pipeline/publishing.h"

namespace sluice::high {

// Callable from any thread.
class NpmPublisher {
 public:
  // `prefix`: "/npm".
  NpmPublisher(std::string prefix, PublishParts parts)
      : prefix_(std::move(prefix)), parts_(parts) {}

  // Of PUT of a package; of others nothing.
  http::Opening open(const http::Request& head) const;
  // Whether handle() answers this, rather than the mirror.
  bool takes(const http::Request& request) const;
  http::Response handle(const http::Request& request) const;

 private:
  std::string_view below(const http::Request& request) const;
  http::Response who(const http::Request& request) const;
  http::Response tag(const http::Request& request, std::string_view path) const;
  http::Response unpublish(const std::string& name, const std::string& who) const;

  const std::string prefix_;
  const PublishParts parts_;
};

}  // namespace sluice::high
