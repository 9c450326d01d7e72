// transfer_manifest.json: what a volume is, for people, `jq` and `sha256sum`. A superset of the
// manifest that hand-made transfers carry: timestamp, origin_user, artifacts[file, sha256, source].
// The bytes as they stand in the file are what is signed (crypto/minisign.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/error.h"

namespace sluice::media {

inline constexpr std::string_view kManifestFile = "transfer_manifest.json";
inline constexpr std::string_view kSignatureFile = "transfer_manifest.json.minisig";

// What write_manifest() begins with: for who looks through an image.
inline constexpr std::string_view kManifestBegin = "{\n  \"timestamp\": \"";

inline constexpr std::size_t kMaxManifestFileBytes = std::size_t{32} << 20;
// Entries of each of its lists. What a volume holds beyond it is not listed, and says so.
inline constexpr std::size_t kMaxListed = 50'000;
inline constexpr std::size_t kMaxVolumes = 10'000;
inline constexpr std::size_t kMaxFileNameBytes = 64;

// A file of the volume beside the manifest and its signature.
struct ManifestFile {
  std::string file;  // safe_file_name()
  Sha256Digest sha256;
  std::uint64_t bytes = 0;
  std::string source;  // "lab-low shipments 1-7", "papers"
};

// A volume of the bundle.
struct VolumeLine {
  std::uint16_t volume = 1;
  Sha256Digest sums;  // of its file SHA256SUMS, which names its data files
  std::uint64_t bytes = 0;
  std::string shipments;  // "3-9": those of which it holds something
};

// What is inside, as the shipments' manifests say it.
struct ContentLine {
  std::uint64_t shipment = 0;
  std::string source;  // the configured source of the low side
  std::string name;
  Sha256Digest sha256;
  std::uint64_t bytes = 0;
  std::string origin;  // where it came from
};

struct VolumeManifest {
  std::string timestamp;    // when the export began, as format_rfc3339() has it: for people
  std::string origin_user;  // who gave the command
  std::vector<ManifestFile> artifacts;
  std::string stream;
  std::uint64_t bundle = 0;
  std::uint16_t volume = 1;
  std::vector<VolumeLine> volumes;  // all of the bundle, this one among them
  std::string shipments;            // of the bundle: "1-7"
  // Shipments that must be visible before those of the bundle, and are not in it.
  std::string stands_on;
  std::vector<std::string> receivers;  // fingerprints of the sites that can open it
  std::string sender;                  // fingerprint
  std::vector<ContentLine> contents;   // of the shipments of this volume
  std::uint64_t contents_omitted = 0;
  std::string reason;  // as given
};

// "lab-low-20261129-060102-v001": the volume's folder, and its label.
std::string bundle_name(std::string_view stream, std::uint64_t bundle);
std::string volume_name(std::string_view stream, std::uint64_t bundle, std::uint16_t volume);

// One or two parts of A-Z a-z 0-9 . _ -, none beginning with a dot: cannot leave its folder.
bool safe_file_name(std::string_view name);

std::string write_manifest(const VolumeManifest& manifest);
// kInvalid names what does not hold. Nothing larger than the text is built of it.
Result<VolumeManifest> read_manifest(std::string_view text);

}  // namespace sluice::media
