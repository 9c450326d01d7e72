// A registry on loopback that takes what is pushed, with a store on the disk and a catalog in
// memory.
#pragma once

#include <gmock/gmock.h>

#include <boost/json.hpp>
#include <map>
#include <memory>
#include <string>

#include "common/base/text.h"
#include "common/ecosystem/oci/manifest.h"
#include "common/ecosystem/oci/names.h"
#include "common/http/router.h"
#include "common/http/server.h"
#include "common/store/disk_blob_store.h"
#include "highside/mirror/oci/oci_mirror.h"
#include "highside/mirror/oci/record_check.h"
#include "highside/publish/oci/oci_push.h"
#include "tests/support/events.h"
#include "tests/support/manual_clock.h"
#include "tests/support/memory_catalog.h"
#include "tests/support/memory_store.h"
#include "tests/support/raw_http_client.h"
#include "tests/support/temporary_folder.h"

namespace sluice::high::test {

// As the catalog's publisher does it, without a ledger.
class FakeSite final : public SitePublisher {
 public:
  FakeSite(MemoryCatalog& catalog, store::BlobStore& blobs) : catalog_(catalog), blobs_(blobs) {}
  Result<SiteOutcome> publish(const SiteChange& change) override {
    if (failure) {
      return *failure;
    }
    std::vector<store::NewBlob> brought;
    for (const SiteBlob& one : change.blobs) {
      brought.push_back(one.blob);
    }
    SLUICE_TRY_VOID(blobs_.commit(brought));
    SLUICE_TRY(auto now, catalog_.find(catalog_.current(), change.ecosystem, change.document));
    if (now && now->body.empty()) {
      now.reset();  // withdrawn
    }
    SLUICE_TRY(const auto record, change.make(now));
    if (record) {
      SLUICE_TRY_VOID(check_.check(*record, now, blobs_));
      catalog_.publish(*record);
      by = change.by;
    }
    return SiteOutcome{catalog_.current(), record.has_value()};
  }
  void hold(const Sha256Digest& /*blob*/) override {}

  std::optional<Error> failure;
  std::string by;  // of the last change

 private:
  MemoryCatalog& catalog_;
  store::BlobStore& blobs_;
  OciRecordCheck check_;
};

// The tokens are "reader", "publisher" of acme/* and "admin".
class FakeAccess final : public AccessControl {
 public:
  explicit FakeAccess(const Namespaces& namespaces) : namespaces_(namespaces) {}
  Verdict decide(const http::Credentials& given, Verb verb, std::string_view ecosystem,
                 std::string_view document) const override {
    using Outcome = Verdict::Outcome;
    if (verb == Verb::kRead) {
      return {Outcome::kAllowed, "", ""};
    }
    const auto who = identify(given);
    if (!who) {
      return {Outcome::kUnknown, "", "this needs a token"};
    }
    const bool may = *who == "admin" || (*who == "publisher" && verb == Verb::kPublish);
    return may && namespaces_.contains(ecosystem, document)
               ? Verdict{Outcome::kAllowed, *who, ""}
               : Verdict{Outcome::kForbidden, *who, *who + " may not"};
  }
  std::optional<std::string> identify(const http::Credentials& given) const override {
    const std::string_view value = given.reveal();
    std::string secret(value.substr(std::min(value.find(' ') + 1, value.size())));
    if (value.starts_with("Basic ")) {
      const auto both = base64_decode(secret);
      secret = both ? std::string(as_text(*both)) : "";
      secret.erase(0, secret.find(':') + 1);
    }
    return secret == "reader" || secret == "publisher" || secret == "admin" ? std::optional(secret)
                                                                            : std::nullopt;
  }

 private:
  const Namespaces& namespaces_;
};

class PushFixture : public testing::Test {
 protected:
  using Answer = sluice::test::RawHttpClient::Answer;
  static constexpr std::uint64_t kUploadLimit = 8 << 20;

  PushFixture() {
    http::Router router;
    router.mount("/v2", OciPush::handler(push_));
    router.mount_receiver("/v2", OciPush::receiver(push_));
    server_ = http::Server::start(
                  {.listen = {"127.0.0.1:0"},
                   .workers = 2,
                   .receive = [router](const http::Request& head) { return router.receive(head); }},
                  [router](const http::Request& request) { return router.handle(request); },
                  counters_, events_)
                  .value();
  }

  // As "publisher", unless `token` says otherwise ("": nobody). `head`: further lines.
  Answer ask(const std::string& method, const std::string& target, const std::string& body = "",
             const std::string& head = "", const std::string& token = "publisher") {
    sluice::test::RawHttpClient client(server_->addresses().front());
    std::string text = method + " " + target + " HTTP/1.1\r\nHost: high.example\r\n" + head;
    if (!token.empty()) {
      text += "Authorization: Bearer " + token + "\r\n";
    }
    if (method != "GET" && method != "HEAD" && method != "DELETE") {
      text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    }
    client.send(text + "\r\n" + body);
    return client.read_answer(method == "HEAD");
  }
  static std::string field(const Answer& answer, const std::string& name) {
    const std::string start = "\r\n" + name + ": ";
    const std::size_t at = answer.head.find(start);
    return at == std::string::npos
               ? ""
               : answer.head.substr(at + start.size(),
                                    answer.head.find("\r\n", at + 2) - at - start.size());
  }
  static std::string error_code(const Answer& answer) {
    boost::system::error_code failed;
    const boost::json::value body = boost::json::parse(answer.body, failed);
    const auto* errors =
        failed || !body.is_object() ? nullptr : body.get_object().if_contains("errors");
    return errors == nullptr ? "" : std::string(errors->at(0).at("code").as_string());
  }
  static std::string digest_of(const std::string& bytes) {
    return oci::digest_text(sha256(as_bytes(bytes)));
  }
  static std::string descriptor(const std::string& bytes, const std::string& type) {
    return R"({"mediaType":")" + type + R"(","digest":")" + digest_of(bytes) + R"(","size":)" +
           std::to_string(bytes.size()) + "}";
  }
  static std::string image(const std::string& layer, const std::string& more = "") {
    return R"({"schemaVersion":2,"mediaType":")" + std::string(oci::kOciManifest) +
           R"(","config":)" + descriptor("{}", "application/vnd.oci.image.config.v1+json") +
           R"(,"layers":[)" + descriptor(layer, "application/vnd.oci.image.layer.v1.tar") + "]" +
           more + "}";
  }
  std::string begin(const std::string& name = "acme/app") {
    const Answer answer = ask("POST", "/v2/" + name + "/blobs/uploads/");
    EXPECT_EQ(answer.status, 202) << answer.body;
    return field(answer, "Location");
  }
  void push_blob(const std::string& bytes, const std::string& name = "acme/app") {
    const Answer answer = ask("PUT", begin(name) + "?digest=" + digest_of(bytes), bytes);
    ASSERT_EQ(answer.status, 201) << answer.body;
  }
  Answer put_manifest(const std::string& text, const std::string& reference,
                      const std::string& name = "acme/app",
                      std::string_view type = oci::kOciManifest) {
    return ask("PUT", "/v2/" + name + "/manifests/" + reference, text,
               "Content-Type: " + std::string(type) + "\r\n");
  }
  // With its blobs.
  void push_image(const std::string& layer, const std::string& tag,
                  const std::string& name = "acme/app") {
    push_blob("{}", name);
    push_blob(layer, name);
    const Answer answer = put_manifest(image(layer), tag, name);
    ASSERT_EQ(answer.status, 201) << answer.body;
  }

  sluice::test::TemporaryFolder folder_;
  sluice::test::MemoryStore index_;
  std::unique_ptr<store::DiskBlobStore> blobs_ =
      store::DiskBlobStore::open(index_, posix_file_system(), folder_.path()).value();
  MemoryCatalog catalog_;
  Namespaces namespaces_ = Namespaces::parse({"oci:acme/*", "oci:fixed/* immutable"}).value();
  FakeAccess access_{namespaces_};
  FakeSite site_{catalog_, *blobs_};
  sluice::test::ManualClock clock_;
  std::shared_ptr<OciMirror> mirror_ =
      std::make_shared<OciMirror>("/v2", "docker.io", catalog_, *blobs_);
  std::shared_ptr<OciPush> push_ =
      std::make_shared<OciPush>("/v2",
                                PublishParts{site_, access_, namespaces_, catalog_, *blobs_,
                                             posix_file_system(), clock_, kUploadLimit},
                                OciMirror::handler(mirror_));
  observe::Counters counters_;
  sluice::test::RecordedEvents events_;
  std::unique_ptr<http::Server> server_;
};

}  // namespace sluice::high::test
