#include "common/base/html.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(HtmlEscape, LeavesNothingThatEndsTextOrAnAttribute) {
  EXPECT_EQ(html_escape("a < b & \"c\" > 'd' \xc3\xa9"),
            "a &lt; b &amp; &quot;c&quot; &gt; 'd' \xc3\xa9");
  EXPECT_EQ(html_escape("&amp;"), "&amp;amp;");
  EXPECT_EQ(html_escape(""), "");
}

}  // namespace
}  // namespace sluice
