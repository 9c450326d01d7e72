// Indices and Release of a subset, as texts.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/base/digest.h"
#include "common/ecosystem/apt/release.h"

namespace sluice::low {

struct SubsetIndex {
  struct Entry {
    std::string stanza;               // the upstream's bytes
    std::vector<Sha256Digest> files;  // that it lists
  };
  std::string component;
  std::string architecture;    // apt::kSourceArchitecture: a Sources index
  std::vector<Entry> entries;  // in the upstream's order
};

// Packages or Sources, plain, .xz and .gz, of each index, by their paths below dists/<suite>/. The
// same entries give the same bytes.
std::map<std::string, std::string> make_index_files(const std::vector<SubsetIndex>& indices);

// A Release that keeps the names by which clients pin (Origin, Label, Suite, Codename, Version).
class SubsetRelease {
 public:
  SubsetRelease(std::string head, std::string lists)
      : head_(std::move(head)), lists_(std::move(lists)) {}
  std::string undated() const { return head_ + lists_; }
  std::string dated(UtcTime date) const {
    return head_ + "Date: " + apt::format_release_date(date) + "\n" + lists_;
  }

 private:
  std::string head_;
  std::string lists_;
};
SubsetRelease make_release(const apt::Release& upstream, const std::vector<SubsetIndex>& indices,
                           const std::map<std::string, std::string>& files);

}  // namespace sluice::low
