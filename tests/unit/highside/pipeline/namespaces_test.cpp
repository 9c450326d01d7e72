#include "highside/pipeline/namespaces.h"

#include <gmock/gmock.h>

namespace sluice::high {
namespace {

Namespaces site() {
  return Namespaces::parse({"pypi:Acme_*", "npm:@acme/*", "oci:acme/*",
                            "files:internal/releases/* immutable", "files:internal/*",
                            "pypi:*-of-acme immutable"})
      .value();
}

TEST(Namespaces, ContainWhatIsLikeOneOfTheirPatterns) {
  const Namespaces names = site();
  const std::vector<std::array<const char*, 2>> inside{
      {"pypi", "acme-tool"},   {"pypi", "acme-"},        {"npm", "@acme/x"},
      {"oci", "acme/a/b"},     {"file", "internal/a/b"}, {"file", "internal/releases/1.run"},
      {"pypi", "part-of-acme"}};
  for (const auto& [ecosystem, document] : inside) {
    EXPECT_TRUE(names.contains(ecosystem, document)) << ecosystem << " " << document;
  }
  const std::vector<std::array<const char*, 2>> outside{{"pypi", "acme"},
                                                        {"pypi", "not-acme-tool"},
                                                        {"npm", "@acmes/x"},
                                                        {"npm", "acme/x"},
                                                        {"oci", "docker.io/acme/x"},
                                                        {"file", "internal"},
                                                        {"npm", ""},
                                                        {"conda", "acme-x"},
                                                        {"files", "internal/a"},
                                                        {"pypi", "part-of-acme-x"}};
  for (const auto& [ecosystem, document] : outside) {
    EXPECT_FALSE(names.contains(ecosystem, document)) << ecosystem << " " << document;
  }
}

TEST(Namespaces, AreImmutableWhereOnePatternSaysSo) {
  const Namespaces names = site();
  EXPECT_TRUE(names.is_immutable("file", "internal/releases/1.run"));
  EXPECT_FALSE(names.is_immutable("file", "internal/notes.txt"));
  EXPECT_TRUE(names.is_immutable("pypi", "acme-part-of-acme"));
  EXPECT_FALSE(names.is_immutable("pypi", "acme-part"));
}

TEST(Namespaces, RefuseWhatIsNoPattern) {
  for (const char* wrong : {"", "pypi", "pypi:", ":x", "apt:debian", "file:internal/*", "npm:a b",
                            "npm:@acme/* mutable", "oci:\x01", "immutable"}) {
    const auto parsed = Namespaces::parse({wrong});
    ASSERT_FALSE(parsed) << wrong;
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalid);
    EXPECT_FALSE(parsed.error().cure.empty());
  }
  EXPECT_FALSE(NamePattern::parse("npm:" + std::string(NamePattern::kMaxBytes, 'a')));
  EXPECT_FALSE(Namespaces::parse(std::vector<std::string>(Namespaces::kMaxPatterns + 1, "npm:a")));
}

TEST(NamePattern, IsWrittenAsItReadsAgain) {
  for (const char* text : {"pypi:acme-*", "npm:@acme/*", "oci:*", "files:a/*/b*c", "conda:x/y"}) {
    EXPECT_EQ(NamePattern::parse(text).value().text(), text);
  }
}

TEST(NamePattern, ManyStarsTakeNoTime) {
  const auto pattern = NamePattern::parse("npm:" + std::string(120, '*') + "a*a*a*a*b").value();
  EXPECT_FALSE(pattern.matches("npm", std::string(2000, 'a')));
  EXPECT_TRUE(pattern.matches("npm", std::string(2000, 'a') + "b"));
}

}  // namespace
}  // namespace sluice::high
