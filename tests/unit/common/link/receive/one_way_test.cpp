// The socket that faces the link cannot send, whatever is tried.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <functional>
#include <future>
#include <thread>

#include "common/link/receive/send_ban.h"
#include "common/link/receive/udp_source.h"

namespace sluice::link {
namespace {

class OneWay : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    signal(SIGPIPE, SIG_IGN);
    source_ = UdpSource::open({.address = GetParam()}).value();
    // A real listener: if anything left, it would arrive here.
    listener_ = UdpSource::open({.address = GetParam()}).value();
  }

  void expect_every_send_fails(int fd) {
    const Address& to = listener_->local_address();
    std::array<char, 4> text{'l', 'e', 'a', 'k'};
    iovec piece{text.data(), text.size()};
    mmsghdr message{};
    message.msg_hdr = {.msg_name = const_cast<sockaddr*>(to.data()),
                       .msg_namelen = to.size(),
                       .msg_iov = &piece,
                       .msg_iovlen = 1,
                       .msg_control = nullptr,
                       .msg_controllen = 0,
                       .msg_flags = 0};
    EXPECT_LT(sendto(fd, text.data(), text.size(), 0, to.data(), to.size()), 0);
    EXPECT_EQ(errno, EPIPE);
    EXPECT_LT(sendto(fd, nullptr, 0, 0, to.data(), to.size()), 0);
    EXPECT_LT(sendto(fd, text.data(), text.size(), MSG_MORE, to.data(), to.size()), 0);
    EXPECT_LT(sendto(fd, text.data(), text.size(), MSG_ZEROCOPY, to.data(), to.size()), 0);
    EXPECT_LT(sendmsg(fd, &message.msg_hdr, 0), 0);
    EXPECT_LT(sendmmsg(fd, &message, 1, 0), 0);
    // Without an address these need a peer.
    EXPECT_EQ(connect(fd, to.data(), to.size()), 0);
    EXPECT_LT(send(fd, text.data(), text.size(), 0), 0);
    EXPECT_EQ(errno, EPIPE);
    EXPECT_LT(write(fd, text.data(), text.size()), 0);
    EXPECT_LT(writev(fd, &piece, 1), 0);
    EXPECT_LT(pwritev2(fd, &piece, 1, -1, 0), 0);
    expect_files_cannot_be_spliced(fd);
  }

  static void expect_files_cannot_be_spliced(int fd) {
    std::array<int, 2> ends{};
    ASSERT_EQ(pipe(ends.data()), 0);
    ASSERT_EQ(write(ends[1], "leak", 4), 4);
    EXPECT_LT(splice(ends[0], nullptr, fd, nullptr, 4, SPLICE_F_NONBLOCK), 0);
    const int file = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    ASSERT_GE(file, 0);
    EXPECT_LT(sendfile(fd, file, nullptr, 4), 0);
    close(file);
    close(ends[0]);
    close(ends[1]);
  }

  void expect_nothing_left() {
    Bytes memory(listener_->buffer_bytes());
    std::array<ReceiveBuffer, 1> buffer{ReceiveBuffer{.memory = memory}};
    EXPECT_EQ(listener_->receive(buffer, std::chrono::milliseconds(0)).value(), 0U);
  }

  std::unique_ptr<UdpSource> source_;
  std::unique_ptr<UdpSource> listener_;
};

TEST_P(OneWay, EverySendFails) {
  expect_every_send_fails(source_->descriptor());
  expect_nothing_left();
}

TEST_P(OneWay, ACopyOfTheDescriptorCannotSendEither) {
  const Descriptor copy(fcntl(source_->descriptor(), F_DUPFD_CLOEXEC, 100));
  expect_every_send_fails(copy.get());
  expect_nothing_left();
}

TEST_P(OneWay, ConnectingAndShuttingDownDoNotGiveItBack) {
  const int fd = source_->descriptor();
  const sockaddr unspecified{.sa_family = AF_UNSPEC, .sa_data = {}};
  ASSERT_EQ(connect(fd, &unspecified, sizeof unspecified), 0);
  shutdown(fd, SHUT_RD);
  expect_every_send_fails(fd);
  expect_nothing_left();
}

INSTANTIATE_TEST_SUITE_P(Families, OneWay, testing::Values("127.0.0.1", "::1"));

// The filter cannot be taken back, so it is tried in a child.
bool holds_in_child(const std::function<bool()>& check) {
  const pid_t child = fork();
  if (child == 0) {
    _exit(forbid_datagram_sockets() && check() ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool refused(int family, int type, int protocol = 0) {
  const Descriptor made(socket(family, type, protocol));
  return made.get() < 0 && errno == EPERM;
}

bool possible(int family, int type) { return Descriptor(socket(family, type, 0)).get() >= 0; }

TEST(SendBan, RefusesWhatCouldSendDatagrams) {
  EXPECT_TRUE(possible(AF_INET, SOCK_DGRAM));
  EXPECT_TRUE(holds_in_child([] {
    return refused(AF_INET, SOCK_DGRAM) && refused(AF_INET6, SOCK_DGRAM) &&
           refused(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK) &&
           refused(AF_INET, SOCK_RAW, IPPROTO_UDP) && refused(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6) &&
           refused(AF_PACKET, SOCK_RAW) && refused(AF_PACKET, SOCK_DGRAM);
  }));
}

TEST(SendBan, LeavesLocalSocketsAndTcp) {
  EXPECT_TRUE(holds_in_child([] {
    return possible(AF_INET, SOCK_STREAM) && possible(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC) &&
           possible(AF_UNIX, SOCK_DGRAM) && possible(AF_UNIX, SOCK_STREAM);
  }));
}

TEST(SendBan, HoldsInThreadsThatRanBefore) {
  const pid_t child = fork();
  if (child == 0) {
    std::promise<void> forbidden;
    bool held = false;
    std::thread before([&] {
      forbidden.get_future().wait();
      held = refused(AF_INET, SOCK_DGRAM);
    });
    const bool made = forbid_datagram_sockets().has_value();
    forbidden.set_value();
    before.join();
    _exit(made && held ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

}  // namespace
}  // namespace sluice::link
