// A file on its way into the fetcher's folder: hashed as it comes, kept for a resume when it breaks
// off.
#pragma once

#include <memory>

#include "common/base/hasher.h"
#include "lowside/fetch/body.h"
#include "lowside/fetch/part_folder.h"
#include "lowside/fetch/uri.h"

namespace sluice::low {

class FileBody final : public Body {
 public:
  // Opens what an earlier attempt left and hashes it again. `limit`: bytes.
  static Result<std::unique_ptr<FileBody>> open(PartFolder& folder, const FetchRequest& request,
                                                const Uri& uri, std::uint64_t limit);
  ~FileBody() override;

  // After end(): the whole file and its digests, SHA-256 first.
  StagingPath path() const { return StagingPath(fetched_); }
  std::uint64_t size() const { return size_; }
  std::vector<Digest> take_digests() { return std::move(digests_); }
  bool resumed() const { return resumed_; }

  std::vector<std::string> request_headers() const override;
  bool may_be_encoded() const override { return false; }
  Result<void> begin(const AnswerHead& head) override;
  Result<void> write(ByteView bytes) override;
  Result<void> end() override;
  void restart() override;
  std::uint64_t held() const override { return size_; }
  void abandon(bool later) override;

 private:
  FileBody(PartFolder& folder, const FetchRequest& request, const Uri& uri, std::uint64_t limit);
  Result<void> open_part();
  Result<void> start_empty();
  Result<void> check_announced(const AnswerHead& head, std::uint64_t from) const;

  PartFolder& folder_;
  const FetchRequest& request_;  // the caller waits for the answer, so it outlives this
  std::string thing_;
  std::uint64_t limit_;
  std::string key_;
  std::unique_ptr<File> file_;
  MultiHasher hasher_;
  std::uint64_t size_ = 0;
  std::string validator_;  // for If-Range; empty: the rest cannot be asked for
  bool resumed_ = false;
  std::filesystem::path fetched_;
  std::vector<Digest> digests_;
};

}  // namespace sluice::low
