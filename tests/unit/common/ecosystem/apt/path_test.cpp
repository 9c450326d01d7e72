#include "common/ecosystem/apt/path.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::apt {
namespace {

TEST(AptPath, StaysBelowItsFolderAndIsText) {
  for (const char* good : {"a", "pool/main/h/hello_2.10-3_amd64.deb", "a b/c", "\u00e9", "..."}) {
    EXPECT_TRUE(is_safe_path(good)) << good;
  }
  for (const char* bad : {"", "/a", "a/", "a//b", "..", "a/../b", "./a", "a\\b", "a\nb", "a\x7f",
                          "caf\xe9.deb", "\xc2\x9b"}) {
    EXPECT_FALSE(is_safe_path(bad)) << bad;
  }
  EXPECT_TRUE(is_safe_path(std::string(kMaxPathBytes, 'a')));
  EXPECT_FALSE(is_safe_path(std::string(kMaxPathBytes + 1, 'a')));
}

}  // namespace
}  // namespace sluice::apt
