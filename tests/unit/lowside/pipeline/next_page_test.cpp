#include "lowside/pipeline/next_page.h"

#include <gtest/gtest.h>

namespace sluice::low {
namespace {

TEST(NextPage, IsFoundByItsLink) {
  EXPECT_EQ(next_page(R"(<http://h/x?a=1,2>; rel="next")"), "http://h/x?a=1,2");
  EXPECT_EQ(next_page(R"(<http://h/1>; rel="prev", <http://h/2>; rel="next")"), "http://h/2");
  for (const char* none : {"", "<", "<x", "x>", R"(<http://h/1>; rel="prev")"}) {
    EXPECT_EQ(next_page(none), "") << none;
  }
}

}  // namespace
}  // namespace sluice::low
