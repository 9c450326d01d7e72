#include "lowside/fetch/file_body.h"

#include <charconv>

namespace sluice::low {
namespace {

// As much of a part as is hashed in one go: larger reads are no faster.
constexpr std::size_t kRehashBytes = std::size_t{1} << 20;

// RFC 9110 section 13.1.5: a weak ETag cannot say that two parts belong to the same bytes. A date
// can be wrong about two changes within a second; the digest that the next stage compares catches
// that.
std::string range_validator(const AnswerHead& head) {
  if (head.etag.starts_with('"')) {
    return head.etag;
  }
  return head.etag.empty() ? head.last_modified : std::string();
}

// "bytes 100-199/200" (RFC 9110 section 14.4): the first of them.
std::optional<std::uint64_t> range_start(std::string_view content_range) {
  constexpr std::string_view kUnit = "bytes ";
  if (!content_range.starts_with(kUnit)) {
    return std::nullopt;
  }
  content_range.remove_prefix(kUnit.size());
  std::uint64_t start = 0;
  const char* const last = content_range.end();
  const auto [end, error] = std::from_chars(content_range.begin(), last, start);
  if (error != std::errc() || end == last || *end != '-') {
    return std::nullopt;
  }
  return start;
}

Error with_thing(Error error, const std::string& thing) {
  if (error.code == ErrorCode::kExhausted) {
    error.cure = "free space there; what has come is kept and the rest is fetched then";
  }
  error.cause = "could not be written: " + error.thing + ": " + error.cause;
  error.thing = thing;
  return error;
}

}  // namespace

FileBody::FileBody(PartFolder& folder, const FetchRequest& request, const Uri& uri,
                   std::uint64_t limit)
    : folder_(folder),
      request_(request),
      thing_(uri.text),
      limit_(limit),
      key_(folder.claim(uri.text)),
      hasher_(request.digests, request.expected_size.value_or(0)) {}

FileBody::~FileBody() { folder_.release(key_); }

Result<std::unique_ptr<FileBody>> FileBody::open(PartFolder& folder, const FetchRequest& request,
                                                 const Uri& uri, std::uint64_t limit) {
  for (const DigestAlgorithm algorithm : request.digests) {
    if (algorithm == DigestAlgorithm::kGitBlobSha1 && !request.expected_size) {
      return Error{ErrorCode::kInvalid, uri.text,
                   "a git blob's digest starts with its length, which is not known",
                   "give the expected size"};
    }
  }
  if (request.expected_size.value_or(0) > limit) {
    return too_large(uri.text, limit);
  }
  std::unique_ptr<FileBody> body(new FileBody(folder, request, uri, limit));
  if (const Result<void> opened = body->open_part(); !opened) {
    return with_thing(opened.error(), uri.text);
  }
  return body;
}

Result<void> FileBody::open_part() {
  const auto validator = folder_.load_note(key_, thing_);
  if (!validator) {
    return start_empty();
  }
  SLUICE_TRY(file_, folder_.files().open_for_writing(folder_.part_path(key_)));
  SLUICE_TRY(const std::uint64_t held, file_->size());
  if (held > request_.expected_size.value_or(limit_)) {
    return start_empty();
  }
  Bytes buffer(std::min<std::uint64_t>(held, kRehashBytes));
  while (size_ < held) {
    const auto piece =
        MutableByteView(buffer).first(std::min<std::uint64_t>(buffer.size(), held - size_));
    SLUICE_TRY_VOID(file_->read_at(size_, piece));
    hasher_.update(piece);
    size_ += piece.size();
  }
  validator_ = *validator;
  return {};
}

Result<void> FileBody::start_empty() {
  file_.reset();
  folder_.drop_part(key_);
  hasher_ = MultiHasher(request_.digests, request_.expected_size.value_or(0));
  size_ = 0;
  validator_.clear();
  SLUICE_TRY(file_, folder_.files().open_for_writing(folder_.part_path(key_)));
  return {};
}

std::vector<std::string> FileBody::request_headers() const {
  if (size_ == 0 || validator_.empty()) {
    return {};
  }
  return {"Range: bytes=" + std::to_string(size_) + "-", "If-Range: " + validator_};
}

// Lies are caught before a byte is written: a length beyond the limit, or another size than the
// upstream's index names.
Result<void> FileBody::check_announced(const AnswerHead& head, std::uint64_t from) const {
  if (!head.length) {
    return {};
  }
  if (*head.length > limit_ - from) {
    return too_large(thing_, limit_);
  }
  if (request_.expected_size && from + *head.length != *request_.expected_size) {
    return Error{ErrorCode::kIntegrity, thing_,
                 "announces " + std::to_string(from + *head.length) + " bytes where " +
                     std::to_string(*request_.expected_size) + " are expected",
                 "the upstream's file and its index differ: wait for its next update"};
  }
  return {};
}

Result<void> FileBody::begin(const AnswerHead& head) {
  const bool asked_for_rest = !request_headers().empty();
  if (head.status == 206 && asked_for_rest) {
    if (range_start(head.content_range) != size_) {
      restart();
      return Error{
          ErrorCode::kUnavailable, thing_,
          "answered with the range \"" + head.content_range + "\", which was not asked for", ""};
    }
    resumed_ = true;
    return check_announced(head, size_);
  }
  if (head.status != 200) {
    return Error{ErrorCode::kInvalid, thing_,
                 "was answered with status " + std::to_string(head.status) +
                     ", which does not fit the request",
                 "check that the URI leads to the file"};
  }
  SLUICE_TRY_VOID(check_announced(head, 0));
  Result<void> started;
  if (size_ > 0 || file_ == nullptr) {
    started = start_empty();  // it changed, or the server has no ranges
  }
  validator_ = range_validator(head);
  if (started && !validator_.empty()) {
    started = folder_.save_note(key_, thing_, validator_);
  }
  if (!started) {
    return with_thing(std::move(started).error(), thing_);
  }
  return {};
}

Result<void> FileBody::write(ByteView bytes) {
  const std::uint64_t most = request_.expected_size.value_or(limit_);
  if (bytes.size() > most - size_) {
    if (!request_.expected_size) {
      return too_large(thing_, limit_);
    }
    return Error{ErrorCode::kIntegrity, thing_,
                 "is longer than the " + std::to_string(most) + " bytes that are expected",
                 "the upstream's file and its index differ: wait for its next update"};
  }
  if (const Result<void> written = file_->write_at(size_, bytes); !written) {
    return with_thing(written.error(), thing_);
  }
  hasher_.update(bytes);
  size_ += bytes.size();
  return {};
}

Result<void> FileBody::end() {
  if (request_.expected_size && size_ != *request_.expected_size) {
    return Error{ErrorCode::kIntegrity, thing_,
                 "is " + std::to_string(size_) + " bytes where " +
                     std::to_string(*request_.expected_size) + " are expected",
                 "the upstream's file and its index differ: wait for its next update"};
  }
  file_.reset();
  const std::filesystem::path target = folder_.next_fetched_path();
  if (const Result<void> renamed = folder_.files().rename(folder_.part_path(key_), target);
      !renamed) {
    return with_thing(renamed.error(), thing_);
  }
  folder_.drop_part(key_);
  fetched_ = target;
  digests_ = hasher_.finish();
  return {};
}

void FileBody::restart() {
  // If this fails, begin() meets the same error again and reports it.
  if (!start_empty()) {
    file_.reset();
  }
}

void FileBody::abandon(bool later) {
  if (!later || size_ == 0 || validator_.empty()) {
    file_.reset();
    folder_.drop_part(key_);
    return;
  }
  // Durable, so that a resume after a power cut does not build on bytes that never reached the
  // disk.
  if (file_ != nullptr && !file_->sync()) {
    folder_.drop_part(key_);
  }
  file_.reset();
  folder_.sweep();
}

}  // namespace sluice::low
