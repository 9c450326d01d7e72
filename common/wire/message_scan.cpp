#include "common/wire/message_scan.h"

namespace sluice::wire {
namespace {

// Wire types (protobuf's encoding guide).
enum WireType : std::uint64_t {
  kVarint = 0,
  kFixed64 = 1,
  kDelimited = 2,
  kGroupBegin = 3,
  kGroupEnd = 4,
  kFixed32 = 5
};

constexpr std::uint64_t kMaxFieldNumber = (1U << 29) - 1;

// Takes the fields off `left`; false when there are more.
bool spend(ByteView message, std::size_t& left, int depth) {
  MessageScanner scanner(message, MessageScanner::Groups::kFlat);
  while (const auto field = scanner.next()) {
    if (left == 0) {
      return false;
    }
    --left;
    if (field->is_message && depth > 1 && !spend(field->bytes, left, depth - 1)) {
      return false;
    }
  }
  return true;  // behind what cannot be read, a parser builds nothing
}

}  // namespace

std::optional<std::uint64_t> MessageScanner::varint() {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 10 && i < rest_.size(); ++i) {
    value |= static_cast<std::uint64_t>(rest_[i] & 0x7F) << (7 * i);
    if ((rest_[i] & 0x80) == 0) {
      rest_ = rest_.subspan(i + 1);
      return value;
    }
  }
  return std::nullopt;
}

bool MessageScanner::skip(std::uint64_t count) {
  if (count > rest_.size()) {
    return false;
  }
  rest_ = rest_.subspan(count);
  return true;
}

std::optional<MessageScanner::Field> MessageScanner::next() {
  if (!ok_ || rest_.empty()) {
    return std::nullopt;
  }
  ok_ = false;  // until the field is whole
  const auto tag = varint();
  if (!tag || *tag >> 3 == 0 || *tag >> 3 > kMaxFieldNumber) {
    return std::nullopt;
  }
  Field field;
  field.number = static_cast<std::uint32_t>(*tag >> 3);
  switch (*tag & 7) {
    case kVarint:
      ok_ = varint().has_value();
      break;
    case kFixed64:
      ok_ = skip(8);
      break;
    case kFixed32:
      ok_ = skip(4);
      break;
    case kDelimited: {
      const auto size = varint();
      const ByteView from = rest_;
      ok_ = size && skip(*size);
      field.is_message = true;
      field.bytes = ok_ ? from.first(*size) : ByteView();
      break;
    }
    case kGroupBegin:
      ok_ = groups_ == Groups::kFlat;
      ++open_groups_;
      break;
    case kGroupEnd:
      ok_ = open_groups_ > 0;
      --open_groups_;
      break;
    default:
      break;
  }
  return ok_ ? std::optional(field) : std::nullopt;
}

bool has_at_most(ByteView message, std::size_t limit, int depth) {
  return spend(message, limit, depth);
}

}  // namespace sluice::wire
