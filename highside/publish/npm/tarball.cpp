#include "highside/publish/npm/tarball.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <memory>
#include <optional>

#include "common/base/text.h"

namespace sluice::high {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxEntries = 1'000'000;
constexpr std::size_t kMaxManifestBytes = std::size_t{1} << 20;
// A tarball that unpacks to more is a bomb, or no package.
constexpr std::int64_t kMaxUnpackedBytes = std::int64_t{4} << 30;
constexpr std::size_t kReadBytes = std::size_t{256} << 10;
constexpr std::size_t kMaxJsonDepth = 64;

struct CloseReader {
  void operator()(archive* reader) const { archive_read_free(reader); }
};
using Reader = std::unique_ptr<archive, CloseReader>;

Error damaged(const std::string& thing, std::string cause) {
  return {ErrorCode::kIntegrity, thing, std::move(cause), "pack it with npm pack"};
}

std::string cause_of(archive* reader) {
  const char* cause = archive_error_string(reader);
  return std::string("it does not unpack: ") + (cause != nullptr ? cause : "damaged");
}

bool points_out(std::string_view path) {
  return path.starts_with('/') || path.find('\\') != std::string_view::npos ||
         std::ranges::count(split(path, '/'), "..") > 0;
}

// npm leaves out the first folder, whatever its name.
bool is_manifest(std::string_view path) {
  path = path.starts_with("./") ? path.substr(2) : path;
  const auto parts = split(path, '/');
  return parts.size() == 2 && parts[1] == "package.json";
}

Result<json::object> read_manifest(const std::string& thing, archive* reader) {
  std::string text;
  std::array<char, std::size_t{16} << 10> buffer{};
  for (la_ssize_t count = 1; count > 0;) {
    count = archive_read_data(reader, buffer.data(), buffer.size());
    if (count < 0) {
      return damaged(thing, cause_of(reader));
    }
    if (text.size() + static_cast<std::size_t>(count) > kMaxManifestBytes) {
      return damaged(thing, "its package.json has more than " + human_size(kMaxManifestBytes));
    }
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  json::parse_options options;
  options.max_depth = kMaxJsonDepth;
  boost::system::error_code failed;
  json::value value = json::parse(text.starts_with("\xef\xbb\xbf") ? text.substr(3) : text, failed,
                                  json::storage_ptr(), options);
  if (failed || !value.is_object()) {
    return damaged(thing, "its package.json is no JSON object");
  }
  return std::move(value.get_object());
}

}  // namespace

Result<json::object> read_package_json(const std::string& thing,
                                       const std::filesystem::path& tarball) {
  const Reader reader(archive_read_new());
  SLUICE_ASSERT(reader != nullptr);
  archive_read_support_format_tar(reader.get());
  archive_read_support_filter_gzip(reader.get());
  if (archive_read_open_filename(reader.get(), tarball.c_str(), kReadBytes) != ARCHIVE_OK) {
    return damaged(thing, cause_of(reader.get()));
  }
  std::optional<json::object> found;
  archive_entry* entry = nullptr;
  int status = ARCHIVE_OK;
  for (std::size_t count = 0;
       (status = archive_read_next_header(reader.get(), &entry)) == ARCHIVE_OK; ++count) {
    const char* name = archive_entry_pathname(entry);
    if (name == nullptr || count >= kMaxEntries || points_out(name) ||
        archive_filter_bytes(reader.get(), 0) > kMaxUnpackedBytes) {
      return damaged(thing, "it holds too much, or what unpacks outside of its folder: " +
                                std::string(name == nullptr ? "" : name).substr(0, 120));
    }
    if (!is_manifest(name)) {
      continue;
    }
    if (found) {
      return damaged(thing, "it holds its package.json twice");
    }
    SLUICE_TRY(found, read_manifest(thing, reader.get()));
  }
  if (status != ARCHIVE_EOF) {
    return damaged(thing, cause_of(reader.get()));
  }
  if (!found) {
    return damaged(thing, "it is no package: it has no package.json");
  }
  return std::move(*found);
}

}  // namespace sluice::high
