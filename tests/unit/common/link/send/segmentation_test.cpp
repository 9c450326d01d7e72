// A path on which the kernel refuses to cut, which no probe of the socket can know before.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "common/link/send/udp_sink.h"

namespace sluice::link {
namespace {

TEST(UdpSink, SendsOneByOneWhereTheKernelRefusesToCut) {
  const auto sink = UdpSink::open({.address = "127.0.0.1", .port = 9}).value();
  ASSERT_TRUE(sink->segmentation());
  // Linux cuts nothing for a socket without checksums (udp_send_skb: EINVAL).
  const int on = 1;
  ASSERT_EQ(setsockopt(sink->descriptor(), SOL_SOCKET, SO_NO_CHECK, &on, sizeof on), 0);
  EXPECT_TRUE(sink->send(Bytes(100UL * 1472), 1472));
  EXPECT_FALSE(sink->segmentation());
  EXPECT_TRUE(sink->send(Bytes(10UL * 1472), 1472));
  EXPECT_EQ(sink->stats().datagrams, 110U);
  EXPECT_EQ(sink->stats().bytes, 110UL * 1472);
  EXPECT_EQ(sink->stats().errors, 0U);
}

}  // namespace
}  // namespace sluice::link
