// Bytes in memory as the body of an answer.
#pragma once

#include <algorithm>
#include <string>

#include "common/http/message.h"

namespace sluice::http {

class MemorySource final : public BodySource {
 public:
  explicit MemorySource(std::string text) : text_(std::move(text)) {}
  std::uint64_t size() const override { return text_.size(); }
  Result<void> read_at(std::uint64_t offset, MutableByteView into) const override {
    SLUICE_ASSERT(offset <= text_.size() && into.size() <= text_.size() - offset);
    std::copy_n(text_.begin() + static_cast<std::ptrdiff_t>(offset), into.size(), into.begin());
    return {};
  }
  ByteView memory() const override { return as_bytes(text_); }

 private:
  std::string text_;
};

}  // namespace sluice::http
