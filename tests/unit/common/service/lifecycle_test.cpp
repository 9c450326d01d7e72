#include "common/service/lifecycle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <thread>

namespace sluice::service {
namespace {

using testing::StartsWith;

// What systemd is to a service: a datagram socket that takes its notes.
class LifecycleTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string folder = testing::TempDir() + "/sluice-XXXXXX";
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    path_ = folder_ + "/notify";
    socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    ASSERT_LT(path_.size(), sizeof name.sun_path);
    path_.copy(name.sun_path, path_.size());
    ASSERT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
    ::setenv("NOTIFY_SOCKET", path_.c_str(), 1);
    auto signals = Signals::take_over();
    ASSERT_TRUE(signals);
    signals_.emplace(std::move(*signals));
  }
  void TearDown() override {
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) {
      ::unsetenv(name);
    }
    ::close(socket_);
    ::unlink(path_.c_str());
    ::rmdir(folder_.c_str());
  }

  std::string next_note() {
    char note[4096];
    const ssize_t length = ::recv(socket_, note, sizeof note, 0);
    return {note, length > 0 ? static_cast<std::size_t>(length) : 0};
  }

  std::string folder_;
  std::string path_;
  int socket_ = -1;
  std::optional<Signals> signals_;
};

void send(int signal) { ASSERT_EQ(::kill(::getpid(), signal), 0); }

TEST_F(LifecycleTest, TellsWhatItDoes) {
  std::atomic<int> reloads = 0;
  std::atomic<int> stops = 0;
  std::jthread daemon([&] {
    run_until_stopped(*signals_, {.reload = [&reloads] { ++reloads; },
                                  .alive = [] { return true; },
                                  .stopping = [&stops] { ++stops; }});
  });
  EXPECT_EQ(next_note(), "READY=1");
  send(SIGHUP);
  EXPECT_THAT(next_note(), StartsWith("RELOADING=1\nMONOTONIC_USEC="));
  EXPECT_EQ(next_note(), "READY=1");
  EXPECT_EQ(reloads, 1);
  send(SIGTERM);
  EXPECT_EQ(next_note(), "STOPPING=1");
  daemon.join();
  EXPECT_EQ(stops, 1);
}

TEST_F(LifecycleTest, InterruptStopsToo) {
  send(SIGINT);
  run_until_stopped(*signals_, {.reload = [] {}, .alive = [] { return true; }});
  EXPECT_EQ(next_note(), "READY=1");
  EXPECT_EQ(next_note(), "STOPPING=1");
}

TEST_F(LifecycleTest, PetsTheWatchdogOnlyWhileAlive) {
  ::setenv("WATCHDOG_USEC", "20000", 1);
  ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
  // Alive three times, then hung for five questions, then stopped.
  std::atomic<int> asked = 0;
  std::jthread daemon([&] {
    run_until_stopped(*signals_, {.reload = [] {},
                                  .alive =
                                      [&asked] {
                                        if (++asked == 8) {
                                          send(SIGTERM);
                                        }
                                        return asked <= 3;
                                      }});
  });
  EXPECT_EQ(next_note(), "READY=1");
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(next_note(), "WATCHDOG=1");
  }
  EXPECT_EQ(next_note(), "STOPPING=1");
  EXPECT_EQ(asked, 8);
}

TEST_F(LifecycleTest, TakesSignalsOnlyThroughWait) {
  EXPECT_EQ(signals_->wait(std::chrono::milliseconds(0)), std::nullopt);
  send(SIGHUP);
  EXPECT_EQ(signals_->wait(std::chrono::milliseconds(-1)), Signal::kReload);
  send(SIGPIPE);  // would end the program
  EXPECT_EQ(signals_->wait(std::chrono::milliseconds(0)), std::nullopt);
}

TEST(Lifecycle, WorksWithoutAServiceManager) {
  ::unsetenv("NOTIFY_SOCKET");
  tell_service_manager("fine");
}

}  // namespace
}  // namespace sluice::service
