#include "common/config/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "common/config/documents.h"

namespace sluice::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const Table& table() {
  static const Table kTable{
      "sluice-test",
      {section("", "Of the whole.", {{"site", Type::kString, "lab", "Name of the site."}}),
       section("link", "The link.",
               {{"to", Type::kStrings, required(R"(["192.0.2.2:4700"])"), "Where to."},
                {"rate", Type::kRate, "500Mbit/s", "How fast.", between("1Mbit/s", "400Gbit/s")},
                {"mtu", Type::kInt, "1500", "Of the wire.", one_of({"1500", "9000"})},
                {"redundancy", Type::kDecimal, "0.05", "Share | of parity.", between("0", "1")},
                {"paced", Type::kBool, "true", "Whether it is paced."}}),
       section("store", "What is kept.",
               {{"folder", Type::kPath, "/var/lib/x", "Where."},
                {"keep", Type::kDuration, "30d", "How long."},
                {"cap", Type::kSize, "4MiB", "How much."}}),
       repeated("npm", "A registry.",
                {{"name", Type::kString, required("npm"), "Its name.", unique()},
                 {"want", Type::kStrings, "[]", "What to take."},
                 {"manifests", Type::kPaths, "[]", "Manifests of projects."}})}};
  return kTable;
}

Checked checked(std::string_view text) { return check_text(table(), text, "f.toml", "/etc/x"); }

std::vector<std::string> problems(std::string_view text) {
  std::vector<std::string> lines;
  for (const Problem& problem : checked(text).problems) {
    lines.push_back(to_string(problem));
  }
  return lines;
}

constexpr std::string_view kGood = R"(site = "here"
[link]
to = ["a:1", "b:2"]
rate = "1Gbit/s"
mtu = 9000
redundancy = 1
[store]
folder = "data/../blobs"
keep = "1h30m"
cap = 1000
[[npm]]
name = "one"
want = ["x@^1"]
manifests = ["p/package.json", "/abs"]
[[npm]]
name = "two"
)";

TEST(Load, GivesValuesByTheirTypes) {
  const Checked all = checked(kGood);
  EXPECT_TRUE(all.problems.empty());
  const Settings& settings = all.settings;
  EXPECT_EQ(settings.string("", "site"), "here");
  EXPECT_THAT(settings.strings("link", "to"), ElementsAre("a:1", "b:2"));
  EXPECT_EQ(settings.rate("link", "rate"), 1'000'000'000U);
  EXPECT_EQ(settings.integer("link", "mtu"), 9000);
  EXPECT_EQ(settings.decimal("link", "redundancy"), 1.0);
  EXPECT_TRUE(settings.boolean("link", "paced"));
  EXPECT_EQ(settings.path("store", "folder"), "/etc/x/blobs");
  EXPECT_EQ(settings.duration("store", "keep"), std::chrono::minutes(90));
  EXPECT_EQ(settings.size("store", "cap"), 1000U);
  ASSERT_EQ(settings.repeated("npm").size(), 2U);
  const Section& npm = settings.repeated("npm")[0];
  EXPECT_EQ(npm.string("name"), "one");
  EXPECT_THAT(npm.strings("want"), ElementsAre("x@^1"));
  EXPECT_THAT(npm.paths("manifests"), ElementsAre("/etc/x/p/package.json", "/abs"));
  EXPECT_TRUE(settings.repeated("npm")[1].strings("want").empty());
  EXPECT_EQ(settings.section("link").origin("mtu"), "f.toml:5");
  EXPECT_EQ(settings.section("link").origin("paced"), "");
}

TEST(Load, UsesDefaults) {
  const Checked all = checked("[link]\nto = []\n");
  EXPECT_TRUE(all.problems.empty());
  EXPECT_EQ(all.settings.string("", "site"), "lab");
  EXPECT_EQ(all.settings.rate("link", "rate"), 500'000'000U);
  EXPECT_EQ(all.settings.path("store", "folder"), "/var/lib/x");
  EXPECT_EQ(all.settings.duration("store", "keep"), std::chrono::days(30));
  EXPECT_TRUE(all.settings.repeated("npm").empty());
}

TEST(Load, ReportsEverythingThatIsWrong) {
  EXPECT_THAT(
      problems("site = 5\n[link]\nrate = \"fast\"\nmtu = 1501\nredundancy = 2\npaced = 1\n"
               "[store]\nkeep = \"10\"\ncap = -1\n[[npm]]\nname = \"\"\nwant = [1]\n"),
      ElementsAre(HasSubstr("f.toml:1: site = 5: is not a string"),
                  HasSubstr("f.toml:2: link.to: is missing (write a list of strings, such as "
                            "[\"192.0.2.2:4700\"])"),
                  HasSubstr("f.toml:3: link.rate = \"fast\": is not a rate"),
                  HasSubstr("f.toml:4: link.mtu = 1501: \"1501\" is none of the choices (choose "
                            "1500, 9000)"),
                  HasSubstr("f.toml:5: link.redundancy = 2: is more than 1"),
                  HasSubstr("f.toml:6: link.paced = 1: is not true or false"),
                  HasSubstr("f.toml:8: store.keep = \"10\": is not a duration"),
                  HasSubstr("f.toml:9: store.cap = -1: is not a size"),
                  HasSubstr("f.toml:11: npm.name = \"\": is empty"),
                  HasSubstr("f.toml:12: npm.want = [ 1 ]: is not a list of strings")));
}

TEST(Load, SuggestsTheNearestName) {
  const std::string link = "[link]\nto = []\n";
  EXPECT_THAT(problems(link + "reta = 1\n"), ElementsAre(HasSubstr("f.toml:3: link.reta = 1: is no "
                                                                   "setting of sluice-test (did "
                                                                   "you mean rate?)")));
  EXPECT_THAT(problems(link + "colour = 1\n"),
              ElementsAre(HasSubstr("known: to, rate, mtu, redundancy, paced")));
  EXPECT_THAT(problems(link + "[stor]\n"),
              ElementsAre(HasSubstr("f.toml:3: stor: is no section of sluice-test (did you mean "
                                    "store?)")));
  EXPECT_THAT(problems("sit = \"a\"\n" + link),
              ElementsAre(HasSubstr("f.toml:1: sit = \"a\": is no setting of sluice-test (did you "
                                    "mean site?)")));
}

TEST(Load, TellsSingleSectionsFromRepeatedOnes) {
  EXPECT_THAT(problems("[link]\nto = []\n[npm]\nname = \"a\"\n"),
              ElementsAre(HasSubstr("f.toml:3: npm: can be there several times (write [[npm]])")));
  EXPECT_THAT(problems("[[link]]\nto = []\n"),
              ElementsAre(HasSubstr("f.toml:1: link: is there once (write [link])")));
  EXPECT_THAT(problems("npm = 3\n[link]\nto = []\n"), ElementsAre(HasSubstr("f.toml:1: npm")));
}

TEST(Load, WantsUniqueNames) {
  EXPECT_THAT(problems("[link]\nto = []\n[[npm]]\nname = \"a\"\n[[npm]]\nname = \"a\"\n"),
              ElementsAre(HasSubstr("f.toml:6: npm.name = \"a\": is taken by another [[npm]]")));
}

TEST(Load, NamesTheLineThatIsNotToml) {
  EXPECT_THAT(problems("[link]\nto = [\n\nx"), ElementsAre(HasSubstr("f.toml:4: is not TOML")));
  EXPECT_THAT(problems(std::string(100, '[')), ElementsAre(HasSubstr("f.toml:1: is not TOML")));
  EXPECT_THAT(problems(std::string("a = \"\0\"", 7)), ElementsAre(HasSubstr("is not TOML")));
}

TEST(Load, ReadsAFile) {
  const std::string file = testing::TempDir() + "/sluice-load-test.toml";
  std::ofstream(file) << kGood;
  const auto settings = load(table(), file);
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->path("store", "folder"), testing::TempDir() + "blobs");
  std::ofstream(file) << "[link]\nrate = 1\n";
  const auto refused = load(table(), file);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(refused.error().message(), HasSubstr("2 mistakes"));
  EXPECT_THAT(refused.error().message(), HasSubstr(file + ":2: link.rate = 1"));
  std::remove(file.c_str());
  EXPECT_THAT(load(table(), file).error().message(), HasSubstr("No such file"));
}

TEST(Section, MakesErrorsThatNameThePlace) {
  const Checked all = checked(kGood);
  EXPECT_EQ(all.settings.section("link").error("mtu", "is too large", "lower it").message(),
            "f.toml:5: link.mtu = 9000: is too large (lower it)");
  EXPECT_EQ(all.settings.section("link").error("paced", "no").thing, "default: link.paced = true");
}

TEST(SectionDeathTest, AsksOnlyForWhatTheTableHas) {
  const Checked all = checked(kGood);
  EXPECT_DEATH(all.settings.string("link", "rate"), "assertion failed");
  EXPECT_DEATH(all.settings.rate("link", "speed"), "assertion failed");
  EXPECT_DEATH(all.settings.section("npm"), "assertion failed");
}

TEST(TableDeathTest, HasSoundDefaults) {
  EXPECT_DEATH(Table("x", {section("a", "", {{"b", Type::kInt, "one", ""}})}), "assertion failed");
  EXPECT_DEATH(Table("x", {section("a", "", {{"b", Type::kInt, "1", "", at_least("2")}})}),
               "assertion failed");
  EXPECT_DEATH(Table("x", {section("a", "", {}), section("a", "", {})}), "assertion failed");
}

TEST(Show, LoadsToTheSame) {
  const Checked first = checked(kGood);
  const std::string shown = show(first.settings);
  EXPECT_THAT(shown, HasSubstr("mtu = 9000  # f.toml:5\n"));
  EXPECT_THAT(shown, HasSubstr("paced = true  # default\n"));
  const Checked second = check_text(table(), shown, "shown", "/");
  ASSERT_TRUE(second.problems.empty()) << to_string(second.problems[0]);
  for (const SectionSpec& spec : table().sections()) {
    for (const Setting& setting : spec.settings) {
      const auto held = [&](const Settings& settings) {
        return (spec.many ? settings.repeated(spec.name)[0] : settings.section(spec.name))
            .held(setting.key)
            .value;
      };
      EXPECT_EQ(held(first.settings), held(second.settings)) << setting.key;
    }
  }
}

TEST(Example, LoadsAsItIsAndWithEveryDefaultSpelledOut) {
  const std::string text = example(table());
  EXPECT_TRUE(problems(text).empty());
  std::string spelled_out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool line_start = i == 0 || text[i - 1] == '\n';
    if (!(line_start && text[i] == '#' && text[i + 1] != ' ')) {
      spelled_out.push_back(text[i]);
    }
  }
  EXPECT_TRUE(problems(spelled_out).empty());
  EXPECT_THAT(spelled_out, HasSubstr("\nrate = \"500Mbit/s\"\n"));
  EXPECT_THAT(spelled_out, HasSubstr("\n[[npm]]\n"));
}

TEST(Documents, HaveEverySetting) {
  for (const SectionSpec& spec : table().sections()) {
    for (const Setting& setting : spec.settings) {
      EXPECT_THAT(markdown(table()), HasSubstr("| `" + setting.key + "` | "));
      EXPECT_THAT(man(table()), HasSubstr("\\fB" + setting.key + "\\fR ("));
    }
  }
  EXPECT_THAT(markdown(table()), HasSubstr("Share \\| of parity."));
  EXPECT_THAT(man(table()), HasSubstr(".SS [[npm]]\n"));
}

}  // namespace
}  // namespace sluice::config
