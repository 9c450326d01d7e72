// A high side's catalog in memory, with its checks and its mirrors behind a router as the daemon
// mounts them.
#pragma once

#include <array>
#include <map>

#include "common/http/router.h"
#include "highside/mirror/apt/apt_mirror.h"
#include "highside/mirror/apt/record_check.h"
#include "highside/mirror/files/files_mirror.h"
#include "highside/mirror/files/record_check.h"
#include "highside/mirror/npm/npm_mirror.h"
#include "highside/mirror/npm/record_check.h"
#include "highside/mirror/pypi/pypi_mirror.h"
#include "highside/mirror/pypi/record_check.h"
#include "tests/unit/highside/mirror/npm/fakes.h"

namespace sluice::fuzz {

// The newest edition of every document.
class NewestCatalog final : public high::CatalogReader {
 public:
  void publish(const proto::Record& record);
  Edition current() const override { return edition_; }
  Result<std::optional<high::CatalogEntry>> find(Edition edition, std::string_view ecosystem,
                                                 std::string_view document) const override;
  Result<void> list(Edition edition, std::string_view ecosystem, std::string_view prefix,
                    const std::function<bool(const high::CatalogEntry&)>& each) const override;

 private:
  Edition edition_;
  std::map<std::pair<std::string, std::string>, high::CatalogEntry> entries_;
};

class Mirrors {
 public:
  static constexpr const char* kArchive = "debian";

  Mirrors();

  // The check of the record's ecosystem, and if it passes, the catalog shows it.
  Result<void> publish(const proto::Record& record);

  http::Response get(const std::string& path, http::Headers headers = {});
  // 200, and the body's bytes.
  std::string fetch(const std::string& path, http::Headers headers = {});
  http::Response handle(const http::Request& request) { return router_.handle(request); }

  high::test::MemoryBlobs blobs;

 private:
  NewestCatalog catalog_;
  high::AptKeyrings keyrings_;
  high::NpmRecordCheck npm_check_;
  high::PypiRecordCheck pypi_check_;
  high::AptRecordCheck apt_check_;
  high::FileRecordCheck file_check_;
  http::Router router_;
};

// What is true of every answer; its body, as far as it has one.
std::string check_answer(const http::Response& response);

}  // namespace sluice::fuzz
