// Where the bytes of an answer go. Used by one thread at a time: the caller's until the transfer is
// submitted, then the fetcher's, then the caller's again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/error.h"
#include "lowside/pipeline/upstream.h"

namespace sluice::low {

// What is known of an answer before its body comes.
struct AnswerHead {
  unsigned status = 0;
  std::optional<std::uint64_t> length;  // Content-Length: a claim
  std::string etag;
  std::string last_modified;
  std::string content_type;
  std::string content_range;
  std::string link;
  std::string content_digest;
  std::string challenge;
};

class Body {
 public:
  virtual ~Body() = default;

  // Header lines that this attempt adds to the request.
  virtual std::vector<std::string> request_headers() const = 0;
  // Whether the answer may be compressed on the way.
  virtual bool may_be_encoded() const = 0;
  // Whether there is no body to come, and whether the origin's 401 is an answer.
  virtual bool head_only() const { return false; }
  virtual bool takes_challenge() const { return false; }
  // A status below 300, 304, or 401 where it is taken. kUnavailable: worth another attempt, for
  // which the body has made itself ready; another error ends the transfer.
  virtual Result<void> begin(const AnswerHead& head) = 0;
  virtual Result<void> write(ByteView bytes) = 0;
  virtual Result<void> end() = 0;  // the answer is complete
  // 416: what is held is of no use; the next attempt starts afresh.
  virtual void restart() = 0;
  // Bytes held: grows when an attempt brings something new.
  virtual std::uint64_t held() const = 0;
  // The transfer has failed. `later`: somebody may try again, so what is held may be kept.
  virtual void abandon(bool later) = 0;
};

Error too_large(const std::string& thing, std::uint64_t limit);

// Whole in memory, at most request.size_limit bytes after decoding.
class DocumentBody final : public Body {
 public:
  explicit DocumentBody(const DocumentRequest& request, std::string thing)
      : request_(request), thing_(std::move(thing)) {}

  Document take() { return std::move(document_); }

  std::vector<std::string> request_headers() const override;
  bool may_be_encoded() const override;
  bool head_only() const override { return request_.head_only; }
  bool takes_challenge() const override { return request_.takes_challenge; }
  Result<void> begin(const AnswerHead& head) override;
  Result<void> write(ByteView bytes) override;
  Result<void> end() override { return {}; }
  void restart() override { document_ = {}; }
  std::uint64_t held() const override { return 0; }
  void abandon(bool) override { document_ = {}; }

 private:
  const DocumentRequest& request_;  // the caller waits for the answer, so it outlives this
  std::string thing_;
  Document document_;
};

}  // namespace sluice::low
