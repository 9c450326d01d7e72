// Version specifiers ("Version specifiers", PEP 440): ">=2.0,<3", "==1.*", "~=1.4.2". pip resolves;
// this only tells why something could not be.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/ecosystem/pypi/version.h"

namespace sluice::low {

class SpecifierSet {
 public:
  // "" allows everything. None if it is no such set.
  static std::optional<SpecifierSet> parse(std::string_view text);

  bool allows(const pypi::Version& version) const;

 private:
  struct Specifier {
    std::string comparison;  // "==", "~=", …
    pypi::Version version;
    bool is_prefix = false;  // "==1.*"
  };

  static std::optional<Specifier> parse_one(std::string_view text);
  static bool allows(const Specifier& specifier, const pypi::Version& version);

  std::vector<Specifier> specifiers_;
};

}  // namespace sluice::low
