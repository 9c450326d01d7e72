#include "common/ecosystem/apt/deb822.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::apt {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> raws(std::string_view text) {
  std::vector<std::string> all;
  ParagraphReader reader("text", text);
  while (const auto paragraph = reader.next().value()) {
    all.emplace_back(paragraph->raw());
  }
  return all;
}

TEST(Deb822, ReadsFieldsAndTheirLaterLines) {
  ParagraphReader reader(
      "text", "Package: hello\nDescription: short\n long one\n .\n more\n\n\nPackage:two");
  const auto first = reader.next().value();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->get("package"), "hello");
  EXPECT_EQ(first->get("Description"), "short\n long one\n .\n more");
  EXPECT_FALSE(first->find("Version"));
  EXPECT_EQ(reader.next().value()->get("Package"), "two");
  EXPECT_FALSE(reader.next().value());
  EXPECT_FALSE(reader.next().value());
}

TEST(Deb822, KeepsAParagraphsBytes) {
  EXPECT_THAT(raws("\n\nA: 1\nB:  2 \n\n \nC: 3\n d\n"),
              ElementsAre("A: 1\nB:  2 \n", "C: 3\n d\n"));
  EXPECT_THAT(raws("A: 1"), ElementsAre("A: 1"));
  EXPECT_THAT(raws(""), ElementsAre());
}

TEST(Deb822, LeavesOutComments) {
  ParagraphReader reader("text", "# head\nTypes: deb\n# one\nSuites: a\n# two\n b\n");
  const auto paragraph = reader.next().value();
  EXPECT_EQ(paragraph->get("Types"), "deb");
  EXPECT_THAT(value_words(paragraph->get("Suites")), ElementsAre("a", "b"));
}

TEST(Deb822, NamesTheLineThatCannotBe) {
  const std::pair<std::string, const char*> cases[] = {
      {"A: 1\nnonsense\n", "line 2: is neither"},
      {" b\n", "line 1: continues a field"},
      {"-A: 1\n", "line 1: is neither"},
      {"A b: 1\n", "line 1: is neither"},
      {std::string("A: 1\nB: \0\n", 10), "line 2: holds a NUL"},
  };
  for (const auto& [text, cause] : cases) {
    ParagraphReader reader("text", text);
    const auto result = reader.next();
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error().code, ErrorCode::kInvalid);
    EXPECT_THAT(result.error().cause, HasSubstr(cause));
  }
}

TEST(Deb822, BoundsFieldsAndBytes) {
  std::string fields;
  for (std::size_t i = 0; i <= kMaxFields; ++i) {
    fields += "F" + std::to_string(i) + ": x\n";
  }
  EXPECT_THAT(ParagraphReader("text", fields).next().error().cause, HasSubstr("fields"));
  const std::string large = "A: 1\n" + std::string(kMaxParagraphBytes, ' ') + "b\n";
  EXPECT_THAT(ParagraphReader("text", large).next().error().cause, HasSubstr("16.0 MiB"));
}

}  // namespace
}  // namespace sluice::apt
