// What a client gave to prove who it is. Apart from the other header fields, so that nothing that
// prints those can print it.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace sluice::http {

// The value of Authorization ("Bearer …", "Basic …"); empty: none was given. Wiped when it goes;
// has no way into a stream, a log or a format.
class Credentials {
 public:
  Credentials() = default;
  explicit Credentials(std::string value) : value_(std::move(value)) {}
  Credentials(const Credentials&) = default;
  Credentials& operator=(const Credentials&) = default;
  ~Credentials();

  bool empty() const { return value_.empty(); }
  std::string_view reveal() const { return value_; }

 private:
  std::string value_;
};

}  // namespace sluice::http
