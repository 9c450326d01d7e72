// A small channel on loopback whose answers a test can bend.
#pragma once

#include <boost/json.hpp>
#include <map>
#include <mutex>
#include <string>

#include "common/base/hasher.h"
#include "common/ecosystem/conda/names.h"
#include "common/ecosystem/conda/zstd_text.h"
#include "tests/support/http_server.h"

namespace sluice::low::test {

namespace json = boost::json;

class ScriptedChannel {
 public:
  ScriptedChannel() {
    server.handle("/", [this](const sluice::test::Seen& seen) { return respond(seen.target); });
  }
  ~ScriptedChannel() { server.stop(); }

  std::string uri() const { return server.uri("/lab"); }

  static json::object entry(const std::string& file, const std::string& bytes) {
    const auto name = conda::parse_file_name(file).value();
    return {{"name", name.name},
            {"version", name.version},
            {"build", name.build},
            {"depends", json::array{"python >=3.8"}},
            {"md5", hash(DigestAlgorithm::kMd5, as_bytes(bytes)).hex()},
            {"sha256", sha256(as_bytes(bytes)).hex()},
            {"size", bytes.size()}};
  }
  // Lists the file and has it.
  void put(const std::string& subdir, const std::string& file, const std::string& bytes) {
    list(subdir, file, entry(file, bytes));
    give(subdir, file, bytes);
  }
  void list(const std::string& subdir, const std::string& file, json::object entry) {
    const std::scoped_lock lock(mutex_);
    json::value& files = indexes_[subdir][file.ends_with(".conda") ? "packages.conda" : "packages"];
    if (files.is_null()) {
      files.emplace_object();
    }
    files.as_object()[file] = std::move(entry);
  }
  void give(const std::string& subdir, const std::string& file, const std::string& bytes) {
    const std::scoped_lock lock(mutex_);
    files_["/lab/" + subdir + "/" + file] = bytes;
  }
  // Lists it no more, and has it no more; `mark`: names it among the removed.
  void remove(const std::string& subdir, const std::string& file, bool mark) {
    const std::scoped_lock lock(mutex_);
    json::object& index = indexes_[subdir];
    index[file.ends_with(".conda") ? "packages.conda" : "packages"].as_object().erase(file);
    if (mark) {
      index["removed"] = json::array{json::string(file)};
    }
    files_.erase("/lab/" + subdir + "/" + file);
  }
  void set(const std::string& subdir, const std::string& key, json::value value) {
    const std::scoped_lock lock(mutex_);
    indexes_[subdir][key] = std::move(value);
  }
  // Bytes in place of the index.
  void replace_index(const std::string& subdir, const std::string& text) {
    const std::scoped_lock lock(mutex_);
    texts_[subdir] = text;
  }

  sluice::test::HttpServer server;
  bool packs = true;      // has repodata.json.zst
  unsigned absent = 404;  // the status where it has not
  unsigned status = 200;  // of every answer, if it is another

 private:
  sluice::test::Answer respond(const std::string& target) {
    const std::scoped_lock lock(mutex_);
    if (status != 200) {
      return {.status = status};
    }
    if (const auto file = files_.find(target); file != files_.end()) {
      return {.body = file->second};
    }
    const std::size_t at = target.find("/repodata.json");
    const std::string subdir = at == std::string::npos || at < 5 ? "" : target.substr(5, at - 5);
    const bool is_packed = target.ends_with("/repodata.json.zst");
    if (!indexes_.contains(subdir) || (is_packed && !packs) ||
        (!is_packed && !target.ends_with("/repodata.json"))) {
      return {.status = absent};
    }
    const auto text = texts_.find(subdir);
    const std::string plain =
        text != texts_.end() ? text->second : json::serialize(indexes_[subdir]);
    const std::string body = is_packed ? conda::pack_zstd(plain) : plain;
    return {.body = body, .etag = "\"" + sha256(as_bytes(body)).hex() + "\""};
  }

  std::mutex mutex_;
  std::map<std::string, json::object> indexes_;  // by subdir
  std::map<std::string, std::string> texts_;
  std::map<std::string, std::string> files_;  // by path
};

}  // namespace sluice::low::test
