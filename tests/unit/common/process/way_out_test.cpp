#include "common/process/way_out.h"

#include <gtest/gtest.h>
#include <stdlib.h>

namespace sluice::process {
namespace {

TEST(WayOut, IsPathProxiesAndAuthoritiesAndNothingElse) {
  ::setenv("https_proxy", "http://proxy.example.org:3128", 1);
  ::setenv("SSL_CERT_FILE", "/authorities.pem", 1);
  ::setenv("ALL_PROXY", "", 1);
  ::setenv("PIP_INDEX_URL", "http://127.0.0.1:1/", 1);
  const auto passed = way_out();
  for (const char* name : {"https_proxy", "SSL_CERT_FILE", "ALL_PROXY", "PIP_INDEX_URL"}) {
    ::unsetenv(name);
  }
  EXPECT_TRUE(passed.contains("PATH"));
  EXPECT_EQ(passed.at("https_proxy"), "http://proxy.example.org:3128");
  EXPECT_EQ(passed.at("SSL_CERT_FILE"), "/authorities.pem");
  EXPECT_FALSE(passed.contains("ALL_PROXY"));  // empty is unset
  EXPECT_FALSE(passed.contains("PIP_INDEX_URL"));
  EXPECT_FALSE(passed.contains("HOME"));
}

}  // namespace
}  // namespace sluice::process
