#include "tests/bench/raw_udp.h"

#include <atomic>
#include <thread>

#include "common/link/receive/udp_source.h"
#include "common/link/send/pacer.h"
#include "common/link/send/udp_sink.h"

namespace sluice::bench {
namespace {

constexpr std::chrono::milliseconds kDuration{500};
constexpr std::chrono::milliseconds kQuiet{200};  // nothing for so long: the end
constexpr std::size_t kBuffers = 16;
constexpr std::size_t kRunBytes = 65'487;

std::uint64_t receive_all(link::UdpSource& source, const std::atomic<bool>& ended) {
  Bytes memory(kBuffers * source.buffer_bytes());
  std::array<link::ReceiveBuffer, kBuffers> buffers{};
  for (std::size_t i = 0; i < kBuffers; ++i) {
    buffers[i].memory =
        MutableByteView(memory).subspan(i * source.buffer_bytes(), source.buffer_bytes());
  }
  std::uint64_t datagrams = 0;
  while (true) {
    const std::size_t count = source.receive(buffers, kQuiet).value();
    if (count == 0 && ended.load()) {
      return datagrams;
    }
    for (const auto& buffer : std::span(buffers).first(count)) {
      datagrams += (buffer.bytes + buffer.segment_bytes - 1) / buffer.segment_bytes;
    }
  }
}

}  // namespace

RawUdp run_raw_udp(std::size_t datagram_bytes, double gigabits) {
  const auto source = link::UdpSource::open({.address = "127.0.0.1"}).value();
  const auto sink =
      link::UdpSink::open({.address = "127.0.0.1", .port = source->local_address().port()}).value();
  std::atomic<bool> ended{false};
  RawUdp outcome;
  std::thread receiver([&] { outcome.received = receive_all(*source, ended); });

  const SystemClock clock;
  const SteadyTime start = clock.steady_now();
  link::Pacer pacer(static_cast<std::uint64_t>(gigabits * 1e9), false, start);
  const Bytes run(pacer.run(datagram_bytes, std::min<std::size_t>(64, kRunBytes / datagram_bytes)) *
                  datagram_bytes);
  SteadyTime now = start;
  for (; now - start < kDuration; now = clock.steady_now()) {
    if (pacer.due() > now) {
      std::this_thread::sleep_for(pacer.due() - now);
    } else if (sink->send(run, datagram_bytes)) {
      pacer.sent(run.size() / datagram_bytes, run.size(), now);
    }
  }
  ended = true;
  receiver.join();
  outcome.sent = sink->stats().datagrams;
  const std::chrono::duration<double> time = now - start;
  outcome.gigabits = static_cast<double>(sink->stats().bytes) * 8e-9 / time.count();
  return outcome;
}

RawUdp highest_raw_udp(std::size_t datagram_bytes) {
  RawUdp best;
  for (double rate = 2; rate < 200; rate *= 1.25) {
    const RawUdp outcome = run_raw_udp(datagram_bytes, rate);
    if (outcome.received < outcome.sent) {
      break;
    }
    // A sender that no longer comes up to its rate has met this machine's limit.
    const bool limit = outcome.gigabits <= best.gigabits * 1.05;
    if (outcome.gigabits > best.gigabits) {
      best = outcome;
    }
    if (limit) {
      break;
    }
  }
  return best;
}

}  // namespace sluice::bench
