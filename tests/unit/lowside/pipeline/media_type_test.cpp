#include "lowside/pipeline/media_type.h"

#include <gtest/gtest.h>

namespace sluice::low {
namespace {

TEST(MediaType, IsAllowedByNameOrKind) {
  EXPECT_TRUE(media_type_allowed("text/html", {}));
  EXPECT_TRUE(media_type_allowed("text/html", {"application/gzip", "text/html"}));
  EXPECT_TRUE(media_type_allowed("text/html", {"text/*"}));
  EXPECT_FALSE(media_type_allowed("text/html", {"application/gzip"}));
  EXPECT_FALSE(media_type_allowed("textual/html", {"text/*"}));
  EXPECT_FALSE(media_type_allowed("text/html", {"text/htm"}));
}

}  // namespace
}  // namespace sluice::low
