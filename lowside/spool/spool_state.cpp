#include "lowside/spool/spool_state.h"

#include "common/base/bytes.h"

namespace sluice::low::spool_keys {
namespace {

std::string numbered(std::string_view letter, ShipmentSequence sequence) {
  std::string key(letter);
  store::append_u64(key, sequence.value());
  return key;
}

std::string digested(std::string_view letter, const Sha256Digest& digest) {
  return std::string(letter).append(as_text(digest.bytes()));
}

}  // namespace

std::string source(std::string_view name) { return std::string("spool/source/").append(name); }
std::string manifest(ShipmentSequence sequence) { return numbered("m", sequence); }
std::string summary(ShipmentSequence sequence) { return numbered(kSummaries, sequence); }
std::string passes(ShipmentSequence sequence) { return numbered(kPasses, sequence); }
std::string dropped(ShipmentSequence sequence) { return numbered(kDropped, sequence); }
std::string held_blob(const Sha256Digest& digest) { return digested(kHeldBlobs, digest); }
std::string carrier(const Sha256Digest& digest) { return digested("c", digest); }

ShipmentSequence sequence(std::string_view key) {
  key.remove_prefix(1);
  return ShipmentSequence(store::read_u64(key).value_or(0));
}

}  // namespace sluice::low::spool_keys
