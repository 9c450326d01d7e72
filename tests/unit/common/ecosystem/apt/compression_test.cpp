#include "common/ecosystem/apt/compression.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::apt {
namespace {

std::string sample() {
  std::string text;
  for (int i = 0; i < 20'000; ++i) {
    text += "Package: p" + std::to_string(i * 7919 % 20'011) + "\n";
  }
  return text;
}

TEST(Compression, RoundTripsAndIsDeterministic) {
  for (const auto kind : {Compression::kGzip, Compression::kXz}) {
    for (const std::string& text : {std::string(), std::string("x"), sample()}) {
      const std::string packed = compress(text, kind);
      EXPECT_EQ(inflate("i", packed).value(), text);
      EXPECT_EQ(compress(text, kind), packed);
    }
  }
}

TEST(Compression, LeavesPlainTextAsItIs) {
  EXPECT_EQ(inflate("i", "Package: x\n").value(), "Package: x\n");
  EXPECT_EQ(inflate("i", "").value(), "");
}

TEST(Compression, RefusesWhatIsDamagedOrCutOff) {
  for (const auto kind : {Compression::kGzip, Compression::kXz}) {
    std::string packed = compress(sample(), kind);
    for (const std::size_t length : {packed.size() / 2, packed.size() - 9, packed.size() - 1}) {
      EXPECT_EQ(inflate("i", packed.substr(0, length)).error().code, ErrorCode::kInvalid)
          << length << " of " << packed.size();
    }
    packed[packed.size() / 2] = static_cast<char>(packed[packed.size() / 2] ^ 0x55);
    EXPECT_EQ(inflate("i", packed).error().code, ErrorCode::kInvalid);
  }
}

TEST(Compression, BoundsWhatItUnpacks) {
  const std::string packed = compress(std::string(1'000'000, 'a'), Compression::kXz);
  EXPECT_LT(packed.size(), 1000U);
  EXPECT_EQ(inflate("i", packed, 999'999).error().code, ErrorCode::kRefused);
  EXPECT_EQ(inflate("i", packed, 1'000'000).value().size(), 1'000'000U);
}

}  // namespace
}  // namespace sluice::apt
