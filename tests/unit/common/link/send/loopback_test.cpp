// Sink and source together, on the loopback.
#include <gtest/gtest.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <random>

#include "common/link/receive/udp_source.h"
#include "common/link/send/udp_sink.h"

namespace sluice::link {
namespace {

// Long enough that a missing datagram fails the test rather than the machine's load.
constexpr std::chrono::milliseconds kPatience{20'000};

struct Case {
  std::string address;
  bool segmentation;
  bool coalesce;
};

class Loopback : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    source_ =
        UdpSource::open({.address = GetParam().address, .coalesce = GetParam().coalesce}).value();
    sink_ = UdpSink::open({.address = GetParam().address,
                           .port = source_->local_address().port(),
                           .segmentation = GetParam().segmentation})
                .value();
    EXPECT_EQ(sink_->segmentation(), GetParam().segmentation);
    EXPECT_EQ(source_->coalescing(), GetParam().coalesce);
    memory_.resize(kBuffers * source_->buffer_bytes());
    for (std::size_t i = 0; i < kBuffers; ++i) {
      buffers_[i].memory =
          MutableByteView(memory_).subspan(i * source_->buffer_bytes(), source_->buffer_bytes());
    }
  }

  // Sends `total` bytes as datagrams of `size` and takes what arrives apart again.
  void expect_same(std::size_t total, std::size_t size) {
    Bytes sent(total);
    for (auto& byte : sent) {
      byte = static_cast<std::uint8_t>(random_());
    }
    ASSERT_TRUE(sink_->send(sent, size));
    std::size_t offset = 0;
    while (offset < total) {
      const auto count = source_->receive(buffers_, kPatience);
      ASSERT_TRUE(count) << count.error().message();
      ASSERT_GT(*count, 0U) << "nothing more arrived after " << offset << " of " << total;
      for (std::size_t i = 0; i < *count; ++i) {
        ByteView rest = buffers_[i].memory.first(buffers_[i].bytes);
        while (!rest.empty()) {
          const ByteView datagram = rest.first(std::min(rest.size(), buffers_[i].segment_bytes));
          rest = rest.subspan(datagram.size());
          ASSERT_EQ(datagram.size(), std::min(size, total - offset));
          ASSERT_TRUE(
              std::ranges::equal(datagram, ByteView(sent).subspan(offset, datagram.size())));
          offset += datagram.size();
        }
      }
    }
  }

  static constexpr std::size_t kBuffers = 8;
  std::unique_ptr<UdpSource> source_;
  std::unique_ptr<UdpSink> sink_;
  Bytes memory_;
  std::array<ReceiveBuffer, kBuffers> buffers_;
  std::mt19937_64 random_{7};
};

TEST_P(Loopback, CarriesEverySizeUnchanged) {
  for (const std::size_t size : {1UL, 100UL, 1452UL, 1472UL, 8952UL}) {
    for (const std::size_t whole : {1UL, 2UL, 44UL, 70UL}) {
      expect_same(whole * size, size);
      if (size > 1) {
        expect_same(whole * size + 1, size);  // the last is one byte
        expect_same(whole * size + size - 1, size);
      }
    }
  }
  EXPECT_EQ(sink_->stats().errors, 0U);
  EXPECT_EQ(sink_->stats().bytes, source_->stats().bytes);
  EXPECT_EQ(source_->stats().kernel_drops, 0U);
}

TEST_P(Loopback, FewCallsCarryManyDatagrams) {
  expect_same(88UL * 1472, 1472);
  EXPECT_EQ(sink_->stats().datagrams, 88U);
  EXPECT_EQ(sink_->stats().calls, GetParam().segmentation ? 1U : 6U);
  if (GetParam().segmentation && GetParam().coalesce) {
    EXPECT_EQ(source_->stats().messages, 2U);
  } else {
    EXPECT_EQ(source_->stats().messages, 88U);
  }
}

INSTANTIATE_TEST_SUITE_P(Ways, Loopback,
                         testing::Values(Case{"127.0.0.1", true, true},
                                         Case{"127.0.0.1", true, false},
                                         Case{"127.0.0.1", false, true},
                                         Case{"127.0.0.1", false, false}, Case{"::1", true, true},
                                         Case{"::1", false, false}));

TEST(UdpSink, GoesOnWhenNobodyListens) {
  std::uint16_t port = 0;
  {
    const auto source = UdpSource::open({.address = "127.0.0.1"}).value();
    port = source->local_address().port();
  }
  const auto sink = UdpSink::open({.address = "127.0.0.1", .port = port}).value();
  const Bytes bytes(200UL * 1472);
  ASSERT_TRUE(sink->send(bytes, 1472));
  ASSERT_TRUE(sink->send(bytes, 1472));
  EXPECT_EQ(sink->stats().datagrams, 400U);
  EXPECT_GT(sink->icmp_errors(), 0U);
}

TEST(UdpSink, RefusesAnAddressThatIsNone) {
  const auto sink = UdpSink::open({.address = "999.0.0.1", .port = 9});
  ASSERT_FALSE(sink);
  EXPECT_EQ(sink.error().code, ErrorCode::kInvalid);
}

// The loopback's MTU is 65 536; a network namespace has a loopback of its own that may be made
// smaller. Returns whether every assertion held.
bool mtu_is_respected(bool segmentation) {
  // Only a process with one thread may make a user namespace, and the thread sanitizer has its own.
  if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) {
    return false;
  }
  const Descriptor any = open_udp(AF_INET, "test").value();
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_mtu = 1500;
  if (ioctl(any.get(), SIOCSIFMTU, &request) != 0) {
    return false;
  }
  request.ifr_flags = IFF_UP;
  if (ioctl(any.get(), SIOCSIFFLAGS, &request) != 0) {
    return false;
  }
  const auto sink =
      UdpSink::open({.address = "127.0.0.1", .port = 9, .segmentation = segmentation}).value();
  const auto fits = sink->send(Bytes(10UL * 1472), 1472);
  const auto too_long = sink->send(Bytes(10UL * 1473), 1473);
  return fits && !too_long && too_long.error().code == ErrorCode::kInvalid &&
         !too_long.error().cure.empty() && sink->stats().errors == 1;
}

TEST(UdpSink, NeverFragments) {
  for (const bool segmentation : {false, true}) {
    const pid_t child = fork();
    if (child == 0) {
      _exit(mtu_is_respected(segmentation) ? 0 : 1);
    }
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << segmentation;
  }
}

TEST(UdpSink, TakesNothingIn) {
  const auto sink = UdpSink::open({.address = "127.0.0.1", .port = 9}).value();
  const Address mine = Address::of_socket(sink->descriptor()).value();
  const auto other =
      UdpSink::open({.address = "127.0.0.1", .port = mine.port(), .segmentation = false}).value();
  ASSERT_TRUE(other->send(Bytes(100), 100));
  std::array<std::uint8_t, 100> memory{};
  EXPECT_EQ(recv(sink->descriptor(), memory.data(), memory.size(), MSG_DONTWAIT), -1);
}

TEST(UdpSource, CountsWhatIsTooLong) {
  const auto source = UdpSource::open({.address = "127.0.0.1", .coalesce = false}).value();
  const auto sink =
      UdpSink::open(
          {.address = "127.0.0.1", .port = source->local_address().port(), .segmentation = false})
          .value();
  ASSERT_TRUE(sink->send(Bytes(10'000, 1), 10'000));
  ASSERT_TRUE(sink->send(Bytes(5, 2), 5));
  Bytes memory(2 * source->buffer_bytes());
  std::array<ReceiveBuffer, 2> buffers;
  buffers[0].memory = MutableByteView(memory).first(source->buffer_bytes());
  buffers[1].memory = MutableByteView(memory).subspan(source->buffer_bytes());
  std::size_t taken = 0;
  while (taken == 0) {
    taken = source->receive(buffers, kPatience).value();
  }
  ASSERT_EQ(taken, 1U);
  EXPECT_EQ(buffers[0].bytes, 5U);
  EXPECT_EQ(buffers[0].memory[0], 2U);
  EXPECT_EQ(source->stats().truncated, 1U);
}

// The least of several times, in microseconds: a loaded machine makes any of them longer, and none
// shorter.
double least_time_after(std::size_t datagrams) {
  const auto source = UdpSource::open({.address = "127.0.0.1", .coalesce = false}).value();
  const auto sink =
      UdpSink::open(
          {.address = "127.0.0.1", .port = source->local_address().port(), .segmentation = false})
          .value();
  constexpr std::size_t kBuffers = 32;
  Bytes memory(kBuffers * source->buffer_bytes());
  std::array<ReceiveBuffer, kBuffers> buffers;
  for (std::size_t i = 0; i < kBuffers; ++i) {
    buffers[i].memory =
        MutableByteView(memory).subspan(i * source->buffer_bytes(), source->buffer_bytes());
  }
  double least = 1e9;
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(sink->send(Bytes(datagrams * 100), 100));
    EXPECT_EQ(source->receive(buffers, kPatience).value(), datagrams);
    EXPECT_TRUE(sink->send(Bytes(32UL * 100), 100));
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(source->receive(buffers, kPatience).value(), 32U);
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
    least = std::min(least, took.count());
  }
  return least;
}

TEST(UdpSource, PausesWhereLittleCame) {
  EXPECT_GE(least_time_after(1), 250.0);
  EXPECT_LT(least_time_after(32), 250.0);
}

TEST(UdpSource, CountsWhatTheKernelDropped) {
  const auto source =
      UdpSource::open({.address = "127.0.0.1", .receive_buffer_bytes = 4096}).value();
  const auto sink =
      UdpSink::open({.address = "127.0.0.1", .port = source->local_address().port()}).value();
  ASSERT_TRUE(sink->send(Bytes(1000UL * 1472), 1472));
  EXPECT_GT(source->stats().kernel_drops, 0U);
}

}  // namespace
}  // namespace sluice::link
