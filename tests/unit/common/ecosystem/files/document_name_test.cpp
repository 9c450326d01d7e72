#include "common/ecosystem/files/document_name.h"

#include <gtest/gtest.h>

#include "common/base/limits.h"

namespace sluice::files {
namespace {

TEST(DocumentName, IsACollectionAndAPath) {
  for (const std::string_view good :
       {"drop/a", "drop/tools/a b.run", "drop/\u00fcber/..a", "a/b"}) {
    EXPECT_TRUE(check_document_name(good)) << good;
  }
  for (const std::string_view bad :
       {"", "drop", "/a", "drop/", "drop//a", "drop/../a", "drop/./a", "drop/a\nb", "drop/a\x7f",
        "drop/\xff", "drop/a\\b", "drop/\xc0\xaf", "drop/\xc2\x9b"}) {
    EXPECT_EQ(check_document_name(bad).error().code, ErrorCode::kInvalid) << bad;
  }
  EXPECT_FALSE(check_document_name(std::string_view("drop/a\0b", 8)));
}

TEST(DocumentName, HasABound) {
  EXPECT_TRUE(check_document_name("drop/" + std::string(255, 'a')));
  EXPECT_FALSE(check_document_name("drop/" + std::string(256, 'a')));
  std::string deep = "drop";
  while (deep.size() <= limits::kMaxDocumentNameBytes) {
    deep += "/a";
  }
  EXPECT_FALSE(check_document_name(deep));
}

TEST(DocumentName, ErrorsShowNoControlCharacters) {
  const std::string message = check_document_name("drop/\x1b[2J").error().message();
  EXPECT_EQ(message.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace sluice::files
