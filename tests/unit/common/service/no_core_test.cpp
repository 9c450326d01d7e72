#include "common/service/no_core.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "tests/support/temporary_folder.h"

namespace sluice::service {
namespace {

// Whether a process that dies leaves a core file where the system makes them.
bool leaves_core(bool forbidden, const std::filesystem::path& folder) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (::chdir(folder.c_str()) != 0) {
      ::_exit(1);
    }
    const rlimit all{RLIM_INFINITY, RLIM_INFINITY};
    ::setrlimit(RLIMIT_CORE, &all);
    std::signal(SIGABRT, SIG_DFL);
    if (forbidden) {
      forbid_core_files();
    }
    std::abort();
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status));
  return WCOREDUMP(status);
}

TEST(NoCore, AProcessThatForbidsItLeavesNone) {
  const test::TemporaryFolder folder;
  EXPECT_FALSE(leaves_core(true, folder.path()));
  if (!leaves_core(false, folder.path())) {
    GTEST_SKIP() << "this system makes no core files of anybody: the first half shows little";
  }
}

TEST(NoCore, TheKernelIsTold) {
  const pid_t child = ::fork();
  if (child == 0) {
    forbid_core_files();
    ::_exit(::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace sluice::service
