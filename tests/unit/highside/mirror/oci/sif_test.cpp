// Images in Singularity's format: their files, and what the record's check asks of them.
#include "common/ecosystem/apt/keyring.h"
#include "tests/support/gpg_signer.h"
#include "tests/support/sif_image.h"
#include "tests/unit/highside/mirror/oci/registry_fixture.h"

namespace sluice::high {
namespace {

using sluice::test::kSifGroup;
using sluice::test::SifImage;
using sluice::test::Signer;
using testing::HasSubstr;

std::string image_of(const std::string& content, Signer* signer = nullptr) {
  SifImage image;
  image.objects = {{.data = content}};
  if (signer != nullptr) {
    image.add_signature(1, signer->clearsign(image.signed_text(1)));
  }
  return image.bytes();
}

Sha256Digest add_sif(test::OciSource& source, const std::string& image,
                     const std::string& more = "") {
  const std::string text = R"({"schemaVersion":2,"config":)" +
                           source.blob("{}", std::string(oci::kSifConfig)) + R"(,"layers":[)" +
                           source.blob(image, std::string(oci::kSifLayer)) + "]" + more + "}";
  return source.manifest(text, oci::kOciManifest);
}

class SifFilesTest : public test::RegistryFixture {
 protected:
  SifFilesTest() {
    source_.tag("1.0", add_sif(source_, image_));
    source_.tag("tar", source_.image("layer"));
    publish(source_);
  }

  const std::string image_ = image_of("content");
};

TEST_F(SifFilesTest, AreServedByTheirNames) {
  for (const std::string name : {"docker.io/library/tiny", "library/tiny", "tiny"}) {
    const Answer answer = get("/sif/" + name + "/1.0.sif");
    EXPECT_EQ(answer.status, 200) << name;
    EXPECT_EQ(answer.body, image_);
    EXPECT_EQ(field(answer, "Content-Type"), oci::kSifLayer);
    EXPECT_EQ(field(answer, "ETag"), '"' + oci::digest_text(sha256(as_bytes(image_))) + '"');
    EXPECT_EQ(field(answer, "Cache-Control"), "no-cache");
  }
  const Answer head = ask("HEAD", "/sif/tiny/1.0.sif");
  EXPECT_EQ(field(head, "Content-Length"), std::to_string(image_.size()));
  const Answer part = get("/sif/tiny/1.0.sif", "Range: bytes=32-41\r\n");
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, std::string("SIF_MAGIC\0", 10));
}

TEST_F(SifFilesTest, AreNotWhatIsNoneOrNotHere) {
  for (const std::string path : {"tiny/2.0.sif", "other/1.0.sif", "tiny/1.0", "tiny", "",
                                 "/1.0.sif", "Tiny/1.0.sif", "tiny/.sif"}) {
    EXPECT_EQ(get("/sif/" + path).status, 404) << path;
  }
  const Answer other = get("/sif/tiny/tar.sif");
  EXPECT_EQ(other.status, 404);
  EXPECT_THAT(other.body, HasSubstr("no SIF image"));
  EXPECT_EQ(ask("DELETE", "/sif/tiny/1.0.sif").status, 405);
}

class SifRecordTest : public testing::Test {
 protected:
  static Signer& known() {
    static Signer one;
    return one;
  }
  static SifRules rules(bool requires_signatures = false) {
    return {apt::dearmor("key", known().armored()).value(), requires_signatures};
  }
  Result<void> check(const std::string& image, const SifRules& with) {
    test::OciSource source(blobs_);
    source.tag("1.0", add_sif(source, image));
    return OciRecordCheck(with).check(source.record(), std::nullopt, blobs_);
  }

  test::MemoryBlobs blobs_;
};

TEST_F(SifRecordTest, IsVerifiedByThisSidesOwnKeys) {
  Signer stranger;
  EXPECT_TRUE(check(image_of("good", &known()), rules(true)));
  EXPECT_TRUE(check(image_of("unsigned"), rules()));
  EXPECT_TRUE(check(image_of("foreign", &stranger), {}));
  std::string changed = image_of("changed", &known());
  changed[changed.find("changed")] ^= 1;
  struct Case {
    std::string image;
    SifRules with;
    const char* cause;
  };
  const Case cases[] = {{changed, rules(), "signature is bad"},
                        {image_of("foreign", &stranger), rules(), "signature is unknown-key"},
                        {image_of("unsigned"), rules(true), "signature is unsigned"}};
  for (const Case& one : cases) {
    const auto refused = check(one.image, one.with);
    ASSERT_FALSE(refused) << one.cause;
    EXPECT_EQ(refused.error().code, ErrorCode::kIntegrity);
    EXPECT_THAT(refused.error().cause, HasSubstr(one.cause));
  }
}

// What is visible was checked when it came: a key that is taken away later hides nothing.
TEST_F(SifRecordTest, IsLookedAtOnceForItsSignature) {
  Signer stranger;
  test::OciSource source(blobs_);
  source.tag("1.0", add_sif(source, image_of("foreign", &stranger)));
  CatalogEntry before;
  before.body = source.record().body();
  source.tag("2.0", add_sif(source, image_of("good", &known())));
  EXPECT_TRUE(OciRecordCheck(rules()).check(source.record(), before, blobs_));
}

}  // namespace
}  // namespace sluice::high
