#include "common/ecosystem/npm/json_text.h"

#include <gtest/gtest.h>

namespace sluice::npm {
namespace {

TEST(JsonText, CutsMembersWithoutTouchingThem) {
  const std::string text =
      R"( { "a" : 1.50e3 , "b":{"x":["}",{"y":"\"]"}]} ,"c":"q\\" , "d":null} )";
  const auto members = json_members(text);
  ASSERT_TRUE(members) << members.error().message();
  ASSERT_EQ(members->size(), 4U);
  EXPECT_EQ(json_find(*members, "a"), "1.50e3");
  EXPECT_EQ(json_find(*members, "b"), R"({"x":["}",{"y":"\"]"}]})");
  EXPECT_EQ(json_find(*members, "c"), R"("q\\")");
  EXPECT_EQ(json_find(*members, "d"), "null");
  EXPECT_EQ(json_find(*members, "e"), "");
}

TEST(JsonText, ReadsKeysAsJavaScriptDoes) {
  const auto members = json_members(R"({"di\u0073t":1,"dist":2,"x\"":3})");
  ASSERT_TRUE(members);
  ASSERT_EQ(members->size(), 2U);
  EXPECT_EQ(json_find(*members, "dist"), "2");
  EXPECT_EQ(json_find(*members, "x\""), "3");
}

TEST(JsonText, RefusesEveryTruncationAndBrokenStructure) {
  const std::string text = R"({"a":[1,{"b":"c\n"}],"d":true})";
  for (std::size_t length = 0; length < text.size(); ++length) {
    EXPECT_FALSE(json_members(std::string_view(text).substr(0, length))) << length;
  }
  for (const char* bad : {"[]", "{]", R"({"a":[}])", R"({"a":})", R"({"a" 1})", R"({"a":1,})",
                          R"({"a":1}x)", R"({a:1})", "<html>", R"({"\q":1})"}) {
    EXPECT_FALSE(json_members(bad)) << bad;
  }
  EXPECT_TRUE(json_members("{}")->empty());
}

TEST(JsonText, JoinsObjects) {
  JsonObjectText object;
  object.add("a\"", "1.0");
  object.add("b", "{}");
  EXPECT_EQ(std::move(object).finish(), R"({"a\"":1.0,"b":{}})");
  EXPECT_EQ(JsonObjectText().finish(), "{}");
}

TEST(JsonText, DeepNestingCostsNoStack) {
  std::string text = R"({"a":)" + std::string(1'000'000, '[') + std::string(1'000'000, ']') + "}";
  EXPECT_TRUE(json_members(text));
}

TEST(JsonText, RefusesKeysThatAreNoText) {
  EXPECT_TRUE(json_members("{\"\u00e9\":1}"));
  EXPECT_FALSE(json_members("{\"caf\xe9\":1}"));
  EXPECT_FALSE(json_members("{\"a\nb\":1}"));
  EXPECT_FALSE(json_members(R"({"\ud800":1})"));
}

}  // namespace
}  // namespace sluice::npm
