#include "highside/mirror/oci/snapshot_names.h"

#include <gtest/gtest.h>

namespace sluice::high {
namespace {

std::string moved(const std::string& path) {
  http::Request request;
  request.path = request.raw_path = path;
  const http::Request found = behind_the_snapshot(request);
  EXPECT_EQ(found.path, found.raw_path);
  return found.path;
}

TEST(OciSnapshotNames, PutTheEditionInFront) {
  EXPECT_EQ(moved("/v2/snapshot/q4/library/nginx/manifests/1"),
            "/snapshot/q4/v2/library/nginx/manifests/1");
  EXPECT_EQ(moved("/v2/edition/17/nginx/tags/list"), "/edition/17/v2/nginx/tags/list");
  EXPECT_EQ(moved("/v2/snapshot/q4"), "/snapshot/q4/v2");
  EXPECT_EQ(moved("/v2/snapshot/"), "/snapshot//v2");
  EXPECT_EQ(moved("/v2/snapshot"), "/v2/snapshot");
  EXPECT_EQ(moved("/v2/library/nginx/tags/list"), "/v2/library/nginx/tags/list");
}

}  // namespace
}  // namespace sluice::high
