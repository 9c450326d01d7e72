// From an upstream archive through the low side's source and the high side's check, catalog and
// mirror to apt-get itself, with its signature checks on.
#include "common/http/server.h"
#include "common/process/run.h"
#include "common/store/disk_blob_store.h"
#include "highside/catalog/catalog.h"
#include "highside/mirror/apt/apt_mirror.h"
#include "highside/mirror/apt/record_check.h"
#include "tests/support/memory_store.h"
#include "tests/unit/lowside/upstream/apt/apt_source_fixture.h"

namespace sluice {
namespace {

using low::AptSettings;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// What one archive's high side is made of.
class HighSide {
 public:
  HighSide(const std::filesystem::path& folder, const std::string& keyring)
      : keyrings_(high::AptKeyrings::load({{"debian", {keyring}}}).value()),
        blobs_(store::DiskBlobStore::open(index_, posix_file_system(), folder).value()),
        mirror_(std::make_shared<high::AptMirror>("/apt", keyrings_, catalog_, *blobs_)) {
    catalog_.load().value();
    server_ = http::Server::start({.listen = {"127.0.0.1:0"}}, high::AptMirror::handler(mirror_),
                                  counters_, events_)
                  .value();
  }

  // As a shipment arrives: blobs first, then the records if they hold.
  Result<void> take(const low::Proposal& proposal, const low::TestIntake& intake) {
    std::vector<store::NewBlob> blobs;
    for (const auto& blob : proposal.blobs) {
      const std::string bytes = intake.bytes(blob.sha256());
      const ByteView view = as_bytes(bytes);
      store::NewBlob one{{sha256(view), bytes.size(), {}}, Bytes(view.begin(), view.end())};
      for (const auto& alias : blob.aliases()) {
        one.info.aliases.push_back(hash(static_cast<DigestAlgorithm>(alias.algorithm()), view));
      }
      blobs.push_back(std::move(one));
    }
    SLUICE_TRY_VOID(blobs_->commit(std::move(blobs)));
    proto::Shipment shipment;
    shipment.set_stream("lab");
    shipment.set_sequence(++sequence_);
    std::vector<const proto::Record*> records;
    for (const auto& record : proposal.records) {
      SLUICE_TRY(const auto held, catalog_.find(catalog_.current(), "apt", record.document()));
      SLUICE_TRY_VOID(high::AptRecordCheck(keyrings_).check(record, held, *blobs_));
      *shipment.add_records() = record;
    }
    for (const auto& record : shipment.records()) {
      records.push_back(&record);
    }
    SLUICE_TRY_VOID(catalog_.publish({shipment, records, SystemClock().utc_now()}, {}));
    return {};
  }

  std::string url() const { return "http://" + server_->addresses().front() + "/apt/debian"; }

 private:
  test::MemoryStore index_;
  high::Catalog catalog_{index_};
  high::AptKeyrings keyrings_;
  std::unique_ptr<store::DiskBlobStore> blobs_;
  std::shared_ptr<high::AptMirror> mirror_;
  observe::Counters counters_;
  test::RecordedEvents events_;
  std::unique_ptr<http::Server> server_;
  std::uint64_t sequence_ = 0;
};

// A machine inside: apt-get with folders of its own.
class AptClient {
 public:
  AptClient(std::filesystem::path root, const std::string& url) : root_(std::move(root)) {
    for (const char* folder :
         {"state/lists/partial", "cache/archives/partial", "etc/apt.conf.d", "etc/preferences.d"}) {
      std::filesystem::create_directories(root_ / folder);
    }
    write("status", "");
    write("apt.conf", "Dir \"" + root_.string() + "/\";\nDir::State \"" + root_.string() +
                          "/state\";\nDir::State::status \"" + root_.string() +
                          "/status\";\nDir::Cache \"" + root_.string() + "/cache\";\nDir::Etc \"" +
                          root_.string() + "/etc\";\nDir::Etc::sourcelist \"" + root_.string() +
                          "/etc/test.sources\";\nDir::Bin::methods \"/usr/lib/apt/methods\";\n"
                          "APT::Architecture \"amd64\";\nAPT::Architectures { \"amd64\"; };\n"
                          "APT::Sandbox::User \"root\";\nAPT::Update::Error-Mode \"any\";\n");
    get(url + "/debian.asc", "debian.asc");
    get(url + "/debian.sources?signed-by=" + (root_ / "debian.asc").string(), "etc/test.sources");
  }

  process::Outcome apt_get(std::vector<std::string> arguments) {
    process::Command command;
    command.arguments = std::move(arguments);
    command.arguments.insert(command.arguments.begin(), {"apt-get", "-q", "-y"});
    command.environment = {{"APT_CONFIG", root_ / "apt.conf"}, {"LC_ALL", "C"}};
    command.working_directory = root_;  // where it puts source packages
    return process::run(command, {}).value();
  }
  std::map<std::string, std::string> archives() {
    std::map<std::string, std::string> all;
    for (const auto& entry : std::filesystem::directory_iterator(root_ / "cache/archives")) {
      if (entry.path().extension() == ".deb") {
        const Bytes bytes = read_file(posix_file_system(), entry.path(), 1 << 20).value();
        all[entry.path().filename()] = as_text(bytes);
      }
    }
    return all;
  }
  std::string read(const std::string& name) {
    return std::string(as_text(read_file(posix_file_system(), root_ / name, 1 << 20).value()));
  }
  void write(const std::string& name, const std::string& text) {
    write_file_durably(posix_file_system(), root_ / name, as_bytes(text)).value();
  }

 private:
  void get(const std::string& url, const std::string& name) {
    test::run_or_throw({"curl", "-fsS", url, "-o", root_ / name});
  }

  std::filesystem::path root_;
};

class AptEndToEnd : public low::AptSourceTest {
 protected:
  void expect_installs(HighSide& high) {
    AptClient client(folder_ / "client", high.url());
    auto outcome = client.apt_get({"update"});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.standard_output << outcome.standard_error;
    EXPECT_THAT(outcome.standard_error, Not(HasSubstr("W:")));
    outcome = client.apt_get({"install", "--download-only", "hello"});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.standard_output << outcome.standard_error;
    std::vector<std::string> names;
    for (const auto& [name, bytes] : client.archives()) {
      names.push_back(name);
    }
    EXPECT_THAT(names, ElementsAre("data_7~rc1_all.deb", "hello_1%3a2.10+b1_amd64.deb",
                                   "libgreet_1.2_amd64.deb"));
    EXPECT_EQ(client.archives()["hello_1%3a2.10+b1_amd64.deb"],
              archive_.read("pool/main/h/hello/hello_1%3a2.10+b1_amd64.deb"));
    // Nothing new: InRelease is answered 304.
    outcome = client.apt_get({"update"});
    EXPECT_THAT(outcome.standard_output, HasSubstr("Hit:1 "));
    EXPECT_EQ(outcome.exit_code, 0);
  }
};

TEST_F(AptEndToEnd, AptInstallsFromASubset) {
  const auto proposal = poll(settings(AptSettings::Mode::kSubset));
  ASSERT_TRUE(proposal) << proposal.error().message();
  HighSide high(folder_ / "high", folder_ / "site" / "site.asc");
  const auto taken = high.take(*proposal, intake_);
  ASSERT_TRUE(taken) << taken.error().message();
  expect_installs(high);
}

TEST_F(AptEndToEnd, AptInstallsFromTheVendorsOwnIndices) {
  const auto proposal = poll(settings(AptSettings::Mode::kFull));
  ASSERT_TRUE(proposal) << proposal.error().message();
  HighSide high(folder_ / "high", folder_ / "archive.asc");
  const auto taken = high.take(*proposal, intake_);
  ASSERT_TRUE(taken) << taken.error().message();
  expect_installs(high);
}

TEST_F(AptEndToEnd, AptGetsSourcesFromASubset) {
  archive_.add_source("hello", "1:2.10+b1");
  archive_.publish(suite_);
  auto wanted = settings(AptSettings::Mode::kSubset);
  wanted.source_packages = true;
  const auto proposal = poll(wanted);
  ASSERT_TRUE(proposal) << proposal.error().message();
  HighSide high(folder_ / "high", folder_ / "site" / "site.asc");
  const auto taken = high.take(*proposal, intake_);
  ASSERT_TRUE(taken) << taken.error().message();
  AptClient client(folder_ / "client", high.url());
  auto outcome = client.apt_get({"update"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.standard_output << outcome.standard_error;
  outcome = client.apt_get({"source", "--download-only", "hello"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.standard_output << outcome.standard_error;
  EXPECT_EQ(client.read("hello_2.10+b1.tar.xz"),
            archive_.read("pool/main/h/hello/hello_2.10+b1.tar.xz"));
}

TEST_F(AptEndToEnd, TheHighSideTrustsItsOwnKeyringAlone) {
  const auto proposal = poll(settings(AptSettings::Mode::kSubset));
  ASSERT_TRUE(proposal);
  HighSide high(folder_ / "high", folder_ / "archive.asc");  // the vendor's, not the site's
  const auto taken = high.take(*proposal, intake_);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, ErrorCode::kIntegrity);
}

TEST_F(AptEndToEnd, AptRefusesAnotherKey) {
  const auto proposal = poll(settings(AptSettings::Mode::kSubset));
  HighSide high(folder_ / "high", folder_ / "site" / "site.asc");
  high.take(*proposal, intake_).value();
  AptClient client(folder_ / "client", high.url());
  client.write("debian.asc", archive_.key().armored());
  EXPECT_NE(client.apt_get({"update"}).exit_code, 0);
}

}  // namespace
}  // namespace sluice
