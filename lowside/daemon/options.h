// What the configuration says, as the stages take it: keys read, addresses taken apart.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/config/settings.h"
#include "common/crypto/keys.h"
#include "common/link/send/udp_sink.h"
#include "common/observe/counters.h"
#include "lowside/admit/policy.h"
#include "lowside/daemon/source_poll.h"
#include "lowside/fetch/settings.h"
#include "lowside/pipeline/upstream.h"
#include "lowside/spool/spool.h"
#include "lowside/transmit/settings.h"

namespace sluice::low {

struct Options {
  std::filesystem::path state;
  std::string status_address;
  crypto::SigningKey signing;
  std::vector<crypto::SealingKey> receivers;
  std::vector<link::UdpSinkSettings> sinks;
  TransmitSettings transmit;  // without its epoch
  SpoolSettings spool;
  std::uint64_t scrub_bytes_per_second;
  FetchSettings fetch;
  Policy policy;
  std::chrono::seconds overdue_after;  // how long a plan may wait for an approval
};

// Reads key files and checks what the table cannot. The Error names the setting and its place in
// the file.
Result<Options> read_options(const config::Settings& settings);

// One of [[npm]], [[pypi]], [[apt]] and [[files]].
struct ConfiguredSource {
  std::string name;
  std::string settings;  // all of its values, to tell whether they changed
  std::unique_ptr<Upstream> upstream;
  SourcePattern pattern{};
};

// `counters` and `clock` outlive the sources and what their factories make. Asks npm for its
// registry and pip for its index where a section names none.
Result<std::vector<ConfiguredSource>> make_sources(const config::Settings& settings,
                                                   observe::Counters& counters, const Clock& clock);

}  // namespace sluice::low
