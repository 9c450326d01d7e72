// The way out over UDP: a connected socket that only sends.
//
// - Nothing is fragmented: packets carry DF and a datagram that exceeds the interface's MTU is an
//   error (IP_PMTUDISC_PROBE: no answer about a path's MTU can come back over a diode).
// - Segmentation offload (UDP_SEGMENT) hands the kernel up to 64 datagrams in one message; probed
// at
//   the start, and given up for good when a device refuses it.
// - The socket takes nothing in: a filter drops whatever is sent to it before it is queued. ICMP
//   errors that the kernel reports on it are counted and the send is repeated.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "common/link/send/datagram_sink.h"
#include "common/link/socket/address.h"
#include "common/link/socket/socket.h"

namespace sluice::link {

struct UdpSinkSettings {
  std::string address{};  // numeric, IPv4 or IPv6, unicast or multicast
  std::uint16_t port = 0;
  std::string source_address{};  // numeric; empty: the kernel chooses
  std::string interface{};       // name; empty: by the routing table
  unsigned multicast_hops = 1;
  // Bytes. 4 MiB is a millisecond at 32 Gb/s: the pacer keeps it nearly empty, more would only hide
  // a stall.
  std::size_t send_buffer_bytes = std::size_t{4} << 20;
  bool segmentation = true;  // false: one datagram a message
};

class UdpSink final : public DatagramSink {
 public:
  static Result<std::unique_ptr<UdpSink>> open(const UdpSinkSettings& settings);
  ~UdpSink() override;

  // kInvalid: a datagram exceeds the interface's MTU. kUnavailable: everything else that the kernel
  // refuses. Waits for a full buffer, for kPatience at the most.
  Result<void> send(ByteView bytes, std::size_t datagram_bytes) override;
  Stats stats() const override;

  bool ipv6() const { return to_.ipv6(); }
  bool segmentation() const { return segmentation_; }
  // ICMP errors that came back, such as "port unreachable": something answers on a link that should
  // have no way back.
  std::uint64_t icmp_errors() const { return icmp_errors_.load(std::memory_order_relaxed); }
  int descriptor() const { return descriptor_.get(); }

 private:
  UdpSink(Descriptor descriptor, Address to, bool segmentation);

  // Prepares messages for the front of `bytes`; returns how many.
  std::size_t prepare(ByteView bytes, std::size_t datagram_bytes);
  // Sends the first `count` prepared; returns the bytes sent, 0 if segmentation was given up.
  Result<std::size_t> send_prepared(std::size_t count, std::size_t datagram_bytes);
  void account(std::size_t first, std::size_t count, std::size_t datagram_bytes);
  Error refusal(int error_number) const;

  struct Messages;
  Descriptor descriptor_;
  Address to_;
  bool segmentation_;
  std::unique_ptr<Messages> messages_;
  std::atomic<std::uint64_t> datagrams_{0};
  std::atomic<std::uint64_t> bytes_{0};
  std::atomic<std::uint64_t> calls_{0};
  std::atomic<std::uint64_t> errors_{0};
  std::atomic<std::uint64_t> icmp_errors_{0};
};

}  // namespace sluice::link
