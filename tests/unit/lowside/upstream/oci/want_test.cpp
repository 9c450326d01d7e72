#include "lowside/upstream/oci/want.h"

#include <gtest/gtest.h>

#include "common/ecosystem/oci/names.h"
#include "lowside/upstream/oci/platform_filter.h"
#include "lowside/upstream/oci/settings.h"

namespace sluice::low {
namespace {

const std::string kDigest = "sha256:" + std::string(64, 'a');

TEST(OciWants, AreReadAsPeopleWriteThem) {
  const auto read = [](const char* text) {
    return parse_oci_want("registry.example.org:5000", text).value();
  };
  EXPECT_EQ(read("team/app").tag, "latest");
  EXPECT_EQ(read("team/app:1.2").tag, "1.2");
  EXPECT_EQ(read("team/app:1.2").repository, "team/app");
  EXPECT_EQ(read("registry.example.org:5000/team/app:1.2").repository, "team/app");
  EXPECT_EQ(read("app:1.2").repository, "app");
  EXPECT_EQ(read("team/app:1.*-slim").pattern, "1.*-slim");
  EXPECT_TRUE(read("team/app:>=1.2 <2").range);
  EXPECT_TRUE(read("team/app:~1.2").needs_list());
  EXPECT_EQ(oci::digest_text(read(("team/app@" + kDigest).c_str()).digest.value()), kDigest);
  EXPECT_TRUE(read(("team/app:1.2@" + kDigest).c_str()).digest);
  EXPECT_FALSE(read("team/app:1.2").needs_list());
}

TEST(OciWants, OfDockerHubHaveItsShortNames) {
  EXPECT_EQ(parse_oci_want("docker.io", "nginx").value().repository, "library/nginx");
  EXPECT_EQ(parse_oci_want("docker.io", "docker.io/nginx:1").value().repository, "library/nginx");
  EXPECT_EQ(parse_oci_want("docker.io", "team/app").value().repository, "team/app");
}

TEST(OciWants, RefuseWhatIsNone) {
  for (const std::string& text :
       {std::string(""), std::string(":1"), std::string("Team/app"), std::string("a:;rm"),
        std::string("a:b c"), std::string("a:"), std::string("a:<x"), std::string("a@sha256:ab"),
        std::string("a@"), std::string("https://registry.example.org/a"), std::string("../a"),
        "a:" + std::string(9, '*'), "a:sha256-" + std::string(64, 'a') + ".sig"}) {
    EXPECT_FALSE(parse_oci_want("registry.example.org", text)) << text;
  }
}

TEST(OciWants, PatternsTakeNoLegacyTags) {
  const auto all = parse_oci_want("registry.example.org", "a:*").value();
  EXPECT_TRUE(all.takes("1.2-alpine"));
  EXPECT_FALSE(all.takes("sha256-" + std::string(64, 'a') + ".sig"));
}

TEST(OciRanges, TakeVersionsAsNpmDoes) {
  const auto takes = [](const char* range, const char* tag) {
    return VersionRange::parse(range).value().takes(tag);
  };
  EXPECT_TRUE(takes("^1.4", "1.9.0"));
  EXPECT_TRUE(takes("^1.4", "v1.4.0"));
  EXPECT_FALSE(takes("^1.4", "1.3.9"));
  EXPECT_FALSE(takes("^1.4", "2.0.0"));
  EXPECT_TRUE(takes("^0.2.3", "0.2.9"));
  EXPECT_FALSE(takes("^0.2.3", "0.3.0"));
  EXPECT_TRUE(takes("^0", "0.9.9"));
  EXPECT_FALSE(takes("^0.0", "0.1.0"));
  EXPECT_TRUE(takes("~1.27", "1.27.9"));
  EXPECT_FALSE(takes("~1.27", "1.28.0"));
  EXPECT_TRUE(takes("~1", "1.99.0"));
  EXPECT_FALSE(takes("~1.2.3", "1.2.2"));
  EXPECT_TRUE(takes(">=1.2 <2", "1.2.0"));
  EXPECT_FALSE(takes(">=1.2 <2", "2.0.0"));
  EXPECT_FALSE(takes(">1.2", "1.2.9"));
  EXPECT_TRUE(takes(">1.2", "1.3.0"));
  EXPECT_TRUE(takes("<=1.2", "1.2.9"));
  EXPECT_TRUE(takes("=1.2", "1.2.7"));
  EXPECT_TRUE(takes("<1.3 || >=2", "2.1.0"));
  EXPECT_FALSE(takes("<1.3 || >=2", "1.5.0"));
  EXPECT_TRUE(takes(">=9.0.0", "10.0.0"));  // numbers, not texts
  for (const char* other :
       {"1.27", "latest", "1.27.0-alpine", "1.027.0", "1.2.3.4", "", "v", "1..2"}) {
    EXPECT_FALSE(takes(">=0", other)) << other;
  }
}

TEST(OciRanges, RefuseWhatIsNone) {
  for (const char* text :
       {"", "||", ">=", "^a", "^1.2.3.4", "<>1", "^01", "^-1", "=1 ||", ">=99999999999999999999"}) {
    EXPECT_FALSE(VersionRange::parse(text)) << text;
  }
  std::string many = "=1";
  for (int i = 0; i < 16; ++i) {
    many += "||=1";
  }
  EXPECT_FALSE(VersionRange::parse(many));
}

TEST(OciPlatforms, ChooseChildrenAndTheirAttestations) {
  oci::Manifest index;
  const auto add = [&](char digit, std::optional<oci::Platform> platform, std::string of = "") {
    oci::Descriptor child;
    child.digest = oci::parse_digest("sha256:" + std::string(64, digit)).value();
    child.platform = std::move(platform);
    if (!of.empty()) {
      child.annotations["vnd.docker.reference.digest"] = of;
    }
    index.children.push_back(child);
  };
  const auto platform = [](const char* os, const char* architecture, const char* variant = "") {
    return oci::Platform{os, architecture, variant, ""};
  };
  add('a', platform("linux", "amd64"));
  add('b', platform("linux", "arm", "v7"));
  add('c', platform("linux", "arm", "v6"));
  add('d', platform("unknown", "unknown"), "sha256:" + std::string(64, 'a'));
  add('e', platform("unknown", "unknown"), "sha256:" + std::string(64, 'c'));
  add('f', std::nullopt);
  using Indices = std::vector<std::size_t>;
  EXPECT_EQ(wanted_children(index, {}), (Indices{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(wanted_children(index, {"linux/amd64"}), (Indices{0, 5, 3}));
  EXPECT_EQ(wanted_children(index, {"linux/arm"}), (Indices{1, 2, 5, 4}));
  EXPECT_EQ(wanted_children(index, {"linux/arm/v7"}), (Indices{1, 5}));
  for (const char* bad : {"", "linux", "linux/", "linux/a/b/c", "Linux/amd64", "linux/amd 64"}) {
    EXPECT_FALSE(check_platform(bad)) << bad;
  }
}

TEST(OciSettingsCheck, NamesWhatIsWrong) {
  OciSettings settings;
  settings.registry = "https://registry.example.org:5000/";
  settings.serve_as = oci_registry_name(settings.registry);
  EXPECT_EQ(settings.serve_as, "registry.example.org:5000");
  EXPECT_TRUE(check_settings(settings));
  for (const char* registry :
       {"", "registry.example.org", "ftp://registry.example.org",
        "https://user:secret@registry.example.org", "https://registry.example.org/path",
        "https://registry.example.org/?a"}) {
    OciSettings wrong = settings;
    wrong.registry = registry;
    const auto checked = check_settings(wrong);
    ASSERT_FALSE(checked) << registry;
    EXPECT_EQ(checked.error().message().find("secret"), std::string::npos);
  }
  OciSettings wrong = settings;
  wrong.serve_as = "Docker.io";
  EXPECT_FALSE(check_settings(wrong));
  wrong = settings;
  wrong.platforms = {"linux"};
  EXPECT_FALSE(check_settings(wrong));
  wrong = settings;
  wrong.exclude = {"a b"};
  EXPECT_FALSE(check_settings(wrong));
}

}  // namespace
}  // namespace sluice::low
