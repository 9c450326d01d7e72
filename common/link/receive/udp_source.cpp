#include "common/link/receive/udp_source.h"

#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>

#include "common/base/limits.h"

// Since Linux 5.0; Debian 12's netinet/udp.h has it, older ones do not.
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

namespace sluice::link {
namespace {

constexpr std::size_t kMessages = 32;  // of one recvmmsg: 2 MiB when all are coalesced
constexpr std::size_t kCoalescedBytes = std::size_t{64} << 10;
// After a call that took so few, and so emptied the socket's queue, the next one pauses before it
// asks, as a card does before its next interrupt. The sender sends in bursts of 64 KiB; to wake for
// each of them cost the side's core a tenth at 9 Gb/s and MTU 9000 (1.08 and 0.97 ns a byte), and
// the socket's buffer holds two hundred times what comes meanwhile. From 0.6 Gb/s (MTU 1500) or 4
// (9000) on more wait. What is too long counts too: a flood of it is no reason to pause.
constexpr std::size_t kFewMessages = 16;
constexpr std::chrono::microseconds kPause{250};

Result<void> make_unable_to_send(int descriptor, const std::string& thing) {
  // "Not connected" is what an unconnected UDP socket answers, after the flag has been set.
  if (shutdown(descriptor, SHUT_WR) != 0 && errno != ENOTCONN) {
    return errno_error(thing + ", shutdown", errno);
  }
  return {};
}

// Tried on another socket, because a send gives an unbound one an address, and to the loopback.
Result<void> prove_that_it_holds(const Address& local, const std::string& thing) {
  SLUICE_TRY(const Descriptor trial, open_udp(local.family(), thing));
  SLUICE_TRY_VOID(make_unable_to_send(trial.get(), thing));
  SLUICE_TRY(const Address loopback, Address::parse(local.ipv6() ? "::1" : "127.0.0.1", 9));
  if (sendto(trial.get(), nullptr, 0, MSG_NOSIGNAL | MSG_DONTWAIT, loopback.data(),
             loopback.size()) >= 0) {
    return Error{ErrorCode::kRefused, thing, "this kernel lets the link's socket send",
                 "run on a Linux kernel that honours SHUT_WR on UDP sockets"};
  }
  return {};
}

Result<void> join(int descriptor, const Address& group, unsigned index, const std::string& thing) {
  group_req request{};
  request.gr_interface = index;
  std::memcpy(&request.gr_group, group.data(), group.size());
  if (setsockopt(descriptor, group.ipv6() ? IPPROTO_IPV6 : IPPROTO_IP, MCAST_JOIN_GROUP, &request,
                 sizeof request) != 0) {
    return errno_error(thing + ", joining the group", errno);
  }
  return {};
}

std::size_t segment_of(msghdr& header, std::size_t bytes) {
  for (cmsghdr* option = CMSG_FIRSTHDR(&header); option != nullptr;
       option = CMSG_NXTHDR(&header, option)) {
    if (option->cmsg_level == SOL_UDP && option->cmsg_type == UDP_GRO) {
      int segment = 0;
      std::memcpy(&segment, CMSG_DATA(option), sizeof segment);
      return segment > 0 ? std::min(static_cast<std::size_t>(segment), bytes) : bytes;
    }
  }
  return bytes;
}

}  // namespace

struct UdpSource::Messages {
  std::array<mmsghdr, kMessages> headers{};
  std::array<iovec, kMessages> pieces{};
  struct alignas(cmsghdr) Control {
    std::array<std::uint8_t, CMSG_SPACE(sizeof(int))> bytes{};
  };
  std::array<Control, kMessages> controls{};
};

Result<std::unique_ptr<UdpSource>> UdpSource::open(const UdpSourceSettings& settings) {
  SLUICE_TRY(Address local, Address::parse(settings.address, settings.port));
  const std::string thing = "link from " + local.to_string();
  SLUICE_TRY(Descriptor descriptor, open_udp(local.family(), thing));
  const int fd = descriptor.get();
  SLUICE_TRY_VOID(make_unable_to_send(fd, thing));
  SLUICE_TRY_VOID(prove_that_it_holds(local, thing));
  const std::size_t buffer =
      set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, settings.receive_buffer_bytes);
  const int on = 1;
  const bool coalescing =
      settings.coalesce && setsockopt(fd, SOL_UDP, UDP_GRO, &on, sizeof on) == 0;
  unsigned index = 0;
  if (!settings.interface.empty()) {
    SLUICE_TRY(index, interface_index(settings.interface));
    SLUICE_TRY_VOID(bind_to_interface(fd, settings.interface));
    local.set_scope(index);
  }
  if (bind(fd, local.data(), local.size()) != 0) {
    Error error = errno_error(thing, errno);
    error.cure = "the address must be this machine's, and no other program may hold the port";
    return error;
  }
  if (local.multicast()) {
    SLUICE_TRY_VOID(join(fd, local, index, thing));
  }
  SLUICE_TRY(const Address bound, Address::of_socket(fd));
  return std::unique_ptr<UdpSource>(
      new UdpSource(std::move(descriptor), bound, coalescing, buffer));
}

UdpSource::UdpSource(Descriptor descriptor, Address local, bool coalescing, std::size_t buffer)
    : descriptor_(std::move(descriptor)),
      local_(local),
      coalescing_(coalescing),
      receive_buffer_bytes_(buffer),
      messages_(std::make_unique<Messages>()) {}

UdpSource::~UdpSource() = default;

Result<std::size_t> UdpSource::receive(std::span<ReceiveBuffer> buffers,
                                       std::chrono::milliseconds patience) {
  SLUICE_ASSERT(!buffers.empty());
  if (std::exchange(few_, false) && patience.count() > 0) {
    std::this_thread::sleep_for(kPause);
  }
  // The socket's own timeout runs on the kernel's coarse clock. That of poll() or ppoll() sets a
  // timer of the processor each time, which costs a virtual machine more than the datagrams do.
  if (patience.count() > 0 && patience != patience_) {
    const timeval limit{.tv_sec = patience.count() / 1000,
                        .tv_usec = patience.count() % 1000 * 1000};
    if (setsockopt(descriptor_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0) {
      return errno_error("link from " + local_.to_string() + ", option SO_RCVTIMEO", errno);
    }
    patience_ = patience;
  }
  const int flags = patience.count() > 0 ? MSG_WAITFORONE : MSG_DONTWAIT;
  const std::size_t count = std::min(buffers.size(), kMessages);
  for (std::size_t i = 0; i < count; ++i) {
    SLUICE_ASSERT(buffers[i].memory.size() >= buffer_bytes());
    messages_->pieces[i] = {buffers[i].memory.data(), buffers[i].memory.size()};
    msghdr& header = messages_->headers[i].msg_hdr;
    header = {};
    header.msg_iov = &messages_->pieces[i];
    header.msg_iovlen = 1;
    header.msg_control = messages_->controls[i].bytes.data();
    header.msg_controllen = messages_->controls[i].bytes.size();
  }
  const int received = recvmmsg(descriptor_.get(), messages_->headers.data(),
                                static_cast<unsigned>(count), flags, nullptr);
  if (received < 0) {
    if (errno == EAGAIN || errno == EINTR) {
      return 0;
    }
    return errno_error("link from " + local_.to_string(), errno);
  }
  few_ = static_cast<std::size_t>(received) < std::min(count, kFewMessages);
  std::size_t kept = 0;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(received); ++i) {
    mmsghdr& message = messages_->headers[i];
    if ((message.msg_hdr.msg_flags & MSG_TRUNC) != 0) {
      truncated_.fetch_add(1, std::memory_order_relaxed);
      continue;
    }
    std::swap(buffers[kept].memory, buffers[i].memory);
    buffers[kept].bytes = message.msg_len;
    buffers[kept].segment_bytes = segment_of(message.msg_hdr, message.msg_len);
    bytes += message.msg_len;
    ++kept;
  }
  taken_.fetch_add(kept, std::memory_order_relaxed);
  bytes_.fetch_add(bytes, std::memory_order_relaxed);
  return kept;
}

std::size_t UdpSource::buffer_bytes() const {
  return coalescing_ ? kCoalescedBytes : limits::kMaxDatagramBytes;
}

DatagramSource::Stats UdpSource::stats() const {
  // The counter that SO_RXQ_OVFL attaches to a message, but readable when no message follows a
  // drop.
  std::array<std::uint32_t, SK_MEMINFO_VARS> memory{};
  socklen_t length = sizeof memory;
  getsockopt(descriptor_.get(), SOL_SOCKET, SO_MEMINFO, memory.data(), &length);
  return {.messages = taken_.load(std::memory_order_relaxed),
          .bytes = bytes_.load(std::memory_order_relaxed),
          .kernel_drops = memory[SK_MEMINFO_DROPS],
          .truncated = truncated_.load(std::memory_order_relaxed)};
}

}  // namespace sluice::link
