// OCI distribution specification 1.1, "Content Discovery": each test is named after its section.
#include <set>

#include "tests/unit/highside/mirror/oci/registry_fixture.h"

namespace sluice::high {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class OciDiscoveryTest : public test::RegistryFixture {
 protected:
  static constexpr const char* kTags = "/v2/library/tiny/tags/list";

  void publish_tags(std::initializer_list<const char*> names) {
    const Sha256Digest image = source_.image("layer");
    for (const char* name : names) {
      source_.tag(name, image);
    }
    publish(source_);
  }
  std::vector<std::string> tags(const std::string& target) {
    return strings(json(get(target)).at("tags"));
  }
  // A manifest that refers to `subject`.
  Sha256Digest refer(const Sha256Digest& subject, const std::string& type,
                     const std::string& note) {
    return source_.image("signature", R"(,"artifactType":")" + type + R"(","subject":)" +
                                          test::OciSource::descriptor(subject, 1, "x/y") +
                                          R"(,"annotations":{"note":")" + note + R"("})");
  }
  static std::string referrers_of(const Sha256Digest& digest, const std::string& query = "") {
    return "/v2/library/tiny/referrers/" + oci::digest_text(digest) + query;
  }
};

TEST_F(OciDiscoveryTest, ListingTags) {
  publish_tags({"b", "A", "a", "B", "latest", "1.10", "1.9"});
  const Answer answer = get(kTags);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(field(answer, "Content-Type"), "application/json");
  EXPECT_EQ(json(answer).at("name"), "library/tiny");
  EXPECT_THAT(strings(json(answer).at("tags")),
              ElementsAre("1.10", "1.9", "A", "a", "B", "b", "latest"));
  EXPECT_EQ(next(answer), "");
}

TEST_F(OciDiscoveryTest, ListingTagsOfARepositoryWithoutAny) {
  publish_tags({});
  EXPECT_THAT(tags(kTags), ElementsAre());
  const Answer missing = get("/v2/library/other/tags/list");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(error_code(missing), "NAME_UNKNOWN");
}

TEST_F(OciDiscoveryTest, ListingTagsPageByPage) {
  publish_tags({"b", "A", "a", "C"});
  const Answer first = get(kTags + std::string("?n=3"));
  EXPECT_THAT(strings(json(first).at("tags")), ElementsAre("A", "a", "b"));
  EXPECT_EQ(field(first, "Link"), "</v2/library/tiny/tags/list?last=b&n=3>; rel=\"next\"");
  const Answer second = get(next(first));
  EXPECT_THAT(strings(json(second).at("tags")), ElementsAre("C"));
  EXPECT_EQ(next(second), "");
  EXPECT_EQ(next(get(kTags + std::string("?n=4"))), "");
  EXPECT_THAT(tags(kTags + std::string("?last=a")), ElementsAre("b", "C"));
  EXPECT_THAT(tags(kTags + std::string("?last=aa&n=1")), ElementsAre("b"));
  EXPECT_THAT(tags(kTags + std::string("?last=c&n=1")), ElementsAre());
}

TEST_F(OciDiscoveryTest, ListingNoTagsHasNoNextPage) {
  publish_tags({"a"});
  const Answer none = get(kTags + std::string("?n=0"));
  EXPECT_EQ(none.status, 200);
  EXPECT_THAT(strings(json(none).at("tags")), ElementsAre());
  EXPECT_EQ(next(none), "");
  for (const std::string n : {"-1", "x", "", "1x", "99999999999999999999"}) {
    EXPECT_EQ(get(kTags + ("?n=" + n)).status, 400) << n;
  }
}

TEST_F(OciDiscoveryTest, ListingReferrers) {
  const Sha256Digest image = source_.image("layer");
  const Sha256Digest signature = refer(image, "text/signature", "first");
  source_.image("layer", R"(,"annotations":{"no":"subject"})");
  publish(source_);
  const Answer answer = get(referrers_of(image));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(field(answer, "Content-Type"), oci::kOciIndex);
  EXPECT_EQ(field(answer, "OCI-Filters-Applied"), "");
  const boost::json::object index = json(answer);
  EXPECT_EQ(index.at("schemaVersion"), 2);
  EXPECT_EQ(index.at("mediaType").as_string(), oci::kOciIndex);
  ASSERT_EQ(index.at("manifests").as_array().size(), 1U);
  const boost::json::object expected{{"mediaType", oci::kOciManifest},
                                     {"digest", oci::digest_text(signature)},
                                     {"size", source_.entry(signature).size()},
                                     {"artifactType", "text/signature"},
                                     {"annotations", {{"note", "first"}}}};
  EXPECT_EQ(index.at("manifests").at(0), expected);
}

TEST_F(OciDiscoveryTest, ListingReferrersOfOneArtifactType) {
  const Sha256Digest image = source_.image("layer");
  const Sha256Digest signature = refer(image, "text/signature", "s");
  refer(image, "text/sbom+json", "b");
  publish(source_);
  EXPECT_EQ(json(get(referrers_of(image))).at("manifests").as_array().size(), 2U);
  const Answer filtered = get(referrers_of(image, "?artifactType=text%2Fsignature"));
  EXPECT_EQ(field(filtered, "OCI-Filters-Applied"), "artifactType");
  ASSERT_EQ(json(filtered).at("manifests").as_array().size(), 1U);
  EXPECT_EQ(json(filtered).at("manifests").at(0).at("digest").as_string(),
            oci::digest_text(signature));
  const Answer other = get(referrers_of(image, "?artifactType=text/other"));
  EXPECT_EQ(other.status, 200);
  EXPECT_EQ(field(other, "OCI-Filters-Applied"), "artifactType");
  EXPECT_TRUE(json(other).at("manifests").as_array().empty());
}

TEST_F(OciDiscoveryTest, ListingReferrersIsNeverNotFound) {
  const Sha256Digest unknown = sha256(as_bytes("x"));
  EXPECT_EQ(get(referrers_of(unknown)).status, 200) << "no repository at all";
  publish_tags({"a"});
  const Answer none = get(referrers_of(unknown));
  EXPECT_EQ(none.status, 200);
  EXPECT_TRUE(json(none).at("manifests").as_array().empty());
  const Answer bad = get("/v2/library/tiny/referrers/latest");
  EXPECT_EQ(bad.status, 400);
  EXPECT_EQ(error_code(bad), "DIGEST_INVALID");
}

TEST_F(OciDiscoveryTest, ListingReferrersOfWhatIsNotHere) {
  const Sha256Digest absent = sha256(as_bytes("an image that did not cross"));
  refer(absent, "text/signature", "s");
  publish(source_);
  EXPECT_EQ(json(get(referrers_of(absent))).at("manifests").as_array().size(), 1U);
}

TEST_F(OciDiscoveryTest, ListingReferrersInPagesThatClientsTakeAsAManifest) {
  const Sha256Digest image = source_.image("layer");
  std::set<std::string> all;
  for (int i = 0; i < 5; ++i) {
    all.insert(oci::digest_text(
        refer(image, "text/long", std::to_string(i) + std::string(1'200'000, 'n'))));
  }
  publish(source_);
  std::set<std::string> seen;
  std::size_t pages = 0;
  for (std::string target = referrers_of(image, "?artifactType=text/long"); !target.empty();) {
    const Answer answer = get(target);
    ASSERT_EQ(answer.status, 200);
    EXPECT_LE(answer.body.size(), oci::kMaxManifestBytes);
    const boost::json::object index = json(answer);
    for (const auto& one : index.at("manifests").as_array()) {
      EXPECT_TRUE(seen.insert(std::string(one.at("digest").as_string())).second);
    }
    target = next(answer);
    ASSERT_LE(++pages, 5U);
  }
  EXPECT_EQ(seen, all);
  EXPECT_EQ(pages, 3U);
}

TEST_F(OciDiscoveryTest, ListingReferrersLeavesOutWhatIsLost) {
  const Sha256Digest image = source_.image("layer");
  const Sha256Digest signature = refer(image, "text/signature", "s");
  publish(source_);
  catalog_.lose(signature);
  EXPECT_TRUE(json(get(referrers_of(image))).at("manifests").as_array().empty());
  catalog_.restore(signature);
  EXPECT_EQ(json(get(referrers_of(image))).at("manifests").as_array().size(), 1U);
}

// Not the specification's, but docker-registry's and most others'.

TEST_F(OciDiscoveryTest, CatalogPageByPage) {
  EXPECT_EQ(get("/v2/_catalog").body, R"({"repositories":[]})");
  for (const std::string document :
       {"quay.example/a/b", "docker.io/library/tiny", "docker.io/org/app"}) {
    test::OciSource source(blobs_, document);
    source.image(document);
    publish(source);
  }
  const Answer first = get("/v2/_catalog?n=2");
  EXPECT_THAT(strings(json(first).at("repositories")),
              ElementsAre("docker.io/library/tiny", "docker.io/org/app"));
  EXPECT_THAT(next(first), HasSubstr("/v2/_catalog?last=docker.io%2Forg%2Fapp&n=2"));
  const Answer second = get(next(first));
  EXPECT_THAT(strings(json(second).at("repositories")), ElementsAre("quay.example/a/b"));
  EXPECT_EQ(next(second), "");
  EXPECT_THAT(mirror_->registries().value(), ElementsAre("docker.io", "quay.example"));
}

}  // namespace
}  // namespace sluice::high
