// A small signed archive, as records and blobs in a real catalog and blob store.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "common/base/file_system.h"
#include "common/base/hasher.h"
#include "common/store/disk_blob_store.h"
#include "highside/catalog/catalog.h"
#include "highside/mirror/apt/apt_mirror.h"
#include "highside/mirror/apt/record_check.h"
#include "sluice/apt.pb.h"
#include "tests/support/apt_archive.h"
#include "tests/support/memory_store.h"
#include "tests/support/temporary_folder.h"

namespace sluice::high {

class AptMirrorTest : public testing::Test {
 protected:
  AptMirrorTest() {
    archive_.add({.name = "hello", .version = "1:2.10+b1"});
    archive_.publish(suite_);
    write_file_durably(posix_file_system(), folder_ / "key.asc", as_bytes(archive_.key().armored()))
        .value();
    keyrings_ = AptKeyrings::load({{"debian", {folder_ / "key.asc"}}}).value();
    catalog_.load().value();
  }

  Sha256Digest put(const std::string& bytes) {
    const ByteView view = as_bytes(bytes);
    store::NewBlob blob{{sha256(view), bytes.size(), {}}, Bytes(view.begin(), view.end())};
    for (const auto algorithm :
         {DigestAlgorithm::kSha512, DigestAlgorithm::kSha1, DigestAlgorithm::kMd5}) {
      blob.info.aliases.push_back(hash(algorithm, view));
    }
    const auto digest = blob.info.digest;
    blobs_->commit({std::move(blob)}).value();
    return digest;
  }

  // Everything of the suite that lies in the archive's folder, without by-hash.
  proto::AptSuite body() {
    proto::AptSuite body;
    body.set_archive("debian");
    body.set_suite(suite_.name);
    body.set_date_micros(to_unix_micros(suite_.date));
    std::vector<std::string> paths;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(archive_.root())) {
      const std::string path = std::filesystem::relative(entry.path(), archive_.root());
      if (entry.is_regular_file() && path.find("by-hash") == std::string::npos &&
          (path.starts_with("pool/") || path.starts_with("dists/" + suite_.name + "/"))) {
        paths.push_back(path);
      }
    }
    std::ranges::sort(paths);
    for (const auto& path : paths) {
      add_file(body, path, archive_.read(path));
    }
    return body;
  }
  void add_file(proto::AptSuite& body, const std::string& path, const std::string& bytes) {
    auto& file = *body.add_files();
    file.set_path(path);
    file.set_sha256(std::string(as_text(put(bytes).bytes())));
    file.set_size(bytes.size());
    if (path.starts_with("dists/")) {
      file.set_modified_micros(body.date_micros());
    }
  }
  static proto::Record record(const proto::AptSuite& body) {
    proto::Record record;
    record.set_ecosystem("apt");
    record.set_document(body.archive() + "/" + body.suite());
    record.set_body(body.SerializeAsString());
    for (const auto& file : body.files()) {
      record.add_blobs(file.sha256());
    }
    return record;
  }
  static proto::AptFile& file_of(proto::AptSuite& body, const std::string& path) {
    const auto found = std::ranges::find(*body.mutable_files(), path, &proto::AptFile::path);
    EXPECT_NE(found, body.mutable_files()->end()) << path;
    return *found;
  }

  void publish(const proto::Record& record) {
    proto::Shipment shipment;
    shipment.set_stream("lab");
    shipment.set_sequence(++sequence_);
    *shipment.add_records() = record;
    catalog_.publish({shipment, {&shipment.records(0)}, suite_.date}, {}).value();
  }

  // As the server hands it over: `path` decoded once.
  http::Response get(const std::string& path, http::Headers headers = {},
                     const std::string& query = "") {
    http::Request request;
    request.method = "GET";
    request.path = path;
    request.raw_path = path;
    request.query = query;
    request.headers = std::move(headers);
    request.headers.emplace("Host", "high.test");
    return mirror_.handle(request);
  }
  static std::string text(const http::Response& response) {
    if (const auto* whole = std::get_if<std::string>(&response.body)) {
      return *whole;
    }
    const auto* range = std::get_if<http::SourceRange>(&response.body);
    if (range == nullptr) {
      return "";
    }
    Bytes bytes(range->length);
    range->source->read_at(range->offset, bytes).value();
    return std::string(as_text(bytes));
  }
  static std::string header(const http::Response& response, const char* name) {
    const auto found = response.headers.find(name);
    return found == response.headers.end() ? "" : found->second;
  }

  test::TestSuite suite_{.date = std::chrono::sys_days(std::chrono::year(2026) / 2 / 1)};
  test::AptArchive archive_;
  test::TemporaryFolder folder_;
  test::MemoryStore index_;
  Catalog catalog_{index_};
  std::unique_ptr<store::DiskBlobStore> blobs_ =
      store::DiskBlobStore::open(index_, posix_file_system(), folder_ / "store").value();
  AptKeyrings keyrings_;
  AptMirror mirror_{"/apt", keyrings_, catalog_, *blobs_};

 private:
  std::uint64_t sequence_ = 0;
};

}  // namespace sluice::high
