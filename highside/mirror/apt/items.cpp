#include "highside/mirror/apt/items.h"

#include <optional>

#include "common/base/text.h"
#include "sluice/apt.pb.h"

namespace sluice::high {
namespace {

struct PackageFile {
  std::string name;  // "hello amd64"
  std::string version;
};

// "pool/main/h/hello/hello_2.10-3_amd64.deb": Debian policy 2.1 and dpkg-name(1); the version is
// without its epoch.
std::optional<PackageFile> read_package_path(std::string_view path) {
  constexpr std::string_view kEnding = ".deb";
  std::string_view file = path.substr(path.rfind('/') + 1);
  if (!file.ends_with(kEnding)) {
    return std::nullopt;
  }
  file.remove_suffix(kEnding.size());
  const auto parts = split(file, '_');
  if (parts.size() != 3) {
    return std::nullopt;
  }
  return PackageFile{std::string(parts[0]) + " " + std::string(parts[2]), std::string(parts[1])};
}

}  // namespace

Result<RecordItems> apt_items(const CatalogEntry& entry) {
  proto::AptSuite suite;
  if (!suite.ParseFromString(entry.body)) {
    return Error{ErrorCode::kIo, "apt " + entry.document, "its record cannot be read",
                 "check the catalog's disk"};
  }
  RecordItems items;
  for (const proto::AptFile& file : suite.files()) {  // by path: versions of a package in one order
    const std::string digest = "sha256:" + hex_encode(as_bytes(file.sha256()));
    const bool is_index = file.path().starts_with("dists/");
    const auto package = is_index ? std::nullopt : read_package_path(file.path());
    if (!package) {
      items[{is_index ? "index" : "file", file.path()}] = digest;
      continue;
    }
    std::string& state = items[{"package", package->name}];
    state += (state.empty() ? "" : ", ") + package->version + " (" + digest + ")";
  }
  return items;
}

}  // namespace sluice::high
