// A small npm registry on loopback whose answers a test can bend. "Modern": with ETags, signing
// keys and signatures; otherwise without all three.
#pragma once

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <boost/json.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "common/base/hasher.h"
#include "common/base/text.h"
#include "common/ecosystem/npm/package_name.h"
#include "tests/support/http_server.h"

namespace sluice::low::test {

namespace json = boost::json;

class SigningKey {
 public:
  SigningKey() : key_(EVP_EC_gen("P-256"), &EVP_PKEY_free) {}

  std::string public_key() const {
    unsigned char* der = nullptr;
    const int length = i2d_PUBKEY(key_.get(), &der);
    const std::string text = base64_encode({der, static_cast<std::size_t>(length)});
    OPENSSL_free(der);
    return text;
  }
  std::string sign(const std::string& message) const {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                          &EVP_MD_CTX_free);
    std::size_t length = 256;
    Bytes signature(length);
    const ByteView bytes = as_bytes(message);
    EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get());
    EVP_DigestSign(context.get(), signature.data(), &length, bytes.data(), bytes.size());
    signature.resize(length);
    return base64_encode(signature);
  }

 private:
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
};

class ScriptedRegistry {
 public:
  explicit ScriptedRegistry(bool modern) : modern_(modern) {
    server.handle("/", [this](const sluice::test::Seen& seen) { return respond(seen); });
    if (modern_) {
      set_keys(nullptr);
    }
  }
  ~ScriptedRegistry() { server.stop(); }

  std::string uri() const { return server.uri("/"); }

  // `more`: further members of the manifest, such as dependencies.
  void publish(const std::string& name, const std::string& version, const json::object& more = {}) {
    const std::scoped_lock lock(mutex_);
    const std::string file = "/" + name + "/-/" + npm::tarball_file_name(name, version);
    const std::string bytes = "tarball of " + name + " " + version;
    tarballs_[file] = bytes;
    const std::string integrity = hash(DigestAlgorithm::kSha512, as_bytes(bytes)).sri();
    json::object dist{{"integrity", integrity},
                      {"shasum", hash(DigestAlgorithm::kSha1, as_bytes(bytes)).hex()},
                      {"tarball", server.uri(file)}};
    if (modern_) {
      dist["signatures"] = json::array{
          {{"keyid", "SHA256:test"}, {"sig", key.sign(name + "@" + version + ":" + integrity)}}};
    }
    json::object manifest{{"name", name}, {"version", version}, {"dist", dist}};
    for (const auto& [member, value] : more) {
      manifest[member] = value;
    }
    json::object& packument = packuments_[name];
    packument["name"] = name;
    packument["_id"] = name;
    packument["readme"] = "# " + name;
    child(packument, "versions")[version] = manifest;
    child(packument, "dist-tags")["latest"] = version;
    child(packument, "time")[version] = "2024-01-01T00:00:00.000Z";
    child(packument, "time")["modified"] = "2024-06-01T00:00:00.000Z";
  }

  // Bends what is there.
  void edit(const std::string& name, const std::function<void(json::object& packument)>& change) {
    const std::scoped_lock lock(mutex_);
    change(packuments_[name]);
  }
  void edit_dist(const std::string& name, const std::string& version,
                 const std::function<void(json::object& dist)>& change) {
    edit(name, [&](json::object& packument) {
      change(packument["versions"].as_object()[version].as_object()["dist"].as_object());
    });
  }
  void replace_tarball(const std::string& name, const std::string& version, std::string bytes) {
    const std::scoped_lock lock(mutex_);
    tarballs_["/" + name + "/-/" + npm::tarball_file_name(name, version)] = std::move(bytes);
  }
  void remove_tarball(const std::string& name, const std::string& version) {
    const std::scoped_lock lock(mutex_);
    tarballs_.erase("/" + name + "/-/" + npm::tarball_file_name(name, version));
  }
  void set_keys(const json::value& expires) {
    server.answer("/-/npm/v1/keys", {{.body = json::serialize(json::object{
                                          {"keys", json::array{{{"expires", expires},
                                                                {"keyid", "SHA256:test"},
                                                                {"keytype", "ecdsa-sha2-nistp256"},
                                                                {"scheme", "ecdsa-sha2-nistp256"},
                                                                {"key", key.public_key()}}}}})}});
  }

  std::string integrity(const std::string& name, const std::string& version) const {
    const std::string bytes = "tarball of " + name + " " + version;
    return hash(DigestAlgorithm::kSha512, as_bytes(bytes)).sri();
  }

  sluice::test::HttpServer server;
  const SigningKey key;

 private:
  static json::object& child(json::object& parent, std::string_view name) {
    json::value& value = parent[name];
    return value.is_object() ? value.as_object() : value.emplace_object();
  }

  sluice::test::Answer respond(const sluice::test::Seen& seen) {
    std::string path = seen.target.substr(0, seen.target.find('?'));
    for (const char* encoded : {"%2f", "%2F"}) {
      if (const std::size_t at = path.find(encoded); at != std::string::npos) {
        path.replace(at, 3, "/");
      }
    }
    const std::scoped_lock lock(mutex_);
    if (const auto tarball = tarballs_.find(path); tarball != tarballs_.end()) {
      return {.body = tarball->second};
    }
    if (const auto packument = packuments_.find(path.substr(1)); packument != packuments_.end()) {
      sluice::test::Answer answer{.body = json::serialize(packument->second),
                                  .headers = {{"Content-Type", "application/json"}}};
      if (modern_) {
        answer.etag = '"' + sha256(as_bytes(answer.body)).hex() + '"';
      }
      return answer;
    }
    return {.status = 404, .body = R"({"error":"Not found"})"};
  }

  const bool modern_;
  std::mutex mutex_;
  std::map<std::string, json::object> packuments_;
  std::map<std::string, std::string> tarballs_;
};

}  // namespace sluice::low::test
