// A stored blob as the body of an answer.
#pragma once

#include <memory>
#include <utility>

#include "common/http/message.h"
#include "common/store/blob_store.h"

namespace sluice::high {

class BlobBody final : public http::BodySource {
 public:
  explicit BlobBody(std::unique_ptr<store::BlobReader> reader) : reader_(std::move(reader)) {}
  std::uint64_t size() const override { return reader_->size(); }
  Result<void> read_at(std::uint64_t offset, MutableByteView into) const override {
    return reader_->read_at(offset, into);
  }
  int descriptor() const override { return reader_->descriptor(); }

 private:
  std::unique_ptr<store::BlobReader> reader_;
};

}  // namespace sluice::high
