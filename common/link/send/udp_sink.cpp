#include "common/link/send/udp_sink.h"

#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace sluice::link {
namespace {

constexpr std::size_t kMessages = 16;        // of one sendmmsg: 1 MiB with segmentation
constexpr std::size_t kMaxSegments = 64;     // UDP_MAX_SEGMENTS of older kernels
constexpr std::size_t kMaxMessage = 65'487;  // 65 535 less IPv6 and UDP headers
// An ICMP error is reported once and then forgotten by the kernel; a peer that answers each packet
// produces one for each try.
constexpr int kIcmpTries = 16;
constexpr timeval kPatience{.tv_sec = 1, .tv_usec = 0};
// A device's queue is full: waited for in steps of 0.1 ms, for a second in all.
constexpr timespec kQueueStep{.tv_sec = 0, .tv_nsec = 100'000};
constexpr int kQueueTries = 10'000;

Result<void> take_nothing_in(int descriptor, const std::string& thing) {
  sock_filter drop_all = BPF_STMT(BPF_RET | BPF_K, 0);
  const sock_fprog program{.len = 1, .filter = &drop_all};
  if (setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0) {
    return errno_error(thing + ", option SO_ATTACH_FILTER", errno);
  }
  SLUICE_TRY_VOID(set_option(descriptor, SOL_SOCKET, SO_LOCK_FILTER, 1, thing, "SO_LOCK_FILTER"));
  return set_option(descriptor, SOL_SOCKET, SO_RCVBUF, 0, thing, "SO_RCVBUF");
}

Result<void> never_fragment(int descriptor, bool ipv6, const std::string& thing) {
  return ipv6 ? set_option(descriptor, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE, thing,
                           "IPV6_MTU_DISCOVER")
              : set_option(descriptor, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE, thing,
                           "IP_MTU_DISCOVER");
}

Result<void> set_multicast(int descriptor, bool ipv6, const UdpSinkSettings& settings,
                           unsigned index, const std::string& thing) {
  const int hops = static_cast<int>(settings.multicast_hops);
  if (ipv6) {
    SLUICE_TRY_VOID(set_option(descriptor, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, hops, thing,
                               "IPV6_MULTICAST_HOPS"));
    return index == 0 ? Result<void>()
                      : set_option(descriptor, IPPROTO_IPV6, IPV6_MULTICAST_IF,
                                   static_cast<int>(index), thing, "IPV6_MULTICAST_IF");
  }
  SLUICE_TRY_VOID(
      set_option(descriptor, IPPROTO_IP, IP_MULTICAST_TTL, hops, thing, "IP_MULTICAST_TTL"));
  const ip_mreqn request{
      .imr_multiaddr = {}, .imr_address = {}, .imr_ifindex = static_cast<int>(index)};
  if (index != 0 &&
      setsockopt(descriptor, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof request) != 0) {
    return errno_error(thing + ", option IP_MULTICAST_IF", errno);
  }
  return {};
}

bool segmentation_works(int descriptor) {
  // Accepted by every kernel that knows it (4.18); 0 switches it off again, each message asks for
  // itself.
  const int on = 1400;
  const int off = 0;
  return setsockopt(descriptor, SOL_UDP, UDP_SEGMENT, &on, sizeof on) == 0 &&
         setsockopt(descriptor, SOL_UDP, UDP_SEGMENT, &off, sizeof off) == 0;
}

}  // namespace

struct UdpSink::Messages {
  std::array<mmsghdr, kMessages> headers{};
  std::array<iovec, kMessages> pieces{};
  struct alignas(cmsghdr) Control {
    std::array<std::uint8_t, CMSG_SPACE(sizeof(std::uint16_t))> bytes{};
  };
  std::array<Control, kMessages> controls{};
};

Result<std::unique_ptr<UdpSink>> UdpSink::open(const UdpSinkSettings& settings) {
  SLUICE_TRY(Address to, Address::parse(settings.address, settings.port));
  const std::string thing = "link to " + to.to_string();
  SLUICE_TRY(Descriptor descriptor, open_udp(to.family(), thing));
  const int fd = descriptor.get();
  SLUICE_TRY_VOID(take_nothing_in(fd, thing));
  SLUICE_TRY_VOID(never_fragment(fd, to.ipv6(), thing));
  unsigned index = 0;
  if (!settings.interface.empty()) {
    SLUICE_TRY(index, interface_index(settings.interface));
    SLUICE_TRY_VOID(bind_to_interface(fd, settings.interface));
    to.set_scope(index);
  }
  if (to.multicast()) {
    SLUICE_TRY_VOID(set_multicast(fd, to.ipv6(), settings, index, thing));
  }
  if (!settings.source_address.empty()) {
    SLUICE_TRY(Address from, Address::parse(settings.source_address, 0));
    from.set_scope(index);
    if (bind(fd, from.data(), from.size()) != 0) {
      return errno_error(thing + ", source address " + settings.source_address, errno);
    }
  }
  set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, settings.send_buffer_bytes);
  if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience) != 0) {
    return errno_error(thing + ", option SO_SNDTIMEO", errno);
  }
  if (connect(fd, to.data(), to.size()) != 0) {
    return errno_error(thing, errno);
  }
  const bool segmentation = settings.segmentation && segmentation_works(fd);
  return std::unique_ptr<UdpSink>(new UdpSink(std::move(descriptor), to, segmentation));
}

UdpSink::UdpSink(Descriptor descriptor, Address to, bool segmentation)
    : descriptor_(std::move(descriptor)),
      to_(to),
      segmentation_(segmentation),
      messages_(std::make_unique<Messages>()) {}

UdpSink::~UdpSink() = default;

Result<void> UdpSink::send(ByteView bytes, std::size_t datagram_bytes) {
  SLUICE_ASSERT(datagram_bytes > 0 && datagram_bytes <= kMaxMessage);
  while (!bytes.empty()) {
    const std::size_t count = prepare(bytes, datagram_bytes);
    SLUICE_TRY(const std::size_t sent, send_prepared(count, datagram_bytes));
    bytes = bytes.subspan(sent);
  }
  return {};
}

std::size_t UdpSink::prepare(ByteView bytes, std::size_t datagram_bytes) {
  const std::size_t segments =
      segmentation_ ? std::min(kMaxSegments, kMaxMessage / datagram_bytes) : 1;
  std::size_t count = 0;
  for (; count < kMessages && !bytes.empty(); ++count) {
    const std::size_t length = std::min(bytes.size(), segments * datagram_bytes);
    // The kernel only reads; iovec has no const.
    messages_->pieces[count] = {const_cast<std::uint8_t*>(bytes.data()), length};
    bytes = bytes.subspan(length);
    msghdr& header = messages_->headers[count].msg_hdr;
    header = {};
    header.msg_iov = &messages_->pieces[count];
    header.msg_iovlen = 1;
    if (length <= datagram_bytes) {
      continue;
    }
    auto& control = messages_->controls[count].bytes;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    cmsghdr* option = CMSG_FIRSTHDR(&header);
    option->cmsg_level = SOL_UDP;
    option->cmsg_type = UDP_SEGMENT;
    option->cmsg_len = CMSG_LEN(sizeof(std::uint16_t));
    const auto segment = static_cast<std::uint16_t>(datagram_bytes);
    std::memcpy(CMSG_DATA(option), &segment, sizeof segment);
  }
  return count;
}

Result<std::size_t> UdpSink::send_prepared(std::size_t count, std::size_t datagram_bytes) {
  std::size_t done = 0;
  std::size_t bytes = 0;
  int icmp_tries = 0;
  int queue_tries = 0;
  while (done < count) {
    calls_.fetch_add(1, std::memory_order_relaxed);
    const int sent = sendmmsg(descriptor_.get(), &messages_->headers[done],
                              static_cast<unsigned>(count - done), MSG_NOSIGNAL);
    if (sent > 0) {
      const auto accepted = static_cast<std::size_t>(sent);
      account(done, accepted, datagram_bytes);
      for (std::size_t i = done; i < done + accepted; ++i) {
        bytes += messages_->pieces[i].iov_len;
      }
      done += accepted;
      icmp_tries = 0;
      continue;
    }
    const int error_number = errno;
    if (error_number == EINTR) {
      continue;
    }
    if (error_number == ECONNREFUSED && icmp_tries++ < kIcmpTries) {
      icmp_errors_.fetch_add(1, std::memory_order_relaxed);
      continue;
    }
    if (error_number == ENOBUFS && queue_tries++ < kQueueTries) {
      nanosleep(&kQueueStep, nullptr);
      continue;
    }
    const bool segmented = messages_->headers[done].msg_hdr.msg_controllen > 0;
    if (segmented && (error_number == EIO || error_number == EINVAL)) {
      segmentation_ = false;  // the device cannot: from now on one datagram a message
      return bytes;
    }
    errors_.fetch_add(1, std::memory_order_relaxed);
    return refusal(error_number);
  }
  return bytes;
}

void UdpSink::account(std::size_t first, std::size_t count, std::size_t datagram_bytes) {
  for (std::size_t i = first; i < first + count; ++i) {
    const std::size_t length = messages_->pieces[i].iov_len;
    bytes_.fetch_add(length, std::memory_order_relaxed);
    datagrams_.fetch_add((length + datagram_bytes - 1) / datagram_bytes, std::memory_order_relaxed);
  }
}

Error UdpSink::refusal(int error_number) const {
  Error error{ErrorCode::kUnavailable, "link to " + to_.to_string(),
              errno_error("", error_number).cause, ""};
  switch (error_number) {
    case EMSGSIZE:
      error.code = ErrorCode::kInvalid;
      error.cure =
          "the link's MTU is set higher than the interface's: lower one or raise the other";
      break;
    case ENETUNREACH:
    case EHOSTUNREACH:
      error.cure = "there is no route: set the interface's address and a static neighbour entry";
      break;
    case ENETDOWN:
    case ENODEV:
      error.cure = "the interface is down or gone";
      break;
    case EPERM:
    case EACCES:
      error.cure = "a firewall rule of this machine refuses it";
      break;
    case EAGAIN:
    case ENOBUFS:
      error.cure = "the interface takes nothing: look at its link state and its queue";
      break;
    default:
      break;
  }
  return error;
}

DatagramSink::Stats UdpSink::stats() const {
  return {.datagrams = datagrams_.load(std::memory_order_relaxed),
          .bytes = bytes_.load(std::memory_order_relaxed),
          .calls = calls_.load(std::memory_order_relaxed),
          .errors = errors_.load(std::memory_order_relaxed)};
}

}  // namespace sluice::link
