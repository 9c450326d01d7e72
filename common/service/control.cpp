#include "common/service/control.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <sys/stat.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include "common/base/file_system.h"
#include "common/base/text.h"
#include "common/http/endpoint.h"

namespace sluice::service {
namespace {

namespace beast = boost::beast;

constexpr std::size_t kTokenBytes = 32;
// The largest answer is a plan: some 400 bytes for each of the nodes that fit a stored one.
constexpr std::uint64_t kMaxAnswerBytes = std::uint64_t{256} << 20;
constexpr std::string_view kScheme = "Bearer ";

Result<std::string> make_token(const std::filesystem::path& file) {
  std::array<std::uint8_t, kTokenBytes> random{};
  SLUICE_ASSERT(RAND_bytes(random.data(), static_cast<int>(random.size())) == 1);
  std::string token = hex_encode(random);
  FileSystem& files = posix_file_system();
  SLUICE_TRY_VOID(files.create_directories(file.parent_path()));
  const mode_t before = ::umask(0077);
  const Result<void> written = write_file_durably(files, file, as_bytes(token));
  ::umask(before);
  if (!written) {
    return written.error();
  }
  return token;
}

bool authorized(const http::Request& request, const std::string& token) {
  const std::string expected = std::string(kScheme) + token;
  const std::string_view given = request.credentials.reveal();
  return given.size() == expected.size() &&
         CRYPTO_memcmp(given.data(), expected.data(), expected.size()) == 0;
}

http::Response answer(const http::Request& request, const std::string& token,
                      const Command& command) {
  if (request.method != "POST") {
    return http::error_response(405, "commands are given by POST");
  }
  if (!authorized(request, token)) {
    return http::error_response(401, "this command needs the token in the daemon's state folder");
  }
  const Result<std::string> done = command(request.body);
  if (!done) {
    return http::error_response(
        done.error().code == ErrorCode::kExhausted || done.error().code == ErrorCode::kIo ? 503
                                                                                          : 422,
        done.error().message());
  }
  http::Response response;
  response.headers.emplace("Content-Type", "text/plain; charset=utf-8");
  response.body = *done;
  return response;
}

}  // namespace

Result<void> mount_control(http::Router& router, const std::filesystem::path& token_file,
                           const std::map<std::string, Command>& commands) {
  SLUICE_TRY(const std::string token, make_token(token_file));
  for (const auto& [name, command] : commands) {
    router.mount("/control/" + name, [token, command](const http::Request& request) {
      return answer(request, token, command);
    });
  }
  return {};
}

Result<std::string> call_control(const std::string& address,
                                 const std::filesystem::path& token_file, const std::string& name,
                                 const std::string& argument) {
  SLUICE_TRY(const Bytes token, read_file(posix_file_system(), token_file, 2 * kTokenBytes));
  SLUICE_TRY(const auto endpoint, http::parse_endpoint(address));
  boost::asio::io_context io;
  beast::tcp_stream stream(io);
  beast::error_code error;
  stream.connect(endpoint, error);
  beast::http::request<beast::http::string_body> request(beast::http::verb::post,
                                                         "/control/" + name, 11);
  request.set(beast::http::field::host, address);
  request.set(beast::http::field::authorization,
              std::string(kScheme) + std::string(as_text(token)));
  request.body() = argument;
  request.prepare_payload();
  if (!error) {
    beast::http::write(stream, request, error);
  }
  beast::flat_buffer buffer;
  beast::http::response_parser<beast::http::string_body> parser;
  parser.body_limit(kMaxAnswerBytes);
  if (!error) {
    beast::http::read(stream, buffer, parser, error);
  }
  if (error) {
    return Error{ErrorCode::kUnavailable, "http://" + address, error.message(),
                 "is the daemon running, with that address as status.listen?"};
  }
  const auto& response = parser.get();
  std::string body(trim(response.body()));
  if (response.result() != beast::http::status::ok) {
    return Error{ErrorCode::kRefused, name, body, ""};
  }
  return body;
}

}  // namespace sluice::service
