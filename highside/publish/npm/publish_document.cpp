#include "highside/publish/npm/publish_document.h"

#include <array>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>
#include <optional>

#include "highside/publish/npm/base64_stream.h"

namespace sluice::high {
namespace {

namespace json = boost::json;
using boost::system::error_code;

// What a value costs beside its text.
constexpr std::size_t kValueBytes = 32;
// Of the root, of an attachment's name, of its members.
constexpr std::size_t kNamedDepth = 3;
constexpr std::string_view kEnding = ".tgz";

Error bad(std::string cause) {
  return {ErrorCode::kInvalid, "packument", std::move(cause),
          "publish with npm or another such client"};
}

}  // namespace

// Builds the document from what the parser meets, but for the data of attachments.
class PublishDocument::Handler {
 public:
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);

  Handler(store::BlobStore& blobs, FileSystem& files, std::uint64_t limit)
      : blobs_(blobs), files_(files), limit_(limit) {
    stack_.reset();
  }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code& code) { return enter(code); }
  bool on_object_end(std::size_t count, error_code&) {
    --depth_;
    stack_.push_object(count);
    return true;
  }
  bool on_array_begin(error_code& code) { return enter(code); }
  bool on_array_end(std::size_t count, error_code&) {
    --depth_;
    stack_.push_array(count);
    return true;
  }
  bool on_key_part(json::string_view text, std::size_t, error_code& code) {
    return take_key(text, code) && push_chars(text);
  }
  bool on_key(json::string_view text, std::size_t, error_code& code) {
    if (!take_key(text, code)) {
      return false;
    }
    if (depth_ <= kNamedDepth) {
      keys_[depth_ - 1] = std::exchange(key_, {});
    }
    stack_.push_key(text);
    return true;
  }
  bool on_string_part(json::string_view text, std::size_t, error_code& code) {
    return is_data() ? take_data(text, code) : charge(text.size(), code) && push_chars(text);
  }
  bool on_string(json::string_view text, std::size_t, error_code& code) {
    if (is_data()) {
      if (!take_data(text, code) || !end_data(code)) {
        return false;
      }
      text = {};
    } else if (!charge(text.size(), code)) {
      return false;
    }
    stack_.push_string(text);
    return charge(kValueBytes, code);
  }
  bool on_number_part(json::string_view, error_code&) { return true; }
  bool on_int64(std::int64_t value, json::string_view, error_code& code) {
    stack_.push_int64(value);
    return charge(kValueBytes, code);
  }
  bool on_uint64(std::uint64_t value, json::string_view, error_code& code) {
    stack_.push_uint64(value);
    return charge(kValueBytes, code);
  }
  bool on_double(double value, json::string_view, error_code& code) {
    stack_.push_double(value);
    return charge(kValueBytes, code);
  }
  bool on_bool(bool value, error_code& code) {
    stack_.push_bool(value);
    return charge(kValueBytes, code);
  }
  bool on_null(error_code& code) {
    stack_.push_null();
    return charge(kValueBytes, code);
  }
  bool on_comment_part(json::string_view, error_code&) { return true; }
  bool on_comment(json::string_view, error_code&) { return true; }

  json::value release() { return stack_.release(); }
  const std::optional<Error>& failure() const { return failure_; }
  std::map<std::string, std::unique_ptr<StagedBlob>> tarballs;

 private:
  bool fail(Error error, error_code& code) {
    failure_ = std::move(error);
    code = json::error::exception;
    return false;
  }
  bool charge(std::size_t bytes, error_code& code) {
    if (bytes > kMaxDocumentBytes - used_) {
      return fail(
          {ErrorCode::kRefused, "packument",
           "beside its tarball it has more than " + std::to_string(kMaxDocumentBytes) + " bytes",
           "leave out what clients do not need, such as a long README"},
          code);
    }
    used_ += bytes;
    return true;
  }
  bool enter(error_code& code) {
    ++depth_;
    if (depth_ <= kNamedDepth) {
      keys_[depth_ - 1].clear();  // within an array nothing has a name
    }
    return charge(kValueBytes, code);
  }
  bool push_chars(json::string_view text) {
    stack_.push_chars(text);
    return true;
  }
  bool take_key(json::string_view text, error_code& code) {
    if (!charge(text.size(), code)) {
      return false;
    }
    if (depth_ <= kNamedDepth) {
      key_.append(text.data(), text.size());
    }
    return true;
  }
  bool is_data() const {
    return depth_ == kNamedDepth && keys_[0] == "_attachments" && keys_[2] == "data" &&
           keys_[1].ends_with(kEnding);
  }
  bool take_data(json::string_view text, error_code& code) {
    if (!decoder_) {
      const std::string& name = keys_[1];
      if (tarballs.contains(name) || tarballs.size() >= kMaxTarballs) {
        return fail(bad("it has one tarball twice, or more than there can be"), code);
      }
      auto staged = StagedBlob::begin(blobs_, files_, limit_);
      if (!staged) {
        return fail(staged.error(), code);
      }
      StagedBlob& into = *(tarballs[name] = std::move(*staged));
      decoder_.emplace([&into](ByteView bytes) { return into.write(bytes); });
    }
    const auto written = decoder_->write({text.data(), text.size()});
    return written ? true : fail(written.error(), code);
  }
  bool end_data(error_code& code) {
    const auto finished = decoder_->finish();
    decoder_.reset();
    return finished ? true : fail(finished.error(), code);
  }

  store::BlobStore& blobs_;
  FileSystem& files_;
  const std::uint64_t limit_;
  json::value_stack stack_;
  std::size_t depth_ = 0;
  std::size_t used_ = 0;
  std::string key_;                            // as far as it has come
  std::array<std::string, kNamedDepth> keys_;  // by depth, where that is an object
  std::optional<Base64Stream> decoder_;        // of the attachment at hand
  std::optional<Error> failure_;
};

struct PublishDocument::Parser {
  json::basic_parser<Handler> parser;
  bool begun = false;
};

PublishDocument::PublishDocument(store::BlobStore& blobs, FileSystem& files, std::uint64_t limit) {
  json::parse_options options;
  options.max_depth = kMaxDepth;
  parser_ = std::unique_ptr<Parser>(
      new Parser{json::basic_parser<Handler>(options, blobs, files, limit)});
}

PublishDocument::~PublishDocument() = default;

Result<void> PublishDocument::write(ByteView bytes) {
  auto& parser = parser_->parser;
  const std::string_view text = as_text(bytes);
  error_code code;
  const std::size_t taken = parser.write_some(true, text.data(), text.size(), code);
  parser_->begun = true;
  if (parser.handler().failure()) {
    return *parser.handler().failure();
  }
  if (code) {
    return bad("it is no JSON: " + code.message());
  }
  return text.find_first_not_of(" \t\r\n", taken) == std::string_view::npos
             ? Result<void>()
             : Result<void>(bad("something stands behind it"));
}

Result<json::object> PublishDocument::finish() {
  auto& parser = parser_->parser;
  error_code code;
  if (!parser.done()) {
    parser.write_some(false, "", 0, code);
  }
  if (code || !parser.done()) {
    return bad("it ends early");
  }
  json::value document = parser.handler().release();
  if (!document.is_object()) {
    return bad("it is no object");
  }
  return std::move(document.get_object());
}

std::map<std::string, std::unique_ptr<StagedBlob>>& PublishDocument::tarballs() {
  return parser_->parser.handler().tarballs;
}

}  // namespace sluice::high
