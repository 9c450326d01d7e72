// The link between two cores of one machine: link_bench --help. link.sh makes the wires and calls
// it once for each.
#include <CLI/CLI.hpp>
#include <iostream>

#include "tests/bench/durable.h"
#include "tests/bench/report.h"

namespace sluice::bench {
namespace {

struct Options {
  Wire wire{.low = {.cpu = 0}, .high = {.cpu = 1}};
  std::string segmentation = "on";
  std::vector<std::string> cases{"random"};
  std::vector<std::filesystem::path> stores{"/dev/shm"};
  std::filesystem::path spool = "/dev/shm";
  std::uint64_t megabytes = 1024;
  double rate = 0;
  std::size_t runs = 3;
  double udpcast = 0;
  bool json = false;
};

void add_options(CLI::App& app, Options& options) {
  app.add_option("--low-network", options.wire.low.network, "Network namespace of the low side");
  app.add_option("--high-network", options.wire.high.network, "Network namespace of the high side");
  app.add_option("--address", options.wire.address, "The high side's")->capture_default_str();
  app.add_option("--low-cpu", options.wire.low.cpu, "The low side's core")->capture_default_str();
  app.add_option("--high-cpu", options.wire.high.cpu, "The high side's core")
      ->capture_default_str();
  app.add_option("--mtu", options.wire.mtu, "Of the wire")->capture_default_str();
  app.add_option("--segmentation", options.segmentation,
                 "Whether super-packets cross: for the report")
      ->check(CLI::IsMember({"on", "off"}))
      ->capture_default_str();
  app.add_option("--case", options.cases, "Blobs: random, small, text")
      ->check(CLI::IsMember({"random", "small", "text"}))
      ->capture_default_str();
  app.add_option("--store", options.stores, "Folders for the high side's store")
      ->capture_default_str();
  app.add_option("--spool", options.spool, "Folder for the low side's spool")
      ->capture_default_str();
  app.add_option("--megabytes", options.megabytes, "Of blobs")->capture_default_str();
  app.add_option("--rate", options.rate, "Gb/s on the wire; 0: the highest without loss");
  app.add_option("--runs", options.runs, "At that rate; the median is shown")
      ->capture_default_str();
  app.add_option("--udpcast", options.udpcast, "Gb/s that udpcast reached: for the report");
  app.add_flag("--json", options.json, "One object a line");
}

// RocksDB shares its background threads among all stores of a process. Those that the spool starts
// here, and never needs again, are to work for the high side's store.
Cargo make_cargo(const Options& options, Kind kind, const std::filesystem::path& spool) {
  const Visit high(options.wire.high);
  return Cargo(kind, options.megabytes << 20, spool);
}

void measure(const Options& options, Kind kind, const RawUdp& raw) {
  const std::filesystem::path spool = options.spool / "sluice-bench-spool";
  std::filesystem::remove_all(spool);
  std::filesystem::create_directories(spool);
  {
    const Cargo cargo = make_cargo(options, kind, spool);
    double memory_gigabits = 0;
    for (const std::filesystem::path& folder : options.stores) {
      const std::filesystem::path store = folder / "sluice-bench-store";
      Row row{.kind = kind,
              .mtu = options.wire.mtu,
              .segmentation = options.segmentation,
              .store = "tmpfs",
              .raw = raw,
              .link = {},
              .primitives = {},
              .udpcast_gigabits = options.udpcast,
              .durable_gigabits = durable_gigabits(folder),
              .memory_gigabits = memory_gigabits,
              .blobs = cargo.blobs()};
      if (row.durable_gigabits > 0) {
        row.store = folder.string();
      }
      row.link = options.rate > 0 ? run_crossing(options.wire, cargo, store, options.rate)
                                  : best_crossing(options.wire, cargo, store, options.runs);
      if (row.durable_gigabits == 0) {
        memory_gigabits = row.link.goodput_gigabits;
      }
      row.primitives = measure_primitives(options.wire, raw, store);
      std::filesystem::remove_all(store);
      if (options.json) {
        std::cout << json(row) << std::endl;
      } else {
        print(row);
      }
    }
  }
  std::filesystem::remove_all(spool);
}

int run(int argc, char** argv) {
  CLI::App app{
      "Measures what crosses a wire, each side on one core: raw paced UDP, then blobs from the "
      "low\n"
      "side's spool to the high side's catalog at the highest rate without loss, and both sides'\n"
      "primitives alone. Without namespaces the wire is the loopback."};
  Options options;
  add_options(app, options);
  CLI11_PARSE(app, argc, argv);
  const RawUdp raw = highest_raw_udp(options.wire);
  for (const std::string& name : options.cases) {
    measure(options,
            name == "small"  ? Kind::kSmall
            : name == "text" ? Kind::kText
                             : Kind::kRandom,
            raw);
  }
  return 0;
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) { return sluice::bench::run(argc, argv); }
