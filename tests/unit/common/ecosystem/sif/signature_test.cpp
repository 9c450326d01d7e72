#include "common/ecosystem/sif/signature.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "common/ecosystem/apt/keyring.h"
#include "tests/support/gpg_signer.h"
#include "tests/support/sif_image.h"

namespace sluice::sif {
namespace {

using test::kSifGroup;
using test::SifImage;
using test::Signer;
using ::testing::HasSubstr;

class TextSource final : public Source {
 public:
  explicit TextSource(const std::string& bytes) : bytes_(bytes) {}
  std::uint64_t size() const override { return bytes_.size(); }
  Result<void> read_at(std::uint64_t offset, MutableByteView into) const override {
    std::memcpy(into.data(), bytes_.data() + offset, into.size());
    return {};
  }

 private:
  const std::string& bytes_;
};

Signer& known() {
  static Signer one;
  return one;
}
Signer& stranger() {
  static Signer one;
  return one;
}

SifImage unsigned_image() {
  SifImage image;
  image.objects = {{0x4001, kSifGroup | 1, 0, "bootstrap: scratch", "d"},
                   {.data = std::string(3'000'000, 's')}};
  return image;
}
SifImage signed_by(Signer& signer) {
  SifImage image = unsigned_image();
  image.add_signature(1, signer.clearsign(image.signed_text(1)));
  return image;
}

Judgement judge(const std::string& bytes) {
  const TextSource source(bytes);
  const auto image = read_image("x.sif", source);
  EXPECT_TRUE(image) << image.error().message();
  const Bytes keyring = apt::dearmor("key", known().armored()).value();
  return judge_signatures("x.sif", image.value(), source, keyring, {}).value();
}

TEST(SifSignatures, AreGoodByAKeyOfTheKeyring) {
  const Judgement good = judge(signed_by(known()).bytes());
  EXPECT_EQ(good.verdict, Verdict::kGood) << good.detail;
  EXPECT_EQ(good.detail.size(), 40U);  // a fingerprint
}

TEST(SifSignatures, CoverHeaderDescriptorsAndObjects) {
  const SifImage image = signed_by(known());
  struct Case {
    const char* what;
    std::size_t at;
    const char* cause;
  };
  const Case cases[] = {
      {"the launch script", 3, "header"},
      {"the image's id", 50, "header"},
      {"an object's name", SifImage::kTable + 73, "descriptor of object 1"},
      {"what an object is", SifImage::kTable + SifImage::kDescriptor + 201,
       "descriptor of object 2"},
      {"the first object", image.offsets()[0], "object 1 is not"},
      {"the last byte of the second", image.offsets()[1] + 2'999'999, "object 2 is not"},
      {"the signed text", image.offsets()[2] + 120, "bad signature"},
  };
  for (const Case& one : cases) {
    std::string bytes = image.bytes();
    bytes[one.at] ^= 1;
    const Judgement judged = judge(bytes);
    EXPECT_EQ(judged.verdict, Verdict::kBad) << one.what;
    EXPECT_THAT(judged.detail, HasSubstr(one.cause)) << one.what;
  }
}

TEST(SifSignatures, ByOthersAreOfUnknownKeys) {
  const Judgement judged = judge(signed_by(stranger()).bytes());
  EXPECT_EQ(judged.verdict, Verdict::kUnknownKey);
  EXPECT_THAT(judged.detail, HasSubstr("keyring does not hold"));
}

TEST(SifSignatures, BesideAGoodOneDoNoHarm) {
  SifImage image = signed_by(stranger());
  image.add_signature(1, known().clearsign(unsigned_image().signed_text(1)));
  EXPECT_EQ(judge(image.bytes()).verdict, Verdict::kGood);
}

TEST(SifSignatures, AreMissingWhereAGroupHasNone) {
  EXPECT_EQ(judge(unsigned_image().bytes()).verdict, Verdict::kUnsigned);
  SifImage two = unsigned_image();
  two.objects.push_back({0x4001, kSifGroup | 2, 0, "second group", "d"});
  two.add_signature(1, known().clearsign(unsigned_image().signed_text(1)));
  EXPECT_EQ(judge(two.bytes()).verdict, Verdict::kUnsigned);
  SifImage outside = unsigned_image();
  outside.objects.push_back({0x4001, kSifGroup, 0, "in no group", "d"});
  outside.add_signature(1, known().clearsign(unsigned_image().signed_text(1)));
  EXPECT_EQ(judge(outside.bytes()).verdict, Verdict::kUnsigned);
}

TEST(SifSignatures, OfOtherKindsSayNothing) {
  for (const std::string& text :
       {std::string(R"({"payloadType":"application/vnd.sylabs.sif-metadata+json"})"),
        known().clearsign("SIFHASH:\n00\n")}) {
    SifImage image = unsigned_image();
    image.add_signature(1, text);
    EXPECT_EQ(judge(image.bytes()).verdict, Verdict::kUnsigned);
  }
}

// An object that is added to a signed group, or of which the signature says nothing.
TEST(SifSignatures, CoverAllObjectsOfTheirGroupAndNoOthers) {
  SifImage more = unsigned_image();
  more.objects.push_back({0x4001, kSifGroup | 1, 0, "added", "d"});
  more.add_signature(1, known().clearsign(unsigned_image().signed_text(1)));
  EXPECT_EQ(judge(more.bytes()).verdict, Verdict::kBad);
  SifImage less = unsigned_image();
  const std::string text = less.signed_text(1);
  less.objects.pop_back();
  less.add_signature(1, known().clearsign(text));
  EXPECT_EQ(judge(less.bytes()).verdict, Verdict::kBad);
}

TEST(SifSignatures, ThatHoldButSayNothingAreBad) {
  for (const char* text : {"{}", "no JSON", R"({"version":2,"header":{},"objects":[]})",
                           R"({"version":1,"header":{"digest":"md5:00"},"objects":[]})"}) {
    SifImage image = unsigned_image();
    image.add_signature(1, known().clearsign(text));
    EXPECT_EQ(judge(image.bytes()).verdict, Verdict::kBad) << text;
  }
}

TEST(SifSignatures, AreByWhomTheDescriptorNames) {
  SifImage image = signed_by(known());
  image.objects.back().extra = SifImage::little(1, 4) + std::string(20, 'f');
  const Judgement judged = judge(image.bytes());
  EXPECT_EQ(judged.verdict, Verdict::kBad);
  EXPECT_THAT(judged.detail, HasSubstr("another key"));
}

TEST(SifSignedDigests, AreReadWhole) {
  const auto digests = read_signed_digests("x", unsigned_image().signed_text(1));
  ASSERT_TRUE(digests) << digests.error().message();
  ASSERT_EQ(digests->objects.size(), 2U);
  EXPECT_EQ(digests->objects[1].relative_id, 1U);
  EXPECT_EQ(digests->objects[1].object, Digest(sha256(as_bytes(std::string(3'000'000, 's')))));
}

}  // namespace
}  // namespace sluice::sif
