#include "common/process/run.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <fstream>
#include <thread>

namespace sluice::process {
namespace {

Command shell(std::string script) { return {.arguments = {"sh", "-c", std::move(script)}}; }

Outcome run_to_its_end(const Command& command) { return run(command, {}).value(); }

TEST(Run, ReturnsWhatTheProgramWroteAndItsExitCode) {
  const Outcome outcome = run_to_its_end(shell("echo out; echo err >&2; exit 3"));
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_EQ(outcome.standard_output, "out\n");
  EXPECT_EQ(outcome.standard_error, "err\n");
  EXPECT_FALSE(outcome.output_cut);
}

TEST(Run, PassesArgumentsWithoutAShell) {
  const std::string odd = "a b;$(echo no) \"'`";
  EXPECT_EQ(run_to_its_end({.arguments = {"printf", "%s|", odd, ""}}).standard_output, odd + "||");
}

TEST(Run, GivesOnlyTheEnvironmentAskedFor) {
  Command command{.arguments = {"env"}, .environment = {{"A", "1"}, {"PATH", "/usr/bin:/bin"}}};
  EXPECT_EQ(run_to_its_end(command).standard_output, "A=1\nPATH=/usr/bin:/bin\n");
  command.environment.clear();
  EXPECT_EQ(run_to_its_end(command).standard_output, "");
}

TEST(Run, RunsInTheFolderAskedFor) {
  EXPECT_EQ(run_to_its_end({.arguments = {"pwd"}}).standard_output, "/\n");
  EXPECT_EQ(run_to_its_end({.arguments = {"pwd"}, .working_directory = "/usr"}).standard_output,
            "/usr\n");
  EXPECT_EQ(run({.arguments = {"pwd"}, .working_directory = "/nowhere"}, {}).error().code,
            ErrorCode::kInvalid);
}

TEST(Run, FeedsStandardInput) {
  const std::string much(3'000'000, 'x');
  EXPECT_EQ(run_to_its_end({.arguments = {"cat"}, .standard_input = much}).standard_output, much);
  EXPECT_EQ(run_to_its_end({.arguments = {"cat"}}).standard_output, "");
  // One that never reads must not harm us.
  EXPECT_EQ(run_to_its_end({.arguments = {"true"}, .standard_input = much}).exit_code, 0);
}

TEST(Run, InheritsNoDescriptor) {
  const int leaked = ::open("/dev/null", O_RDONLY);  // without O_CLOEXEC, as a library would
  ASSERT_GE(leaked, 3);
  const std::string listed = run_to_its_end(shell("ls /proc/$$/fd")).standard_output;
  ::close(leaked);
  EXPECT_EQ(listed, "0\n1\n2\n");
}

TEST(Run, ResetsSignals) {
  sigset_t blocked;
  sigset_t before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  ASSERT_EQ(pthread_sigmask(SIG_BLOCK, &blocked, &before), 0);
  const int exit_code = run_to_its_end(shell("kill -TERM $$; echo unreached")).exit_code;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  EXPECT_EQ(exit_code, 128 + SIGTERM);
}

TEST(Run, NamesAMissingProgramAndItsPackage) {
  const auto missing =
      run({.arguments = {"apt-ftparchive"}, .environment = {{"PATH", "/nowhere"}}}, {});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(missing.error().thing, "apt-ftparchive");
  EXPECT_EQ(missing.error().cure, "apt-get install apt-utils");
  EXPECT_EQ(run({.arguments = {"/nowhere/npm"}}, {}).error().cure, "apt-get install npm");
  EXPECT_EQ(run({.arguments = {"/usr"}}, {}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(run({}, {}).error().code, ErrorCode::kInvalid);
}

TEST(Run, DoesNotRunWhatLiesInTheWorkingDirectory) {
  EXPECT_EQ(
      run({.arguments = {"sh"}, .environment = {{"PATH", ":."}}, .working_directory = "/bin"}, {})
          .error()
          .code,
      ErrorCode::kNotFound);
}

TEST(Run, CutsOffOutputAndLetsTheProgramEnd) {
  Command command = shell("head -c 1000000 /dev/zero; echo done >&2");
  command.output_limit = 10;
  const Outcome outcome = run_to_its_end(command);
  EXPECT_EQ(outcome.standard_output.size(), 10U);
  EXPECT_EQ(outcome.standard_error, "done\n");
  EXPECT_TRUE(outcome.output_cut);
  EXPECT_EQ(outcome.exit_code, 0);
}

bool gone(pid_t process) { return ::kill(process, 0) != 0; }

// The processes of a killed group are reaped by init, some time later.
void wait_until_gone(pid_t process) {
  while (!gone(process)) {
    std::ifstream status("/proc/" + std::to_string(process) + "/stat");
    std::string number;
    std::string name;
    char state = 0;
    if (status >> number >> name >> state; state == 'Z') {
      return;
    }
    std::this_thread::yield();
  }
}

TEST(Run, KillsWhenTimeIsUp) {
  Command command = shell("echo 'half way' >&2; exec sleep 1000");
  command.time_limit = std::chrono::seconds(2);
  const auto result = run(command, {});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(result.error().cause.find("within 2 s"), std::string::npos);
  EXPECT_NE(result.error().cause.find("half way"), std::string::npos);
}

TEST(Run, KillsTheWholeGroup) {
  std::string file = testing::TempDir() + "/sluice-pid-XXXXXX";
  ::close(::mkstemp(file.data()));
  pid_t grandchild = 0;
  std::stop_source stop;
  std::jthread stopper([&] {
    while (!(std::ifstream(file) >> grandchild)) {
      std::this_thread::yield();
    }
    stop.request_stop();
  });
  EXPECT_EQ(run(shell("sleep 1000 & echo $! > " + file + "; wait"), stop.get_token()).error().code,
            ErrorCode::kCancelled);
  stopper.join();
  wait_until_gone(grandchild);
  ::unlink(file.c_str());
}

TEST(Run, EndsAProgramThatWritesWithoutEnd) {
  Command command{.arguments = {"yes"}};
  command.time_limit = std::chrono::milliseconds(100);
  EXPECT_EQ(run(command, {}).error().code, ErrorCode::kUnavailable);
}

TEST(Run, StopsOnRequest) {
  std::stop_source stop;
  std::jthread stopper([&stop] { stop.request_stop(); });
  EXPECT_EQ(run(shell("sleep 1000"), stop.get_token()).error().code, ErrorCode::kCancelled);
  EXPECT_EQ(run(shell("sleep 1000"), stop.get_token()).error().code, ErrorCode::kCancelled);
}

TEST(Run, DoesNotWaitForWhatTheProgramLeftBehind) {
  const Outcome outcome = run_to_its_end(shell("sleep 1000 & echo started"));
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.standard_output, "started\n");
}

TEST(EnvironmentVariable, TellsUnsetFromSet) {
  EXPECT_TRUE(environment_variable("PATH"));
  EXPECT_FALSE(environment_variable("SLUICE_NOT_SET_ANYWHERE"));
}

}  // namespace
}  // namespace sluice::process
