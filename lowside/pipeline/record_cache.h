// Bodies of records as they were shipped last, by SHA-256: for what an upstream no longer says of
// what is held.
#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace sluice::low {

// A cache in a folder of its source's own: what is not there, or is not whole, is not found. One
// thread at a time.
class RecordCache {
 public:
  explicit RecordCache(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // `Body` is the ecosystem's message.
  template <class Body>
  std::optional<Body> find(const std::string& sha256) const {
    const auto bytes = read(sha256);
    Body body;
    return bytes && body.ParseFromString(*bytes) ? std::optional(std::move(body)) : std::nullopt;
  }
  void put(const std::string& sha256, const std::string& body) const;
  // Forgets all but these.
  void keep_only(const std::set<std::string>& sha256s) const;

 private:
  std::optional<std::string> read(const std::string& sha256) const;

  std::filesystem::path folder_;
};

}  // namespace sluice::low
