#include "highside/assemble/unwritten.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace sluice::high {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Notes what the disk is asked for.
class AskedFile final : public File {
 public:
  AskedFile(std::string name, std::vector<std::string>& asked)
      : name_(std::move(name)), asked_(asked) {}
  Result<void> read_at(std::uint64_t, MutableByteView) const override { return {}; }
  Result<void> write_at(std::uint64_t, ByteView) override { return {}; }
  Result<void> sync() override { return {}; }
  void start_writing(std::uint64_t offset, std::uint64_t length) override {
    asked_.push_back("start " + text(offset, length));
  }
  Result<void> finish_writing(std::uint64_t offset, std::uint64_t length) override {
    asked_.push_back("finish " + text(offset, length));
    return fails ? Result<void>(Error{ErrorCode::kIo, name_, "was told to fail", ""})
                 : Result<void>();
  }
  Result<std::uint64_t> size() const override { return std::uint64_t{0}; }
  int descriptor() const override { return -1; }

  bool fails = false;

 private:
  std::string text(std::uint64_t offset, std::uint64_t length) const {
    return name_ + " " + std::to_string(offset) + "+" + std::to_string(length);
  }
  std::string name_;
  std::vector<std::string>& asked_;
};

class UnwrittenTest : public testing::Test {
 protected:
  std::vector<std::string> asked_;
  std::shared_ptr<AskedFile> a_ = std::make_shared<AskedFile>("a", asked_);
  std::shared_ptr<AskedFile> b_ = std::make_shared<AskedFile>("b", asked_);
  Unwritten unwritten_{100};
};

TEST_F(UnwrittenTest, BeginsAtOnceAndWaitsForTheOldestAboveTheLimit) {
  ASSERT_TRUE(unwritten_.add(a_, {0, 60}));
  ASSERT_TRUE(unwritten_.add(b_, {1000, 1040}));
  EXPECT_THAT(asked_, ElementsAre("start a 0+60", "start b 1000+40"));
  asked_.clear();
  ASSERT_TRUE(unwritten_.add(a_, {60, 61}));
  EXPECT_THAT(asked_, ElementsAre("start a 60+1", "finish a 0+60"));
  asked_.clear();
  ASSERT_TRUE(
      unwritten_.add(b_, {1040, 1200}));  // alone above the limit: all others are waited for
  EXPECT_THAT(asked_, ElementsAre("start b 1040+160", "finish b 1000+40", "finish a 60+1"));
  EXPECT_EQ(unwritten_.ranges(), 1U);
}

TEST_F(UnwrittenTest, ManySmallOnesAreBoundedByTheirNumber) {
  Unwritten many(1'000'000);
  for (std::uint64_t i = 0; i < Unwritten::kMaxRanges; ++i) {
    ASSERT_TRUE(many.add(a_, {i, i + 1}));
  }
  asked_.clear();
  ASSERT_TRUE(many.add(b_, {0, 1}));
  EXPECT_THAT(asked_, ElementsAre("start b 0+1", "finish a 0+1"));
  EXPECT_EQ(many.ranges(), Unwritten::kMaxRanges);
}

TEST_F(UnwrittenTest, TellsWhatTheDiskCouldNotTake) {
  ASSERT_TRUE(unwritten_.add(a_, {0, 100}));
  a_->fails = true;
  EXPECT_EQ(unwritten_.add(b_, {0, 100}).error().thing, "a");
  EXPECT_TRUE(unwritten_.add(b_, {100, 200}));
}

}  // namespace
}  // namespace sluice::high
