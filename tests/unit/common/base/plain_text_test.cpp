#include "common/base/plain_text.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(PlainText, IsUtf8WithoutControlCharacters) {
  for (const char* good : {"", "a b", "\u00e9", "\u00a0", "\U0001f600"}) {
    EXPECT_TRUE(is_plain_text(good)) << good;
  }
  for (const std::string_view bad :
       {std::string_view("a\0b", 3), std::string_view("\x1b[0m"), std::string_view("\x7f"),
        std::string_view("\xc2\x9b"),          // a control character of two bytes
        std::string_view("caf\xe9"),           // Latin-1
        std::string_view("\xc3"),              // cut off
        std::string_view("\xc0\xaf"),          // a slash, too long
        std::string_view("\xed\xa0\x80"),      // half of a surrogate pair
        std::string_view("\xf4\x90\x80\x80"),  // beyond U+10FFFF
        std::string_view("\xff")}) {
    EXPECT_FALSE(is_plain_text(bad));
  }
}

}  // namespace
}  // namespace sluice
