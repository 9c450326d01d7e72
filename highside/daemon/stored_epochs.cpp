#include "highside/daemon/stored_epochs.h"

namespace sluice::high {

Result<EpochGuard::Contact> StoredEpochs::admit(const std::string& stream, Epoch epoch,
                                                SessionId session) {
  const std::string key = "epoch/" + stream;
  SLUICE_TRY(const auto stored, index_.get(store::Family::kMeta, key));
  if (stored) {
    std::string_view rest = *stored;
    const auto known_epoch = store::read_u64(rest);
    const auto known_session = store::read_u64(rest);
    if (!known_epoch || !known_session || !rest.empty()) {
      return Error{ErrorCode::kIntegrity, "stream " + stream, "the stored epoch cannot be read",
                   "restore the state folder"};
    }
    if (epoch.value() < *known_epoch ||
        (epoch.value() == *known_epoch && session.value() != *known_session)) {
      return Error{ErrorCode::kOutdated, "stream " + stream,
                   "session of epoch " + std::to_string(epoch.value()) +
                       " is not newer than epoch " + std::to_string(*known_epoch) +
                       ", which was seen before",
                   "is it a recording? If the low side lost its state folder and its clock, give "
                   "its stream a new name on both sides"};
    }
    if (epoch.value() == *known_epoch) {
      return Contact::kReceiverRestarted;
    }
  }
  std::string value;
  store::append_u64(value, epoch.value());
  store::append_u64(value, session.value());
  store::Batch batch;
  batch.put(store::Family::kMeta, key, std::move(value));
  SLUICE_TRY_VOID(index_.write(batch, store::Durability::kSynced));
  return stored ? Contact::kSenderRestarted : Contact::kFirst;
}

}  // namespace sluice::high
