// Versions of Python projects (specification "Version specifiers", PEP 440).
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace sluice::pypi {

class Version {
 public:
  // In any of the spellings that the specification takes ("v1.0-alpha", "1.0.post"). None if it is
  // no version, or a number in it has more than 18 digits.
  static std::optional<Version> parse(std::string_view text);

  std::string text() const;  // normalised: "1.0a0"
  bool is_prerelease() const { return pre_.has_value() || dev_.has_value(); }

  std::uint64_t epoch() const { return epoch_; }
  const std::vector<std::uint64_t>& release() const { return release_; }
  bool is_postrelease() const { return post_.has_value(); }
  bool has_local() const { return !local_.empty(); }
  Version without_local() const;
  // Epoch and release alone: 1.0 of 1.0rc1.post2.
  Version base() const;

  // The order of the specification, in which 1.0 and 1.0.0 are equal.
  std::strong_ordering operator<=>(const Version& other) const;
  bool operator==(const Version& other) const { return (*this <=> other) == 0; }

 private:
  friend class VersionReader;
  using LocalPart = std::variant<std::string, std::uint64_t>;  // a number stands above any word
  enum class Stage : std::uint8_t { kAlpha, kBeta, kCandidate };

  std::uint64_t epoch_ = 0;
  std::vector<std::uint64_t> release_;
  std::optional<std::pair<Stage, std::uint64_t>> pre_;
  std::optional<std::uint64_t> post_;
  std::optional<std::uint64_t> dev_;
  std::vector<LocalPart> local_;
};

}  // namespace sluice::pypi
