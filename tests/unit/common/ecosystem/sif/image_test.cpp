#include "common/ecosystem/sif/image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "tests/support/sif_image.h"

namespace sluice::sif {
namespace {

using test::kSifGroup;
using test::SifImage;
using ::testing::HasSubstr;

class TextSource final : public Source {
 public:
  explicit TextSource(std::string bytes) : bytes_(std::move(bytes)) {}
  std::uint64_t size() const override { return bytes_.size(); }
  Result<void> read_at(std::uint64_t offset, MutableByteView into) const override {
    EXPECT_LE(offset + into.size(), bytes_.size()) << "it reads beyond the end";
    if (offset > bytes_.size() || into.size() > bytes_.size() - offset) {
      return Error{ErrorCode::kIntegrity, "text", "too short", ""};
    }
    std::memcpy(into.data(), bytes_.data() + offset, into.size());
    return {};
  }

 private:
  const std::string bytes_;
};

SifImage sound() {
  SifImage image;
  image.objects = {{0x4001, kSifGroup | 1, 0, "bootstrap: scratch", "d"},
                   {.data = std::string(5000, 's')},
                   {0x4005, kSifGroup, kSifGroup | 1, "signature", "x"}};
  return image;
}

// A field of the header, or of a descriptor by its number and offset.
constexpr std::size_t kFree = 80, kTotal = 88, kTableOffset = 96, kTableBytes = 104, kData = 112,
                      kDataBytes = 120;
std::size_t field(std::size_t descriptor, std::size_t offset) {
  return SifImage::kTable + descriptor * SifImage::kDescriptor + offset;
}
constexpr std::size_t kUsed = 4, kId = 5, kLink = 13, kOffset = 17, kSize = 25, kPadded = 33,
                      kExtra = 201;

Result<Image> read(std::string bytes) { return read_image("x.sif", TextSource(std::move(bytes))); }

TEST(SifImages, AreReadFieldByField) {
  const SifImage made = sound();
  const auto image = read(made.bytes());
  ASSERT_TRUE(image) << image.error().message();
  EXPECT_EQ(image->arch, "amd64");
  EXPECT_EQ(as_text(image->signed_header), SifImage::signed_header());
  ASSERT_EQ(image->objects.size(), 3U);
  const Object& partition = image->objects[1];
  EXPECT_EQ(partition.type, kPartition);
  EXPECT_EQ(partition.id, 2U);
  EXPECT_EQ(partition.group, 1U);
  EXPECT_EQ(partition.link, 0U);
  EXPECT_EQ(partition.offset, made.offsets()[1]);
  EXPECT_EQ(partition.size, 5000U);
  const Object& signature = image->objects[2];
  EXPECT_EQ(signature.type, kSignature);
  EXPECT_EQ(signature.group, 0U);
  EXPECT_TRUE(signature.links_group);
  EXPECT_EQ(signature.link, 1U);
}

TEST(SifImages, AreRefusedWhereTheirPartsDoNotFit) {
  struct Case {
    const char* what;
    std::size_t at;
    std::string bytes;
    const char* cause;
  };
  const auto number = [](std::uint64_t value) { return SifImage::little(value, 8); };
  const std::uint64_t end = sound().bytes().size();
  const std::uint64_t negative = ~std::uint64_t{0};
  const Case cases[] = {
      {"magic", 32, "SIF_MAGIK", "does not say"},
      {"version", 42, "02", "version"},
      {"architecture", 45, "x2", "architecture"},
      {"more free than there are", kFree, number(9), "size"},
      {"other free ones", kFree, number(2), "free"},
      {"no descriptors", kTotal, number(0), "size"},
      {"too many descriptors", kTotal, number(1'000'000'000), "size"},
      {"another size of the table", kTableBytes, number(585), "size"},
      {"a table over the header", kTableOffset, number(100), "inside"},
      {"a table beyond the end", kTableOffset, number(end), "inside"},
      {"a negative table", kTableOffset, number(negative), "inside"},
      {"data over the table", kData, number(200), "inside"},
      {"data beyond the end", kDataBytes, number(end), "inside"},
      {"negative data", kData, number(negative), "inside"},
      {"half used", field(0, kUsed), "\2", "type"},
      {"an unknown type", field(0, 0), SifImage::little(0x5000, 4), "type"},
      {"id 0", field(0, kId), SifImage::little(0, 4), "id"},
      {"an id twice", field(1, kId), SifImage::little(1, 4), "id"},
      {"an object over the table", field(0, kOffset), number(128), "inside"},
      {"an object beyond the end", field(0, kOffset), number(end), "inside"},
      {"an object longer than the file", field(1, kSize), number(end), "inside"},
      {"a negative object", field(1, kSize), number(negative), "inside"},
      {"less with padding than without", field(1, kPadded), number(1), "inside"},
      {"a partition anywhere", field(1, kOffset), number(sound().offsets()[1] - 1), "4096"},
      {"a link to nothing", field(2, kLink), SifImage::little(kSifGroup | 7, 4), "linked"},
      {"a link to no object", field(0, kLink), SifImage::little(9, 4), "linked"},
      {"another architecture", field(1, kExtra + 8), "04", "architecture"},
      {"another architecture in the header", 45, "04", "architecture"},
  };
  for (const Case& one : cases) {
    std::string bytes = sound().bytes();
    bytes.replace(one.at, one.bytes.size(), one.bytes);
    const auto refused = read(bytes);
    ASSERT_FALSE(refused) << one.what;
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalid) << one.what;
    EXPECT_THAT(refused.error().cause, HasSubstr(one.cause)) << one.what;
    EXPECT_FALSE(refused.error().cure.empty());
  }
}

TEST(SifImages, AreRefusedWhereObjectsOverlap) {
  SifImage image = sound();
  std::string bytes = image.bytes();
  const std::size_t inside = image.offsets()[1] + 100;
  bytes.replace(field(0, kOffset), 8, SifImage::little(inside, 8));
  EXPECT_THAT(read(bytes).error().cause, HasSubstr("over another"));
}

TEST(SifImages, HaveOnePrimaryPartition) {
  SifImage image = sound();
  image.objects.push_back({.data = "second"});
  EXPECT_THAT(read(image.bytes()).error().cause, HasSubstr("two primary"));
}

TEST(SifImages, AreRefusedCutOffAnywhere) {
  const std::string bytes = sound().bytes();
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    ASSERT_FALSE(read(bytes.substr(0, length))) << length;
  }
}

}  // namespace
}  // namespace sluice::sif
