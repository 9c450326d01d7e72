#include "common/store/blob_readers.h"

#include <algorithm>

namespace sluice::store {
namespace {

Result<void> check_range(const std::string& name, std::uint64_t size, std::uint64_t offset,
                         std::size_t count) {
  if (offset > size || count > size - offset) {
    return Error{ErrorCode::kInvalid, name,
                 "has " + std::to_string(size) + " bytes, and bytes " + std::to_string(offset) +
                     " to " + std::to_string(offset + count) + " were asked for",
                 ""};
  }
  return {};
}

class InlineReader final : public BlobReader {
 public:
  InlineReader(std::string name, std::string bytes)
      : name_(std::move(name)), bytes_(std::move(bytes)) {}

  std::uint64_t size() const override { return bytes_.size(); }
  Result<void> read_at(std::uint64_t offset, MutableByteView into) const override {
    SLUICE_TRY_VOID(check_range(name_, bytes_.size(), offset, into.size()));
    std::ranges::copy(as_bytes(bytes_).subspan(offset, into.size()), into.begin());
    return {};
  }
  int descriptor() const override { return -1; }

 private:
  std::string name_;
  std::string bytes_;
};

class FileReader final : public BlobReader {
 public:
  FileReader(std::string name, std::unique_ptr<File> file, std::uint64_t size)
      : name_(std::move(name)), file_(std::move(file)), size_(size) {}

  std::uint64_t size() const override { return size_; }
  Result<void> read_at(std::uint64_t offset, MutableByteView into) const override {
    SLUICE_TRY_VOID(check_range(name_, size_, offset, into.size()));
    return file_->read_at(offset, into);
  }
  int descriptor() const override { return file_->descriptor(); }

 private:
  std::string name_;
  std::unique_ptr<File> file_;
  std::uint64_t size_;
};

}  // namespace

std::unique_ptr<BlobReader> read_inline(std::string name, std::string bytes) {
  return std::make_unique<InlineReader>(std::move(name), std::move(bytes));
}

std::unique_ptr<BlobReader> read_from_file(std::string name, std::unique_ptr<File> file,
                                           std::uint64_t size) {
  return std::make_unique<FileReader>(std::move(name), std::move(file), size);
}

}  // namespace sluice::store
