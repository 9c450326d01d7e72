// A small signed Debian archive in a folder, made with Debian's own tools: dpkg-deb,
// apt-ftparchive, gpg.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/ecosystem/apt/private_directory.h"

namespace sluice::test {

// A key in a GnuPG home of its own.
class GpgKey {
 public:
  GpgKey();
  GpgKey(const GpgKey&) = delete;
  GpgKey& operator=(const GpgKey&) = delete;
  ~GpgKey();

  std::string armored() const;
  std::string binary() const;
  std::string clearsign(const std::string& text) const;
  std::string detach(const std::string& text) const;
  std::filesystem::path home() const { return home_.path(); }

 private:
  std::string gpg(std::vector<std::string> arguments, const std::string& input = "") const;

  apt::PrivateDirectory home_;
};

struct TestPackage {
  std::string name;
  std::string version;
  std::string depends{};
  std::string architecture = "amd64";
  std::string component = "main";
  std::string fields{};  // more lines for its control file
};

struct TestSuite {
  std::string name = "stable";
  UtcTime date;
  std::optional<UtcTime> valid_until{};
  bool by_hash = true;
  bool in_release = true;  // else Release and Release.gpg only
};

class AptArchive {
 public:
  AptArchive();

  // Builds a package into the pool.
  void add(const TestPackage& package);
  // Puts a source package of one tarball and its .dsc into the pool, component main. `suffix`: more
  // bytes for the tarball.
  void add_source(const std::string& name, const std::string& version,
                  const std::string& suffix = "");
  // Writes the indices of all that is in the pool, for amd64, and signs them; components main and,
  // if it has packages, contrib.
  void publish(const TestSuite& suite);
  // Signs again what lies in dists/<suite>/Release.
  void sign(const TestSuite& suite, const GpgKey& key);

  const GpgKey& key() const { return key_; }
  std::filesystem::path root() const { return root_.path(); }
  // The same in another place, such as "pool/main/h/hello/hello_2.10_amd64.deb".
  std::filesystem::path path(const std::string& below) const { return root_.path() / below; }
  std::string read(const std::string& below) const;
  void write(const std::string& below, const std::string& bytes);

 private:
  std::vector<std::string> write_packages(const std::string& suite);
  std::vector<std::string> write_index(const std::string& suite, const std::string& index,
                                       const std::vector<std::string>& command);

  GpgKey key_;
  apt::PrivateDirectory root_;
  bool has_sources_ = false;
};

// Runs a program to its end; throws with what it said if it fails.
std::string run_or_throw(std::vector<std::string> arguments, const std::string& input = "",
                         const std::filesystem::path& working_directory = "/",
                         const std::filesystem::path& gnupg_home = "/nonexistent");

}  // namespace sluice::test
