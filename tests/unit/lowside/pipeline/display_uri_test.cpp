#include <gtest/gtest.h>

#include "lowside/pipeline/files.h"

namespace sluice::low {
namespace {

TEST(DisplayUri, LeavesCredentialsOut) {
  EXPECT_EQ(display_uri("https://u:p@h/x@y"), "https://h/x@y");
  EXPECT_EQ(display_uri("ftp://u:p@ss@h"), "ftp://h");
  EXPECT_EQ(display_uri("mailto:a@b"), "mailto:a@b");
  EXPECT_EQ(display_uri("made here"), "made here");
}

}  // namespace
}  // namespace sluice::low
