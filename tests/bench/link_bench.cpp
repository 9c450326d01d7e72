// The link against the raw UDP rate, in one run on one machine: link_bench --help.
#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <cstdio>
#include <iostream>

#include "common/wire/datagram.h"
#include "tests/bench/crossing.h"
#include "tests/bench/raw_udp.h"

namespace sluice::bench {
namespace {

struct Row {
  std::size_t mtu = 0;
  RawUdp raw;
  Crossing link;    // to checked blocks
  Crossing stored;  // to committed blobs
};

void print(const Row& row) {
  std::printf("MTU %zu\n", row.mtu);
  std::printf("  raw UDP, paced, without loss      %6.2f Gb/s  (%llu datagrams)\n",
              row.raw.gigabits, static_cast<unsigned long long>(row.raw.sent));
  for (const auto& [what, crossing] : {std::pair{"link, to checked blocks  ", &row.link},
                                       std::pair{"link, to committed blobs ", &row.stored}}) {
    if (!crossing->complete) {
      std::printf("  %s         not measured\n", what);
      continue;
    }
    std::printf("  %s         %6.2f Gb/s goodput, %.0f %% of raw, configured %.2f Gb/s, %.2f s\n",
                what, crossing->goodput_gigabits,
                100 * crossing->goodput_gigabits / row.raw.gigabits, crossing->configured_gigabits,
                crossing->seconds);
  }
  std::printf("  processor time, ns a byte of blob  checked  committed\n");
  for (std::size_t i = 0; i < row.link.stages.size(); ++i) {
    std::printf("    %-30s  %7.3f    %7.3f\n", row.link.stages[i].name.c_str(),
                row.link.stages[i].nanos_per_byte,
                i < row.stored.stages.size() ? row.stored.stages[i].nanos_per_byte : 0);
  }
}

boost::json::object json(const Crossing& crossing) {
  boost::json::object stages;
  for (const Stage& stage : crossing.stages) {
    stages[stage.name] = stage.nanos_per_byte;
  }
  return {{"goodput_gigabits", crossing.goodput_gigabits},
          {"configured_gigabits", crossing.configured_gigabits},
          {"seconds", crossing.seconds},
          {"lost_blocks", crossing.lost_blocks},
          {"kernel_drops", crossing.kernel_drops},
          {"complete", crossing.complete},
          {"nanoseconds_per_byte", stages}};
}

boost::json::object json(const Row& row) {
  return {{"mtu", row.mtu},
          {"raw_gigabits", row.raw.gigabits},
          {"checked", json(row.link)},
          {"committed", json(row.stored)}};
}

int run(int argc, char** argv) {
  CLI::App app{
      "Measures on the loopback: raw paced UDP, then blobs from the low side's store to checked\n"
      "blocks and to committed blobs on the high side, each at the highest rate without loss.\n"
      "The loopback passes segmented messages whole: a real interface costs more on both sides."};
  std::vector<std::size_t> mtus{1500, 9000};
  CrossingSettings settings;
  std::string store = std::filesystem::temp_directory_path();
  double rate = 0;
  bool as_json = false;
  app.add_option("--mtu", mtus, "MTUs to measure")->capture_default_str();
  app.add_option("--blob-bytes", settings.blob_bytes, "Size of a blob")->capture_default_str();
  app.add_option("--blobs", settings.blobs, "Number of blobs")->capture_default_str();
  app.add_option("--store", store, "Folder for the high side's store")->capture_default_str();
  app.add_option("--rate", rate, "Gb/s on the wire; 0: search")->capture_default_str();
  app.add_flag("--json", as_json, "JSON instead of a table");
  CLI11_PARSE(app, argc, argv);

  boost::json::array all;
  for (const std::size_t mtu : mtus) {
    settings.mtu = mtu;
    const auto measure = [&settings, rate] {
      return rate > 0 ? run_crossing(settings, rate) : best_crossing(settings);
    };
    Row row{.mtu = mtu,
            .raw = highest_raw_udp(wire::datagram_bytes(mtu, false)),
            .link = {},
            .stored = {}};
    settings.store.clear();
    row.link = measure();
    settings.store = store;
    row.stored = measure();
    std::filesystem::remove_all(std::filesystem::path(store) / "bench");
    all.emplace_back(json(row));
    if (!as_json) {
      print(row);
    }
  }
  if (as_json) {
    std::cout << all << '\n';
  }
  return 0;
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) { return sluice::bench::run(argc, argv); }
