// A link in memory that loses, repeats, delays and spoils datagrams, the same way for the same
// seed.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <random>
#include <vector>

#include "common/link/receive/datagram_source.h"
#include "common/link/send/datagram_sink.h"

namespace sluice::test {

// Probabilities for each datagram, 0 … 1.
struct LinkFaults {
  double loss = 0;
  double duplicate = 0;
  double reorder = 0;  // is held back behind 1 … reorder_span later ones
  std::size_t reorder_span = 16;
  double corrupt = 0;   // one bit is turned
  double truncate = 0;  // its end is cut off
  double burst = 0;     // an outage begins, which loses it and 1 … burst_span - 1 later ones
  std::size_t burst_span = 16;
};

// One sender and one receiver, each on a thread of its own or both on the same.
class LossyLink {
 public:
  explicit LossyLink(std::uint64_t seed, LinkFaults faults = {});

  link::DatagramSink& sink() { return sink_; }
  // As with GRO: datagrams of one size that follow one another come as one message.
  link::DatagramSource& source() { return source_; }

  void set_faults(const LinkFaults& faults);
  // Drops exactly those for which it is true, before anything else happens to them.
  void drop_if(std::function<bool(ByteView datagram)> drop);
  // While set, the sink answers with it and takes nothing.
  void fail_sends(std::optional<Error> error);
  // Keeps a copy of everything that is sent from now on.
  void record() { recording_ = true; }
  std::vector<Bytes> recorded() const;

  // Arrives as it is, after what has been sent so far.
  void inject(ByteView datagram);
  // Lets everything that was held back arrive.
  void flush();

  struct Account {
    std::uint64_t sent = 0, dropped = 0, lost = 0, duplicated = 0, reordered = 0, corrupted = 0,
                  truncated = 0;
    bool operator==(const Account&) const = default;
  };
  Account account() const;

 private:
  // The sender waits while so many datagrams are under way: a receiver on the same thread must take
  // them before.
  static constexpr std::size_t kMaxUnderWay = 1 << 18;
  static constexpr std::size_t kMessageBytes = std::size_t{64} << 10;

  class Sink final : public link::DatagramSink {
   public:
    explicit Sink(LossyLink& link) : link_(link) {}
    Result<void> send(ByteView bytes, std::size_t datagram_bytes) override;
    Stats stats() const override;

   private:
    LossyLink& link_;
  };
  class Source final : public link::DatagramSource {
   public:
    explicit Source(LossyLink& link) : link_(link) {}
    Result<std::size_t> receive(std::span<link::ReceiveBuffer> buffers,
                                std::chrono::milliseconds patience) override;
    std::size_t buffer_bytes() const override { return kMessageBytes; }
    Stats stats() const override { return {}; }

   private:
    LossyLink& link_;
  };
  struct Held {
    std::uint64_t until;  // datagrams passed
    Bytes datagram;
  };

  void pass(ByteView datagram);
  void spoil(Bytes& datagram);
  void release_held();
  bool happens(double probability);
  void fill(link::ReceiveBuffer& buffer);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::mt19937_64 random_;
  LinkFaults faults_;
  std::function<bool(ByteView)> drop_;
  std::optional<Error> failure_;
  bool recording_ = false;
  std::vector<Bytes> recorded_;
  std::deque<Bytes> under_way_;
  std::vector<Held> held_;
  std::uint64_t outage_until_ = 0;  // datagrams passed
  Account account_;
  std::uint64_t sent_bytes_ = 0;
  Sink sink_{*this};
  Source source_{*this};
};

}  // namespace sluice::test
