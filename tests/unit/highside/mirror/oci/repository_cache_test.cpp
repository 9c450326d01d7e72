#include "highside/mirror/oci/repository_cache.h"

#include <gtest/gtest.h>

#include "highside/mirror/oci/oci_mirror.h"
#include "tests/unit/highside/mirror/oci/repository.h"

namespace sluice::high {
namespace {

RepositoryCache::Served served(std::size_t tags) {
  proto::OciRepository body;
  for (std::size_t i = 0; i < tags; ++i) {
    (*body.mutable_tags())["tag" + std::to_string(i)] = std::string(32, 'd');
  }
  return std::make_shared<const ServedRepository>(body);
}

TEST(OciRepositoryCache, KnowsARepositoryAtTheEditionsAtWhichItWasSeen) {
  RepositoryCache cache(1 << 20);
  const auto first = served(1);
  cache.put("a", Edition(3), Edition(5), first);
  EXPECT_EQ(cache.find("a", Edition(5)), first);
  EXPECT_EQ(cache.find("a", Edition(6)), nullptr);
  EXPECT_EQ(cache.renew("a", Edition(6), Edition(6)), nullptr) << "another state";
  EXPECT_EQ(cache.renew("a", Edition(3), Edition(6)), first);
  EXPECT_EQ(cache.find("a", Edition(6)), first);
  cache.put("a", Edition(2), Edition(2), served(2));
  EXPECT_EQ(cache.find("a", Edition(6)), first) << "a slow reader of an old edition put it back";
}

TEST(OciRepositoryCache, KeepsWithinItsLimitAndLetsTheLeastUsedGo) {
  const auto one = served(100);
  RepositoryCache measure(1 << 20);
  measure.put("a", Edition(1), Edition(1), one);
  RepositoryCache cache(2 * measure.bytes());
  for (const std::string name : {"a", "b"}) {
    cache.put(name, Edition(1), Edition(1), one);
  }
  EXPECT_NE(cache.find("a", Edition(1)), nullptr);
  cache.put("c", Edition(1), Edition(1), one);
  EXPECT_EQ(cache.find("b", Edition(1)), nullptr);
  EXPECT_NE(cache.find("a", Edition(1)), nullptr);
  EXPECT_EQ(cache.bytes(), 2 * measure.bytes());
  cache.put("a", Edition(2), Edition(2), served(10'000));
  EXPECT_EQ(cache.find("a", Edition(2)), nullptr) << "larger than the cache";
  EXPECT_LE(cache.bytes(), 2 * measure.bytes());
}

// Counts how often the catalog is asked.
class CountingCatalog final : public CatalogReader {
 public:
  explicit CountingCatalog(const CatalogReader& catalog) : catalog_(catalog) {}
  Edition current() const override { return catalog_.current(); }
  Result<std::optional<CatalogEntry>> find(Edition edition, std::string_view ecosystem,
                                           std::string_view document) const override {
    ++finds;
    return catalog_.find(edition, ecosystem, document);
  }
  Result<void> list(Edition edition, std::string_view ecosystem, std::string_view prefix,
                    const std::function<bool(const CatalogEntry&)>& each) const override {
    ++lists;
    return catalog_.list(edition, ecosystem, prefix, each);
  }
  mutable int finds = 0;
  mutable int lists = 0;

 private:
  const CatalogReader& catalog_;
};

TEST(OciRepositoryCache, APullReadsTheRecordOnce) {
  test::MemoryCatalog catalog;
  test::MemoryBlobs blobs;
  test::OciSource source(blobs);
  const Sha256Digest image = source.image("layer");
  source.tag("1.0", image);
  catalog.publish(source.record());
  const CountingCatalog counting(catalog);
  OciMirror mirror("/v2", "docker.io", counting, blobs);
  const auto status = [&](const std::string& path) {
    http::Request request;
    request.method = "GET";
    request.path = request.raw_path = request.target = path;
    return mirror.handle(request).status;
  };
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(status("/v2/tiny/manifests/1.0"), 200U);
    EXPECT_EQ(status("/v2/docker.io/library/tiny/manifests/" + oci::digest_text(image)), 200U);
    EXPECT_EQ(status("/v2/tiny/blobs/" + oci::digest_text(sha256(as_bytes("layer")))), 200U);
    EXPECT_EQ(status("/v2/_catalog"), 200U);
  }
  EXPECT_EQ(counting.finds, 1);
  EXPECT_EQ(counting.lists, 1);
}

}  // namespace
}  // namespace sluice::high
