// Names that belong to the site: what is published inside goes under them, and nothing that comes
// from outside does. So nobody outside can slip a package of the same name under the site's own
// (dependency confusion), and nobody inside can put one in front of what comes from outside.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"

namespace sluice::high {

// "pypi:acme-*", "npm:@acme/*", "oci:acme/*", "files:internal/*": an ecosystem, and what its
// documents' names look like, "*" being any characters or none. A value.
class NamePattern {
 public:
  static constexpr std::size_t kMaxBytes = 256;

  // kInvalid says what is wrong. PyPI's names are normalised, as its documents are.
  static Result<NamePattern> parse(std::string_view text);

  // `ecosystem` as records have it: "file" where the pattern says "files".
  bool matches(std::string_view ecosystem, std::string_view document) const;
  std::string text() const;

 private:
  std::string ecosystem_;
  std::string pattern_;
};

// What publish.namespaces says. A value; const afterwards, so that any thread may read.
class Namespaces {
 public:
  static constexpr std::size_t kMaxPatterns = 1000;

  // Each a pattern, or a pattern and " immutable".
  static Result<Namespaces> parse(const std::vector<std::string>& texts);

  bool contains(std::string_view ecosystem, std::string_view document) const;
  // Whether what was published there stays as it is: one pattern that says so is enough.
  bool is_immutable(std::string_view ecosystem, std::string_view document) const;
  bool empty() const { return all_.empty(); }

 private:
  struct One {
    NamePattern pattern;
    bool immutable = false;
  };
  std::vector<One> all_;
};

}  // namespace sluice::high
