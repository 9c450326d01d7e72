#include "highside/daemon/options.h"

#include <algorithm>
#include <thread>

#include "common/base/limits.h"
#include "common/base/processors.h"
#include "common/base/text.h"
#include "common/ecosystem/apt/keyring.h"
#include "common/http/certificates.h"
#include "highside/pipeline/site.h"

namespace sluice::high {
namespace {

using config::Section;
using config::Settings;

Result<std::vector<TrustedStream>> read_streams(const Settings& settings) {
  std::vector<TrustedStream> streams;
  for (const Section& section : settings.repeated("stream")) {
    auto key = crypto::VerifyKey::load(section.path("key"));
    if (!key) {
      return section.error("key", key.error().message(),
                           "carry signing.pub over from the low side");
    }
    if (section.string("name") == kSiteStream) {
      return section.error("name", "that is what this site's own shipments are called",
                           "rename the low side's stream");
    }
    streams.push_back({section.string("name"), *key});
  }
  if (streams.empty()) {
    return Error{ErrorCode::kInvalid, settings.file(),
                 "no [[stream]] says which low side is listened to",
                 "add one, with the low side's signing.pub"};
  }
  return streams;
}

Result<std::vector<link::UdpSourceSettings>> read_sources(const Section& link) {
  std::vector<link::UdpSourceSettings> sources;
  for (const std::string& listen : link.strings("listen")) {
    const auto parts = split_host_port(listen);
    if (!parts || parts->port == 0) {
      return link.error("listen", "\"" + listen + "\" is no address and port",
                        "write 192.0.2.2:7400 or [2001:db8::2]:7400");
    }
    sources.push_back({.address = parts->host,
                       .port = parts->port,
                       .interface = link.string("interface"),
                       .receive_buffer_bytes = link.size("receive_buffer"),
                       .coalesce = link.boolean("coalesce")});
  }
  if (sources.size() > limits::kMaxLanes) {
    return link.error("listen", std::to_string(sources.size()) + " lanes",
                      "at most " + std::to_string(limits::kMaxLanes));
  }
  return sources;
}

std::vector<std::string> texts(const std::vector<std::filesystem::path>& paths) {
  return {paths.begin(), paths.end()};
}

Result<std::string> read_authority(const Section& serve) {
  const auto file = serve.path("tls_authority");
  if (file.empty()) {
    return std::string();
  }
  auto authority = http::read_certificates(file);
  if (!authority) {
    return serve.error("tls_authority", authority.error().message(), authority.error().cure);
  }
  return authority;
}

Result<std::vector<std::string>> read_listen(const Section& section) {
  std::vector<std::string> addresses = section.strings("listen");
  for (const std::string& listen : addresses) {
    if (const auto problem = http::listen_problem(listen)) {
      return section.error("listen", "\"" + listen + "\": " + *problem,
                           "write 0.0.0.0:8080 or [::]:8080");
    }
  }
  return addresses;
}

Result<std::vector<RegistryPort>> read_ports(const Settings& settings) {
  std::vector<RegistryPort> ports;
  for (const Section& section : settings.repeated("port")) {
    SLUICE_TRY(auto listen, read_listen(section));
    ports.push_back({std::move(listen), section.string("registry")});
  }
  return ports;
}

Result<http::ServerOptions> read_serve(const Section& section) {
  http::ServerOptions serve;
  SLUICE_TRY(serve.listen, read_listen(section));
  serve.certificate = section.path("tls_certificate");
  serve.private_key = section.path("tls_key");
  if (serve.certificate.empty() != serve.private_key.empty()) {
    return section.error("tls_key", "a certificate and its key go together",
                         "set both tls_certificate and tls_key, or neither");
  }
  serve.workers = static_cast<unsigned>(section.integer("threads"));
  serve.loops = std::max(std::thread::hardware_concurrency(), 1U);
  serve.cache.bytes = section.size("cache");
  serve.limits.connections = static_cast<std::size_t>(section.integer("connections"));
  return serve;
}

Result<std::vector<RetentionRule>> read_retention(const Settings& settings) {
  std::vector<RetentionRule> rules;
  for (const Section& section : settings.repeated("retention")) {
    auto names = NamePattern::parse(section.string("names"));
    if (!names) {
      return section.error("names", names.error().message(), names.error().cure);
    }
    rules.push_back({std::move(*names), section.duration("untagged_for"),
                     static_cast<std::size_t>(section.integer("keep_last"))});
  }
  return rules;
}

Result<SifRules> read_sif(const Section& section) {
  SifRules rules;
  const std::string& signatures = section.string("signatures");
  rules.requires_signatures = signatures == "require";
  const std::filesystem::path keyring = section.path("keyring");
  if (rules.requires_signatures && keyring.empty()) {
    return section.error("keyring", "nothing says whose signatures are required",
                         "set it to a file with the public keys of who may sign");
  }
  if (signatures != "ignore" && !keyring.empty()) {
    SLUICE_TRY(rules.keyring, apt::load_keyring({keyring.string()}, ""));
  }
  return rules;
}

Result<Namespaces> read_namespaces(const Section& publish) {
  auto namespaces = Namespaces::parse(publish.strings("namespaces"));
  if (!namespaces) {
    return publish.error("namespaces", namespaces.error().message(), namespaces.error().cure);
  }
  return namespaces;
}

}  // namespace

Result<Options> read_options(const Settings& settings) {
  const Section& keys = settings.section("keys");
  auto opening = crypto::OpeningKey::load(keys.path("opening"));
  if (!opening) {
    return keys.error("opening", opening.error().message(), "make one with: sluice-high init");
  }
  SLUICE_TRY(auto streams, read_streams(settings));
  const Section& link = settings.section("link");
  SLUICE_TRY(auto sources, read_sources(link));
  SLUICE_TRY(auto serve, read_serve(settings.section("serve")));
  SLUICE_TRY(auto ports, read_ports(settings));
  SLUICE_TRY(auto authority, read_authority(settings.section("serve")));
  const auto processors = read_processors(link.strings("cpus"));
  if (!processors) {
    return link.error("cpus", processors.error().message(), processors.error().cure);
  }
  ReceiveSettings receive;
  receive.processors = *processors;
  receive.lanes = sources.size();
  receive.lane_memory = link.size("memory") / (streams.size() * sources.size());
  receive.silence = link.duration("silence");
  StagingSettings staging;
  staging.folder = settings.path("daemon", "state") / "assembling";
  staging.limit_bytes = settings.size("store", "staging_limit");
  staging.blobs = static_cast<std::size_t>(settings.integer("store", "blobs_under_way"));
  std::vector<AptArchiveSettings> archives;
  for (const Section& section : settings.repeated("apt")) {
    archives.push_back({section.string("archive"), texts(section.paths("keyrings"))});
  }
  SLUICE_TRY(AptKeyrings keyrings, AptKeyrings::load(archives));
  SLUICE_TRY(auto retention, read_retention(settings));
  SLUICE_TRY(Namespaces namespaces, read_namespaces(settings.section("publish")));
  SLUICE_TRY(SifRules sif, read_sif(settings.section("sif")));
  return Options{
      .state = settings.path("daemon", "state"),
      .status_address = settings.string("status", "listen"),
      .opening = std::move(*opening),
      .streams = std::move(streams),
      .sources = std::move(sources),
      .receive = receive,
      .staging = std::move(staging),
      .scrub_bytes_per_second = settings.size("store", "scrub_rate"),
      .collecting = {.keep_editions_for = settings.duration("catalog", "keep_editions_for"),
                     .every = settings.duration("catalog", "gc_every")},
      .serve = std::move(serve),
      .ports = std::move(ports),
      .authority = std::move(authority),
      .archives = std::move(keyrings),
      .oci_namespace = settings.string("oci", "default_namespace"),
      .sif = std::move(sif),
      .reads_need_token = settings.boolean("access", "reads_need_token"),
      .namespaces = std::move(namespaces),
      .upload_limit = settings.size("publish", "upload_limit"),
      .retention = std::move(retention)};
}

}  // namespace sluice::high
