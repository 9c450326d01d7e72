// A small registry on loopback whose answers a test can bend.
#pragma once

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "common/base/hasher.h"
#include "common/ecosystem/oci/manifest.h"
#include "common/ecosystem/oci/names.h"
#include "tests/support/http_server.h"

namespace sluice::low::test {

class ScriptedRegistry {
 public:
  ScriptedRegistry() {
    server.handle("/", [this](const sluice::test::Seen& seen) { return respond(seen); });
  }
  ~ScriptedRegistry() { server.stop(); }

  std::string uri() const { return server.uri(); }

  // Its digest.
  std::string put_blob(const std::string& bytes) {
    const std::scoped_lock lock(mutex_);
    const std::string digest = oci::digest_text(sha256(as_bytes(bytes)));
    blobs_[digest] = bytes;
    return digest;
  }
  std::string put_manifest(const std::string& bytes, std::string_view type,
                           const std::vector<std::string>& tags = {}) {
    const std::scoped_lock lock(mutex_);
    const std::string digest = oci::digest_text(sha256(as_bytes(bytes)));
    manifests_[digest] = {bytes, std::string(type)};
    for (const std::string& tag : tags) {
      tags_[tag] = digest;
    }
    return digest;
  }
  // An image of these layers; its configuration is told apart by `name`.
  std::string put_image(const std::string& name, const std::vector<std::string>& layers,
                        const std::vector<std::string>& tags = {}, const std::string& more = "") {
    std::string text = R"({"schemaVersion":2,"config":)" + describe("{\"name\":\"" + name + "\"}") +
                       R"(,"layers":[)";
    for (const std::string& layer : layers) {
      text += (text.back() == '[' ? "" : ",") + describe(layer);
    }
    return put_manifest(text + "]" + more + "}", oci::kOciManifest, tags);
  }
  struct Child {
    std::string digest;
    std::string architecture;
  };
  std::string put_index(const std::vector<Child>& children, const std::vector<std::string>& tags) {
    std::string text = R"({"schemaVersion":2,"manifests":[)";
    for (const Child& child : children) {
      text += (text.back() == '[' ? "" : ",") + describe_manifest(child.digest);
      text.pop_back();
      text += R"(,"platform":{"os":"linux","architecture":")" + child.architecture + R"("}})";
    }
    return put_manifest(text + "]}", oci::kOciIndex, tags);
  }
  std::string describe_manifest(const std::string& digest) {
    const std::scoped_lock lock(mutex_);
    const auto& [bytes, type] = manifests_.at(digest);
    return descriptor(type, digest, bytes.size());
  }
  void remove(const std::string& digest_or_tag) {
    const std::scoped_lock lock(mutex_);
    blobs_.erase(digest_or_tag);
    manifests_.erase(digest_or_tag);
    tags_.erase(digest_or_tag);
  }
  void replace_blob(const std::string& digest, const std::string& bytes) {
    const std::scoped_lock lock(mutex_);
    blobs_[digest] = bytes;
  }
  // How many requests of this method and ending came.
  std::size_t count(const std::string& method, const std::string& ending) const {
    const auto all = server.all_requests();
    return static_cast<std::size_t>(std::ranges::count_if(all, [&](const auto& seen) {
      return seen.method == method && seen.target.ends_with(ending);
    }));
  }

  sluice::test::HttpServer server;
  // Set before requests come.
  bool has_referrers = true;
  bool says_digest = true;
  std::size_t page = 1000;
  bool needs_token = false;
  std::string token_path = "/token";  // or a whole address, of another host
  std::string token = "first";        // what is given, and good
  std::string user;                   // base64 of user:password; empty: anybody gets a token
  unsigned down = 0;                  // answered to everything, where it is set

 private:
  using Answer = sluice::test::Answer;

  std::string describe(const std::string& bytes) {
    return descriptor("application/x", put_blob(bytes), bytes.size());
  }
  static std::string descriptor(const std::string& type, const std::string& digest,
                                std::size_t size) {
    return R"({"mediaType":")" + type + R"(","digest":")" + digest + R"(","size":)" +
           std::to_string(size) + "}";
  }

  Answer respond(const sluice::test::Seen& seen) {
    const std::scoped_lock lock(mutex_);
    if (down != 0) {
      return {.status = down};
    }
    const std::string path = seen.target.substr(0, seen.target.find('?'));
    if (path == "/token") {
      return user.empty() || seen.header("authorization") == "Basic " + user
                 ? Answer{.body = R"({"token":")" + token + R"(","expires_in":300})"}
                 : Answer{.status = 401};
    }
    if (needs_token && seen.header("authorization") != "Bearer " + token) {
      const std::string realm = token_path.starts_with('/') ? server.uri(token_path) : token_path;
      return {
          .status = 401,
          .headers = {{"WWW-Authenticate", "Bearer realm=\"" + realm + "\",service=\"scripted\""}}};
    }
    return path == "/v2/" ? Answer{.body = "{}"} : serve(seen, path.substr(path.rfind('/') + 1));
  }

  Answer serve(const sluice::test::Seen& seen, const std::string& last) {
    if (seen.target.find("/tags/list") != std::string::npos) {
      return list(seen.target);
    }
    if (seen.target.find("/blobs/") != std::string::npos) {
      const auto blob = blobs_.find(last);
      return blob == blobs_.end() ? Answer{.status = 404}
                                  : Answer{.body = blob->second, .etag = "\"" + last + "\""};
    }
    if (seen.target.find("/referrers/") != std::string::npos) {
      return has_referrers ? referrers(last) : Answer{.status = 404};
    }
    const auto tag = tags_.find(last);
    const std::string digest = tag == tags_.end() ? last : tag->second;
    const auto manifest = manifests_.find(digest);
    if (manifest == manifests_.end()) {
      return {.status = 404};
    }
    Answer answer{.body = manifest->second.first,
                  .headers = {{"Content-Type", manifest->second.second}}};
    if (says_digest) {
      answer.headers.emplace_back("Docker-Content-Digest", digest);
    }
    return answer;
  }

  Answer list(const std::string& target) const {
    const std::size_t last = target.find("last=");
    auto tag =
        last == std::string::npos ? tags_.begin() : tags_.upper_bound(target.substr(last + 5));
    std::string text;
    std::size_t listed = 0;
    std::string end;
    for (; tag != tags_.end() && listed < page; ++tag, ++listed) {
      text += (text.empty() ? "\"" : ",\"") + tag->first + "\"";
      end = tag->first;
    }
    Answer answer{.body = R"({"name":"x","tags":[)" + text + "]}"};
    if (tag != tags_.end()) {
      answer.headers.emplace_back("Link", "</v2/x/tags/list?last=" + end + ">; rel=\"next\"");
    }
    return answer;
  }

  Answer referrers(const std::string& subject) const {
    std::string text;
    for (const auto& [digest, manifest] : manifests_) {
      const auto read = oci::read_manifest("m", manifest.first, manifest.second);
      if (read && read->subject && oci::digest_text(read->subject->digest) == subject) {
        text +=
            (text.empty() ? "" : ",") + descriptor(manifest.second, digest, manifest.first.size());
      }
    }
    return {.body = R"({"schemaVersion":2,"mediaType":")" + std::string(oci::kOciIndex) +
                    R"(","manifests":[)" + text + "]}"};
  }

  std::mutex mutex_;
  std::map<std::string, std::string> blobs_;
  std::map<std::string, std::pair<std::string, std::string>> manifests_;  // bytes and type
  std::map<std::string, std::string> tags_;
};

}  // namespace sluice::low::test
