#include "lowside/upstream/pypi/want.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::low {
namespace {

using testing::HasSubstr;

const std::string kHash = "--hash=sha256:" + std::string(64, 'a');

TEST(PypiWant, ReadsRequirements) {
  const auto plain = read_requirement("Zope.Interface");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->project, "zope-interface");
  EXPECT_EQ(plain->specifiers, "");
  const auto full = read_requirement(
      "requests [socks, use_chardet] >=2.31, <3 ; python_version < '3.9' " + kHash);
  ASSERT_TRUE(full) << full.error().message();
  EXPECT_EQ(full->project, "requests");
  EXPECT_EQ(full->specifiers, ">=2.31, <3");
  EXPECT_THAT(full->line, HasSubstr("python_version < '3.9' " + kHash));
  EXPECT_EQ(read_requirement("a(>=1.0)")->specifiers, ">=1.0");
}

TEST(PypiWant, ReadsARequirementsFile) {
  const auto want = read_requirements("x.txt",
                                      "# made by pip-compile\n"
                                      "a==1.0 \\\n    " +
                                          kHash + " \\\n    " + kHash +
                                          "\n    # via b\n\n"
                                          "b>=2  # why not\r\n"
                                          "c\n");
  ASSERT_TRUE(want) << want.error().message();
  ASSERT_EQ(want->requirements.size(), 3U);
  EXPECT_EQ(want->requirements[0].line, "a==1.0 " + kHash + " " + kHash);
  EXPECT_EQ(want->requirements[1].line, "b>=2");
  EXPECT_EQ(want->text(), want->requirements[0].line + "\nb>=2\nc\n");
}

TEST(PypiWant, NamesWhatAnIndexCannotAnswer) {
  for (const auto& [line, cause] : std::vector<std::pair<std::string, std::string>>{
           {"a @ https://host.example/a.whl", "does not come from an index"},
           {"https://host.example/a.whl", "does not come from an index"},
           {"git+ssh://host.example/a", "does not come from an index"},
           {"./a", "does not come from an index"},
           {"../a", "does not come from an index"},
           {"a/b", "does not come from an index"},
           {"-r other.txt", "is an option"},
           {"--index-url=https://host.example/simple", "is an option"},
           {"-e .", "is an option"},
           {"a --global-option=x", "no hash that is known"},
           {"a --hash=sha256:abc", "no hash that is known"},
           {"a --hash=crc32:aaaaaaaa", "no hash that is known"},
           {"a[x", "its extras are none"},
           {"a[../x]", "its extras are none"},
           {"a >= x", "it is no requirement"},
           {"a; ${HOME}", "it is no requirement"},
           {"a ; sys_platform == 'x' # y", ""},
           {"n\u0443mpy", "neither an ASCII letter"}}) {
    const auto want = read_requirements("list.txt", line);
    if (cause.empty()) {
      EXPECT_TRUE(want) << line;
      continue;
    }
    ASSERT_FALSE(want) << line;
    EXPECT_EQ(want.error().code, ErrorCode::kInvalid);
    EXPECT_THAT(want.error().message(), HasSubstr(cause)) << line;
    EXPECT_THAT(want.error().thing, HasSubstr("list.txt: "));
    EXPECT_FALSE(want.error().cure.empty());
  }
}

}  // namespace
}  // namespace sluice::low
