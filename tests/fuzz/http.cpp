// Requests, as the server reads them from a connection and the mirrors answer them.
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/ostream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "common/base/hasher.h"
#include "common/http/content.h"
#include "common/http/head.h"
#include "common/http/http_date.h"
#include "common/http/server.h"
#include "common/http/target.h"
#include "sluice/apt.pb.h"
#include "sluice/file.pb.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/mirrors.h"

namespace sluice::fuzz {
namespace {

namespace beast = boost::beast;
using HeadParser = beast::http::request_parser<beast::http::empty_body>;
using BodyParser = beast::http::request_parser<beast::http::string_body>;

void check_path(std::string_view path) {
  SLUICE_ASSERT(path.starts_with('/') && path.find('\0') == std::string_view::npos);
  SLUICE_ASSERT(("/" + std::string(path) + "/").find("/../") == std::string::npos);
  SLUICE_ASSERT(("/" + std::string(path) + "/").find("/./") == std::string::npos);
}

void parse_target(std::string_view text) {
  const auto target = http::parse_target(text);
  if (!target) {
    return;
  }
  check_path(target->path);
  SLUICE_ASSERT(target->raw_path.starts_with('/') && target->path.size() <= text.size() + 1);
  SLUICE_ASSERT(target->authority.empty() || http::is_authority(target->authority));
}

// A document of each ecosystem, published through its check.
Mirrors& mirrors() {
  static Mirrors made;
  static const bool filled = [] {
    high::test::Package package("@types/odd", made.blobs);
    package.add("1.0.0", "tarball").add("2.0.0-rc.1", "other");
    proto::Record npm = package.record();
    SLUICE_ASSERT(made.publish(npm));

    proto::FileEntry entry;
    entry.set_sha256(std::string(as_text(made.blobs.add("content of a file").bytes())));
    entry.set_size(17);
    entry.set_modified_micros(1'700'000'000'000'000);
    entry.set_media_type("text/html");
    proto::Record file;
    file.set_ecosystem("file");
    file.set_document("drop/a folder/<file>.html");
    file.add_blobs(entry.sha256());
    file.set_body(entry.SerializeAsString());
    SLUICE_ASSERT(made.publish(file));
    return true;
  }();
  SLUICE_ASSERT(filled);
  return made;
}

// What arrives on a connection, in two pieces.
class Arrival {
 public:
  explicit Arrival(Input& input) {
    const std::size_t first = input.u16();
    const ByteView bytes = input.rest();
    later_ = bytes.subspan(std::min(first, bytes.size()));
    beast::ostream(buffer_) << as_text(bytes.first(bytes.size() - later_.size()));
  }

  // As Beast's read operations do it, until `done`; false: no HTTP, or it ends before.
  template <class Parser, class Done>
  bool read(Parser& parser, const Done& done) {
    boost::system::error_code error;
    while (!done()) {
      const std::size_t size = buffer_.size();
      buffer_.consume(parser.put(buffer_.data(), error));
      SLUICE_ASSERT(error || size == 0 || buffer_.size() < size || done());  // else it would spin
      if (error && error != beast::http::error::need_more) {
        check_answer(
            http::refusal_for(error, http::Limits().header_bytes, http::Limits().body_bytes));
        return false;
      }
      if (!done() && (error || buffer_.size() == 0)) {
        if (later_.empty()) {
          return false;
        }
        beast::ostream(buffer_) << as_text(std::exchange(later_, {}));
        error = {};
      }
    }
    return true;
  }

 private:
  ByteView later_;
  beast::flat_buffer buffer_;
};

// As connection.cpp does it: a header within its limit, and if it can be served, a body within its
// own.
void read_request(Input& input) {
  const http::Limits limits;
  Arrival arrival(input);
  HeadParser head;
  head.header_limit(static_cast<std::uint32_t>(limits.header_bytes));
  head.body_limit(limits.upload_bytes);
  if (!arrival.read(head, [&] { return head.is_header_done(); })) {
    return;
  }
  http::Accepted accepted = http::accept_head(head.get(), false, "127.0.0.1:80");
  if (accepted.refusal) {
    SLUICE_ASSERT(accepted.refusal->status >= 400);
    check_answer(*accepted.refusal);
    return;
  }
  check_path(accepted.request.path);
  SLUICE_ASSERT(!accepted.request.base_url().empty());
  if (head.content_length().value_or(0) > limits.body_bytes) {
    return;
  }
  BodyParser parser(std::move(head));
  parser.body_limit(limits.body_bytes);
  if (arrival.read(parser, [&] { return parser.is_done(); })) {
    accepted.request.body = parser.get().body();
    SLUICE_ASSERT(accepted.request.body.size() <= limits.body_bytes);
    check_answer(mirrors().handle(accepted.request));
  }
}

// A well-formed request for something that is there, with a target and fields of the fuzzer's.
void ask_mirrors(Input& input) {
  static constexpr std::array kPlaces{"/npm/",
                                      "/npm/@types%2fodd",
                                      "/npm/@types/odd/-/",
                                      "/npm/-/v1/search?text=",
                                      "/npm/-/package/",
                                      "/apt/",
                                      "/apt/debian/",
                                      "/apt/debian/dists/stable/by-hash/",
                                      "/apt/debian/debian.sources?signed-by=",
                                      "/files/",
                                      "/files/drop/a%20folder/",
                                      "/files/drop/a%20folder/%3Cfile%3E.html"};
  static constexpr std::array kFields{
      "Accept",   "Range",    "If-None-Match", "If-Modified-Since",
      "If-Range", "If-Match", "Host",          "If-Unmodified-Since"};
  const auto target = http::parse_target(kPlaces[input.choice(kPlaces.size())] + input.text());
  if (!target) {
    return;
  }
  http::Request request;
  request.method = input.choice(4) == 0 ? "HEAD" : "GET";
  request.path = target->path;
  request.raw_path = target->raw_path;
  request.query = target->query;
  request.headers.emplace("Host", "high.example");
  for (std::size_t fields = input.choice(4); fields > 0; --fields) {
    const char* name = kFields[input.choice(kFields.size())];
    request.headers.emplace(name, input.text());
  }
  check_answer(mirrors().handle(request));
}

// Whatever range is asked for, what is answered lies within the document.
void answer_range(Input& input) {
  const std::string document(input.u8(), 'd');
  http::Request request;
  request.method = "GET";
  request.headers.emplace("Range", "bytes=" + input.text());
  if (input.flag()) {
    request.headers.emplace("If-Range", input.text());
  }
  http::Content content;
  content.media_type = "text/plain";
  content.etag = "\"tag\"";
  content.last_modified = from_unix_micros(1'700'000'000'000'000);
  const http::Response response = http::respond(request, content, document);
  SLUICE_ASSERT(response.status == 200 || response.status == 206 || response.status == 416);
  const std::string body = check_answer(response);
  SLUICE_ASSERT(response.status != 200 || body == document);
  SLUICE_ASSERT(response.status != 206 || (!body.empty() && body.size() <= document.size()));
}

void read_date(std::string_view text) {
  if (const auto date = http::parse_http_date(text)) {
    SLUICE_ASSERT(http::parse_http_date(format_http_date(*date)) == *date);
  }
}

}  // namespace
}  // namespace sluice::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  fuzz::Input input(data, size);
  switch (input.choice(6)) {
    case 0:
      fuzz::parse_target(input.rest_text());
      break;
    case 1:
    case 2:
      fuzz::read_request(input);
      break;
    case 3:
      fuzz::ask_mirrors(input);
      break;
    case 4:
      fuzz::answer_range(input);
      break;
    default:
      fuzz::read_date(input.rest_text());
      break;
  }
  return 0;
}
