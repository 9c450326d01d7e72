// Walks the fields of a serialized protobuf message without building it, so that they can be
// counted against limits before anything is allocated for them.
#pragma once

#include <cstdint>
#include <optional>

#include "common/base/bytes.h"

namespace sluice::wire {

class MessageScanner {
 public:
  // Groups are of proto2 and never sent here. kFlat gives their beginnings and ends as fields of
  // their own, for who only counts; else they are no fields.
  enum class Groups { kRefused, kFlat };

  // `message` must outlive the scanner.
  explicit MessageScanner(ByteView message, Groups groups = Groups::kRefused)
      : rest_(message), groups_(groups) {}

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
  Groups groups_;
  std::size_t open_groups_ = 0;
  bool ok_ = true;
};

// Whether a message, whatever its schema, has at most `limit` fields in its `depth` upper levels:
// what a parser builds of it, unknown fields and groups included. Each field that could be a
// message counts as one, as far as it reads like one. Costs a pass over the bytes for each level.
bool has_at_most(ByteView message, std::size_t limit, int depth);

}  // namespace sluice::wire
