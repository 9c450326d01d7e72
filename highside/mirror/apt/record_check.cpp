#include "highside/mirror/apt/record_check.h"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "common/base/hasher.h"
#include "common/ecosystem/apt/compression.h"
#include "common/ecosystem/apt/gpg_verify.h"
#include "common/ecosystem/apt/package.h"
#include "common/ecosystem/apt/path.h"
#include "common/ecosystem/apt/release.h"
#include "common/ecosystem/apt/source_package.h"
#include "sluice/apt.pb.h"

namespace sluice::high {
namespace {

struct File {
  Sha256Digest sha256;
  std::uint64_t size = 0;
  bool vouched = false;  // something signed lists it
};

// "dists/bookworm/main/binary-amd64/Packages.xz" is one of Packages.
bool is_index_of(std::string_view path, std::string_view what) {
  const auto name = path.substr(path.rfind('/') + 1);
  return name.starts_with(what) && (name.size() == what.size() || name[what.size()] == '.');
}

// One record, step by step: each step works on what the one before has proved.
class SuiteCheck {
 public:
  SuiteCheck(const proto::Record& record, const proto::AptSuite& suite, ByteView keyring,
             const store::BlobStore& blobs)
      : record_(record),
        suite_(suite),
        keyring_(keyring),
        blobs_(blobs),
        dists_("dists/" + suite.suite() + "/") {}

  Result<void> run() {
    SLUICE_TRY_VOID(read_files());
    SLUICE_TRY(const auto release, verify_release());
    SLUICE_TRY_VOID(check_indices(release));
    SLUICE_TRY_VOID(check_packages());
    for (const auto& [path, file] : files_) {
      if (!file.vouched) {
        return bad(path, "nothing that is signed lists it");
      }
    }
    return {};
  }

 private:
  Error bad(const std::string& path, std::string cause) const {
    return {ErrorCode::kIntegrity, "apt " + record_.document() + " " + path, std::move(cause), ""};
  }

  Result<void> read_files() {
    const std::set<std::string_view> named(record_.blobs().begin(), record_.blobs().end());
    std::string_view last;
    for (const auto& file : suite_.files()) {
      const auto digest = Sha256Digest::from_bytes(as_bytes(file.sha256()));
      if (!digest || !apt::is_safe_path(file.path()) || file.path() <= last) {
        return Error{ErrorCode::kInvalid, "apt " + record_.document(),
                     "its list of files does not read at \"" + file.path() + "\"", ""};
      }
      last = file.path();
      if (!named.contains(file.sha256())) {
        return bad(file.path(), "the record does not name its blob");
      }
      SLUICE_TRY(const auto held, blobs_.find(*digest));
      if (!held || held->size != file.size()) {
        return bad(file.path(), "its blob is not held with the size that the record gives");
      }
      files_.emplace(file.path(), File{*digest, file.size(), false});
    }
    return {};
  }

  // The bytes of a file whose digest something signed vouches for, or that is checked next.
  Result<std::string> read(const std::string& path, const File& file, std::uint64_t limit) const {
    if (file.size > limit) {
      return bad(path, "is larger than " + std::to_string(limit) + " bytes");
    }
    SLUICE_TRY(const auto reader, blobs_.open(file.sha256));
    std::string bytes(file.size, '\0');
    SLUICE_TRY_VOID(reader->read_at(
        0, MutableByteView(reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size())));
    return bytes;
  }

  File* find(const std::string& path) {
    const auto found = files_.find(path);
    return found == files_.end() ? nullptr : &found->second;
  }

  Result<apt::Release> verify_release() {
    File* in_release = find(dists_ + "InRelease");
    File* release = find(dists_ + "Release");
    File* signature = find(dists_ + "Release.gpg");
    std::optional<apt::Release> result;
    if (in_release != nullptr) {
      SLUICE_TRY(const auto bytes, read("InRelease", *in_release, apt::kMaxReleaseBytes));
      SLUICE_TRY(const auto text, apt::verify_in_release(thing("InRelease"), bytes, keyring_, {}));
      SLUICE_TRY(result, apt::parse_release(thing("InRelease"), text.text));
      in_release->vouched = true;
    }
    if (release != nullptr && signature != nullptr) {
      SLUICE_TRY(const auto bytes, read("Release", *release, apt::kMaxReleaseBytes));
      SLUICE_TRY(const auto detached, read("Release.gpg", *signature, apt::kMaxReleaseBytes));
      SLUICE_TRY(const auto text,
                 apt::verify_release(thing("Release"), bytes, detached, keyring_, {}));
      SLUICE_TRY(auto parsed, apt::parse_release(thing("Release"), text.text));
      if (result && result->date != parsed.date) {
        return bad("Release", "its Date is not that of InRelease");
      }
      result = std::move(parsed);
      release->vouched = signature->vouched = true;
    }
    if (!result) {
      return bad(dists_, "has neither InRelease nor Release with Release.gpg");
    }
    if (to_unix_micros(result->date) != suite_.date_micros()) {
      return bad("Release", "its Date is not the record's");
    }
    return std::move(*result);
  }

  Result<void> check_indices(const apt::Release& release) {
    for (auto& [path, file] : files_) {
      if (!path.starts_with(dists_) || file.vouched) {
        continue;
      }
      const auto* listed = release.find(path.substr(dists_.size()));
      if (listed == nullptr) {
        return bad(path, "the signed Release does not list it");
      }
      if (listed->sha256 != file.sha256 || listed->size != file.size) {
        return bad(path, "has another digest or size than the signed Release lists");
      }
      file.vouched = true;
    }
    return {};
  }

  Result<void> check_packages() {
    for (const auto& path : indices_of("Packages")) {
      SLUICE_TRY(const auto text, index_text(path));
      SLUICE_TRY_VOID(
          apt::for_each_package(thing(path), text, [&](const apt::PackageStanza& package) {
            return vouch(path, std::string(package.filename), package.sha256, package.size);
          }));
    }
    for (const auto& path : indices_of("Sources")) {
      SLUICE_TRY(const auto text, index_text(path));
      SLUICE_TRY_VOID(apt::for_each_source(thing(path), text, [&](const apt::SourceStanza& source) {
        return vouch_files(path, source);
      }));
    }
    return {};
  }

  std::vector<std::string> indices_of(std::string_view what) const {
    std::vector<std::string> indices;
    for (const auto& [path, file] : files_) {
      if (path.starts_with(dists_) && is_index_of(path, what)) {
        indices.push_back(path);
      }
    }
    return indices;
  }

  Result<std::string> index_text(const std::string& path) const {
    SLUICE_TRY(const auto packed, read(path, files_.at(path), apt::kMaxIndexBytes));
    return apt::inflate(thing(path), packed);
  }

  Result<void> vouch_files(const std::string& index, const apt::SourceStanza& source) {
    for (const auto& file : source.files) {
      SLUICE_TRY_VOID(vouch(index, file.path, file.sha256, file.size));
    }
    return {};
  }

  Result<void> vouch(const std::string& index, const std::string& path, const Sha256Digest& sha256,
                     std::uint64_t size) {
    File* file = find(path);
    if (file == nullptr || file->sha256 != sha256 || file->size != size) {
      return bad(index, "lists " + path + ", which is not there with that digest and size");
    }
    file->vouched = true;
    return {};
  }

  std::string thing(const std::string& path) const {
    return "apt " + record_.document() + " " + path;
  }

  const proto::Record& record_;
  const proto::AptSuite& suite_;
  ByteView keyring_;
  const store::BlobStore& blobs_;
  std::string dists_;
  std::unordered_map<std::string, File> files_;
};

Result<void> check_date(const proto::AptSuite& suite, const std::optional<CatalogEntry>& previous) {
  proto::AptSuite held;
  if (!previous || !held.ParseFromString(previous->body) || held.mode() != suite.mode() ||
      held.date_micros() <= suite.date_micros()) {
    return {};
  }
  return Error{ErrorCode::kOutdated, "apt " + previous->document,
               "is of " + format_rfc3339(from_unix_micros(suite.date_micros())) + ", and one of " +
                   format_rfc3339(from_unix_micros(held.date_micros())) + " is held",
               ""};
}

}  // namespace

Result<void> AptRecordCheck::check(const proto::Record& record,
                                   const std::optional<CatalogEntry>& previous,
                                   const store::BlobStore& blobs) {
  proto::AptSuite suite;
  if (!suite.ParseFromString(record.body()) || !apt::is_safe_segment(suite.archive()) ||
      !apt::is_safe_path(suite.suite()) ||
      record.document() != suite.archive() + "/" + suite.suite()) {
    return Error{ErrorCode::kInvalid, "apt " + record.document(),
                 "the record does not read or is another suite's", ""};
  }
  const Bytes* keyring = keyrings_.find(suite.archive());
  if (keyring == nullptr) {
    return Error{ErrorCode::kRefused, "apt " + record.document(),
                 "no keyring is configured for archive " + suite.archive(),
                 "add [[apt]] with this archive and its keyring to the high side's configuration"};
  }
  SLUICE_TRY_VOID(check_date(suite, previous));
  return SuiteCheck(record, suite, *keyring, blobs).run();
}

}  // namespace sluice::high
