#include "lowside/pipeline/tool_folder.h"

#include "common/base/file_system.h"
#include "tests/support/temporary_folder.h"

namespace sluice::low {
namespace {

TEST(ToolFolder, ACacheIsEmptiedWhereItHasGrownBeyondItsBound) {
  const test::TemporaryFolder folder;
  std::filesystem::create_directories(folder / "cache/deep");
  write_text(folder / "cache/one", "12345").value();
  write_text(folder / "cache/deep/two", "67890").value();
  bound_cache(folder / "cache", 10);
  EXPECT_TRUE(std::filesystem::exists(folder / "cache/deep/two"));
  bound_cache(folder / "cache", 9);
  EXPECT_FALSE(std::filesystem::exists(folder / "cache"));
  bound_cache(folder / "cache", 9);  // none: nothing to do
}

TEST(ToolFolder, ATextReplacesWhatWasThereOrIsToldOf) {
  const test::TemporaryFolder folder;
  write_text(folder / "settings", "a longer text").value();
  write_text(folder / "settings", "short").value();
  EXPECT_EQ(as_text(read_file(posix_file_system(), folder / "settings", 100).value()), "short");
  const auto nowhere = write_text(folder / "none/settings", "text");
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().code, ErrorCode::kIo);
  EXPECT_NE(nowhere.error().message().find("none/settings"), std::string::npos);
}

}  // namespace
}  // namespace sluice::low
