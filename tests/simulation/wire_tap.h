// The sender's end of the link, watched: no nonce is used twice, nothing leaves while the
// receiver's side acts, no symbol leaves outside a pass. It remembers what was sent, so that the
// adversary can play it again and the checker can tell what is genuine.
#pragma once

#include <map>
#include <tuple>
#include <vector>

#include "common/link/send/datagram_sink.h"
#include "common/wire/datagram.h"
#include "tests/simulation/random.h"
#include "tests/simulation/trace.h"
#include "tests/support/lossy_link.h"

namespace sluice::sim {

// Which datagram of which lane of which session; none for announces and what is no datagram.
struct Nonce {
  std::uint64_t session = 0;
  std::uint8_t lane = 0;
  std::uint64_t counter = 0;
  auto operator<=>(const Nonce&) const = default;
};
std::optional<Nonce> nonce_of(ByteView datagram);

class WireTap final : public link::DatagramSink {
 public:
  WireTap(test::LossyLink& link, Random& random) : link_(link), random_(random) {}

  Result<void> send(ByteView bytes, std::size_t datagram_bytes) override;
  Stats stats() const override { return link_.sink().stats(); }

  // The next send fails; its datagrams may have left all the same.
  void fail_next() { fail_next_ = true; }
  void set_pass_open(bool open) { pass_open_ = open; }
  void set_muted(bool muted) { muted_ = muted; }  // nobody may send now

  bool genuine(const Nonce& nonce, ByteView datagram) const;
  // Some of what was ever sent, of all sessions; at most kKept.
  const std::vector<Bytes>& recording() const { return recording_; }

 private:
  static constexpr std::size_t kKept = 400;

  void watch(ByteView datagram);
  void record(ByteView datagram);

  test::LossyLink& link_;
  Random& random_;
  bool fail_next_ = false;
  bool pass_open_ = false;
  bool muted_ = false;
  std::map<Nonce, std::size_t> sealed_;  // hash of the whole datagram
  std::vector<Bytes> recording_;
  std::uint64_t seen_ = 0;
};

// Injects what an attacker on the link could: recordings, forgeries, rubbish.
class Adversary {
 public:
  Adversary(test::LossyLink& link, const WireTap& tap, Random& random)
      : link_(link), tap_(tap), random_(random) {}

  void replay();  // a run of what was recorded, in or out of order
  void forge();   // right headers and wrong tags, broken ones, rubbish

 private:
  Bytes forgery();

  test::LossyLink& link_;
  const WireTap& tap_;
  Random& random_;
};

}  // namespace sluice::sim
