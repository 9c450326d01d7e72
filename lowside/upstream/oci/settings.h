// What an operator says about one OCI registry.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "lowside/upstream/oci/sif_check.h"

namespace sluice::low {

struct OciSettings {
  std::string name;  // of the source
  // Exactly one of both: the registry's address, "https://registry.example.org:5000", or a folder
  // into which archives of images are laid.
  std::string registry;
  std::filesystem::path drop_folder{};
  std::chrono::seconds settle{5};  // an archive is taken when it has not changed for so long
  std::string serve_as;  // the namespace of its repositories on the high side: "docker.io"
  std::chrono::seconds interval{600};
  std::vector<std::string> images;   // want.h has what may be written
  std::vector<std::string> exclude;  // shell patterns of tags that no pattern or range takes
  // platform_filter.h; of what an index names, only these are fetched. Empty: all.
  std::vector<std::string> platforms;
  SifSettings sif{};      // what holds of SIF images among them
  bool referrers = true;  // whether signatures, attestations and SBOMs come along
  // A file "user:password"; read when a registry asks. Empty: none.
  std::filesystem::path credentials;
  // How long a manifest stays that no tag, index or wish leads to any longer.
  std::chrono::seconds keep_untagged{std::chrono::hours(24 * 90)};
};

// "registry.example.org:5000" of "https://registry.example.org:5000/"; empty: it is no address.
std::string oci_registry_name(const std::string& address);

// The address, the namespace, images, patterns and platforms. kInvalid names the one that is wrong.
Result<void> check_settings(const OciSettings& settings);

}  // namespace sluice::low
