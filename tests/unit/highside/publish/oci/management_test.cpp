// OCI distribution specification 1.1, "Content Management", and who may push: each test is named
// after its section.
#include "tests/unit/highside/publish/oci/push_fixture.h"

namespace sluice::high {
namespace {

using testing::HasSubstr;
using testing::Not;

class OciManagementTest : public test::PushFixture {
 protected:
  Answer remove(const std::string& target) { return ask("DELETE", target, "", "", "admin"); }
};

TEST_F(OciManagementTest, DeletingTags) {
  push_image("layer", "1.0");
  EXPECT_EQ(remove("/v2/acme/app/manifests/1.0").status, 202);
  EXPECT_EQ(ask("GET", "/v2/acme/app/manifests/1.0").status, 404);
  EXPECT_EQ(ask("GET", "/v2/acme/app/manifests/" + digest_of(image("layer"))).status, 200);
  EXPECT_EQ(remove("/v2/acme/app/manifests/1.0").status, 404);
}

TEST_F(OciManagementTest, DeletingManifests) {
  push_image("one", "1.0");
  push_image("two", "2.0");
  EXPECT_EQ(remove("/v2/acme/app/manifests/" + digest_of(image("one"))).status, 202);
  EXPECT_EQ(ask("GET", "/v2/acme/app/manifests/1.0").status, 404);
  EXPECT_EQ(ask("GET", "/v2/acme/app/manifests/" + digest_of(image("one"))).status, 404);
  EXPECT_EQ(ask("HEAD", "/v2/acme/app/manifests/2.0").status, 200) << "they share a configuration";
  const Answer again = remove("/v2/acme/app/manifests/" + digest_of(image("one")));
  EXPECT_EQ(again.status, 404);
  EXPECT_EQ(error_code(again), "MANIFEST_UNKNOWN");
  EXPECT_EQ(remove("/v2/acme/none/manifests/" + digest_of("x")).status, 404);
}

TEST_F(OciManagementTest, DeletingTheLastManifestWithdrawsTheRepository) {
  push_image("layer", "1.0");
  EXPECT_EQ(remove("/v2/acme/app/manifests/" + digest_of(image("layer"))).status, 202);
  EXPECT_THAT(ask("GET", "/v2/acme/app/manifests/1.0").status, 404);
  push_image("layer", "1.0");
  EXPECT_EQ(ask("GET", "/v2/acme/app/manifests/1.0").status, 200);
}

TEST_F(OciManagementTest, DeletingWhatAnIndexNames) {
  push_image("layer", "1.0");
  const std::string index = R"({"schemaVersion":2,"mediaType":")" + std::string(oci::kOciIndex) +
                            R"(","manifests":[)" +
                            descriptor(image("layer"), std::string(oci::kOciManifest)) + "]}";
  ASSERT_EQ(put_manifest(index, "all", "acme/app", oci::kOciIndex).status, 201);
  const Answer refused = remove("/v2/acme/app/manifests/" + digest_of(image("layer")));
  EXPECT_EQ(refused.status, 409);
  EXPECT_THAT(refused.body, HasSubstr("delete that one first"));
  EXPECT_EQ(remove("/v2/acme/app/manifests/" + digest_of(index)).status, 202);
  EXPECT_EQ(remove("/v2/acme/app/manifests/" + digest_of(image("layer"))).status, 202);
}

TEST_F(OciManagementTest, DeletingBlobs) {
  push_blob("alone");
  EXPECT_EQ(remove("/v2/acme/app/blobs/" + digest_of("alone")).status, 202);
  EXPECT_EQ(ask("HEAD", "/v2/acme/app/blobs/" + digest_of("alone")).status, 404);
  const Answer gone = remove("/v2/acme/app/blobs/" + digest_of("alone"));
  EXPECT_EQ(gone.status, 404);
  EXPECT_EQ(error_code(gone), "BLOB_UNKNOWN");
  push_image("layer", "1.0");
  const Answer needed = remove("/v2/acme/app/blobs/" + digest_of("layer"));
  EXPECT_EQ(needed.status, 405);
  EXPECT_EQ(error_code(needed), "UNSUPPORTED");
  EXPECT_EQ(remove("/v2/acme/app/blobs/latest").status, 400);
}

TEST_F(OciManagementTest, NothingIsDeletedInAnImmutableNamespace) {
  const Answer answer = remove("/v2/fixed/app/manifests/1.0");
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(error_code(answer), "UNSUPPORTED");
}

// Who may.

TEST_F(OciManagementTest, EachRoleMayWhatItMay) {
  push_image("layer", "1.0");
  struct Case {
    std::string token;
    std::string name;
    int push;
    int remove;
  };
  for (const Case& one :
       {Case{"", "acme/app", 401, 401}, Case{"wrong", "acme/app", 401, 401},
        Case{"anonymous", "acme/app", 401, 401}, Case{"reader", "acme/app", 403, 403},
        Case{"publisher", "acme/app", 202, 403},
        Case{"publisher", "docker.io/library/nginx", 403, 403},
        Case{"admin", "docker.io/library/nginx", 403, 403}, Case{"admin", "acme/app", 202, 202}}) {
    SCOPED_TRACE(one.token + " " + one.name);
    const Answer pushed = ask("POST", "/v2/" + one.name + "/blobs/uploads/", "", "", one.token);
    EXPECT_EQ(pushed.status, one.push);
    EXPECT_EQ(ask("PUT", "/v2/" + one.name + "/manifests/1.0", "{", "", one.token).status,
              one.push == 202 ? 400 : one.push);
    const Answer removed = ask("DELETE", "/v2/" + one.name + "/manifests/1.0", "", "", one.token);
    EXPECT_EQ(removed.status, one.remove);
    if (one.push == 401) {
      EXPECT_EQ(error_code(pushed), "UNAUTHORIZED");
      EXPECT_EQ(field(removed, "WWW-Authenticate"),
                "Bearer realm=\"http://high.example/v2/_token\",service=\"sluice\","
                "scope=\"repository:acme/app:pull,push\"");
    } else if (one.push == 403) {
      EXPECT_EQ(error_code(pushed), "DENIED");
    }
  }
  EXPECT_EQ(ask("POST", "/v2/app/blobs/uploads/").status, 400) << "no namespace at all";
}

TEST_F(OciManagementTest, PullsNeedNothing) {
  push_image("layer", "1.0");
  for (const std::string token : {"", "anonymous", "reader"}) {
    EXPECT_EQ(ask("GET", "/v2/acme/app/manifests/1.0", "", "", token).status, 200);
    EXPECT_EQ(ask("GET", "/v2/acme/app/blobs/" + digest_of("layer"), "", "", token).status, 200);
  }
  push_blob("not in a manifest yet");
  const std::string target = "/v2/acme/app/blobs/" + digest_of("not in a manifest yet");
  EXPECT_EQ(ask("GET", target, "", "", "").status, 404);
  EXPECT_EQ(ask("GET", target, "", "", "reader").status, 404);
  EXPECT_EQ(ask("GET", target).status, 200);
}

// Docker's registry token authentication, as clients go through it.
TEST_F(OciManagementTest, LoggingIn) {
  const Answer sent_off = ask("GET", "/v2/", "", "", "");
  EXPECT_EQ(sent_off.status, 401);
  EXPECT_THAT(field(sent_off, "WWW-Authenticate"),
              HasSubstr("Bearer realm=\"http://high.example/v2/_token\""));
  const auto log_in = [&](const std::string& user_and_secret) {
    const std::string line =
        user_and_secret.empty()
            ? ""
            : "Authorization: Basic " + base64_encode(as_bytes(user_and_secret)) + "\r\n";
    return ask("GET", "/v2/_token?service=sluice&account=me", "", line, "");
  };
  const Answer given = log_in("me:publisher");
  EXPECT_EQ(given.status, 200);
  EXPECT_EQ(field(given, "Cache-Control"), "no-store");
  EXPECT_EQ(boost::json::parse(given.body).at("token"), "publisher");
  EXPECT_EQ(ask("GET", "/v2/", "", "", "publisher").status, 200);
  const Answer wrong = log_in("me:guess");
  EXPECT_EQ(wrong.status, 401);
  EXPECT_THAT(wrong.body, Not(HasSubstr("guess")));
  EXPECT_EQ(ask("GET", "/v2/", "", "", "guess").status, 401);
  for (const std::string nobody : {"", ":"}) {
    EXPECT_EQ(boost::json::parse(log_in(nobody).body).at("token"), "anonymous");
  }
  EXPECT_EQ(ask("GET", "/v2/", "", "", "anonymous").status, 200);
  EXPECT_EQ(ask("POST", "/v2/_token", "grant_type=password").status, 405);
}

}  // namespace
}  // namespace sluice::high
