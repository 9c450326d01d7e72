// Which files of a repository are wanted.
#pragma once

#include <string>
#include <vector>

namespace sluice::low {

class Selection {
 public:
  // Shell patterns, as HuggingFaceSettings has them.
  Selection(std::vector<std::string> include, std::vector<std::string> exclude);

  bool wants(const std::string& path) const;
  // The same for the same patterns, in whatever order.
  const std::string& id() const { return id_; }

 private:
  std::vector<std::string> include_;
  std::vector<std::string> exclude_;
  std::string id_;
};

}  // namespace sluice::low
