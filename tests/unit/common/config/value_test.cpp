#include "common/config/value.h"

#include <gtest/gtest.h>

namespace sluice::config {
namespace {

std::int64_t number(Type type, std::string_view text) {
  return std::get<std::int64_t>(parse_value(type, text).value());
}

TEST(Value, ReadsDurationsAsMilliseconds) {
  EXPECT_EQ(number(Type::kDuration, "10m"), 600'000);
  EXPECT_EQ(number(Type::kDuration, "1h30m"), 5'400'000);
  EXPECT_EQ(number(Type::kDuration, "1h 30m"), 5'400'000);
  EXPECT_EQ(number(Type::kDuration, "250 ms"), 250);
  EXPECT_EQ(number(Type::kDuration, "1.5s"), 1'500);
  EXPECT_EQ(number(Type::kDuration, "2d"), 172'800'000);
  EXPECT_EQ(number(Type::kDuration, "0s"), 0);
}

TEST(Value, ReadsSizesAsBytes) {
  EXPECT_EQ(number(Type::kSize, "4MiB"), 4 << 20);
  EXPECT_EQ(number(Type::kSize, "2 GB"), 2'000'000'000);
  EXPECT_EQ(number(Type::kSize, "1.5KiB"), 1536);
  EXPECT_EQ(number(Type::kSize, "17B"), 17);
}

TEST(Value, ReadsRatesAsBitsPerSecond) {
  EXPECT_EQ(number(Type::kRate, "500Mbit/s"), 500'000'000);
  EXPECT_EQ(number(Type::kRate, "2.5Gbit/s"), 2'500'000'000);
  EXPECT_EQ(number(Type::kRate, "9600 bit/s"), 9600);
  EXPECT_EQ(number(Type::kPercent, "12.5%"), 12'500);
  EXPECT_EQ(number(Type::kPercent, "100 %"), 100'000);
}

TEST(Value, RefusesWhatIsNotOfTheType) {
  const std::vector<std::pair<Type, std::vector<std::string>>> table{
      {Type::kDuration,
       {"", "10", "m", "-1s", "10x", "10m!", "1 000s", "99999999999999999999d", "nan s", "0x1s",
        "1e3s", "9223372036854775807ms9223372036854775807ms"}},
      {Type::kSize, {"", "-1B", "4mib", "4MiB4KiB", "16777216TiB", "inf B"}},
      {Type::kPercent, {"", "5", "-1%", "5%%", "1%1%"}},
      {Type::kRate, {"", "1Gb/s", "1", "1Gbit", "-1bit/s"}},
      {Type::kInt, {"", "1.5", "1 ", "0x10", "99999999999999999999"}},
      {Type::kDecimal, {"", "1,5", "a"}},
      {Type::kBool, {"", "yes", "True"}},
      {Type::kStrings, {"", "a", "[1]", "[", "\"a\"", "[]\nx = 1\n["}},
  };
  for (const auto& [type, texts] : table) {
    for (const std::string& text : texts) {
      const auto value = parse_value(type, text);
      EXPECT_FALSE(value) << noun(type) << ": " << text;
      EXPECT_NE(value.error().cause.find(noun(type)), std::string::npos);
    }
  }
}

TEST(Value, WritesWhatItReads) {
  const std::vector<std::tuple<Type, std::string, std::string>> table{
      {Type::kDuration, "90m", "\"90m\""},
      {Type::kDuration, "60m", "\"1h\""},
      {Type::kDuration, "1500ms", "\"1500ms\""},
      {Type::kDuration, "0s", "\"0ms\""},
      {Type::kSize, "4096KiB", "\"4MiB\""},
      {Type::kSize, "1000B", "\"1000B\""},
      {Type::kRate, "1000Mbit/s", "\"1Gbit/s\""},
      {Type::kPercent, "12.50%", "\"12.5%\""},
      {Type::kPercent, "0.005%", "\"0.005%\""},
      {Type::kPercent, "100%", "\"100%\""},
      {Type::kDecimal, "2", "2.0"},
      {Type::kDecimal, "0.05", "0.05"},
      {Type::kBool, "true", "true"},
      {Type::kInt, "-5", "-5"},
      {Type::kString, "a\"b\\\n", R"("a\"b\\\u000A")"},
      {Type::kStrings, R"(["a", 'b"'])", R"(["a", "b\""])"},
  };
  for (const auto& [type, text, written] : table) {
    EXPECT_EQ(to_toml(type, parse_value(type, text).value()), written);
  }
}

std::string verdict(const Setting& setting, std::string_view text) {
  const auto result = check_value(setting, parse_value(setting.type, text).value());
  return result ? "" : result.error().cause + "; " + result.error().cure;
}

TEST(Constraint, NamesTheBound) {
  const Setting rate{"rate", Type::kRate, "1Mbit/s", "", between("1Mbit/s", "1Gbit/s")};
  EXPECT_EQ(verdict(rate, "1Mbit/s"), "");
  EXPECT_EQ(verdict(rate, "1Gbit/s"), "");
  EXPECT_NE(verdict(rate, "999kbit/s").find("less than 1Mbit/s"), std::string::npos);
  EXPECT_NE(verdict(rate, "1.1Gbit/s").find("more than 1Gbit/s"), std::string::npos);
  EXPECT_NE(verdict(rate, "1bit/s").find("1Mbit/s to 1Gbit/s"), std::string::npos);
}

TEST(Constraint, NamesTheChoices) {
  const Setting mtu{"mtu", Type::kInt, "1500", "", one_of({"1500", "9000"})};
  EXPECT_EQ(verdict(mtu, "9000"), "");
  EXPECT_NE(verdict(mtu, "1501").find("choose 1500, 9000"), std::string::npos);
  const Setting modes{"modes", Type::kStrings, "[]", "", one_of({"full", "subset"})};
  EXPECT_EQ(verdict(modes, "[]"), "");
  EXPECT_EQ(verdict(modes, R"(["full", "subset"])"), "");
  EXPECT_NE(verdict(modes, R"(["full", "half"])").find("\"half\""), std::string::npos);
}

TEST(Constraint, AsksTheProgram) {
  const auto no_space = [](std::string_view text) {
    return text.find(' ') == std::string_view::npos ? std::nullopt
                                                    : std::optional<std::string>("holds a space");
  };
  const Setting name{"name", Type::kString, "a", "", checked(no_space, "a name without spaces")};
  EXPECT_EQ(verdict(name, "ab"), "");
  EXPECT_EQ(verdict(name, "a b"), "holds a space; write a name without spaces");
  const Setting needed{"name", Type::kString, "a", "", not_empty()};
  EXPECT_EQ(verdict(needed, ""), "is empty; ");
}

TEST(Value, WholeNumbersAreExact) {
  EXPECT_EQ(std::get<std::int64_t>(parse_value(Type::kSize, "9007199254740993B").value()),
            9007199254740993);
  EXPECT_EQ(std::get<std::int64_t>(parse_value(Type::kSize, "9223372036854775807B").value()),
            INT64_MAX);
  EXPECT_FALSE(parse_value(Type::kSize, "9223372036854775808B"));
  EXPECT_FALSE(parse_value(Type::kSize, "9007199254740993TiB"));
}

}  // namespace
}  // namespace sluice::config
