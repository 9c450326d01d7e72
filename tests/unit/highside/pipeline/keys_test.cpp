#include "highside/pipeline/keys.h"

#include <gtest/gtest.h>

#include <vector>

namespace sluice::high {
namespace {

using namespace std::string_literals;

std::string key_of(std::string_view text) {
  std::string key;
  append_text(key, text);
  return key;
}

TEST(Keys, EveryTextComesBack) {
  for (const std::string& text :
       {""s, "a"s, "@types/semver"s, "\0"s, "a\0b"s, "\0\x01"s, "\xff\0\xff"s, "a\0\x01"s}) {
    std::string key = key_of(text) + "rest";
    std::string_view rest = key;
    EXPECT_EQ(read_text(rest), text);
    EXPECT_EQ(rest, "rest");
  }
}

TEST(Keys, SortAsTheTextsDo) {
  const std::vector<std::string> sorted{"",     "\0"s,   "\0\0"s, "\0a"s, "a",
                                        "a\0"s, "a\x01", "ab",    "b"};
  for (std::size_t i = 1; i < sorted.size(); ++i) {
    EXPECT_LT(key_of(sorted[i - 1]), key_of(sorted[i])) << i;
  }
}

TEST(Keys, NoKeyIsThePrefixOfAnother) {
  EXPECT_FALSE(key_of("ab").starts_with(key_of("a")));
  EXPECT_FALSE(key_of("a\0"s).starts_with(key_of("a")));
  std::string prefix;
  append_text_prefix(prefix, "a");
  EXPECT_TRUE(key_of("ab").starts_with(prefix));
}

TEST(Keys, MalformedIsRefused) {
  for (const std::string& key : {"abc"s, "a\0"s, "a\0\x02"s}) {
    std::string_view rest = key;
    EXPECT_FALSE(read_text(rest));
  }
}

}  // namespace
}  // namespace sluice::high
