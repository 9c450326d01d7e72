#include "highside/publish/npm/base64_stream.h"

#include <utility>

namespace sluice::high {
namespace {

Error bad(std::string cause) {
  return {ErrorCode::kInvalid, "attachment", "it is no base64: " + std::move(cause),
          "publish with npm or another such client"};
}

int value_of(char c) {
  if (c >= 'A' && c <= 'Z') {
    return c - 'A';
  }
  if (c >= 'a' && c <= 'z') {
    return c - 'a' + 26;
  }
  if (c >= '0' && c <= '9') {
    return c - '0' + 52;
  }
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

}  // namespace

Result<void> Base64Stream::write(std::string_view text) {
  out_.clear();
  for (const char c : text) {
    SLUICE_TRY_VOID(take(c));
  }
  return out_.empty() ? Result<void>() : sink_(out_);
}

Result<void> Base64Stream::take(char c) {
  const int value = c == '=' ? 0 : value_of(c);
  padding_ += c == '=' ? 1 : 0;
  if (value < 0 || (padding_ > 0 && c != '=') || padding_ > 2 || (c == '=' && count_ < 2)) {
    return bad(value < 0 ? "a character that it does not have" : "its padding is wrong");
  }
  group_ = group_ << 6U | static_cast<std::uint32_t>(value);
  if (++count_ < 4) {
    return {};
  }
  for (unsigned i = 0; i < 3 - padding_; ++i) {
    out_.push_back(static_cast<std::uint8_t>(group_ >> (16 - 8 * i)));
  }
  group_ = 0;
  count_ = 0;
  return {};
}

Result<void> Base64Stream::finish() {
  return count_ == 0 ? Result<void>() : Result<void>(bad("it ends within four characters"));
}

}  // namespace sluice::high
