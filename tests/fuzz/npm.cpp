// What an npm registry, a lock file or a want-list may say: packuments with their manifests,
// signing keys, lock files of npm, pnpm and yarn, and the names and versions in them.
#include <boost/json.hpp>

#include "common/ecosystem/npm/json_text.h"
#include "common/ecosystem/npm/package_name.h"
#include "common/ecosystem/npm/semver.h"
#include "common/ecosystem/purl/package_url.h"
#include "highside/mirror/npm/record_check.h"
#include "lowside/upstream/npm/cursor.h"
#include "lowside/upstream/npm/lock_file.h"
#include "lowside/upstream/npm/packument.h"
#include "lowside/upstream/npm/platform.h"
#include "lowside/upstream/npm/record.h"
#include "lowside/upstream/npm/signature.h"
#include "lowside/upstream/npm/want.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/tarball_of_digest.h"

namespace sluice::fuzz {
namespace {

namespace json = boost::json;

const std::string kName = "odd";
const std::set<std::string> kWanted{"1.0.0", "1.0.1", "2.0.0-rc.1"};

bool is_json(std::string_view text) {
  json::parse_options options;
  options.max_depth = 66;  // two levels deeper than a manifest may be
  boost::system::error_code failure;
  json::parse(json::string_view(text.data(), text.size()), failure, json::storage_ptr(), options);
  return !failure;
}

// What the low side makes of a packument, the high side takes.
void cross(const low::Packument& packument) {
  TarballOfDigest blobs;
  std::map<std::string, low::HeldVersion> held;
  for (const auto& [version, text] : packument.versions) {
    const auto manifest = low::read_manifest(kName, version, text);
    if (manifest) {
      SLUICE_ASSERT(manifest->text == text && is_json(text));
      SLUICE_ASSERT(!manifest->tarball.empty());
      low::suits_any(manifest->json, {low::NpmTarget()});
      held[version] = {text, blobs.add(manifest->digests)};
    }
  }
  if (held.empty()) {
    return;
  }
  const proto::Record record = low::make_npm_record(kName, packument, held);
  const auto checked = high::NpmRecordCheck().check(record, std::nullopt, blobs);
  SLUICE_ASSERT(checked);
}

void read_packument(std::string_view body) {
  const auto packument = low::read_packument(kName, "https://registry.example/odd", body, kWanted);
  if (!packument) {
    return;
  }
  SLUICE_ASSERT(is_json(packument->extra));
  SLUICE_ASSERT(packument->extra.size() <= 2 * body.size() + 2);
  for (const auto& [version, text] : packument->versions) {
    SLUICE_ASSERT(kWanted.contains(version));
  }
  cross(*packument);
}

void read_lock_file(std::string_view text) {
  const auto read = [&](const std::vector<low::NpmTarget>& targets, bool include_dev) {
    return low::read_lock_file("lock", text, targets, include_dev);
  };
  const auto packages = read({}, true);
  if (!packages) {
    SLUICE_ASSERT(!packages.error().cure.empty());
    return;
  }
  for (const low::LockedPackage& package : *packages) {
    SLUICE_ASSERT(npm::check_package_name(package.name));
    SLUICE_ASSERT(npm::SemVer::parse(package.version));
  }
  // A machine, and what only runs, need no more than all.
  const auto of_one = read({low::NpmTarget()}, true);
  const auto to_run = read({}, false);
  SLUICE_ASSERT(of_one && of_one->size() <= packages->size());
  SLUICE_ASSERT(to_run && to_run->size() <= packages->size());
}

void read_keys(Input& input) {
  const auto keys = low::NpmKeys::read("https://registry.example/keys", as_text(input.piece()));
  const auto manifest = low::read_manifest(kName, "1.0.0", input.text());
  if (keys && manifest) {
    keys->verify(kName, "1.0.0", *manifest, input.rest_text());
  }
}

void check_name(std::string_view name) {
  if (!npm::check_package_name(name)) {
    return;
  }
  // In a URL it is one segment, and reads back as the name.
  const std::string segment = npm::url_segment(name);
  SLUICE_ASSERT(segment.find('/') == std::string::npos);
  SLUICE_ASSERT(name.find("..") != 0 && !npm::base_name(name).empty());
  const auto read = purl::read_package_url(purl::package_url({"npm", std::string(name), "1.0.0"}));
  SLUICE_ASSERT(read && read->name == name && read->version == "1.0.0");
}

// A strict weak order, or sorting by it would run off the ends.
void check_order(const std::string& a, const std::string& b, const std::string& c) {
  SLUICE_ASSERT(!npm::version_less(a, a));
  SLUICE_ASSERT(!(npm::version_less(a, b) && npm::version_less(b, a)));
  SLUICE_ASSERT(!(npm::version_less(a, b) && npm::version_less(b, c)) || npm::version_less(a, c));
}

void cut_json(std::string_view text) {
  const auto members = npm::json_members(text);
  if (!members) {
    return;
  }
  npm::JsonObjectText joined;
  for (const npm::JsonMember& member : *members) {
    SLUICE_ASSERT(member.value.data() >= text.data() &&
                  member.value.data() + member.value.size() <= text.data() + text.size());
    joined.add(member.key, member.value);
  }
  const std::string again = std::move(joined).finish();
  // Cut and joined, an object is what it was; and what is JSON stays so.
  const auto once_more = npm::json_members(again);
  SLUICE_ASSERT(once_more && once_more->size() == members->size());
  SLUICE_ASSERT(!is_json(text) || is_json(again));
}

void read_cursor(std::string_view text) {
  const auto cursor = low::NpmCursor::read(text);
  if (cursor) {
    const std::string written = cursor->write();
    const auto again = low::NpmCursor::read(written);
    SLUICE_ASSERT(again && again->write() == written);
  }
}

}  // namespace
}  // namespace sluice::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  fuzz::Input input(data, size);
  switch (input.choice(8)) {
    case 0:
      fuzz::read_packument(input.rest_text());
      break;
    case 1:
      fuzz::read_lock_file(input.rest_text());
      break;
    case 2:
      fuzz::read_keys(input);
      break;
    case 3:
      fuzz::check_name(input.rest_text());
      break;
    case 4: {
      const std::string a = input.text();
      const std::string b = input.text();
      fuzz::check_order(a, b, std::string(input.rest_text()));
      break;
    }
    case 5:
      fuzz::cut_json(input.rest_text());
      break;
    case 6:
      fuzz::read_cursor(input.rest_text());
      break;
    default:
      low::want_of_spec(input.rest_text());
      low::read_rfc3339(input.rest_text());
      break;
  }
  return 0;
}
