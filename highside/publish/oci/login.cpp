#include "highside/publish/oci/login.h"

#include <boost/json.hpp>

#include "common/base/text.h"

namespace sluice::high {
namespace {

namespace json = boost::json;

constexpr std::string_view kAnonymous = "anonymous";
constexpr std::string_view kBearer = "Bearer ";
constexpr std::string_view kBasic = "Basic ";
// Clients ask again by themselves. That a token was revoked, they learn at once anyway.
constexpr int kExpiresIn = 3600;  // seconds

bool has_scheme(std::string_view value, std::string_view scheme) {
  return value.size() >= scheme.size() &&
         std::equal(scheme.begin(), scheme.end(), value.begin(), [](char a, char b) {
           const auto lower = [](char c) {
             return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
           };
           return lower(a) == lower(b);
         });
}

// Behind the name and the colon of Basic; what follows "Bearer". Empty: there is none.
std::string secret_of(std::string_view value) {
  if (has_scheme(value, kBearer)) {
    return std::string(trim(value.substr(kBearer.size())));
  }
  const auto decoded =
      has_scheme(value, kBasic) ? base64_decode(trim(value.substr(kBasic.size()))) : std::nullopt;
  const std::string_view both = decoded ? as_text(*decoded) : std::string_view();
  const std::size_t colon = both.find(':');
  return colon == std::string_view::npos ? "" : std::string(both.substr(colon + 1));
}

}  // namespace

std::string bearer_challenge(const http::Request& request, const std::string& prefix,
                             const std::string& document) {
  std::string value =
      "Bearer realm=\"" + request.base_url() + prefix + "/_token\",service=\"sluice\"";
  return document.empty() ? value : value + ",scope=\"repository:" + document + ":pull,push\"";
}

http::Response bearer_answer(const http::Credentials& given) {
  std::string secret = secret_of(given.reveal());
  if (secret.empty()) {
    secret = kAnonymous;
  }
  http::Response answer = http::json_response(json::serialize(
      json::object{{"token", secret}, {"access_token", secret}, {"expires_in", kExpiresIn}}));
  answer.headers.emplace("Cache-Control", "no-store");
  return answer;
}

http::Credentials without_anonymous(const http::Credentials& given) {
  const std::string secret = secret_of(given.reveal());
  return secret.empty() || secret == kAnonymous ? http::Credentials() : given;
}

}  // namespace sluice::high
