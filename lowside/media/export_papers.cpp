// What stands beside the data: manifest, signature, sums, sheet; and images of all of it.
#include <algorithm>
#include <set>

#include "common/base/text.h"
#include "common/crypto/minisign.h"
#include "common/wire/resend_code.h"
#include "lowside/media/exporter.h"
#include "lowside/media/iso_image.h"
#include "lowside/media/papers.h"

namespace sluice::low {
namespace {

// Of a line of contents beside its texts.
constexpr std::uint64_t kContentLineBytes = 180;
// Shipments that a bundle stands on, named at the most.
constexpr std::size_t kMaxStandsOn = 1000;
constexpr std::size_t kMaxSumsBytes = 16 << 10;

std::string ranges_of(const std::vector<ShipmentSequence>& sequences) {
  std::vector<wire::SequenceRange> ranges;
  for (const ShipmentSequence sequence : sequences) {
    if (!ranges.empty() && ranges.back().last.next() == sequence) {
      ranges.back().last = sequence;
    } else {
      ranges.push_back({sequence, sequence});
    }
  }
  return wire::to_text(ranges);
}

// One line for minisign's trusted comment.
std::string one_line(std::string text) {
  std::ranges::replace_if(text, [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  return text;
}

}  // namespace

std::string Exporter::shipments_of(const ClosedVolume& volume) const {
  const auto& all = parts_.feed.shipments();
  return ranges_of({all.begin() + static_cast<std::ptrdiff_t>(volume.first),
                    all.begin() + static_cast<std::ptrdiff_t>(
                                      std::min<std::uint64_t>(volume.last + 1, all.size()))});
}

Result<media::VolumeManifest> Exporter::common_manifest() const {
  media::VolumeManifest manifest;
  manifest.bundle = journal_.bundle;
  manifest.timestamp = format_rfc3339(journal_.begun);
  manifest.origin_user = journal_.by;
  manifest.reason = journal_.reason;
  manifest.stream = journal_.stream;
  manifest.shipments = journal_.shipments;
  manifest.sender = parts_.signing.verify_key().fingerprint();
  for (const crypto::SealingKey& receiver : parts_.receivers) {
    manifest.receivers.push_back(receiver.fingerprint());
  }
  std::uint16_t number = 0;
  for (const ClosedVolume& closed : journal_.closed) {
    manifest.volumes.push_back({++number, closed.sums, closed.bytes, shipments_of(closed)});
  }
  const auto& all = parts_.feed.shipments();
  const std::set<ShipmentSequence> chosen(all.begin(), all.end());
  std::set<ShipmentSequence> missing;
  for (const ShipmentSequence sequence : all) {
    SLUICE_TRY(const ShipmentPapers papers, parts_.feed.papers(sequence));
    for (const ShipmentSequence before : papers.after) {
      if (!chosen.contains(before) && missing.size() < kMaxStandsOn) {
        missing.insert(before);
      }
    }
  }
  manifest.stands_on = ranges_of({missing.begin(), missing.end()});
  return manifest;
}

Result<void> Exporter::add_contents(const ClosedVolume& closed,
                                    media::VolumeManifest& manifest) const {
  std::uint64_t budget = papers_reserve(journal_.size) / 4;
  const auto& all = parts_.feed.shipments();
  for (std::uint64_t at = closed.first; at <= closed.last && at < all.size(); ++at) {
    SLUICE_TRY(ShipmentPapers papers, parts_.feed.papers(all[at]));
    for (media::ContentLine& line : papers.contents) {
      const std::uint64_t cost =
          kContentLineBytes + line.name.size() + line.origin.size() + line.source.size();
      if (cost > budget || manifest.contents.size() >= media::kMaxListed) {
        ++manifest.contents_omitted;
        continue;
      }
      budget -= cost;
      manifest.contents.push_back(std::move(line));
    }
  }
  return {};
}

Result<void> Exporter::add_file(const std::string& name, const std::string& content,
                                const std::filesystem::path& folder,
                                media::VolumeManifest& manifest) const {
  manifest.artifacts.push_back({name, sha256(as_bytes(content)), content.size(), "papers"});
  return write_file_durably(parts_.files, folder / name, as_bytes(content));
}

Result<void> Exporter::write_papers() {
  SLUICE_TRY(const media::VolumeManifest common, common_manifest());
  for (std::uint16_t volume = 1; volume <= journal_.closed.size(); ++volume) {
    SLUICE_TRY_VOID(write_papers_of(volume, common));
    made_.push_back(volume_folder(volume));
  }
  return {};
}

Result<void> Exporter::write_papers_of(std::uint16_t volume, const media::VolumeManifest& common) {
  const std::filesystem::path folder = volume_folder(volume);
  const ClosedVolume& closed = journal_.closed[volume - 1U];
  media::VolumeManifest manifest = common;
  manifest.volume = volume;
  SLUICE_TRY(const Bytes sums, read_file(parts_.files, folder / "SHA256SUMS", kMaxSumsBytes));
  if (sha256(sums) != closed.sums) {
    return Error{ErrorCode::kIntegrity, (folder / "SHA256SUMS").string(),
                 "is not what the export wrote", "remove the unfinished export and begin anew"};
  }
  const auto lines = split(trim(as_text(sums)), '\n');
  for (const std::string_view line : lines) {
    const auto digest = Sha256Digest::from_hex(line.substr(0, 64));
    SLUICE_ASSERT(digest.has_value());  // the sums' own digest holds
    manifest.artifacts.push_back({std::string(line.substr(66)), *digest,
                                  closed.bytes / lines.size(),
                                  journal_.stream + " shipments " + shipments_of(closed)});
  }
  manifest.artifacts.push_back({"SHA256SUMS", closed.sums, sums.size(), "papers"});
  SLUICE_TRY_VOID(add_contents(closed, manifest));
  const crypto::VerifyKey sender = parts_.signing.verify_key();
  SLUICE_TRY_VOID(add_file("minisign.pub", crypto::Minisign::public_key(sender), folder, manifest));
  SLUICE_TRY_VOID(add_file("TRANSFER.txt", sheet_text(manifest), folder, manifest));
  SLUICE_TRY_VOID(add_file("TRANSFER.html", sheet_html(manifest), folder, manifest));
  const std::string text = media::write_manifest(manifest);
  const std::string name = media::volume_name(journal_.stream, journal_.bundle, volume);
  SLUICE_TRY_VOID(write_file_durably(
      parts_.files, folder / media::kSignatureFile,
      as_bytes(crypto::Minisign::sign(
          parts_.signing, as_bytes(text),
          one_line(name + " of " + std::to_string(journal_.closed.size()) + " volumes")))));
  return write_file_durably(parts_.files, folder / media::kManifestFile, as_bytes(text));
}

Result<void> Exporter::make_images(const std::stop_token& stop) {
  if (!journal_.iso) {
    return {};
  }
  for (std::uint16_t volume = 1; volume <= journal_.closed.size(); ++volume) {
    const std::string name = media::volume_name(journal_.stream, journal_.bundle, volume);
    const std::filesystem::path image = options_.folder / (name + ".iso");
    SLUICE_TRY_VOID(make_iso_image(volume_folder(volume), image, name, stop));
    made_.push_back(image);
  }
  return {};
}

}  // namespace sluice::low
