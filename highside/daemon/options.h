// What the configuration says, as the stages take it: files read, addresses taken apart.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "common/config/settings.h"
#include "common/crypto/keys.h"
#include "common/http/server.h"
#include "common/link/receive/udp_source.h"
#include "highside/assemble/assembler.h"
#include "highside/catalog/collector.h"
#include "highside/mirror/apt/keyrings.h"
#include "highside/mirror/oci/sif_artifact.h"
#include "highside/pipeline/namespaces.h"
#include "highside/pipeline/retention.h"
#include "highside/receive/settings.h"

namespace sluice::high {

// A registry at the root of addresses of its own.
struct RegistryPort {
  std::vector<std::string> listen;
  std::string registry;
};

struct Options {
  std::filesystem::path state;
  std::string status_address;
  crypto::OpeningKey opening;
  std::vector<TrustedStream> streams;
  std::vector<link::UdpSourceSettings> sources;
  ReceiveSettings receive;
  StagingSettings staging;
  std::uint64_t scrub_bytes_per_second;
  CollectorSettings collecting;  // but for its streams
  http::ServerOptions serve;
  std::vector<RegistryPort> ports;
  std::string authority;  // certificates in PEM, for clients; may be empty
  AptKeyrings archives;
  std::string oci_namespace;  // of images' names that begin with no registry; empty: none
  SifRules sif;
  bool reads_need_token;
  Namespaces namespaces;  // the site's
  std::uint64_t upload_limit;
  std::vector<RetentionRule> retention;
};

// Reads key files and checks what the table cannot. The Error names the setting and its place in
// the file.
Result<Options> read_options(const config::Settings& settings);

}  // namespace sluice::high
