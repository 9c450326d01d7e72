// Which repository a client means by a name.
//
//   HIGH/docker.io/library/nginx      the document itself
//   HIGH/nginx, HIGH/library/nginx    of the default namespace, as Docker's clients name its hub's
//   nginx?ns=docker.io                as containerd tells a mirror whose repository it wants
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/ecosystem/oci/names.h"

namespace sluice::high {

class RepositoryNames {
 public:
  // Whether a document's name is the site's own: nobody else's repository is meant by it, ever.
  using IsOfTheSite = std::function<bool(std::string_view document)>;

  // `default_namespace`: a registry's name; empty: names without one are of no repository.
  explicit RepositoryNames(std::string default_namespace, IsOfTheSite is_of_the_site = {})
      : default_namespace_(std::move(default_namespace)),
        is_of_the_site_(std::move(is_of_the_site)) {}

  struct Meant {
    std::vector<oci::Document> all;  // in the order in which they are looked for
    std::size_t likely = 0;          // of them the one that is missed, where none is held
  };
  // None: it cannot be a repository's name. `ns`: of the query; empty: none. Who says it means that
  // registry's repository and no other.
  Meant meant(std::string_view name, std::string_view ns) const;

 private:
  std::string default_namespace_;
  IsOfTheSite is_of_the_site_;
};

}  // namespace sluice::high
