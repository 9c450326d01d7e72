#include "lowside/daemon/options.h"

#include <cmath>

#include "common/base/limits.h"
#include "common/base/processors.h"
#include "common/base/text.h"
#include "common/wire/announce.h"
#include "lowside/transmit/interleaving.h"

namespace sluice::low {
namespace {

using config::Section;
using config::Settings;

Result<std::vector<crypto::SealingKey>> read_receivers(const Section& keys) {
  std::vector<crypto::SealingKey> receivers;
  for (const auto& path : keys.paths("receivers")) {
    auto key = crypto::SealingKey::load(path);
    if (!key) {
      return keys.error("receivers", key.error().message(),
                        "carry opening.pub over from the high side");
    }
    receivers.push_back(*key);
  }
  return receivers;
}

Result<std::vector<link::UdpSinkSettings>> read_sinks(const Section& link) {
  std::vector<link::UdpSinkSettings> sinks;
  for (const std::string& destination : link.strings("destination")) {
    const auto parts = split_host_port(destination);
    if (!parts || parts->port == 0) {
      return link.error("destination", "\"" + destination + "\" is no address and port",
                        "write 192.0.2.2:7400 or [2001:db8::2]:7400");
    }
    link::UdpSinkSettings sink;
    sink.address = parts->host;
    sink.port = parts->port;
    sink.source_address = link.string("source");
    sink.interface = link.string("interface");
    sink.segmentation = link.boolean("segmentation");
    sinks.push_back(std::move(sink));
  }
  if (sinks.size() > limits::kMaxLanes) {
    return link.error("destination", std::to_string(sinks.size()) + " lanes",
                      "at most " + std::to_string(limits::kMaxLanes));
  }
  return sinks;
}

Result<TransmitSettings> read_transmit(const Settings& settings,
                                       const std::vector<link::UdpSinkSettings>& sinks) {
  const Section& link = settings.section("link");
  TransmitSettings transmit;
  transmit.stream = settings.string("daemon", "stream");
  transmit.mtu = static_cast<std::size_t>(link.integer("mtu"));
  transmit.ipv6 = sinks.front().address.find(':') != std::string::npos;
  transmit.rate_bits_per_second = link.rate("rate") / sinks.size();
  const auto processors = read_processors(link.strings("cpus"));
  if (!processors) {
    return link.error("cpus", processors.error().message(), processors.error().cure);
  }
  transmit.processors = *processors;
  transmit.zstd_level = static_cast<int>(link.integer("zstd_level"));
  SLUICE_TRY_VOID(interleave(
      {.outage = link.duration("outage"), .redundancy = link.share("redundancy")}, transmit));
  transmit.repeat_percent =
      static_cast<unsigned>(std::lround(100 * settings.section("spool").share("repeat_share")));
  SLUICE_TRY_VOID(transmit.validate());
  return transmit;
}

Result<SpoolSettings> read_spool(const Settings& settings) {
  const Section& section = settings.section("spool");
  SpoolSettings spool;
  spool.stream = settings.string("daemon", "stream");
  spool.folder = settings.path("daemon", "state") / "spool";
  spool.passes.clear();
  for (const std::string& delay : section.strings("passes")) {
    const auto value = config::parse_quantity(config::Type::kDuration, delay);
    if (!value) {
      return section.error("passes", "\"" + delay + "\": " + value.error().cause,
                           "write durations such as \"0s\" and \"10m\"");
    }
    spool.passes.emplace_back(std::get<std::int64_t>(*value) / 1000);
  }
  if (spool.passes.front() != std::chrono::seconds(0)) {
    return section.error("passes", "the first pass is the sending itself", "begin with \"0s\"");
  }
  spool.keep_age = std::chrono::duration_cast<std::chrono::hours>(section.duration("keep_for"));
  spool.keep_bytes = section.size("keep_bytes");
  spool.keep_manifest_bytes = section.size("keep_manifests");
  spool.reserve_bytes = section.size("reserve");
  spool.carousel = std::chrono::duration_cast<std::chrono::seconds>(section.duration("carousel"));
  return spool;
}

FetchSettings read_fetch(const Settings& settings) {
  const Section& section = settings.section("fetch");
  FetchSettings fetch;
  fetch.folder = settings.path("daemon", "state") / "fetch";
  fetch.version = SLUICE_VERSION;
  fetch.contact = section.string("contact");
  fetch.transfers = static_cast<unsigned>(section.integer("transfers"));
  fetch.connections_per_host = static_cast<unsigned>(section.integer("connections_per_host"));
  fetch.stall_time =
      std::chrono::duration_cast<std::chrono::seconds>(section.duration("stall_time"));
  fetch.attempts = static_cast<unsigned>(section.integer("attempts"));
  fetch.file_time = section.duration("file_time");
  fetch.default_size_limit = section.size("file_limit");
  apply_environment(fetch);
  return fetch;
}

}  // namespace

Result<Options> read_options(const Settings& settings) {
  const Section& keys = settings.section("keys");
  auto signing = crypto::SigningKey::load(keys.path("signing"));
  if (!signing) {
    return keys.error("signing", signing.error().message(), "make one with: sluice-low init");
  }
  SLUICE_TRY(auto receivers, read_receivers(keys));
  SLUICE_TRY(auto sinks, read_sinks(settings.section("link")));
  SLUICE_TRY(auto transmit, read_transmit(settings, sinks));
  if (!wire::valid_stream_name(transmit.stream)) {
    return settings.section("daemon").error("stream",
                                            "\"" + transmit.stream + "\" is no name for a stream",
                                            "up to 64 of A-Z, a-z, 0-9, dot, dash and underscore");
  }
  SLUICE_TRY(auto spool, read_spool(settings));
  const Section& rules = settings.section("policy");
  Policy policy{rules.size("max_file_size"), rules.strings("media_types"),
                rules.strings("deny_names")};
  SLUICE_TRY_VOID(check_policy(policy));
  return Options{.state = settings.path("daemon", "state"),
                 .status_address = settings.string("status", "listen"),
                 .signing = std::move(*signing),
                 .receivers = std::move(receivers),
                 .sinks = std::move(sinks),
                 .transmit = std::move(transmit),
                 .spool = std::move(spool),
                 .scrub_bytes_per_second = settings.size("spool", "scrub_rate"),
                 .fetch = read_fetch(settings),
                 .policy = std::move(policy),
                 .overdue_after = std::chrono::duration_cast<std::chrono::seconds>(
                     settings.duration("requests", "overdue_after"))};
}

}  // namespace sluice::low
