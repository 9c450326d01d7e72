#include "lowside/verify/quarantine_folder.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cstdio>
#include <set>

namespace sluice::low {
namespace {

constexpr std::string_view kFile = ".file";
constexpr std::string_view kNote = ".json";
constexpr std::string_view kNewNote = ".json.new";  // write_file_durably()'s

std::string note_text(const FetchedFile& file, std::string_view stage, const Error& why,
                      UtcTime now) {
  boost::json::array digests;
  for (const Digest& digest : file.digests()) {
    digests.emplace_back(digest.to_string());
  }
  return boost::json::serialize(boost::json::object{{"time", format_rfc3339(now)},
                                                    {"name", file.request().name},
                                                    {"origin", display_uri(file.request().uri)},
                                                    {"size", file.size()},
                                                    {"digests", std::move(digests)},
                                                    {"stage", stage},
                                                    {"code", to_string(why.code)},
                                                    {"cause", why.cause},
                                                    {"cure", why.cure}}) +
         "\n";
}

}  // namespace

Result<void> QuarantineFolder::open() {
  const std::scoped_lock lock(mutex_);
  SLUICE_TRY_VOID(files_.create_directories(settings_.folder));
  std::set<std::string> names;
  std::vector<std::string> stray;
  SLUICE_TRY_VOID(files_.list_files(settings_.folder, [&](const std::string& name) {
    if (name.ends_with(kFile)) {
      names.insert(name.substr(0, name.size() - kFile.size()));
    } else if (name.ends_with(kNote) || name.ends_with(kNewNote)) {
      stray.push_back(name);
    }
  }));
  for (const std::string& name : names) {  // they start with the time, in a fixed width
    SLUICE_TRY(const auto file, files_.open_for_reading(file_path(name)));
    SLUICE_TRY(const std::uint64_t size, file->size());
    entries_.push_back({name, size});
    bytes_ += size;
  }
  // A crash leaves a note that is half written, or one whose file has been dropped.
  std::erase_if(stray, [&](const std::string& name) {
    return name.ends_with(kNote) && names.contains(name.substr(0, name.size() - kNote.size()));
  });
  for (const std::string& name : stray) {
    SLUICE_TRY_VOID(files_.remove(settings_.folder / name));
  }
  return drop_oldest();
}

Result<std::filesystem::path> QuarantineFolder::take(const FetchedFile& file,
                                                     std::string_view stage, const Error& why) {
  const std::scoped_lock lock(mutex_);
  const UtcTime now = clock_.utc_now();
  std::array<char, 64> name{};
  std::snprintf(name.data(), name.size(), "%020llu-%06llu",
                static_cast<unsigned long long>(std::max<std::int64_t>(to_unix_micros(now), 0)),
                static_cast<unsigned long long>(next_++));
  SLUICE_TRY_VOID(files_.rename(file.path().value(), file_path(name.data())));
  entries_.push_back({name.data(), file.size()});
  bytes_ += file.size();
  counters_.add(observe::Metric::kQuarantinedFiles);
  SLUICE_TRY_VOID(write_file_durably(files_, note_path(name.data()),
                                     as_bytes(note_text(file, stage, why, now))));
  SLUICE_TRY_VOID(drop_oldest());
  return file_path(name.data());
}

Result<void> QuarantineFolder::drop_oldest() {
  while (entries_.size() > settings_.max_files || bytes_ > settings_.max_bytes) {
    const Entry& oldest = entries_.front();
    SLUICE_TRY_VOID(files_.remove(file_path(oldest.name)));
    SLUICE_TRY_VOID(files_.remove(note_path(oldest.name)));
    bytes_ -= oldest.size;
    entries_.pop_front();
    counters_.add(observe::Metric::kQuarantineDropped);
  }
  return {};
}

std::filesystem::path QuarantineFolder::file_path(const std::string& name) const {
  return settings_.folder / (name + std::string(kFile));
}
std::filesystem::path QuarantineFolder::note_path(const std::string& name) const {
  return settings_.folder / (name + std::string(kNote));
}

}  // namespace sluice::low
