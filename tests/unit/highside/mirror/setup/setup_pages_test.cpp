#include "highside/mirror/setup/setup_pages.h"

#include <gmock/gmock.h>

namespace sluice::high {
namespace {

using testing::HasSubstr;
using testing::Not;

http::Response get(const SetupPages& pages, const std::string& path, bool secure = true,
                   const std::string& query = "") {
  http::Request request;
  request.method = "GET";
  request.path = request.raw_path = path;
  request.query = query;
  request.secure = secure;
  request.headers = {{"Host", "high.example:8443"}};
  return pages.handle(request);
}

std::string text(const http::Response& response) {
  const auto* body = std::get_if<std::string>(&response.body);
  return body == nullptr ? "" : *body;
}

TEST(SetupPages, FillInTheAddressThatTheClientUsed) {
  const SetupPages pages("/setup", "", {});
  EXPECT_THAT(text(get(pages, "/setup/pip.conf")),
              HasSubstr("index-url = https://high.example:8443/pypi/simple/\n"));
  EXPECT_THAT(text(get(pages, "/setup/npmrc")),
              HasSubstr("registry=https://high.example:8443/npm/\n"));
  EXPECT_THAT(text(get(pages, "/setup/yarnrc.yml")),
              HasSubstr("npmRegistryServer: \"https://high.example:8443/npm/\"\n"));
  EXPECT_THAT(text(get(pages, "/setup/huggingface.sh")),
              HasSubstr("HF_ENDPOINT=\"https://high.example:8443/hf\"\n"));
  EXPECT_THAT(text(get(pages, "/setup/huggingface.mjs")),
              HasSubstr("hubUrl = \"https://high.example:8443/hf\";"));
  EXPECT_THAT(text(get(pages, "/setup/condarc")),
              HasSubstr("channel_alias: https://high.example:8443/conda\n"));
}

TEST(SetupPages, StayInTheSnapshotBelowWhichTheyAre) {
  const SetupPages pages("/snapshot/spring/setup", "", {"debian"});
  EXPECT_THAT(text(get(pages, "/snapshot/spring/setup/npmrc")),
              HasSubstr("registry=https://high.example:8443/snapshot/spring/npm/\n"));
  const std::string page = text(get(pages, "/snapshot/spring/setup/"));
  EXPECT_THAT(page, HasSubstr("https://high.example:8443/snapshot/spring/setup/pip.conf"));
  EXPECT_THAT(page, HasSubstr("<a href=\"../apt/debian/\">"));
}

TEST(SetupPages, NameTheSitesCertificatesWhereTheyAreKept) {
  const SetupPages pages("/setup", "-----BEGIN CERTIFICATE-----\n", {});
  EXPECT_EQ(text(get(pages, "/setup/ca.pem")), "-----BEGIN CERTIFICATE-----\n");
  const std::string usual = "/usr/local/share/ca-certificates/sluice.crt";
  EXPECT_THAT(text(get(pages, "/setup/pip.conf")), HasSubstr("cert = " + usual + "\n"));
  EXPECT_THAT(text(get(pages, "/setup/npmrc")), HasSubstr("cafile=" + usual + "\n"));
  EXPECT_THAT(text(get(pages, "/setup/apt.conf")), HasSubstr("CAInfo \"" + usual + "\";"));
  EXPECT_THAT(text(get(pages, "/setup/condarc")), HasSubstr("ssl_verify: " + usual + "\n"));
  EXPECT_THAT(text(get(pages, "/setup/node.sh")),
              HasSubstr("NODE_EXTRA_CA_CERTS=\"" + usual + "\""));
  EXPECT_THAT(text(get(pages, "/setup/pip.conf", true, "ca=/home/me/ca.pem")),
              HasSubstr("cert = /home/me/ca.pem\n"));
  EXPECT_THAT(text(get(pages, "/setup/pip.ini")),
              HasSubstr("cert = C:\\ProgramData\\sluice.crt\n"));
}

TEST(SetupPages, WithoutCertificatesGiveNone) {
  const SetupPages pages("/setup", "", {});
  EXPECT_EQ(get(pages, "/setup/ca.pem").status, 404);
  EXPECT_EQ(get(pages, "/setup/apt.conf").status, 404);
  EXPECT_THAT(text(get(pages, "/setup/pip.conf")), Not(HasSubstr("cert")));
}

TEST(SetupPages, NeverTurnACheckOff) {
  for (const bool secure : {false, true}) {
    const SetupPages pages("/setup", secure ? "PEM" : "", {"debian"});
    for (const char* name : {"pip.conf", "pip.ini", "npmrc", "yarnrc.yml", "huggingface.sh", ""}) {
      const std::string shown = text(get(pages, std::string("/setup/") + name, secure));
      EXPECT_THAT(shown,
                  Not(testing::ContainsRegex(
                      "trusted-host =|strict-ssl|enableStrictSsl|trusted=yes|skip_verify|VERIFY")))
          << name;
      EXPECT_TRUE(!secure || shown.find("insecure") == std::string::npos) << name;
      EXPECT_FALSE(shown.empty()) << name;
    }
  }
  const SetupPages pages("/setup", "", {});
  EXPECT_THAT(text(get(pages, "/setup/pip.conf", false)), HasSubstr("served over TLS"));
}

TEST(SetupPages, APlaceCannotBreakOutOfItsFile) {
  const SetupPages pages("/setup", "PEM", {});
  for (const char* query : {"ca=relative", "ca=/a%0Ab", "ca=/a\"b", "ca=/a%22b", "ca=/a%20b",
                            "ca=/a;b", "x=1", "ca=/a?b", "ca=/../a"}) {
    EXPECT_EQ(get(pages, "/setup/npmrc", true, query).status, 400) << query;
  }
}

SetupPages pages_of_images(const std::string& prefix, std::vector<std::string> held,
                           const std::string& authority = "") {
  return {prefix, authority, {}, [held = std::move(held)] {
            return SetupRegistries{"docker.io", held};
          }};
}

TEST(SetupPages, LeadImagesOfEveryRegistryThatIsHeldHere) {
  const SetupPages pages = pages_of_images("/setup", {"docker.io", "quay.example"});
  EXPECT_EQ(text(get(pages, "/setup/registries.conf")),
            "unqualified-search-registries = [\"docker.io\"]\n"
            "\n[[registry]]\nprefix = \"docker.io\"\n"
            "location = \"high.example:8443/docker.io\"\n"
            "\n[[registry]]\nprefix = \"quay.example\"\n"
            "location = \"high.example:8443/quay.example\"\n");
  EXPECT_EQ(text(get(pages, "/setup/daemon.json")),
            "{\n  \"registry-mirrors\": [\"https://high.example:8443\"]\n}\n");
  const std::string hosts = text(get(pages, "/setup/hosts.toml"));
  EXPECT_THAT(hosts, HasSubstr("[host.\"https://high.example:8443/v2\"]\n"));
  EXPECT_THAT(hosts, HasSubstr("server = \"https://high.example:8443/v2\"\n"));
  EXPECT_THAT(text(get(pages_of_images("/setup", {}, "PEM"), "/setup/hosts.toml")),
              HasSubstr("ca = \"/usr/local/share/ca-certificates/sluice.crt\"\n"));
  const SetupPages with_port = pages_of_images("/setup", {"registry.example.org:5000"});
  EXPECT_THAT(text(get(with_port, "/setup/registries.conf")),
              Not(HasSubstr("prefix = \"registry.example.org:5000\"")));
}

TEST(SetupPages, ImagesOfASnapshotAreBelowItsName) {
  const SetupPages pages = pages_of_images("/snapshot/spring/setup", {"docker.io"});
  EXPECT_THAT(text(get(pages, "/snapshot/spring/setup/registries.conf")),
              HasSubstr("location = \"high.example:8443/snapshot/spring/docker.io\"\n"));
  EXPECT_THAT(text(get(pages, "/snapshot/spring/setup/hosts.toml")),
              HasSubstr("[host.\"https://high.example:8443/snapshot/spring/v2\"]\n"));
  EXPECT_EQ(get(pages, "/snapshot/spring/setup/daemon.json").status, 404)
      << "Docker's mirrors have no path";
}

// Over TLS nothing turns a check off; without it the tools are told that there is none.
TEST(SetupPages, ImagesWithoutTlsAreSaidToBe) {
  const SetupPages pages = pages_of_images("/setup", {"docker.io"});
  for (const char* name : {"registries.conf", "daemon.json", "hosts.toml"}) {
    const std::string at = std::string("/setup/") + name;
    EXPECT_THAT(text(get(pages, at)), Not(HasSubstr("insecure"))) << name;
    EXPECT_THAT(text(get(pages, at)), Not(HasSubstr("skip_verify"))) << name;
  }
  EXPECT_THAT(text(get(pages, "/setup/registries.conf", false)),
              HasSubstr("location = \"high.example:8443\"\ninsecure = true\n"));
  EXPECT_THAT(text(get(pages, "/setup/daemon.json", false)),
              HasSubstr("\"insecure-registries\": [\"high.example:8443\"]"));
}

TEST(SetupPages, OtherNamesAreNotThere) {
  const SetupPages pages("/setup", "", {});
  EXPECT_EQ(get(pages, "/setup").status, 301);
  EXPECT_EQ(get(pages, "/setup/pip.conf/").status, 404);
  EXPECT_EQ(get(pages, "/setup/other").status, 404);
}

}  // namespace
}  // namespace sluice::high
