#include "tests/support/apt_archive.h"

#include <fstream>
#include <iterator>
#include <stdexcept>

#include "common/base/hasher.h"
#include "common/ecosystem/apt/release.h"
#include "common/process/run.h"

namespace sluice::test {
namespace {

std::string read_all(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    throw std::runtime_error("cannot read " + path.string());
  }
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_all(const std::filesystem::path& path, const std::string& bytes) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

}  // namespace

std::string run_or_throw(std::vector<std::string> arguments, const std::string& input,
                         const std::filesystem::path& working_directory,
                         const std::filesystem::path& gnupg_home) {
  process::Command command;
  command.arguments = std::move(arguments);
  command.environment = {{"LC_ALL", "C"}, {"GNUPGHOME", gnupg_home}, {"PATH", "/usr/bin:/bin"}};
  command.working_directory = working_directory;
  command.standard_input = input;
  auto outcome = process::run(command, {}).value();
  if (outcome.exit_code != 0) {
    throw std::runtime_error(command.arguments.front() + ": " + outcome.standard_error);
  }
  return std::move(outcome.standard_output);
}

GpgKey::GpgKey() : home_(apt::PrivateDirectory::make().value()) {
  gpg({"--passphrase", "", "--quick-generate-key", "Test <test@example.org>", "ed25519", "sign",
       "never"});
}

GpgKey::~GpgKey() {
  process::Command command;
  command.arguments = {"gpgconf", "--kill", "gpg-agent"};
  command.environment = {{"GNUPGHOME", home_.path()}};
  static_cast<void>(process::run(command, {}));
}

std::string GpgKey::gpg(std::vector<std::string> arguments, const std::string& input) const {
  arguments.insert(arguments.begin(), {"gpg", "--batch", "--quiet"});
  return run_or_throw(std::move(arguments), input, home_.path(), home_.path());
}

std::string GpgKey::armored() const { return gpg({"--armor", "--export"}); }
std::string GpgKey::binary() const { return gpg({"--export"}); }
std::string GpgKey::clearsign(const std::string& text) const {
  return gpg({"--clearsign", "--digest-algo", "SHA512", "--output", "-"}, text);
}
std::string GpgKey::detach(const std::string& text) const {
  return gpg({"--armor", "--detach-sign", "--output", "-"}, text);
}

AptArchive::AptArchive() : root_(apt::PrivateDirectory::make().value()) {}

std::string AptArchive::read(const std::string& below) const { return read_all(path(below)); }
void AptArchive::write(const std::string& below, const std::string& bytes) {
  write_all(path(below), bytes);
}

void AptArchive::add(const TestPackage& package) {
  const auto build = apt::PrivateDirectory::make().value();
  std::string control = "Package: " + package.name + "\nVersion: " + package.version +
                        "\nArchitecture: " + package.architecture +
                        "\nMaintainer: Test <test@example.org>\nDescription: for tests\n";
  if (!package.depends.empty()) {
    control += "Depends: " + package.depends + "\n";
  }
  write_all(build.path() / "DEBIAN/control", control + package.fields);
  write_all(build.path() / "usr/share" / package.name, package.version + "\n");
  std::string file_version = package.version;
  if (const auto colon = file_version.find(':'); colon != std::string::npos) {
    file_version.replace(colon, 1, "%3a");
  }
  const auto target =
      path("pool/" + package.component + "/" + package.name.substr(0, 1) + "/" + package.name +
           "/" + package.name + "_" + file_version + "_" + package.architecture + ".deb");
  std::filesystem::create_directories(target.parent_path());
  run_or_throw({"dpkg-deb", "--root-owner-group", "--build", build.path(), target});
}

void AptArchive::add_source(const std::string& name, const std::string& version,
                            const std::string& suffix) {
  const std::string file_version = version.substr(version.find(':') + 1);
  const std::string folder = "pool/main/" + name.substr(0, 1) + "/" + name + "/";
  const std::string tarball = name + "_" + file_version + ".tar.xz";
  const std::string bytes = "not unpacked by anyone here" + suffix;
  write(folder + tarball, bytes);
  std::string dsc = "Format: 3.0 (native)\nSource: " + name + "\nBinary: " + name +
                    "\nArchitecture: any\nVersion: " + version +
                    "\nMaintainer: Test <test@example.org>\nStandards-Version: 4.6.2\n";
  for (const auto& [field, algorithm] : {std::pair("Checksums-Sha256", DigestAlgorithm::kSha256),
                                         std::pair("Files", DigestAlgorithm::kMd5)}) {
    dsc += std::string(field) + ":\n " + hash(algorithm, as_bytes(bytes)).hex() + " " +
           std::to_string(bytes.size()) + " " + tarball + "\n";
  }
  write(folder + name + "_" + file_version + ".dsc", dsc);
  has_sources_ = true;
}

// Returns the paths of the index and its compressed forms below dists/<suite>/.
std::vector<std::string> AptArchive::write_index(const std::string& suite, const std::string& index,
                                                 const std::vector<std::string>& command) {
  const std::string below = "dists/" + suite + "/" + index;
  write(below, run_or_throw(command, "", root_.path()));
  run_or_throw({"xz", "--keep", "--force", path(below)});
  run_or_throw({"gzip", "--keep", "--force", "--no-name", path(below)});
  return {index, index + ".xz", index + ".gz"};
}

// Returns the paths of the indices below dists/<suite>/.
std::vector<std::string> AptArchive::write_packages(const std::string& suite) {
  std::vector<std::string> indices;
  for (const std::string component : {"main", "contrib"}) {
    if (!std::filesystem::exists(path("pool/" + component))) {
      continue;
    }
    const std::string pool = "pool/" + component;
    auto made = write_index(suite, component + "/binary-amd64/Packages",
                            {"apt-ftparchive", "--arch", "amd64", "packages", pool});
    std::ranges::move(made, std::back_inserter(indices));
    if (has_sources_) {
      made = write_index(suite, component + "/source/Sources", {"apt-ftparchive", "sources", pool});
      std::ranges::move(made, std::back_inserter(indices));
    }
  }
  return indices;
}

void AptArchive::publish(const TestSuite& suite) {
  const std::string dists = "dists/" + suite.name + "/";
  const auto indices = write_packages(suite.name);
  std::string release = "Origin: Test\nLabel: Test\nSuite: " + suite.name +
                        "\nCodename: " + suite.name +
                        "\nDate: " + apt::format_release_date(suite.date) + "\n";
  if (suite.valid_until) {
    release += "Valid-Until: " + apt::format_release_date(*suite.valid_until) + "\n";
  }
  release += suite.by_hash ? "Acquire-By-Hash: yes\n" : "";
  release +=
      "Architectures: all amd64\nNo-Support-for-Architecture-all: Packages\nComponents: main";
  release += std::filesystem::exists(path("pool/contrib")) ? " contrib\n" : "\n";
  for (const auto algorithm :
       {DigestAlgorithm::kMd5, DigestAlgorithm::kSha256, DigestAlgorithm::kSha512}) {
    const std::string field(apt::digest_field_name(algorithm));
    release += field + ":\n";
    for (const auto& index : indices) {
      const std::string bytes = read(dists + index);
      const std::string hex = hash(algorithm, as_bytes(bytes)).hex();
      release += " " + hex + " " + std::to_string(bytes.size()) + " " + index + "\n";
      if (suite.by_hash) {
        const auto folder = index.substr(0, index.rfind('/') + 1);
        write(dists + folder + "by-hash/" + field + "/" + hex, bytes);
      }
    }
  }
  // Archives list the plain indices, but hold only the compressed ones.
  for (const auto& index : indices) {
    if (index.ends_with("/Packages") || index.ends_with("/Sources")) {
      std::filesystem::remove(path(dists + index));
    }
  }
  write(dists + "Release", release);
  sign(suite, key_);
}

void AptArchive::sign(const TestSuite& suite, const GpgKey& key) {
  const std::string dists = "dists/" + suite.name + "/";
  const std::string release = read(dists + "Release");
  write(dists + "Release.gpg", key.detach(release));
  std::filesystem::remove(path(dists + "InRelease"));
  if (suite.in_release) {
    write(dists + "InRelease", key.clearsign(release));
  }
}

}  // namespace sluice::test
