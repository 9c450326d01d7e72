#include "lowside/fetch/part_folder.h"

#include <algorithm>
#include <boost/json.hpp>
#include <vector>

#include "common/base/hasher.h"

namespace sluice::low {
namespace {

namespace json = boost::json;

// A note is a URI, an ETag and a number; a URI that is longer than this is not resumed.
constexpr std::uint64_t kMaxNoteBytes = 16384;

struct Note {
  std::string uri;
  std::string validator;
  std::int64_t touched_micros = 0;
};

std::optional<Note> read_note(FileSystem& files, const std::filesystem::path& path) {
  const auto bytes = read_file(files, path, kMaxNoteBytes);
  if (!bytes) {
    return std::nullopt;
  }
  boost::system::error_code error;
  const json::value value = json::parse(as_text(*bytes), error);
  const json::object* const object = error ? nullptr : value.if_object();
  if (object == nullptr) {
    return std::nullopt;
  }
  const auto text = [&](std::string_view key) {
    const json::value* const member = object->if_contains(key);
    const json::string* const found = member == nullptr ? nullptr : member->if_string();
    return found == nullptr ? std::string() : std::string(*found);
  };
  Note note{text("uri"), text("validator"), 0};
  if (const json::value* const touched = object->if_contains("touched_micros");
      touched != nullptr && touched->is_int64()) {
    note.touched_micros = touched->get_int64();
  }
  return note;
}

}  // namespace

Result<void> PartFolder::open() {
  SLUICE_TRY_VOID(files_.create_directories(settings_.folder));
  std::vector<std::string> leftover;
  std::set<std::string> noted;
  std::set<std::string> parts;
  SLUICE_TRY_VOID(files_.list_files(settings_.folder, [&](const std::string& name) {
    const std::filesystem::path path(name);
    if (path.extension() == ".json") {
      noted.insert(path.stem());
    } else if (path.extension() == ".part") {
      parts.insert(path.stem());
    } else if (path.extension() == ".fetched" || path.extension() == ".new") {
      leftover.push_back(name);
    }
  }));
  for (const std::string& name : leftover) {
    SLUICE_TRY_VOID(files_.remove(settings_.folder / name));
  }
  std::vector<std::string> single;
  std::set_symmetric_difference(noted.begin(), noted.end(), parts.begin(), parts.end(),
                                std::back_inserter(single));
  for (const std::string& key : single) {
    drop_part(key);
  }
  sweep();
  return {};
}

std::string PartFolder::claim(const std::string& uri) {
  const std::scoped_lock lock(mutex_);
  const std::string first = sha256(as_bytes(uri)).hex();
  std::string key = first;
  for (unsigned n = 2; !claimed_.insert(key).second; ++n) {
    key = first + "-" + std::to_string(n);
  }
  return key;
}

void PartFolder::release(const std::string& key) {
  const std::scoped_lock lock(mutex_);
  claimed_.erase(key);
}

std::filesystem::path PartFolder::part_path(const std::string& key) const {
  return settings_.folder / (key + ".part");
}
std::filesystem::path PartFolder::note_path(const std::string& key) const {
  return settings_.folder / (key + ".json");
}

std::filesystem::path PartFolder::next_fetched_path() {
  const std::scoped_lock lock(mutex_);
  return settings_.folder / (std::to_string(next_fetched_++) + ".fetched");
}

std::optional<std::string> PartFolder::load_note(const std::string& key,
                                                 const std::string& uri) const {
  const auto note = read_note(files_, note_path(key));
  if (!note || note->uri != uri || note->validator.empty()) {
    return std::nullopt;
  }
  return note->validator;
}

Result<void> PartFolder::save_note(const std::string& key, const std::string& uri,
                                   const std::string& validator) {
  const std::string text =
      json::serialize(json::object{{"uri", uri},
                                   {"validator", validator},
                                   {"touched_micros", to_unix_micros(clock_.utc_now())}});
  return write_file_durably(files_, note_path(key), as_bytes(text));
}

void PartFolder::drop_part(const std::string& key) {
  // The note goes last: a part without one is removed at the next start. A failure to remove does
  // no harm here, and is met again by whoever writes next.
  static_cast<void>(files_.remove(part_path(key)));
  static_cast<void>(files_.remove(note_path(key)));
}

void PartFolder::sweep() {
  std::vector<std::string> keys;
  static_cast<void>(files_.list_files(settings_.folder, [&](const std::string& name) {
    if (std::filesystem::path(name).extension() == ".json") {
      keys.push_back(std::filesystem::path(name).stem());
    }
  }));
  const std::scoped_lock lock(mutex_);
  std::vector<std::pair<std::int64_t, std::string>> idle;
  for (const std::string& key : keys) {
    if (!claimed_.contains(key)) {
      const auto note = read_note(files_, note_path(key));
      idle.emplace_back(note ? note->touched_micros : 0, key);
    }
  }
  std::sort(idle.rbegin(), idle.rend());  // newest first
  const std::int64_t oldest = to_unix_micros(clock_.utc_now() - settings_.part_lifetime);
  for (std::size_t i = 0; i < idle.size(); ++i) {
    if (i >= settings_.kept_parts || idle[i].first < oldest) {
      drop_part(idle[i].second);
    }
  }
}

}  // namespace sluice::low
