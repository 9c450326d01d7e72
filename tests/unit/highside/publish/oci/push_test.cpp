// OCI distribution specification 1.1, "Push": each test is named after its section.
#include "tests/unit/highside/publish/oci/push_fixture.h"

namespace sluice::high {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

class OciPushTest : public test::PushFixture {};

TEST_F(OciPushTest, PushingABlobMonolithicallyPostThenPut) {
  const Answer begun = ask("POST", "/v2/acme/app/blobs/uploads/");
  EXPECT_EQ(begun.status, 202);
  const std::string location = field(begun, "Location");
  EXPECT_THAT(location, MatchesRegex("/v2/acme/app/blobs/uploads/[0-9a-f-]{36}"));
  EXPECT_EQ(field(begun, "Range"), "0-0");
  const Answer done = ask("PUT", location + "?digest=" + digest_of("layer"), "layer");
  EXPECT_EQ(done.status, 201);
  EXPECT_EQ(field(done, "Docker-Content-Digest"), digest_of("layer"));
  const Answer pulled = ask("GET", field(done, "Location"));
  EXPECT_EQ(pulled.status, 200);
  EXPECT_EQ(pulled.body, "layer");
  EXPECT_EQ(ask("HEAD", field(done, "Location")).status, 200);
  EXPECT_EQ(ask("PUT", location + "?digest=" + digest_of("layer"), "layer").status, 404)
      << "the upload has ended";
}

TEST_F(OciPushTest, PushingABlobMonolithicallySinglePost) {
  const Answer done =
      ask("POST", "/v2/acme/app/blobs/uploads/?digest=" + digest_of("layer"), "layer");
  EXPECT_EQ(done.status, 201);
  EXPECT_EQ(ask("GET", field(done, "Location")).body, "layer");
  const Answer wrong =
      ask("POST", "/v2/acme/app/blobs/uploads/?digest=" + digest_of("layer"), "other");
  EXPECT_EQ(wrong.status, 400);
  EXPECT_EQ(error_code(wrong), "DIGEST_INVALID");
}

TEST_F(OciPushTest, PushingABlobInChunks) {
  std::string location = begin();
  const Answer first = ask("PATCH", location, "abc", "Content-Range: 0-2\r\n");
  EXPECT_EQ(first.status, 202);
  EXPECT_EQ(field(first, "Range"), "0-2");
  location = field(first, "Location");
  const Answer status = ask("GET", location);
  EXPECT_EQ(status.status, 204);
  EXPECT_EQ(field(status, "Range"), "0-2");
  EXPECT_EQ(field(status, "Location"), location);
  const Answer second = ask("PATCH", location, "def", "Content-Range: 3-5\r\n");
  EXPECT_EQ(second.status, 202);
  EXPECT_EQ(field(second, "Range"), "0-5");
  const Answer done =
      ask("PUT", location + "?digest=" + digest_of("abcdefg"), "g", "Content-Range: 6-6\r\n");
  EXPECT_EQ(done.status, 201);
  EXPECT_EQ(ask("GET", field(done, "Location")).body, "abcdefg");
}

TEST_F(OciPushTest, PushingABlobInChunksOutOfOrder) {
  const std::string location = begin();
  for (const std::string range : {"1-3", "3-1", "bytes 0-2", "0", "-", "0-x"}) {
    const Answer answer = ask("PATCH", location, "abc", "Content-Range: " + range + "\r\n");
    EXPECT_EQ(answer.status, 416) << range;
    EXPECT_EQ(field(answer, "Range"), "0-0") << range;
    EXPECT_EQ(field(answer, "Location"), location) << range;
  }
  EXPECT_EQ(ask("PATCH", location, "abc").status, 202) << "a stream says no range";
  EXPECT_EQ(ask("PATCH", location, "abc", "Content-Range: 0-2\r\n").status, 416);
  EXPECT_EQ(
      ask("PUT", location + "?digest=" + digest_of("abcd"), "d", "Content-Range: 4-4\r\n").status,
      416);
  EXPECT_EQ(ask("PUT", location + "?digest=" + digest_of("abc")).status, 201);
}

TEST_F(OciPushTest, ABrokenUploadIsResumedWhereItEnded) {
  std::string bytes;
  for (std::size_t i = 0; i < 400'000; ++i) {
    bytes += static_cast<char>('a' + i % 23);
  }
  const std::string location = begin();
  {
    sluice::test::RawHttpClient client(server_->addresses().front());
    client.send("PATCH " + location +
                " HTTP/1.1\r\nHost: high.example\r\nAuthorization: Bearer publisher\r\n"
                "Content-Length: 400000\r\n\r\n" +
                bytes.substr(0, 300'000));
    client.finish_sending();
    client.read_all();
  }
  Answer status;
  do {  // until the server has noticed
    status = ask("GET", location);
  } while (status.status == 409);
  EXPECT_EQ(status.status, 204);
  const std::string range = field(status, "Range");
  const std::size_t held = std::stoul(range.substr(2)) + 1;
  EXPECT_GE(held, 131'072U);
  EXPECT_LE(held, 300'000U);
  EXPECT_EQ(ask("PATCH", location, bytes.substr(held),
                "Content-Range: " + std::to_string(held) + "-399999\r\n")
                .status,
            202);
  EXPECT_EQ(ask("PUT", location + "?digest=" + digest_of(bytes)).status, 201);
}

TEST_F(OciPushTest, ABlobOfAnotherDigestIsForgotten) {
  const std::string location = begin();
  for (const std::string& digest : {digest_of("other"), std::string("sha512:00"), std::string()}) {
    const std::string at = begin();
    const Answer answer = ask("PUT", at + "?digest=" + digest, "layer");
    EXPECT_EQ(answer.status, 400) << digest;
    EXPECT_EQ(error_code(answer), "DIGEST_INVALID");
    EXPECT_EQ(ask("GET", at).status, 404);
  }
  const Answer without = ask("PUT", location, "layer");
  EXPECT_EQ(without.status, 400);
  EXPECT_EQ(error_code(without), "DIGEST_INVALID");
  EXPECT_EQ(ask("HEAD", "/v2/acme/app/blobs/" + digest_of("layer")).status, 404);
  EXPECT_EQ(blobs_->usage().blobs, 0U);
}

TEST_F(OciPushTest, CancellingAnUpload) {
  const std::string location = begin();
  EXPECT_EQ(ask("DELETE", location).status, 204);
  for (const std::string method : {"GET", "DELETE", "PATCH"}) {
    const Answer answer = ask(method, location, method == "PATCH" ? "x" : "");
    EXPECT_EQ(answer.status, 404) << method;
    EXPECT_EQ(error_code(answer), "BLOB_UPLOAD_UNKNOWN") << method;
  }
}

TEST_F(OciPushTest, AnUploadIsOneRepositorys) {
  const std::string location = begin();
  const std::string id = location.substr(location.rfind('/') + 1);
  EXPECT_EQ(ask("PATCH", "/v2/acme/other/blobs/uploads/" + id, "abc").status, 404);
  EXPECT_EQ(ask("GET", location).status, 204);
}

TEST_F(OciPushTest, AnUploadThatRestsForAnHourEnds) {
  const std::string location = begin();
  EXPECT_EQ(ask("PATCH", location, "abc").status, 202);
  clock_.advance(UploadBook::kIdleFor - std::chrono::seconds(1));
  EXPECT_EQ(ask("GET", location).status, 204);
  clock_.advance(UploadBook::kIdleFor);
  EXPECT_EQ(ask("GET", location).status, 404);
}

TEST_F(OciPushTest, ABlobMayHaveSoManyBytesAndNoMore) {
  const std::string most(kUploadLimit, 'x');
  EXPECT_EQ(ask("PUT", begin() + "?digest=" + digest_of(most), most).status, 201);
  const std::string location = begin();
  const Answer answer = ask("PUT", location + "?digest=" + digest_of(most + "x"), most + "x");
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(error_code(answer), "SIZE_INVALID");
  EXPECT_EQ(ask("GET", location).status, 404);
}

TEST_F(OciPushTest, MountingABlobFromAnotherRepository) {
  push_image("layer", "1.0", "acme/base");
  const std::string target =
      "/v2/acme/app/blobs/uploads/?mount=" + digest_of("layer") + "&from=acme%2Fbase";
  const Answer mounted = ask("POST", target);
  EXPECT_EQ(mounted.status, 201);
  EXPECT_EQ(field(mounted, "Location"), "/v2/acme/app/blobs/" + digest_of("layer"));
  EXPECT_EQ(field(mounted, "Docker-Content-Digest"), digest_of("layer"));
  push_blob("{}");
  EXPECT_EQ(put_manifest(image("layer"), "1.0").status, 201);
}

TEST_F(OciPushTest, MountingWhatIsNotThereBeginsAnUpload) {
  push_image("layer", "1.0", "acme/base");
  for (const std::string& query :
       {"mount=" + digest_of("other") + "&from=acme/base", "mount=" + digest_of("layer"),
        "mount=" + digest_of("layer") + "&from=acme/none",
        std::string("mount=sha256:x&from=acme/base"),
        "mount=" + digest_of("layer") + "&from=../base"}) {
    const Answer answer = ask("POST", "/v2/acme/app/blobs/uploads/?" + query);
    EXPECT_EQ(answer.status, 202) << query;
    EXPECT_THAT(field(answer, "Location"), StartsWith("/v2/acme/app/blobs/uploads/")) << query;
  }
}

TEST_F(OciPushTest, PushingManifestsByTag) {
  push_blob("{}");
  push_blob("layer");
  const Answer answer = put_manifest(image("layer"), "1.0");
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(field(answer, "Docker-Content-Digest"), digest_of(image("layer")));
  EXPECT_EQ(field(answer, "OCI-Subject"), "");
  EXPECT_EQ(site_.by, "publisher");
  for (const std::string& target :
       {field(answer, "Location"), std::string("/v2/acme/app/manifests/1.0")}) {
    const Answer pulled = ask("GET", target);
    EXPECT_EQ(pulled.status, 200);
    EXPECT_EQ(pulled.body, image("layer"));
    EXPECT_EQ(field(pulled, "Content-Type"), oci::kOciManifest);
  }
  const Edition edition = catalog_.current();
  EXPECT_EQ(put_manifest(image("layer"), "1.0").status, 201);
  EXPECT_EQ(catalog_.current(), edition) << "the same again changes nothing";
}

TEST_F(OciPushTest, PushingManifestsByDigest) {
  push_blob("{}");
  push_blob("layer");
  EXPECT_EQ(put_manifest(image("layer"), digest_of(image("layer"))).status, 201);
  EXPECT_THAT(ask("GET", "/v2/acme/app/tags/list").body, HasSubstr(R"("tags":[])"));
  const Answer wrong = put_manifest(image("layer"), digest_of("other"));
  EXPECT_EQ(wrong.status, 400);
  EXPECT_EQ(error_code(wrong), "DIGEST_INVALID");
}

TEST_F(OciPushTest, PushingManifestsWhoseBlobsAreMissing) {
  push_blob("{}");
  const Answer answer = put_manifest(image("layer"), "1.0");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(error_code(answer), "MANIFEST_BLOB_UNKNOWN");
  EXPECT_THAT(answer.body, HasSubstr(digest_of("layer")));
  push_blob("layer", "acme/other");
  EXPECT_EQ(put_manifest(image("layer"), "1.0").status, 400) << "it is another repository's";
  EXPECT_EQ(ask("GET", "/v2/acme/app/manifests/1.0").status, 404);
}

TEST_F(OciPushTest, PushedBlobsCountForAnHour) {
  push_blob("{}");
  push_blob("layer");
  clock_.advance(PushedBlobs::kFor);
  EXPECT_EQ(put_manifest(image("layer"), "1.0").status, 400);
}

TEST_F(OciPushTest, PushingManifestsThatAreNone) {
  push_blob("{}");
  push_blob("layer");
  EXPECT_EQ(error_code(put_manifest("{", "1.0")), "MANIFEST_INVALID");
  EXPECT_EQ(error_code(put_manifest(image("layer"), "1.0", "acme/app", oci::kDockerList)),
            "MANIFEST_INVALID");
  EXPECT_EQ(error_code(put_manifest(image("layer"), ".odd")), "MANIFEST_INVALID");
  EXPECT_EQ(put_manifest(image("layer"), "1.0", "acme/app",
                         std::string(oci::kOciManifest) + "; charset=utf-8")
                .status,
            201);
}

TEST_F(OciPushTest, PushingManifestsOfFourMebibytesAndNoMore) {
  push_blob("{}");
  push_blob("layer");
  const std::string most =
      image("layer") + std::string(oci::kMaxManifestBytes - image("layer").size(), ' ');
  EXPECT_EQ(put_manifest(most, "1.0").status, 201);
  const Answer answer = put_manifest(most + " ", "1.0");
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(error_code(answer), "SIZE_INVALID");
}

TEST_F(OciPushTest, PushingAnIndexAndItsManifests) {
  const std::string index = R"({"schemaVersion":2,"mediaType":")" + std::string(oci::kOciIndex) +
                            R"(","manifests":[)" +
                            descriptor(image("layer"), std::string(oci::kOciManifest)) + "]}";
  EXPECT_EQ(error_code(put_manifest(index, "all", "acme/app", oci::kOciIndex)),
            "MANIFEST_BLOB_UNKNOWN");
  push_image("layer", "1.0");
  EXPECT_EQ(put_manifest(index, "all", "acme/app", oci::kOciIndex).status, 201);
  EXPECT_EQ(ask("GET", "/v2/acme/app/manifests/all").body, index);
}

TEST_F(OciPushTest, PushingManifestsWithSubject) {
  push_image("layer", "1.0");
  const std::string signature =
      image("layer", R"(,"artifactType":"text/signature","subject":)" +
                         descriptor(image("layer"), std::string(oci::kOciManifest)));
  const Answer answer = put_manifest(signature, digest_of(signature));
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(field(answer, "OCI-Subject"), digest_of(image("layer")));
  const Answer referrers = ask("GET", "/v2/acme/app/referrers/" + digest_of(image("layer")));
  EXPECT_THAT(referrers.body, HasSubstr(digest_of(signature)));
  EXPECT_THAT(referrers.body, HasSubstr("text/signature"));
}

// As oras and apptainer push: one layer of any type, an empty configuration.
TEST_F(OciPushTest, PushingAnyArtifact) {
  push_blob("{}");
  push_blob("some bytes");
  const auto artifact = [&](const std::string& layer) {
    return R"({"schemaVersion":2,"config":)" +
           descriptor("{}", "application/vnd.example.config.v1+json") + R"(,"layers":[)" +
           descriptor("some bytes", layer) + "]}";
  };
  EXPECT_EQ(put_manifest(artifact("application/vnd.example.layer.v1"), "1.0").status, 201);
  EXPECT_EQ(ask("GET", "/v2/acme/app/blobs/" + digest_of("some bytes")).body, "some bytes");
  // What is said to be a SIF image must be one.
  EXPECT_EQ(put_manifest(artifact("application/vnd.sylabs.sif.layer.v1.sif"), "1.1").status, 400);
  EXPECT_EQ(ask("GET", "/v2/acme/app/manifests/1.1").status, 404);
}

TEST_F(OciPushTest, ATagMovesUnlessItsNamespaceIsImmutable) {
  push_image("one", "1.0");
  push_image("two", "1.0");
  EXPECT_EQ(ask("GET", "/v2/acme/app/manifests/1.0").body, image("two"));
  EXPECT_EQ(ask("GET", "/v2/acme/app/manifests/" + digest_of(image("one"))).status, 200);
  const auto push_fixed = [&](const std::string& layer) {
    for (const std::string& blob : {std::string("{}"), layer}) {
      EXPECT_EQ(
          ask("POST", "/v2/fixed/app/blobs/uploads/?digest=" + digest_of(blob), blob, "", "admin")
              .status,
          201);
    }
    return ask("PUT", "/v2/fixed/app/manifests/1.0", image(layer),
               "Content-Type: " + std::string(oci::kOciManifest) + "\r\n", "admin");
  };
  EXPECT_EQ(push_fixed("one").status, 201);
  EXPECT_EQ(push_fixed("one").status, 201) << "the same again";
  const Answer refused = push_fixed("two");
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(error_code(refused), "DENIED");
  EXPECT_EQ(ask("GET", "/v2/fixed/app/manifests/1.0").body, image("one"));
}

TEST_F(OciPushTest, WhatTheStoreCannotTakeIsToldAndChangesNothing) {
  push_blob("{}");
  push_blob("layer");
  site_.failure = Error{ErrorCode::kExhausted, "disk", "it is full", ""};
  const Answer answer = put_manifest(image("layer"), "1.0");
  EXPECT_EQ(answer.status, 507);
  site_.failure = Error{ErrorCode::kRefused, "name", "it came from outside", ""};
  EXPECT_EQ(put_manifest(image("layer"), "1.0").status, 409);
  site_.failure.reset();
  EXPECT_EQ(ask("GET", "/v2/acme/app/manifests/1.0").status, 404);
  EXPECT_EQ(put_manifest(image("layer"), "1.0").status, 201);
}

}  // namespace
}  // namespace sluice::high
