// Which packages of a channel are wanted.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"
#include "common/ecosystem/conda/names.h"

namespace sluice::low {

// A name, a version and a build with spaces between them, each a shell pattern (*, ?, [abc]): what
// is left out is "*". So they read as conda's own "numpy 1.26.* py311*".
//
// kInvalid: it has more than three parts, or asks for a range, which would take a solver.
Result<void> check_conda_pattern(std::string_view pattern);

class CondaSelection {
 public:
  // Patterns that check_conda_pattern() takes.
  CondaSelection(std::vector<std::string> include, std::vector<std::string> exclude);

  // One of `include` matches, or there is none, and none of `exclude` does. Notes which have
  // matched.
  bool wants(const conda::FileName& file);
  // Of `include`, those that have matched nothing so far.
  std::vector<std::string> unmatched() const;
  // The same for the same patterns, in whatever order.
  std::string id() const;

 private:
  std::vector<std::string> include_;
  std::vector<std::string> exclude_;
  std::set<std::string> matched_;
};

}  // namespace sluice::low
