#include "lowside/upstream/npm/yaml.h"

#include <gmock/gmock.h>

#include <boost/json.hpp>

namespace sluice::low {
namespace {

using testing::HasSubstr;

std::string read(std::string_view text) {
  const auto documents = read_yaml(text);
  return documents ? boost::json::serialize(boost::json::value_from(*documents))
                   : documents.error().cause;
}

TEST(Yaml, MakesMappingsSequencesAndStrings) {
  EXPECT_EQ(read("a: 1\n'b c':\n  - x\n  - {y: true, z: }\n"),
            R"([{"a":"1","b c":["x",{"y":"true","z":""}]}])");
  EXPECT_EQ(read("? long\n: \"\\u00e9\\n\"\n"), "[{\"long\":\"\u00e9\\n\"}]");
  EXPECT_EQ(read("a: >-\n  one\n  two\n# said\nb: {}\n"), R"([{"a":"one two","b":{}}])");
  EXPECT_EQ(read("---\na: 1\n---\nb: 2\n"), R"([{"a":"1"},{"b":"2"}])");
  EXPECT_EQ(read(""), "[]");
}

TEST(Yaml, NamesTheLineOfWhatItIsNot) {
  EXPECT_THAT(read("a: 1\nb: [1\n"), HasSubstr("line 3"));
  EXPECT_THAT(read("a: 1\n<<<<<<< ours\n"), HasSubstr("line "));
  EXPECT_THAT(read("a: \xff\n"), HasSubstr("line "));
  EXPECT_THAT(read("a: 1\nb: 2\na: 3\n"), HasSubstr("line 3: a key for the second time"));
}

TEST(Yaml, RefusesWhatMakesMuchOfLittle) {
  EXPECT_THAT(read("a: &x [1]\nb: [*x, *x]\n"), HasSubstr("line 1: an anchor"));
  EXPECT_THAT(read("b: *x\n"), HasSubstr("line 1: an alias"));
  EXPECT_THAT(read("<<: {a: 1}\nb: !!python/object:os.system x\n"), HasSubstr("a tag"));
  EXPECT_THAT(read("[a]: 1\n"), HasSubstr("no scalar"));
  EXPECT_EQ(read(std::string(32, '[') + std::string(32, ']')),
            "[" + std::string(32, '[') + std::string(32, ']') + "]");
  EXPECT_THAT(read(std::string(33, '[') + std::string(33, ']')), HasSubstr("too many levels"));
  EXPECT_THAT(read(std::string(5'000'000, '[')), HasSubstr("too many levels"));
  EXPECT_THAT(read(std::string(5'000'000, '{')), HasSubstr("line 1"));
  EXPECT_THAT(read("a\n---\na\n---\na\n---\na\n---\na\n"), HasSubstr("too many documents"));
}

TEST(Yaml, HoldsNoMoreThanItsLimitOfValues) {
  std::string many = "a:\n";
  for (int i = 0; i < 2'000'000; ++i) {
    many += "-\n";
  }
  EXPECT_THAT(read(many), HasSubstr("too many values"));
}

}  // namespace
}  // namespace sluice::low
