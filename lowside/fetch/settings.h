// What an operator may set about fetching, with the reason for each default.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>

namespace sluice::low {

struct FetchSettings {
  // The fetcher's own folder, for one running fetcher. It must lie on the spool's file system, so
  // that a finished file can be moved into the blob store.
  std::filesystem::path folder;

  std::string version = "dev";  // "sluice/<version>" in User-Agent
  std::string contact;          // added to User-Agent: where a registry's people reach ours

  // Transfers at once. 64 keep a 1 Gbit/s line busy with small files at 50 ms a round trip.
  unsigned transfers = 64;
  // Connections to one host: what browsers do, and what registries are used to.
  unsigned connections_per_host = 6;
  // Transfers at once to a host that speaks HTTP/2: below the 100 streams that servers usually
  // grant.
  unsigned streams_per_host = 32;

  std::chrono::milliseconds connect_time{std::chrono::seconds(20)};  // TCP and TLS together
  // A transfer that brings fewer than stall_bytes_per_second for this long is broken off and tried
  // again.
  std::chrono::seconds stall_time{60};
  std::uint64_t stall_bytes_per_second = 512;
  // From a request's start to its end, all attempts and waits included.
  std::chrono::milliseconds document_time{std::chrono::minutes(10)};
  std::chrono::milliseconds file_time{std::chrono::hours(12)};

  unsigned attempts = 6;   // in a row that brought nothing new
  unsigned redirects = 8;  // a download behind a load balancer and a content network needs two
  // Bytes of a file whose request names no limit.
  std::uint64_t default_size_limit = std::uint64_t{64} << 30;

  // Parts that are kept for a later resume: how many, and for how long.
  unsigned kept_parts = 64;
  std::chrono::hours part_lifetime{std::chrono::hours(7 * 24)};

  // Certificate authorities: a bundle, or a folder of hashed certificates. Empty: the system's.
  std::filesystem::path ca_file;
  std::filesystem::path ca_folder;
};

// Takes ca_file and ca_folder from CURL_CA_BUNDLE, SSL_CERT_FILE and SSL_CERT_DIR where they are
// set, as curl does. Proxies need nothing here: libcurl reads http_proxy, https_proxy, all_proxy
// and no_proxy itself.
void apply_environment(FetchSettings& settings);

}  // namespace sluice::low
