// Lists that clients read page by page (OCI distribution 1.1, "Content Discovery").
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "highside/mirror/oci/served_repository.h"

namespace sluice::high {

// What a query says of the page that is wanted, and of other things.
struct ListQuery {
  std::optional<std::uint64_t> n;  // none: as many as a page has
  std::string last;                // behind it; empty: from the start
  std::string artifact_type;       // empty: all
  std::string ns;                  // containerd's: the registry whose mirror this is

  // None: it cannot be read, or `n` is no number.
  static std::optional<ListQuery> read(std::string_view query);
};

// Part of a list, and where the next part is.
struct ListPage {
  std::string text;  // JSON
  std::string next;  // the `last` of the next page; empty: there is none
};

using LeftOut = std::function<bool(const Sha256Digest&)>;

// {"name":…,"tags":[…]}, without tags of manifests that are left out.
ListPage tags_page(std::string_view name, const ServedRepository& repository,
                   const ListQuery& query, const LeftOut& left_out);
// An image index of what refers to `subject`. `repository` may be none.
ListPage referrers_page(const ServedRepository* repository, const Sha256Digest& subject,
                        const ListQuery& query, const LeftOut& left_out);
// {"repositories":[…]}.
ListPage catalog_page(const std::vector<std::string>& documents, const ListQuery& query);

// The value of Link (RFC 8288) for the page after it. `path`: of the list.
std::string next_link(const std::string& path, const ListQuery& query, const std::string& next);

}  // namespace sluice::high
