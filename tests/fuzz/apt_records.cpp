#include "common/base/hasher.h"
#include "common/ecosystem/apt/package.h"
#include "common/ecosystem/apt/release.h"
#include "sluice/apt.pb.h"
#include "tests/fuzz/records.h"

namespace sluice::fuzz {
namespace {

constexpr const char* kDate = "Sat, 17 May 2025 09:02:41 UTC";
const std::string kDists = "dists/stable/";
const std::string kPackages = "main/binary-amd64/Packages";

using Files = std::map<std::string, std::string>;  // path -> bytes

std::string stanza(const std::string& path, const std::string& bytes) {
  return "Package: odd\nVersion: 1\nArchitecture: amd64\nFilename: " + path +
         "\nSize: " + std::to_string(bytes.size()) + "\nSHA256: " + sha256(as_bytes(bytes)).hex() +
         "\n";
}

// Packages and what they list, with stanzas of the fuzzer's between them.
std::string packages(Input& input, Files& files) {
  std::string text;
  for (std::size_t count = input.choice(4); count > 0; --count) {
    if (input.choice(4) == 0) {
      text += input.text();
      continue;
    }
    const std::string path = "pool/odd_" + std::to_string(input.choice(4)) + ".deb";
    const std::string bytes = "package " + path;
    text += stanza(path, bytes) + input.text() + "\n";
    if (input.choice(8) != 0) {
      files[path] = bytes;
    }
  }
  return text;
}

std::string release(Input& input, const std::string& index) {
  std::string text = "Origin: Odd\nSuite: stable\nDate: " +
                     (input.choice(8) == 0 ? input.text() : std::string(kDate)) + "\n" +
                     input.text() + "SHA256:\n";
  if (input.choice(8) != 0) {
    text += " " + sha256(as_bytes(index)).hex() + " " + std::to_string(index.size()) + " " +
            kPackages + "\n";
  }
  return text + input.text();
}

void add_files(Input& input, Mirrors& mirrors, const Files& files, proto::AptSuite& suite,
               proto::Record& record) {
  for (const auto& [path, bytes] : files) {
    proto::AptFile& file = *suite.add_files();
    file.set_path(path);
    file.set_sha256(std::string(as_text(mirrors.blobs.add(bytes).bytes())));
    file.set_size(bytes.size());
    if (input.choice(8) == 0) {
      file.set_modified_micros(input.i64());
    }
    record.add_blobs(file.sha256());
  }
}

}  // namespace

proto::Record apt_record(Input& input, Mirrors& mirrors) {
  Files files;
  const std::string index = packages(input, files);
  const std::string text = release(input, index);
  files[kDists + kPackages] = index;
  const std::uint8_t parts = input.u8();
  if ((parts & 1) == 0) {
    files[kDists + "InRelease"] =
        "-----BEGIN PGP SIGNED MESSAGE-----\n" + text + "-----BEGIN PGP SIGNATURE-----\n";
  }
  if ((parts & 2) != 0) {
    files[kDists + "Release"] = text;
    files[kDists + "Release.gpg"] = "-----BEGIN PGP SIGNATURE-----\n";
  }
  if ((parts & 4) != 0) {
    files[input.text()] = input.text();
  }
  proto::AptSuite suite;
  proto::Record record;
  suite.set_archive(Mirrors::kArchive);
  suite.set_suite("stable");
  suite.set_mode(input.flag() ? proto::AptSuite::SUBSET : proto::AptSuite::FULL);
  const auto date = apt::parse_release_date(kDate);
  suite.set_date_micros(input.choice(8) == 0 ? input.i64() : to_unix_micros(*date));
  add_files(input, mirrors, files, suite, record);
  record.set_ecosystem("apt");
  record.set_document(suite.archive() + "/" + suite.suite());
  record.set_body(suite.SerializeAsString() + input.text());
  return record;
}

void check_apt(const proto::Record& record, Mirrors& mirrors) {
  proto::AptSuite suite;
  SLUICE_ASSERT(suite.ParseFromString(record.body()));
  const std::string root = "/apt/" + suite.archive() + "/";
  for (const auto& file : suite.files()) {
    const std::string bytes = mirrors.fetch(root + file.path());
    SLUICE_ASSERT(bytes.size() == file.size());
    SLUICE_ASSERT(as_text(sha256(as_bytes(bytes)).bytes()) == file.sha256());
    if (file.path() != "dists/" + suite.suite() + "/" + kPackages) {
      continue;
    }
    const auto listed = apt::for_each_package(
        "index", bytes, [&](const apt::PackageStanza& package) -> Result<void> {
          const std::string deb = mirrors.fetch(root + std::string(package.filename));
          SLUICE_ASSERT(deb.size() == package.size && sha256(as_bytes(deb)) == package.sha256);
          return {};
        });
    SLUICE_ASSERT(listed);
  }
  mirrors.fetch("/apt/");
  mirrors.fetch(root);
  mirrors.fetch(root + "dists/");
  mirrors.fetch(root + suite.archive() + ".sources");
}

}  // namespace sluice::fuzz
