#include "lowside/media/exporter.h"

#include <gtest/gtest.h>

#include <fstream>

#include "common/base/text.h"
#include "common/crypto/minisign.h"
#include "common/media/layout.h"
#include "lowside/media/medium_size.h"
#include "lowside/media/papers.h"
#include "tests/support/manual_clock.h"
#include "tests/support/temporary_folder.h"

namespace sluice::low {
namespace {

constexpr std::size_t kBlockBytes = 200'000;
constexpr std::uint64_t kBlocksEach = 10;  // of a shipment

struct FakeBlock final : FedBlock {
  fec::Geometry cut{.block_bytes = kBlockBytes,
                    .symbol_bytes = static_cast<std::uint16_t>(media::kSymbolBytes),
                    .max_data = media::kDataSymbols,
                    .parity = media::kParitySymbols};
  Bytes bytes = Bytes(media::kSymbolBytes, 0x5a);
  const fec::Geometry& geometry() const override { return cut; }
  ByteView symbol(std::uint32_t /*ordinal*/) const override { return bytes; }
};

// Shipments of ten blocks each, which fail after so many blocks.
class FakeFeed final : public BlockFeed {
 public:
  Result<void> begin(SessionId /*session*/, const FeedPosition& from) override {
    at_ = from;
    begun.push_back(from);
    return {};
  }
  Result<std::unique_ptr<FedBlock>> build() override {
    if (fail_after-- == 0) {
      return Error{ErrorCode::kNotFound, "blob", "is gone", ""};
    }
    if (++at_.item == kBlocksEach) {
      at_ = {at_.shipment + 1, 0, 0};
    }
    return std::unique_ptr<FedBlock>(std::make_unique<FakeBlock>());
  }
  bool done() const override { return at_.shipment == all_.size(); }
  FeedPosition position() const override { return at_; }
  void give_back(std::unique_ptr<FedBlock> /*block*/) override {}
  const std::vector<ShipmentSequence>& shipments() const override { return all_; }
  std::uint64_t total_bytes() const override { return 0; }
  Result<ShipmentPapers> papers(ShipmentSequence sequence) const override {
    ShipmentPapers papers;
    papers.contents.push_back(
        {sequence.value(), "drop", "<name> & more", Sha256Digest(), 7, "drop:x"});
    papers.after = {ShipmentSequence(sequence.value() - 1)};
    return papers;
  }
  wire::Heartbeat heartbeat() const override { return {}; }

  int fail_after = -1;
  std::vector<FeedPosition> begun;

 private:
  std::vector<ShipmentSequence> all_{ShipmentSequence(3), ShipmentSequence(4), ShipmentSequence(5),
                                     ShipmentSequence(6)};
  FeedPosition at_;
};

class ExporterTest : public ::testing::Test {
 protected:
  Result<void> run(Journal journal) {
    Exporter exporter({.folder = folder_.path(), .group_bytes = 800'000, .checkpoint_bytes = 1},
                      std::move(journal),
                      {feed_, posix_file_system(), key_, receivers_, clock_, counters_});
    auto result = exporter.run({});
    made_ = exporter.made();
    return result;
  }
  Journal wanted() const {
    Journal journal;
    journal.stream = "lab-low";
    journal.bundle = 1'795'932'062;
    journal.begun = from_unix_micros(1'795'932'000'000'000);
    journal.by = "ann";
    journal.size = 8'000'000;
    journal.shipments = "3-6";
    return journal;
  }
  // All heads of a volume's file, in order.
  std::vector<media::ReadHead> heads(const std::filesystem::path& file) const {
    std::ifstream in(file, std::ios::binary);
    std::vector<media::ReadHead> found;
    Bytes sector(media::kSectorBytes);
    while (in.read(reinterpret_cast<char*>(sector.data()),
                   static_cast<std::streamsize>(sector.size()))) {
      if (auto head = media::read_head(sector)) {
        EXPECT_TRUE(media::check_head(*head, key_.verify_key()));
        found.push_back(*std::move(head));
      }
    }
    return found;
  }
  void expect_whole() {
    ASSERT_GT(made_.size(), 1U);
    std::uint64_t blocks = 0;
    for (std::size_t volume = 0; volume < made_.size(); ++volume) {
      const auto first = heads(made_[volume] / "data/00.sluice");
      ASSERT_FALSE(first.empty());
      for (std::size_t file = 0; file < first[0].head.files; ++file) {
        const auto all = heads(made_[volume] / media::data_file_name(file));
        ASSERT_EQ(all.size(), first.size());
        for (std::size_t group = 0; group < all.size(); ++group) {
          EXPECT_EQ(all[group].head.group, group);
          EXPECT_EQ(all[group].head.volume, volume + 1);
          EXPECT_EQ(all[group].head.last, group + 1 == all.size());
          EXPECT_EQ(all[group].head.session, first[group].head.session);
          EXPECT_EQ(all[group].file, file);
        }
      }
      for (const auto& head : first) {
        blocks += head.head.blocks.size();
      }
    }
    EXPECT_EQ(blocks, 4 * kBlocksEach);
  }

  test::TemporaryFolder folder_;
  test::ManualClock clock_;
  crypto::SigningKey key_ = crypto::SigningKey::generate();
  std::vector<crypto::SealingKey> receivers_{crypto::OpeningKey::generate().sealing_key()};
  observe::Counters counters_;
  FakeFeed feed_;
  std::vector<std::filesystem::path> made_;
};

TEST_F(ExporterTest, VolumesKeepTheirSizeAndTheirPapersHold) {
  ASSERT_TRUE(run(wanted()));
  expect_whole();
  for (const auto& volume : made_) {
    std::uint64_t bytes = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(volume)) {
      bytes += entry.is_regular_file() ? entry.file_size() : 0;
    }
    EXPECT_LE(bytes, 8'000'000U);
    const Bytes text =
        read_file(posix_file_system(), volume / media::kManifestFile, 1 << 20).value();
    const Bytes signature =
        read_file(posix_file_system(), volume / media::kSignatureFile, 1 << 20).value();
    EXPECT_TRUE(crypto::Minisign::verify(key_.verify_key(), text, as_text(signature), "m"));
    const auto manifest = media::read_manifest(as_text(text)).value();
    EXPECT_EQ(manifest.volumes.size(), made_.size());
    EXPECT_EQ(manifest.shipments, "3-6");
    EXPECT_EQ(manifest.timestamp, format_rfc3339(wanted().begun));  // not the bundle's number
    EXPECT_EQ(manifest.stands_on, "2");
    for (const media::ManifestFile& file : manifest.artifacts) {
      const Bytes content = read_file(posix_file_system(), volume / file.file, 1 << 24).value();
      EXPECT_EQ(content.size(), file.bytes) << file.file;
      EXPECT_EQ(sha256(content), file.sha256) << file.file;
    }
  }
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / kJournalFile));
  EXPECT_EQ(counters_.get(observe::Metric::kExportedVolumes), made_.size());
  EXPECT_GT(counters_.get(observe::Metric::kExportedBytes), 4 * kBlocksEach * kBlockBytes);
}

TEST_F(ExporterTest, GoesOnBehindTheLastCheckpointWhereverItStopped) {
  for (int fail_after = 0; fail_after < 40; fail_after += 3) {
    SCOPED_TRACE(fail_after);
    feed_.fail_after = fail_after;
    EXPECT_FALSE(run(wanted()));
    feed_.fail_after = -1;
    auto journal = read_journal(posix_file_system(), folder_.path()).value();
    ASSERT_TRUE(journal.has_value());
    const FeedPosition position = journal->position;
    feed_.begun.clear();
    const auto done = run(*journal);
    ASSERT_TRUE(done) << done.error().message();
    EXPECT_EQ(feed_.begun.front(), position);
    expect_whole();
    for (const auto& volume : made_) {
      std::filesystem::remove_all(volume);
    }
  }
}

// So that a run of lost sectors leaves heads of every group.
TEST_F(ExporterTest, ASmallBundleIsSpreadOverAllFiles) {
  Journal journal = wanted();
  journal.size = 4'000'000'000;
  journal.position = {3, 4, 0};  // six blocks are left
  Exporter exporter({.folder = folder_.path()}, journal,
                    {feed_, posix_file_system(), key_, receivers_, clock_, counters_});
  ASSERT_TRUE(exporter.run({}));
  ASSERT_EQ(exporter.made().size(), 1U);
  for (std::size_t file = 0; file < media::kDataFiles; ++file) {
    const auto all = heads(exporter.made().front() / media::data_file_name(file));
    ASSERT_EQ(all.size(), 1U);
    EXPECT_TRUE(all[0].head.last);
    EXPECT_EQ(all[0].head.blocks.size(), 6U);
  }
}

TEST_F(ExporterTest, TooManySitesAreRefused) {
  receivers_.assign(33, receivers_.front());
  const auto done = run(wanted());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::kRefused);
}

TEST(TransferSheet, TakesNoMarkupFromNames) {
  media::VolumeManifest manifest;
  manifest.stream = "lab-low";
  manifest.bundle = 1;
  manifest.origin_user = "<script>x</script>\x1b[2J";
  EXPECT_EQ(sheet_html(manifest).find("<script"), std::string::npos);
  EXPECT_EQ(sheet_text(manifest).find('\x1b'), std::string::npos);
}

TEST(MediumSize, NamesAndNumbers) {
  EXPECT_EQ(parse_medium_size("cd").value(), 359'844U * 2048);
  EXPECT_EQ(parse_medium_size("100G").value(), 100'000'000'000U);
  EXPECT_EQ(parse_medium_size("8MiB").value(), 8U << 20);
  EXPECT_EQ(parse_medium_size("5000000").value(), 5'000'000U);
  for (const char* text : {"", "G", "-1", "1X", "3M", "99999999T", "18446744073709551616", "cd "}) {
    EXPECT_FALSE(parse_medium_size(text)) << text;
  }
}

}  // namespace
}  // namespace sluice::low
