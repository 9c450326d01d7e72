// A small index of Python packages on loopback whose answers a test can bend.
#pragma once

#include <boost/json.hpp>
#include <map>
#include <mutex>
#include <string>

#include "common/base/hasher.h"
#include "tests/support/http_server.h"
#include "tests/unit/lowside/upstream/pypi/zip.h"

namespace sluice::low::test {

namespace json = boost::json;

class ScriptedIndex {
 public:
  ScriptedIndex() {
    server.handle("/", [this](const sluice::test::Seen& seen) { return respond(seen); });
  }

  ~ScriptedIndex() { server.stop(); }

  std::string uri() const { return server.uri("/simple/"); }

  // A wheel for any machine; `more`: further lines of its METADATA. Its name.
  std::string publish(const std::string& name, const std::string& version,
                      const std::string& more = "") {
    const std::string file = name + "-" + version + "-py3-none-any.whl";
    add(name, file, wheel(name, version, more));
    return file;
  }
  void add(const std::string& project, const std::string& file, const std::string& bytes) {
    const std::scoped_lock lock(mutex_);
    files_[file] = bytes;
    pages_[project][file] = json::object{
        {"filename", file},
        {"url", server.uri("/files/" + file)},
        {"hashes", json::object{{"sha256", sha256(as_bytes(bytes)).hex()}}},
        {"size", bytes.size()},
        {"upload-time", "2024-01-02T03:04:05.678900Z"},
    };
  }
  // Bends what the page says of a file.
  void edit(const std::string& project, const std::string& file,
            const std::function<void(json::object&)>& change) {
    const std::scoped_lock lock(mutex_);
    change(pages_[project][file]);
  }
  // Keeps something beside the file, and says where.
  void attest(const std::string& project, const std::string& file, const std::string& text) {
    const std::scoped_lock lock(mutex_);
    files_[file + ".provenance"] = text;
    pages_[project][file]["provenance"] = server.uri("/files/" + file + ".provenance");
  }
  void unlist(const std::string& project, const std::string& file) {
    const std::scoped_lock lock(mutex_);
    pages_[project].erase(file);
  }
  void replace(const std::string& file, std::string bytes) {
    const std::scoped_lock lock(mutex_);
    files_[file] = std::move(bytes);
  }
  void set_serial(std::uint64_t serial) {
    const std::scoped_lock lock(mutex_);
    serial_ = serial;
  }
  void as_html(bool html) {
    const std::scoped_lock lock(mutex_);
    html_ = html;
  }

  sluice::test::HttpServer server;

 private:
  sluice::test::Answer respond(const sluice::test::Seen& seen) {
    const std::scoped_lock lock(mutex_);
    const std::string path = seen.target.substr(1);
    if (path.starts_with("files/")) {
      const auto file = files_.find(path.substr(6));
      return file == files_.end() ? sluice::test::Answer{.status = 404}
                                  : sluice::test::Answer{.body = file->second};
    }
    const auto page = path.starts_with("simple/") && path.ends_with('/')
                          ? pages_.find(path.substr(7, path.size() - 8))
                          : pages_.end();
    if (page == pages_.end()) {
      return {.status = 404};
    }
    sluice::test::Answer answer;
    answer.body = html_ ? html_of(page->second) : json_of(page->first, page->second);
    answer.headers = {
        {"Content-Type", html_ ? "text/html" : "application/vnd.pypi.simple.v1+json"}};
    answer.etag = '"' + sha256(as_bytes(answer.body)).hex() + '"';
    return answer;
  }

  std::string json_of(const std::string& name, const std::map<std::string, json::object>& files) {
    json::array list;
    for (const auto& [file, entry] : files) {
      list.push_back(entry);
    }
    return json::serialize(
        json::object{{"meta", json::object{{"api-version", "1.1"}, {"_last-serial", serial_}}},
                     {"name", name},
                     {"files", std::move(list)}});
  }
  static std::string html_of(const std::map<std::string, json::object>& files) {
    std::string text = "<!DOCTYPE html><body>";
    for (const auto& [file, entry] : files) {
      text += "<a href=\"" + std::string(entry.at("url").as_string()) +
              "#sha256=" + std::string(entry.at("hashes").at("sha256").as_string()) + "\">" + file +
              "</a>";
    }
    return text;
  }

  std::mutex mutex_;
  std::map<std::string, std::map<std::string, json::object>> pages_;  // by project and file
  std::map<std::string, std::string> files_;
  std::uint64_t serial_ = 0;
  bool html_ = false;
};

}  // namespace sluice::low::test
