// The way in over UDP: a socket that cannot send.
//
// - SHUT_WR stands on the socket itself before it is bound. Every way to send through it, by any
//   descriptor that shares it and by io_uring too, ends in EPIPE within the kernel, and nothing
//   takes it back. open() proves that this kernel does so, by a send to the loopback that must
//   fail.
// - What no socket option can prevent is the kernel's own traffic: ARP, ICMP, and IGMP or MLD where
//   a group is joined. Static neighbour entries and a rule that drops the interface's output are
//   the deployment's.
// - send_ban.h forbids the whole process new datagram sockets.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "common/link/receive/datagram_source.h"
#include "common/link/socket/address.h"
#include "common/link/socket/socket.h"

namespace sluice::link {

struct UdpSourceSettings {
  // Numeric: an address of this machine, a multicast group (which is joined), "0.0.0.0" or "::".
  std::string address{};
  std::uint16_t port = 0;   // 0: one that is free, see local_address()
  std::string interface{};  // name; empty: any
  // Bytes. 64 MiB holds a stall of a third of a second at 1 Gb/s with the kernel's overhead.
  std::size_t receive_buffer_bytes = std::size_t{64} << 20;
  bool coalesce = true;  // UDP_GRO; false: one datagram a message
};

class UdpSource final : public DatagramSource {
 public:
  static Result<std::unique_ptr<UdpSource>> open(const UdpSourceSettings& settings);
  ~UdpSource() override;

  // Where the last call found little, one with patience first pauses for a quarter of a
  // millisecond: what comes meanwhile waits in the socket's buffer, and one wakeup takes it all.
  Result<std::size_t> receive(std::span<ReceiveBuffer> buffers,
                              std::chrono::milliseconds patience) override;
  std::size_t buffer_bytes() const override;
  Stats stats() const override;

  const Address& local_address() const { return local_; }
  bool coalescing() const { return coalescing_; }
  // What the kernel gave; less than asked for without CAP_NET_ADMIN and with a low
  // net.core.rmem_max.
  std::size_t receive_buffer_bytes() const { return receive_buffer_bytes_; }
  int descriptor() const { return descriptor_.get(); }

 private:
  UdpSource(Descriptor descriptor, Address local, bool coalescing, std::size_t buffer);

  struct Messages;
  Descriptor descriptor_;
  Address local_;
  bool coalescing_;
  std::size_t receive_buffer_bytes_;
  std::unique_ptr<Messages> messages_;
  std::chrono::milliseconds patience_{0};  // that the socket has
  bool few_ = false;                       // the last call emptied the queue: the next one pauses
  std::atomic<std::uint64_t> taken_{0};
  std::atomic<std::uint64_t> bytes_{0};
  std::atomic<std::uint64_t> truncated_{0};
};

}  // namespace sluice::link
