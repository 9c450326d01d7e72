#include "highside/daemon/stored_epochs.h"

#include <gtest/gtest.h>

#include "tests/support/memory_store.h"

namespace sluice::high {
namespace {

ErrorCode refusal(EpochGuard& guard, const std::string& stream, std::uint64_t epoch,
                  std::uint64_t session) {
  const Result<EpochGuard::Contact> admitted =
      guard.admit(stream, Epoch(epoch), SessionId(session));
  EXPECT_FALSE(admitted);
  return admitted ? ErrorCode::kInvalid : admitted.error().code;
}

TEST(StoredEpochs, RefusesOlderOnesAlsoAfterARestart) {
  test::MemoryStore store;
  EXPECT_EQ(StoredEpochs(store).admit("lab", Epoch(5), SessionId(50)).value(),
            EpochGuard::Contact::kFirst);
  // The power fails at once: what was admitted is remembered.
  store.crash(test::MemoryStore::Loss::kAll);
  StoredEpochs again(store);
  EXPECT_EQ(refusal(again, "lab", 4, 40), ErrorCode::kOutdated);
  EXPECT_EQ(refusal(again, "lab", 5, 51), ErrorCode::kOutdated) << "one session for each epoch";
  EXPECT_EQ(again.admit("lab", Epoch(5), SessionId(50)).value(),
            EpochGuard::Contact::kReceiverRestarted)
      << "the same session goes on";
  EXPECT_EQ(again.admit("lab", Epoch(6), SessionId(60)).value(),
            EpochGuard::Contact::kSenderRestarted);
  EXPECT_EQ(refusal(again, "lab", 5, 50), ErrorCode::kOutdated);
}

TEST(StoredEpochs, KeepsStreamsApart) {
  test::MemoryStore store;
  StoredEpochs epochs(store);
  ASSERT_TRUE(epochs.admit("lab", Epoch(5), SessionId(50)));
  EXPECT_TRUE(epochs.admit("lab2", Epoch(1), SessionId(10)));
}

TEST(StoredEpochs, AdmitsNothingWhenWhatIsStoredCannotBeRead) {
  test::MemoryStore store;
  store::Batch batch;
  batch.put(store::Family::kMeta, "epoch/lab", "short");
  ASSERT_TRUE(store.write(batch, store::Durability::kSynced));
  StoredEpochs epochs(store);
  EXPECT_EQ(refusal(epochs, "lab", 9, 90), ErrorCode::kIntegrity);
}

}  // namespace
}  // namespace sluice::high
