// OCI distribution specification 1.1, "Pull": each test is named after its section.
#include "tests/unit/highside/mirror/oci/registry_fixture.h"

namespace sluice::high {
namespace {

using testing::HasSubstr;

class OciPullTest : public test::RegistryFixture {
 protected:
  OciPullTest() {
    tiny_ = source_.image("layer's bytes");
    text_ = source_.image_text("layer's bytes");
    source_.tag("1.0", tiny_);
    publish(source_);
  }
  static std::string at(const std::string& what, const std::string& name = "library/tiny") {
    return "/v2/" + name + what;
  }

  Sha256Digest tiny_;
  std::string text_;
};

TEST_F(OciPullTest, DeterminingSupport) {
  for (const std::string target : {"/v2/", "/v2"}) {
    const Answer answer = get(target);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(field(answer, "Docker-Distribution-Api-Version"), "registry/2.0");
  }
}

TEST_F(OciPullTest, PullingManifestsByTagAndByDigest) {
  for (const std::string& reference : {std::string("1.0"), oci::digest_text(tiny_)}) {
    const Answer answer = get(at("/manifests/" + reference));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, text_);
    EXPECT_EQ(field(answer, "Content-Type"), oci::kOciManifest);
    EXPECT_EQ(field(answer, "Docker-Content-Digest"), oci::digest_text(tiny_));
    EXPECT_EQ(field(answer, "ETag"), '"' + oci::digest_text(tiny_) + '"');
  }
  EXPECT_EQ(field(get(at("/manifests/1.0")), "Cache-Control"), "no-cache");
  EXPECT_THAT(field(get(at("/manifests/" + oci::digest_text(tiny_))), "Cache-Control"),
              HasSubstr("immutable"));
  const Answer escaped = get("/v2/library%2Ftiny/manifests/sha256%3A" + tiny_.hex());
  EXPECT_EQ(escaped.status, 200);
}

TEST_F(OciPullTest, PullingManifestsGivesTheBytesWhateverTypeIsAskedFor) {
  const Answer answer =
      get(at("/manifests/1.0"), "Accept: application/vnd.docker.distribution.manifest.v1+json\r\n");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(field(answer, "Content-Type"), oci::kOciManifest);
  EXPECT_EQ(answer.body, text_);
}

TEST_F(OciPullTest, PullingManifestsThatAreNotThere) {
  for (const std::string& reference :
       {std::string("2.0"), oci::digest_text(sha256(as_bytes("x"))), std::string(".odd"),
        std::string("sha512:00"), std::string("sha256:short")}) {
    const Answer answer = get(at("/manifests/" + reference));
    EXPECT_EQ(answer.status, 404) << reference;
    EXPECT_EQ(error_code(answer), "MANIFEST_UNKNOWN") << reference;
  }
  EXPECT_EQ(get(at("/manifests/1.0", "library/other")).status, 404);
}

TEST_F(OciPullTest, PullingAnIndexSomeOfWhosePlatformsAreNotHere) {
  const Sha256Digest other = sha256(as_bytes("another platform's"));
  const std::string index =
      R"({"schemaVersion":2,"mediaType":")" + std::string(oci::kOciIndex) + R"(","manifests":[)" +
      test::OciSource::descriptor(tiny_, text_.size(), std::string(oci::kOciManifest)) + "," +
      test::OciSource::descriptor(other, 18, std::string(oci::kOciManifest)) + "]}";
  source_.tag("latest", source_.manifest(index, oci::kOciIndex));
  publish(source_);
  const Answer answer = get(at("/manifests/latest"));
  EXPECT_EQ(answer.body, index);
  EXPECT_EQ(field(answer, "Content-Type"), oci::kOciIndex);
  EXPECT_EQ(get(at("/manifests/" + oci::digest_text(tiny_))).status, 200);
  const Answer missing = get(at("/manifests/" + oci::digest_text(other)));
  EXPECT_EQ(missing.status, 404);
  EXPECT_THAT(missing.body, HasSubstr("ask for it on the low side"));
}

TEST_F(OciPullTest, PullingBlobs) {
  const Sha256Digest layer = sha256(as_bytes("layer's bytes"));
  const Answer answer = get(at("/blobs/" + oci::digest_text(layer)));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "layer's bytes");
  EXPECT_EQ(field(answer, "Content-Type"), "application/octet-stream");
  EXPECT_EQ(field(answer, "Docker-Content-Digest"), oci::digest_text(layer));
  EXPECT_EQ(get(at("/blobs/" + oci::digest_text(tiny_))).body, text_) << "manifests are blobs";
}

TEST_F(OciPullTest, PullingBlobsInParts) {
  const std::string target = at("/blobs/" + oci::digest_text(sha256(as_bytes("layer's bytes"))));
  const Answer part = get(target, "Range: bytes=6-\r\n");
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, "s bytes");
  EXPECT_EQ(field(part, "Content-Range"), "bytes 6-12/13");
  const std::string etag = field(part, "ETag");
  EXPECT_EQ(get(target, "Range: bytes=0-0\r\nIf-Range: " + etag + "\r\n").body, "l");
  EXPECT_EQ(get(target, "Range: bytes=0-0\r\nIf-Range: \"other\"\r\n").status, 200);
  EXPECT_EQ(get(target, "Range: bytes=13-\r\n").status, 416);
  EXPECT_EQ(get(target, "If-None-Match: " + etag + "\r\n").status, 304);
}

TEST_F(OciPullTest, PullingBlobsThatAreNotThere) {
  blobs_.add("in the store, and in no repository");
  for (const std::string& digest :
       {oci::digest_text(sha256(as_bytes("x"))),
        oci::digest_text(sha256(as_bytes("in the store, and in no repository"))),
        std::string("sha512:00"), std::string("latest")}) {
    const Answer answer = get(at("/blobs/" + digest));
    EXPECT_EQ(answer.status, 404) << digest;
    EXPECT_EQ(error_code(answer), "BLOB_UNKNOWN") << digest;
  }
  const std::string layer = oci::digest_text(sha256(as_bytes("layer's bytes")));
  const Answer elsewhere = get(at("/blobs/" + layer, "library/other"));
  EXPECT_EQ(elsewhere.status, 404);
  EXPECT_EQ(error_code(elsewhere), "NAME_UNKNOWN");
}

TEST_F(OciPullTest, CheckingIfContentExistsInTheRegistry) {
  const std::string layer = oci::digest_text(sha256(as_bytes("layer's bytes")));
  for (const auto& [target, digest, size] :
       {std::tuple{at("/manifests/1.0"), oci::digest_text(tiny_), text_.size()},
        std::tuple{at("/blobs/" + layer), layer, std::size_t{13}}}) {
    const Answer answer = ask("HEAD", target);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(field(answer, "Docker-Content-Digest"), digest);
    EXPECT_EQ(field(answer, "Content-Length"), std::to_string(size));
    EXPECT_EQ(answer.body, "");
  }
  EXPECT_EQ(ask("HEAD", at("/manifests/2.0")).status, 404);
  EXPECT_EQ(ask("HEAD", at("/blobs/" + oci::digest_text(sha256(as_bytes("x"))))).status, 404);
}

TEST_F(OciPullTest, ErrorCodes) {
  const Answer missing = get(at("/manifests/2.0"));
  EXPECT_EQ(field(missing, "Content-Type"), "application/json");
  const boost::json::object error = json(missing).at("errors").at(0).as_object();
  EXPECT_EQ(error.at("code"), "MANIFEST_UNKNOWN");
  EXPECT_THAT(std::string(error.at("message").as_string()),
              HasSubstr("docker.io/library/tiny:2.0"));
  const std::string digest = oci::digest_text(sha256(as_bytes("x")));
  EXPECT_EQ(
      json(get(at("/blobs/" + digest))).at("errors").at(0).at("detail").at("digest").as_string(),
      digest);
  for (const std::string name : {"Library/tiny", "library/tiny/", "a..b", "-", "x%20y"}) {
    const Answer answer = get(at("/manifests/1.0", name));
    EXPECT_EQ(answer.status, 400) << name;
    EXPECT_EQ(error_code(answer), "NAME_INVALID") << name;
  }
  for (const std::string target : {"/v2/library/tiny", "/v2/library/tiny/manifests",
                                   "/v2/manifests/1.0", "/v2/blobs/uploads/x", "/v2/_other"}) {
    EXPECT_EQ(get(target).status, 404) << target;
  }
  for (const std::string method : {"DELETE", "PUT", "POST", "PATCH"}) {
    const Answer answer =
        ask(method, at("/manifests/1.0"), method == "DELETE" ? "" : "Content-Length: 0\r\n");
    EXPECT_EQ(answer.status, 405) << method;
    EXPECT_EQ(error_code(answer), "UNSUPPORTED") << method;
  }
}

// Which repository a name means.

TEST_F(OciPullTest, NamesAreThoseOfTheHubsClients) {
  for (const std::string name : {"docker.io/library/tiny", "library/tiny", "tiny"}) {
    EXPECT_EQ(get(at("/manifests/1.0", name)).status, 200) << name;
  }
  EXPECT_EQ(get(at("/manifests/1.0?ns=docker.io", "library/tiny")).status, 200);
  EXPECT_EQ(get(at("/manifests/1.0", "docker.io/tiny")).status, 200);
}

TEST_F(OciPullTest, NamesOfOtherRegistriesAreWholeOrByContainerdsParameter) {
  test::OciSource other(blobs_, "registry.example.org:5000/team/app");
  other.tag("1.0", other.image("another"));
  publish(other);
  EXPECT_EQ(get(at("/manifests/1.0", "registry.example.org:5000/team/app")).status, 200);
  EXPECT_EQ(get(at("/manifests/1.0?ns=registry.example.org%3A5000", "team/app")).status, 200);
  EXPECT_EQ(get(at("/manifests/1.0", "team/app")).status, 404);
  EXPECT_EQ(get(at("/manifests/1.0?ns=other.example", "team/app")).status, 404);
  EXPECT_EQ(get(at("/manifests/1.0?ns=../x", "team/app")).status, 400);
  EXPECT_EQ(get(at("/manifests/1.0?ns=other.example", "library/tiny")).status, 404)
      << "another registry's of that name";
  EXPECT_EQ(get(at("/manifests/1.0?ns=high.example", "library/tiny")).status, 200)
      << "by this host's own name";
}

// A name of the site's own is never filled from outside, and containerd's parameter always is.
TEST_F(OciPullTest, NamesOfTheSiteAreNobodyElses) {
  test::OciSource outside(blobs_, "docker.io/acme/app");
  outside.tag("1.0", outside.image("outside"));
  publish(outside);
  OciMirror mirror("/v2", "docker.io", catalog_, blobs_, OciMirror::kCacheBytes,
                   [](std::string_view document) { return document.starts_with("acme/"); });
  const auto status = [&](const std::string& name, const std::string& query) {
    http::Request request;
    request.method = "GET";
    request.path = request.raw_path = "/v2/" + name + "/manifests/1.0";
    request.query = query;
    return mirror.handle(request).status;
  };
  EXPECT_EQ(status("acme/app", ""), 404U);
  EXPECT_EQ(status("docker.io/acme/app", ""), 200U);
  EXPECT_EQ(status("acme/app", "ns=docker.io"), 200U);
  test::OciSource inside(blobs_, "acme/app");
  inside.tag("2.0", inside.image("inside"));
  publish(inside);
  EXPECT_EQ(status("acme/app", ""), 404U) << "1.0 is outside alone";
  EXPECT_EQ(status("acme/app", "ns=docker.io"), 200U);
}

TEST_F(OciPullTest, WhatIsAskedForInVainIsNoted) {
  for (const auto& [target, wanted] :
       {std::pair{at("/manifests/2.0"), "pkg:oci/docker.io/library/tiny@2.0"},
        std::pair{at("/manifests/1", "org/app"), "pkg:oci/docker.io/org/app@1"},
        std::pair{at("/manifests/1?ns=quay.example", "org/app"), "pkg:oci/quay.example/org/app@1"},
        std::pair{at("/manifests/1", "quay.example/org/app"), "pkg:oci/quay.example/org/app@1"},
        std::pair{at("/tags/list", "org/app"), "pkg:oci/docker.io/org/app"}}) {
    EXPECT_EQ(field(get(target), "Sluice-Wanted"), wanted);
  }
  for (const std::string& target : {at("/manifests/.x"), at("/manifests/1", "Org/app"),
                                    at("/blobs/" + oci::digest_text(sha256(as_bytes("x"))))}) {
    EXPECT_EQ(field(get(target), "Sluice-Wanted"), "") << target;
  }
}

// Editions, and what is lost.

TEST_F(OciPullTest, ATagFollowsTheNextEdition) {
  EXPECT_EQ(get(at("/manifests/1.0")).body, text_);
  const Sha256Digest second = source_.image("other bytes");
  source_.tag("1.0", second);
  publish(source_);
  EXPECT_EQ(field(get(at("/manifests/1.0")), "Docker-Content-Digest"), oci::digest_text(second));
  EXPECT_EQ(get(at("/manifests/" + oci::digest_text(tiny_))).status, 200);
  test::OciSource other(blobs_, "docker.io/org/app");
  other.image("unrelated");
  publish(other);
  EXPECT_EQ(field(get(at("/manifests/1.0")), "Docker-Content-Digest"), oci::digest_text(second));
}

TEST_F(OciPullTest, WhatIsLostIsUnavailableUntilItIsBack) {
  const Sha256Digest layer = sha256(as_bytes("layer's bytes"));
  catalog_.lose(layer);
  const Answer answer = get(at("/blobs/" + oci::digest_text(layer)));
  EXPECT_EQ(answer.status, 503);
  EXPECT_THAT(answer.body, HasSubstr("sluice-high gaps"));
  catalog_.lose(tiny_);
  EXPECT_EQ(get(at("/manifests/1.0")).status, 503);
  EXPECT_THAT(get(at("/tags/list")).body, HasSubstr(R"("tags":[])"));
  catalog_.restore(layer);
  catalog_.restore(tiny_);
  EXPECT_EQ(get(at("/blobs/" + oci::digest_text(layer))).status, 200);
  EXPECT_THAT(get(at("/tags/list")).body, HasSubstr(R"("tags":["1.0"])"));
}

}  // namespace
}  // namespace sluice::high
