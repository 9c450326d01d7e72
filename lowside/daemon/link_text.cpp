#include "lowside/daemon/link_text.h"

#include <array>
#include <cmath>
#include <cstdio>

#include "common/base/text.h"
#include "lowside/transmit/interleaving.h"

namespace sluice::low {
namespace {

constexpr std::size_t kNameWidth = 30;

std::string line(std::string name, const std::string& value) {
  name.resize(std::max(name.size() + 1, kNameWidth), ' ');
  return "  " + name + value + "\n";
}

// Three digits that count: "0.0123", "12.3".
std::string digits(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3g", value);
  return text.data();
}

std::string milliseconds(std::chrono::microseconds time) {
  return digits(static_cast<double>(time.count()) / 1000) + " ms";
}

}  // namespace

std::string describe_link(const TransmitSettings& transmit, std::size_t lanes) {
  const LinkFigures figures = link_figures(transmit);
  const std::string of_lanes = lanes == 1 ? "" : " (" + std::to_string(lanes) + " lanes)";
  std::string text;
  text += line("codeword", std::to_string(transmit.data_symbols) + " + " +
                               std::to_string(transmit.parity_symbols) + " datagrams of " +
                               std::to_string(transmit.datagram_bytes()) + " bytes");
  text += line("parity's share of the rate", digits(100 * figures.parity_share) + " %");
  text += line("block", human_size(transmit.block_bytes));
  text += line("window", std::to_string(transmit.window) + " blocks");
  text += line("in flight", human_size(lanes * figures.in_flight_bytes) + of_lanes);
  text +=
      line("latency", milliseconds(figures.spread) + " from a block's first to its last datagram");
  text += line("outage survived", milliseconds(figures.outage));
  for (const double percent : {0.1, 1.0, 5.0}) {
    const double lost = loss_per_gigabyte(transmit, percent / 100);
    text += line("at " + digits(percent) + " % random loss",
                 "a block of a gigabyte is lost with probability " + digits(lost));
  }
  text += line("memory, this side", human_size(lanes * figures.sender_bytes) + of_lanes);
  text += line("memory, high side",
               human_size(lanes * figures.receiver_bytes) + of_lanes + ": its link.memory");
  return text;
}

}  // namespace sluice::low
