// A small hub on loopback whose answers a test can bend.
#pragma once

#include <boost/json.hpp>
#include <map>
#include <mutex>
#include <string>

#include "common/base/hasher.h"
#include "tests/support/http_server.h"

namespace sluice::low::test {

namespace json = boost::json;

class ScriptedHub {
 public:
  ScriptedHub() {
    server.handle("/", [this](const sluice::test::Seen& seen) { return respond(seen); });
  }
  ~ScriptedHub() { server.stop(); }

  std::string uri() const { return server.uri("/"); }

  static std::string git_oid(std::string_view bytes) {
    Hasher hasher(DigestAlgorithm::kGitBlobSha1, bytes.size());
    hasher.update(as_bytes(bytes));
    return hasher.finish().hex();
  }

  // `lfs`: the hub vouches for its SHA-256, else for its git blob's SHA-1.
  void put(const std::string& document, const std::string& commit, const std::string& path,
           const std::string& bytes, bool lfs = false) {
    const std::scoped_lock lock(mutex_);
    json::object entry{{"type", "file"},
                       {"path", path},
                       {"size", bytes.size()},
                       {"oid", git_oid(lfs ? "pointer of " + path : bytes)}};
    if (lfs) {
      entry["lfs"] = json::object{
          {"oid", sha256(as_bytes(bytes)).hex()}, {"size", bytes.size()}, {"pointerSize", 130}};
    }
    trees_[document + "@" + commit].push_back(entry);
    files_[document + "@" + commit + "/" + path] = bytes;
  }
  void add_entry(const std::string& document, const std::string& commit, json::object entry) {
    const std::scoped_lock lock(mutex_);
    trees_[document + "@" + commit].push_back(std::move(entry));
  }
  void replace(const std::string& document, const std::string& commit, const std::string& path,
               const std::string& bytes) {
    const std::scoped_lock lock(mutex_);
    files_[document + "@" + commit + "/" + path] = bytes;
  }
  void point(const std::string& document, const std::string& ref, const std::string& commit) {
    const std::scoped_lock lock(mutex_);
    refs_[document + "@" + ref] = commit;
  }

  sluice::test::HttpServer server;
  std::string token;  // must be sent
  std::size_t page_size = 1000;
  std::string next_page_host;  // instead of its own

 private:
  sluice::test::Answer respond(const sluice::test::Seen& seen) {
    const std::scoped_lock lock(mutex_);
    if (!token.empty() && seen.header("authorization") != "Bearer " + token) {
      return {.status = 401, .body = R"({"error":"Repository not found"})"};
    }
    const std::string path = seen.target.substr(1, seen.target.find('?') - 1);
    if (path.starts_with("api/")) {
      return api(path.substr(4), seen.target);
    }
    const std::size_t resolve = path.find("/resolve/");
    if (resolve == std::string::npos) {
      return {.status = 404};
    }
    std::string document = path.substr(0, resolve);
    if (!document.starts_with("datasets/") && !document.starts_with("spaces/")) {
      document = "models/" + document;
    }
    const auto file = files_.find(document + "@" + path.substr(resolve + 9));
    return file == files_.end() ? sluice::test::Answer{.status = 404}
                                : sluice::test::Answer{.body = file->second};
  }

  sluice::test::Answer api(const std::string& path, const std::string& target) {
    if (const std::size_t at = path.find("/revision/"); at != std::string::npos) {
      const std::string revision = path.substr(at + 10);
      const auto ref = refs_.find(path.substr(0, at) + "@" + revision);
      const bool commit = trees_.contains(path.substr(0, at) + "@" + revision);
      if (ref == refs_.end() && !commit) {
        return {.status = 404};
      }
      const std::string sha = commit ? revision : ref->second;
      return {.body = json::serialize(json::object{{"id", path.substr(0, at)},
                                                   {"sha", sha},
                                                   {"lastModified", "2024-05-01T00:00:00.000Z"},
                                                   {"likes", 17},
                                                   {"tags", {"onnx"}}}),
              .etag = "\"" + sha + "\""};
    }
    const std::size_t at = path.find("/tree/");
    const auto tree = at == std::string::npos
                          ? trees_.end()
                          : trees_.find(path.substr(0, at) + "@" + path.substr(at + 6));
    return tree == trees_.end() ? sluice::test::Answer{.status = 404} : page(tree->second, target);
  }

  sluice::test::Answer page(const json::array& tree, const std::string& target) const {
    const std::size_t cursor = target.find("&cursor=");
    const std::size_t first =
        cursor == std::string::npos ? 0 : std::stoul(target.substr(cursor + 8));
    json::array entries;
    for (std::size_t i = first; i < tree.size() && i < first + page_size; ++i) {
      entries.push_back(tree[i]);
    }
    sluice::test::Answer answer{.body = json::serialize(entries)};
    if (first + page_size < tree.size()) {
      const std::string next =
          target.substr(0, cursor) + "&cursor=" + std::to_string(first + page_size);
      const std::string host = next_page_host.empty() ? server.uri() : next_page_host;
      answer.headers.emplace_back("Link", "<" + host + next + ">; rel=\"next\"");
    }
    return answer;
  }

  std::mutex mutex_;
  std::map<std::string, json::array> trees_;  // "models/org/name@commit"
  std::map<std::string, std::string> files_;  // "models/org/name@commit/path"
  std::map<std::string, std::string> refs_;   // "models/org/name@main"
};

}  // namespace sluice::low::test
