// Walks the fields of a serialized protobuf message without building it, so that they can be
// counted against limits before anything is allocated for them.
#pragma once

#include <cstdint>
#include <optional>

#include "common/base/bytes.h"

namespace sluice::wire {

class MessageScanner {
 public:
  // `message` must outlive the scanner.
  explicit MessageScanner(ByteView message) : rest_(message) {}

  struct Field {
    std::uint32_t number = 0;
    bool is_message = false;  // length-delimited: a string, bytes, packed numbers or a message
    ByteView bytes;           // of those
  };
  // The next field; none at the end, or when what follows is no field: then ok() is false.
  std::optional<Field> next();
  bool ok() const { return ok_; }

 private:
  std::optional<std::uint64_t> varint();
  bool skip(std::uint64_t count);

  ByteView rest_;
  bool ok_ = true;
};

}  // namespace sluice::wire
