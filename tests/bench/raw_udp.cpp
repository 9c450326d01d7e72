#include "tests/bench/raw_udp.h"

#include <time.h>

#include <atomic>
#include <thread>

#include "common/link/receive/udp_source.h"
#include "common/link/send/pacer.h"
#include "common/link/send/udp_sink.h"
#include "common/wire/datagram.h"

namespace sluice::bench {
namespace {

constexpr std::chrono::milliseconds kDuration{500};
constexpr std::chrono::milliseconds kQuiet{200};  // nothing for so long: the end
constexpr std::size_t kBuffers = 32;
constexpr std::size_t kRunBytes = 65'487;
constexpr double kStep = 1.15;

double thread_nanos() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

void receive_all(link::UdpSource& source, const std::atomic<bool>& ended, RawUdp& outcome) {
  Bytes memory(kBuffers * source.buffer_bytes());
  std::array<link::ReceiveBuffer, kBuffers> buffers{};
  for (std::size_t i = 0; i < kBuffers; ++i) {
    buffers[i].memory =
        MutableByteView(memory).subspan(i * source.buffer_bytes(), source.buffer_bytes());
  }
  const double start = thread_nanos();
  std::uint64_t bytes = 0;
  while (true) {
    const std::size_t count = source.receive(buffers, kQuiet).value();
    if (count == 0 && ended.load()) {
      outcome.take_nanos = (thread_nanos() - start) / static_cast<double>(bytes);
      return;
    }
    for (const auto& buffer : std::span(buffers).first(count)) {
      outcome.received += (buffer.bytes + buffer.segment_bytes - 1) / buffer.segment_bytes;
      bytes += buffer.bytes;
    }
  }
}

void send_all(link::UdpSink& sink, std::size_t datagram_bytes, double gigabits, RawUdp& outcome) {
  const SystemClock clock;
  const double busy = thread_nanos();
  const SteadyTime start = clock.steady_now();
  link::Pacer pacer(static_cast<std::uint64_t>(gigabits * 1e9), false, start);
  const Bytes run(pacer.run(datagram_bytes, std::min<std::size_t>(64, kRunBytes / datagram_bytes)) *
                  datagram_bytes);
  SteadyTime now = start;
  for (; now - start < kDuration; now = clock.steady_now()) {
    if (pacer.due() > now) {
      std::this_thread::sleep_for(pacer.due() - now);
    } else if (sink.send(run, datagram_bytes)) {
      pacer.sent(run.size() / datagram_bytes, run.size(), now);
    }
  }
  const auto bytes = static_cast<double>(sink.stats().bytes);
  outcome.sent = sink.stats().datagrams;
  outcome.send_nanos = (thread_nanos() - busy) / bytes;
  outcome.gigabits = bytes * 8e-9 / std::chrono::duration<double>(now - start).count();
}

}  // namespace

RawUdp run_raw_udp(const Wire& wire, double gigabits) {
  RawUdp outcome;
  std::atomic<bool> ended{false};
  std::unique_ptr<link::UdpSource> source;
  std::thread receiver;
  {
    const Visit high(wire.high);
    source = link::UdpSource::open({.address = wire.address}).value();
    receiver = std::thread([&] { receive_all(*source, ended, outcome); });
  }
  {
    const Visit low(wire.low);
    const auto sink =
        link::UdpSink::open({.address = wire.address, .port = source->local_address().port()})
            .value();
    send_all(*sink, wire::datagram_bytes(wire.mtu, false), gigabits, outcome);
  }
  ended = true;
  receiver.join();
  return outcome;
}

RawUdp highest_raw_udp(const Wire& wire) {
  RawUdp best;
  for (double rate = 2; rate < 200; rate *= kStep) {
    RawUdp outcome = run_raw_udp(wire, rate);
    if (outcome.received < outcome.sent) {
      outcome = run_raw_udp(wire, rate);  // a busy neighbour's fault once, the rate's twice
    }
    if (outcome.received < outcome.sent) {
      break;
    }
    // A sender that no longer comes up to its rate has met this machine's limit.
    const bool limit = outcome.gigabits <= best.gigabits * 1.03;
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
