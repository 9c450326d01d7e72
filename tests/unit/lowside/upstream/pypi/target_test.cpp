#include "lowside/upstream/pypi/target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace sluice::low {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

PypiTarget target(std::string_view text) {
  auto read = PypiTarget::read(text);
  EXPECT_TRUE(read) << text;
  return *read;
}

pypi::FileName wheel(const std::string& tags) {
  return pypi::read_file_name("a", "a-1.0-" + tags + ".whl").value();
}

TEST(PypiTarget, TakesEveryOlderGlibcAndItsAliases) {
  const auto linux = target("3.11/manylinux_2_17_x86_64");
  EXPECT_THAT(linux.platforms(), Contains("manylinux_2_17_x86_64"));
  EXPECT_THAT(linux.platforms(), Contains("manylinux2014_x86_64"));
  EXPECT_THAT(linux.platforms(), Contains("manylinux2010_x86_64"));
  EXPECT_THAT(linux.platforms(), Contains("manylinux1_x86_64"));
  EXPECT_THAT(linux.platforms(), Contains("linux_x86_64"));
  EXPECT_THAT(linux.platforms(), Not(Contains("manylinux_2_18_x86_64")));
  EXPECT_EQ(target("3.11/manylinux2014_x86_64").platforms(), linux.platforms());
  EXPECT_THAT(target("3.12/musllinux_1_1_aarch64").platforms(),
              ElementsAre("musllinux_1_1_aarch64", "musllinux_1_0_aarch64", "linux_aarch64"));
  EXPECT_THAT(target("3.12/win_amd64").platforms(), ElementsAre("win_amd64"));
}

TEST(PypiTarget, GivesTheMarkersOfItsMachine) {
  const auto value = [](const PypiTarget& of, const std::string& name) {
    const auto list = of.markers();
    return std::map<std::string, std::string>(list.begin(), list.end()).at(name);
  };
  const auto windows = target("3.12.4/win_amd64");
  EXPECT_EQ(windows.python(), "3.12");
  EXPECT_EQ(windows.full_python(), "3.12.4");
  EXPECT_EQ(value(windows, "sys_platform"), "win32");
  EXPECT_EQ(value(windows, "os_name"), "nt");
  EXPECT_EQ(value(windows, "platform_machine"), "AMD64");
  EXPECT_EQ(value(windows, "python_full_version"), "3.12.4");
  const auto mac = target("3.9/macosx_11_0_arm64");
  EXPECT_EQ(value(mac, "platform_system"), "Darwin");
  EXPECT_EQ(value(mac, "platform_machine"), "arm64");
  EXPECT_EQ(value(mac, "python_full_version"), "3.9.0");
}

TEST(PypiTarget, TellsWhichWheelsSuit) {
  const auto linux = target("3.11/manylinux_2_28_x86_64");
  for (const char* tags :
       {"py3-none-any", "py2.py3-none-any", "py38-none-any", "cp311-cp311-manylinux_2_28_x86_64",
        "cp37-abi3-manylinux2014_x86_64", "cp311-none-linux_x86_64"}) {
    EXPECT_TRUE(linux.takes(wheel(tags))) << tags;
  }
  for (const char* tags : {"py2-none-any", "py312-none-any", "cp310-cp310-manylinux2014_x86_64",
                           "cp312-abi3-manylinux2014_x86_64", "cp311-cp311-manylinux_2_29_x86_64",
                           "cp311-cp311-manylinux2014_aarch64", "cp311-cp311-musllinux_1_1_x86_64",
                           "cp311-cp311-win_amd64", "pp311-pypy311_pp73-any"}) {
    EXPECT_FALSE(linux.takes(wheel(tags))) << tags;
    EXPECT_FALSE(linux.why_not(wheel(tags)).empty());
  }
  EXPECT_THAT(linux.why_not(wheel("cp311-cp311-manylinux_2_39_x86_64")),
              HasSubstr("glibc 2.39, the target has 2.28"));
  const auto mac = target("3.12/macosx_14_0_arm64");
  EXPECT_TRUE(mac.takes(wheel("cp312-cp312-macosx_11_0_universal2")));
  EXPECT_FALSE(mac.takes(wheel("cp312-cp312-macosx_15_0_arm64")));
}

TEST(PypiTarget, RefusesWhatIsNone) {
  for (const char* text :
       {"", "3.11", "2.7/manylinux1_x86_64", "3.11/any", "3.11/plan9_x86_64", "3.x/win_amd64",
        "3.11/manylinux_x86_64", "3.11/manylinux_2_9999_x86_64", "3.11/manylinux_2_17_",
        "3.100/win_amd64", "3.1.2.3/win_amd64", "3.11/win_amd64/x", "3.11/win amd64"}) {
    const auto read = PypiTarget::read(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, ErrorCode::kInvalid);
    EXPECT_FALSE(read.error().cure.empty());
  }
}

}  // namespace
}  // namespace sluice::low
