#include "highside/media/volume_check.h"

#include <algorithm>
#include <set>

#include "common/base/hasher.h"
#include "common/crypto/minisign.h"

namespace sluice::high {
namespace {

using media::kManifestFile;
using media::kSignatureFile;
using media::VolumeManifest;
using observe::Metric;

// Papers that are read to be hashed: larger ones are none of ours.
constexpr std::uint64_t kMaxPaperBytes = std::uint64_t{64} << 20;

struct Paper {
  Bytes bytes;
  bool damaged = false;
};

// A control character, or a byte that no text in UTF-8 has: what a destroyed sector leaves.
bool is_no_text(std::uint8_t byte) {
  return (byte < 0x20 && byte != '\n') || byte == 0xc0 || byte == 0xc1 || byte >= 0xf5;
}

std::optional<Paper> read_paper(const VolumeFiles& files, std::string_view name,
                                std::uint64_t limit) {
  const auto entry = std::ranges::find(files.entries(), name, &VolumeFiles::Entry::name);
  if (entry == files.entries().end()) {
    return std::nullopt;
  }
  Paper paper;
  const auto reader = entry->bytes <= limit ? files.open(entry->name)
                                            : Result<std::unique_ptr<SectorReader>>(Error{});
  if (!reader) {
    paper.damaged = true;
    return paper;
  }
  paper.bytes.resize((*reader)->bytes());
  paper.damaged = (*reader)->read(0, paper.bytes) > 0 || paper.bytes.empty() ||
                  std::ranges::any_of(paper.bytes, is_no_text);
  return paper;
}

bool is_data_file(std::string_view name) {
  static constexpr std::string_view kBegin = "data/";
  static constexpr std::string_view kEnd = ".sluice";
  return name.size() == kBegin.size() + 2 + kEnd.size() && name.starts_with(kBegin) &&
         name.ends_with(kEnd) && name[5] >= '0' && name[5] <= '9' && name[6] >= '0' &&
         name[6] <= '9';
}

// What a volume may have when its manifest cannot be read.
bool is_ours(std::string_view name) {
  static const std::set<std::string_view> kPapers{kManifestFile,  kSignatureFile, "SHA256SUMS",
                                                  "minisign.pub", "TRANSFER.txt", "TRANSFER.html"};
  return kPapers.contains(name) || is_data_file(name);
}

Result<void> check_names(const CheckedVolume& volume, observe::Counters& counters) {
  std::set<std::string_view> named{kManifestFile, kSignatureFile};
  if (volume.manifest) {
    for (const media::ManifestFile& file : volume.manifest->artifacts) {
      named.insert(file.file);
    }
  }
  for (const VolumeFiles::Entry& entry : volume.files->entries()) {
    if (!entry.regular) {
      counters.add(Metric::kImportUnnamedFile);
      return Error{ErrorCode::kRefused, volume.place + ": " + entry.name,
                   "is neither a file nor one of the volume's folders", ""};
    }
    if (volume.manifest ? !named.contains(entry.name) : !is_ours(entry.name)) {
      counters.add(Metric::kImportUnnamedFile);
      return Error{ErrorCode::kRefused, volume.place + ": " + entry.name,
                   "the manifest does not name this file",
                   "find out who put it there; nothing of the volume was taken"};
    }
  }
  return {};
}

// The data files are hashed while they are taken.
void look_at_artifacts(CheckedVolume& volume) {
  for (const media::ManifestFile& file : volume.manifest->artifacts) {
    const auto entry =
        std::ranges::find(volume.files->entries(), file.file, &VolumeFiles::Entry::name);
    if (entry == volume.files->entries().end()) {
      if (volume.files->salvaged() && !is_data_file(file.file)) {
        continue;  // not looked for
      }
      volume.damage.push_back(file.file + " is missing");
    } else if (entry->bytes != file.bytes) {
      volume.damage.push_back(file.file + " has " + std::to_string(entry->bytes) + " of " +
                              std::to_string(file.bytes) + " bytes");
    } else if (!is_data_file(file.file)) {
      const auto paper = read_paper(*volume.files, file.file, kMaxPaperBytes);
      if (paper && sha256(paper->bytes) != file.sha256) {
        volume.damage.push_back(file.file + " is not what was written: do not rely on it");
      }
    }
  }
}

Error changed(const std::string& place, const Error& why, observe::Counters& counters) {
  counters.add(why.code == ErrorCode::kRefused ? Metric::kImportOtherStream
                                               : Metric::kImportBadSignature);
  return {why.code, place + ": " + std::string(kManifestFile), why.cause,
          "it was changed, or comes from a sender that is not trusted here; nothing of the volume "
          "was taken"};
}

// By its signature, not by what it says of itself.
Result<void> read_manifest(CheckedVolume& volume, const Paper& text, const Paper& signature,
                           const Senders& senders, observe::Counters& counters) {
  Error why{ErrorCode::kIntegrity, "", "no stream is configured here", ""};
  for (const auto& [stream, key] : senders) {
    const auto comment = crypto::Minisign::verify(key, text.bytes, as_text(signature.bytes),
                                                  std::string(kManifestFile));
    if (!comment) {
      why = comment.error();
      continue;
    }
    auto manifest = media::read_manifest(as_text(text.bytes));
    if (!manifest) {
      return changed(volume.place, manifest.error(), counters);
    }
    if (manifest->stream != stream) {
      why = Error{ErrorCode::kRefused, "",
                  "it is a volume of the stream " + manifest->stream +
                      ", which is not configured here with that key",
                  ""};
      continue;
    }
    volume.identity = {stream, manifest->bundle, manifest->volume};
    volume.manifest = *std::move(manifest);
    return {};
  }
  // Whose it says it is helps people; it is not believed.
  if (const auto says = media::read_manifest(as_text(text.bytes));
      says && why.code == ErrorCode::kIntegrity &&
      std::ranges::none_of(senders, [&](const auto& one) { return one.first == says->stream; })) {
    why.code = ErrorCode::kRefused;
    why.cause = "it is a volume of the stream " + says->stream + ", which is not configured here";
  }
  return changed(volume.place, why, counters);
}

}  // namespace

Result<CheckedVolume> check_volume(std::string place, std::unique_ptr<VolumeFiles> files,
                                   const Senders& senders, const std::string& own_fingerprint,
                                   observe::Counters& counters) {
  CheckedVolume volume{.place = std::move(place),
                       .files = std::move(files),
                       .identity = {},
                       .manifest = {},
                       .damage = {}};
  const auto text = read_paper(*volume.files, kManifestFile, media::kMaxManifestFileBytes);
  const auto signature = read_paper(*volume.files, kSignatureFile, crypto::kMaxMinisignBytes);
  if (!text && !volume.files->salvaged()) {
    counters.add(Metric::kImportUnreadable);
    return Error{ErrorCode::kInvalid, volume.place, "has no " + std::string(kManifestFile),
                 "it is no volume of an export"};
  }
  if (text && !signature && !text->damaged) {
    counters.add(Metric::kImportBadSignature);
    return Error{ErrorCode::kIntegrity, volume.place, "has no " + std::string(kSignatureFile),
                 "an unsigned volume is not taken; nothing of it was"};
  }
  const bool damaged = !text || text->damaged || signature->damaged;
  if (!damaged) {
    SLUICE_TRY_VOID(read_manifest(volume, *text, *signature, senders, counters));
  }
  SLUICE_TRY_VOID(check_names(volume, counters));
  if (volume.files->salvaged()) {
    volume.damage.emplace_back(
        "the medium's file system cannot be read: the data was found by its own sectors");
  }
  if (volume.manifest) {
    look_at_artifacts(volume);
    if (std::ranges::find(volume.manifest->receivers, own_fingerprint) ==
        volume.manifest->receivers.end()) {
      counters.add(Metric::kImportOtherSite);
      return Error{ErrorCode::kRefused, volume.place,
                   "it is sealed to other sites' keys, not to this one's (" + own_fingerprint + ")",
                   "have it exported for this site: its opening.pub belongs into the low side's "
                   "keys.receivers"};
    }
    return volume;
  }
  const auto identity = VolumeReader(*volume.files).identity(senders);
  if (!identity) {
    counters.add(Metric::kImportBadSignature);
    return Error{ErrorCode::kIntegrity, volume.place,
                 "its manifest cannot be read, and no data file has a head that a trusted sender "
                 "signed",
                 "have the volume made again"};
  }
  volume.identity = *identity;
  volume.damage.push_back(std::string(kManifestFile) +
                          " cannot be read: the signed heads of the data files do");
  return volume;
}

}  // namespace sluice::high
