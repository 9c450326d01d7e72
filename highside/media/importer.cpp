#include "highside/media/importer.h"

#include <algorithm>

#include "common/base/text.h"
#include "common/media/layout.h"

namespace sluice::high {
namespace {

namespace fs = std::filesystem;
using observe::Level;
using observe::Metric;

// "1-7,9"; anything else is taken for nothing: the manifest was signed, but may be of another
// version.
std::vector<wire::SequenceRange> ranges_of(std::string_view text) {
  std::vector<wire::SequenceRange> ranges;
  for (const std::string_view part : split(text, ',')) {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::uint64_t* number = &first;
    bool good = !part.empty();
    for (const char c : part) {
      if (c == '-' && number == &first) {
        number = &last;
      } else if (c < '0' || c > '9' || *number > wire::kMaxCodedSequence) {
        good = false;
      } else {
        *number = *number * 10 + static_cast<std::uint64_t>(c - '0');
      }
    }
    if (number == &first) {
      last = first;
    }
    if (good && first > 0 && first <= last) {
      ranges.push_back({ShipmentSequence(first), ShipmentSequence(last)});
    }
  }
  return ranges;
}

std::string name_of(const VolumeIdentity& volume) {
  return media::volume_name(volume.stream, volume.bundle, volume.volume);
}

bool has_manifest(const fs::path& folder) {
  std::error_code failure;
  return fs::exists(folder / media::kManifestFile, failure) ||
         fs::exists(folder / media::kSignatureFile, failure) ||
         fs::exists(folder / "data", failure);
}

}  // namespace

void Importer::line(std::string text) {
  if (report_.lines.size() < kMaxReportLines) {
    report_.lines.push_back(std::move(text));
  }
}

void Importer::refuse(Metric reason, const Error& why) {
  parts_.counters.add(reason);
  tell_refused(why);
}

void Importer::tell_refused(const Error& why) {
  ++report_.refused;
  parts_.events.failure(Level::kError, "import.refused", why);
  line("refused: " + why.message());
}

void Importer::open(const fs::path& path, bool folder) {
  if (volumes_.size() >= kMaxVolumesAtOnce) {
    refuse(Metric::kImportUnreadable,
           {ErrorCode::kRefused, path.string(),
            "more than " + std::to_string(kMaxVolumesAtOnce) + " volumes at once",
            "import them in several commands"});
    return;
  }
  auto files = folder ? open_folder(path) : open_image(path);
  if (!files) {
    refuse(Metric::kImportUnreadable, files.error());
    return;
  }
  auto checked = check_volume(path.string(), *std::move(files), parts_.senders,
                              parts_.own_fingerprint, parts_.counters);
  if (!checked) {
    tell_refused(checked.error());
    return;
  }
  volumes_.push_back(*std::move(checked));
}

// A volume, or a folder of volumes and images.
void Importer::find(const fs::path& path) {
  std::error_code failure;
  const fs::file_status status = fs::status(path, failure);
  if (!fs::exists(status)) {
    refuse(Metric::kImportUnreadable,
           {ErrorCode::kNotFound, path.string(), "is not there, or cannot be read here",
            "the daemon reads it as its own user: it must be able to"});
    return;
  }
  if (!fs::is_directory(status)) {
    open(path, false);
    return;
  }
  if (has_manifest(path)) {
    open(path, true);
    return;
  }
  std::vector<fs::path> below;
  for (fs::directory_iterator it(path, failure), end; !failure && it != end;
       it.increment(failure)) {
    const bool image = it->path().extension() == ".iso" && it->is_regular_file(failure);
    if ((image || (it->is_directory(failure) && has_manifest(it->path()))) &&
        below.size() < kMaxVolumesAtOnce) {
      below.push_back(it->path());
    }
  }
  std::ranges::sort(below);
  if (below.empty()) {
    refuse(Metric::kImportUnreadable,
           {ErrorCode::kNotFound, path.string(), "there is no volume in it", ""});
  }
  for (const fs::path& one : below) {
    open(one, !fs::is_regular_file(one, failure));
  }
}

// Whether anything of it is needed. What is older than the newest bundle and needed by nothing is a
// replay, which is told; the newest one again is harmless.
Result<bool> Importer::wanted(const CheckedVolume& volume) {
  SLUICE_TRY(const auto before, parts_.custody.find(volume.identity));
  SLUICE_TRY(const std::uint64_t newest, parts_.custody.newest_bundle(volume.identity.stream));
  const std::string shipments = volume.manifest ? volume.manifest->shipments : "";
  const auto ranges = ranges_of(shipments);
  const bool visible = (!volume.manifest || !ranges.empty()) &&
                       parts_.aftermath.not_visible(volume.identity.stream, ranges).empty();
  if (visible && volume.identity.bundle < newest) {
    return Error{ErrorCode::kOutdated, volume.place,
                 "an older bundle is replayed: of " + name_of(volume.identity) +
                     (shipments.empty() ? "" : ", which holds shipments " + shipments + ",") +
                     " nothing is missing here, and a newer one was imported since",
                 "take the latest one; nothing was changed"};
  }
  if (volume.manifest && visible && before) {
    line(name_of(volume.identity) + " was imported already, on " +
         format_rfc3339(before->imported) + " by " + before->by + ": nothing is missing of it");
    parts_.counters.add(Metric::kImportedAlready);
    ++report_.volumes;
    return false;
  }
  return true;
}

void Importer::count(const VolumeOutcome& outcome) {
  parts_.counters.add(outcome.whole() ? Metric::kImportedWhole : Metric::kImportedInPart);
  parts_.counters.add(Metric::kImportRecoveredSectors, outcome.recovered);
  parts_.counters.add(Metric::kImportUnreadableSectors, outcome.bad_sectors);
  parts_.counters.add(Metric::kImportedBlocks, outcome.blocks - outcome.lost_blocks);
  parts_.counters.add(Metric::kImportLostBlocks, outcome.lost_blocks);
  parts_.counters.add(Metric::kImportLostGroups, outcome.lost_groups);
}

void Importer::tell_damage(const CheckedVolume& volume, const VolumeOutcome& outcome) {
  const std::string name = name_of(volume.identity);
  for (const std::string& damage : volume.damage) {
    line("  " + damage);
  }
  std::uint64_t bad_files = 0;
  if (volume.manifest) {
    for (std::size_t file = 0; file < outcome.digests.size(); ++file) {
      const std::string data = media::data_file_name(file);
      const auto named =
          std::ranges::find(volume.manifest->artifacts, data, &media::ManifestFile::file);
      if (named != volume.manifest->artifacts.end() && outcome.digests[file] != named->sha256) {
        ++bad_files;
        line("  " + data + " is damaged");
      }
    }
  }
  if (outcome.recovered > 0 || bad_files > 0 || outcome.bad_sectors > 0) {
    line("  " + std::to_string(outcome.bad_sectors) + " sectors could not be read, " +
         std::to_string(outcome.recovered) + " were brought back");
  }
  if (!outcome.whole()) {
    line("  " + std::to_string(outcome.lost_blocks) + " blocks and " +
         std::to_string(outcome.lost_groups) + " groups of blocks are lost" +
         (outcome.ended ? "" : ", and the end of the volume"));
  }
  if (!outcome.whole() || outcome.recovered > 0 || !volume.damage.empty()) {
    parts_.events.emit(outcome.whole() ? Level::kWarning : Level::kError, "import.damaged",
                       {{"volume", name},
                        {"bad_sectors", std::to_string(outcome.bad_sectors)},
                        {"recovered", std::to_string(outcome.recovered)},
                        {"lost_blocks", std::to_string(outcome.lost_blocks)},
                        {"lost_groups", std::to_string(outcome.lost_groups)}});
  }
}

Result<void> Importer::take(const CheckedVolume& volume, const ImportRequest& request,
                            const std::stop_token& stop) {
  const auto sender = std::ranges::find(parts_.senders, volume.identity.stream,
                                        [](const auto& one) { return one.first; });
  SLUICE_ASSERT(sender != parts_.senders.end());
  {
    const std::lock_guard lock(mutex_);
    progress_.place = volume.place;
  }
  const std::uint64_t before = bytes_;
  auto outcome =
      VolumeReader(*volume.files).run(volume.identity, sender->second, parts_.sink, bytes_, stop);
  parts_.counters.add(Metric::kImportedBytes, bytes_ - before);
  if (!outcome && outcome.error().code == ErrorCode::kCancelled) {
    return outcome.error();
  }
  if (!outcome) {
    Error why = outcome.error();
    why.thing = volume.place + ": " + why.thing;
    refuse(why.code == ErrorCode::kRefused ? Metric::kImportOtherSite : Metric::kImportBadSignature,
           why);
    return {};
  }
  count(*outcome);
  const std::string name = name_of(volume.identity);
  line(name + ": " + std::to_string(outcome->groups) + " groups, " +
       std::to_string(outcome->blocks) + " blocks from " + volume.place);
  tell_damage(volume, *outcome);
  CustodyEntry entry{.volume = volume.identity,
                     .imported = parts_.clock.utc_now(),
                     .by = request.by,
                     .carrier = request.carrier,
                     .reason = request.reason,
                     .place = volume.place,
                     .exported_by = volume.manifest ? volume.manifest->origin_user : "",
                     .sums = "",
                     .shipments = "",
                     .bad_sectors = outcome->bad_sectors,
                     .recovered = outcome->recovered,
                     .lost_blocks = outcome->lost_blocks + outcome->lost_groups};
  if (volume.manifest) {
    for (const media::VolumeLine& one : volume.manifest->volumes) {
      if (one.volume == volume.identity.volume) {
        entry.sums = one.sums.hex();
        entry.shipments = one.shipments;
      }
    }
  }
  to_wipe_.push_back(name + "  " + (entry.sums.empty() ? "(no manifest)" : entry.sums));
  SLUICE_TRY_VOID(parts_.custody.add(entry));
  ++report_.volumes;
  bundles_.insert({volume.identity.stream, volume.identity.bundle});
  parts_.events.emit(Level::kNotice, "import.volume",
                     {{"volume", name},
                      {"by", request.by},
                      {"carrier", request.carrier},
                      {"reason", request.reason},
                      {"place", volume.place},
                      {"sha256sums", entry.sums}});
  return {};
}

Result<ImportReport> Importer::run(const ImportRequest& request, const std::stop_token& stop) {
  for (const fs::path& path : request.paths) {
    find(path);
  }
  std::ranges::stable_sort(volumes_, {}, [](const CheckedVolume& volume) {
    return std::tuple(volume.identity.stream, volume.identity.bundle, volume.identity.volume);
  });
  {
    const std::lock_guard lock(mutex_);
    for (const CheckedVolume& volume : volumes_) {
      for (const VolumeFiles::Entry& entry : volume.files->entries()) {
        progress_.total_bytes += entry.bytes;
      }
    }
  }
  for (const CheckedVolume& volume : volumes_) {
    const auto needed = wanted(volume);
    if (!needed && needed.error().code != ErrorCode::kOutdated) {
      return needed.error();
    }
    if (!needed) {
      refuse(Metric::kImportReplayed, needed.error());
    } else if (*needed) {
      SLUICE_TRY_VOID(take(volume, request, stop));
    }
  }
  if (!to_wipe_.empty()) {
    parts_.aftermath.settle([this] { return all_visible(); }, stop);
  }
  if (stop.stop_requested()) {
    return Error{ErrorCode::kCancelled, "import", "it was stopped",
                 "the same command goes on with it"};
  }
  SLUICE_TRY_VOID(look_at_bundles());
  write_wipe_record(request);
  return std::move(report_);
}

bool Importer::all_visible() const {
  return std::ranges::all_of(bundles_, [this](const Bundle& bundle) {
    return std::ranges::any_of(volumes_, [&](const CheckedVolume& one) {
      return one.manifest && one.identity.stream == bundle.stream &&
             one.identity.bundle == bundle.number &&
             parts_.aftermath.not_visible(bundle.stream, ranges_of(one.manifest->shipments))
                 .empty();
    });
  });
}

Result<void> Importer::look_at_bundles() {
  for (const Bundle& bundle : bundles_) {
    const auto volume = std::ranges::find_if(volumes_, [&](const CheckedVolume& one) {
      return one.manifest && one.identity.stream == bundle.stream &&
             one.identity.bundle == bundle.number;
    });
    if (volume != volumes_.end()) {
      SLUICE_TRY_VOID(look_at_bundle(bundle, *volume->manifest));
    } else {
      look_at_nameless(bundle);
    }
  }
  return {};
}

// What it brought cannot be told from what the link did: so it is all that is missing.
void Importer::look_at_nameless(const Bundle& bundle) {
  const auto missing = parts_.aftermath.not_visible(bundle.stream, {});
  const std::string name = media::bundle_name(bundle.stream, bundle.number);
  line(name + ": no manifest of it could be read, so that volumes that are missing are not known");
  if (missing.empty()) {
    line(name + ": all shipments of " + bundle.stream + " that were heard of are visible");
    return;
  }
  report_.complete = false;
  line(name + ": not visible yet, of all of " + bundle.stream + ": " + wire::to_text(missing));
  explain(bundle.stream, missing);
}

void Importer::explain(const std::string& stream, const std::vector<wire::SequenceRange>& missing) {
  for (std::string& text : parts_.aftermath.explain(stream, missing)) {
    line(std::move(text));
  }
}

Result<void> Importer::look_at_bundle(const Bundle& bundle, const media::VolumeManifest& manifest) {
  const auto missing = parts_.aftermath.not_visible(bundle.stream, ranges_of(manifest.shipments));
  const std::string name = media::bundle_name(bundle.stream, bundle.number);
  if (missing.empty()) {
    line(name + ": all of its shipments, " + manifest.shipments + ", are visible");
    return {};
  }
  report_.complete = false;
  SLUICE_TRY(const auto here, parts_.custody.of_bundle(bundle.stream, bundle.number));
  for (const media::VolumeLine& one : manifest.volumes) {
    if (std::ranges::none_of(
            here, [&](const CustodyEntry& entry) { return entry.volume.volume == one.volume; })) {
      ++report_.missing_volumes;
      line("missing: volume " + std::to_string(one.volume) + " of " +
           std::to_string(manifest.volumes.size()) + ", " +
           media::volume_name(bundle.stream, bundle.number, one.volume) + ", shipments " +
           one.shipments);
    }
  }
  line(name + ": not visible yet: " + wire::to_text(missing) + " of " + manifest.shipments);
  explain(bundle.stream, missing);
  return {};
}

void Importer::write_wipe_record(const ImportRequest& request) {
  if (to_wipe_.empty()) {
    return;
  }
  std::string text = "WIPE RECORD\n===========\n\nImported       " +
                     format_rfc3339(parts_.clock.utc_now()) + " by " + request.by + "\n";
  text += "Carried by     " +
          (request.carrier.empty() ? std::string("____________________") : request.carrier) + "\n";
  text += "\nVolume, and SHA-256 of its file SHA256SUMS:\n";
  for (const std::string& volume : to_wipe_) {
    text += "  " + volume + "\n";
  }
  text +=
      "\nWhat became of the media (erased, destroyed, stored):  ______________________________\n"
      "\nName ____________________  date __________  signature ____________________\n"
      "\nWitness ____________________  date __________  signature ____________________\n";
  report_.wipe_record = std::move(text);
}

ImportProgress Importer::progress() const {
  const std::lock_guard lock(mutex_);
  ImportProgress progress = progress_;
  progress.bytes = bytes_;
  return progress;
}

}  // namespace sluice::high
