#include "common/http/message.h"

#include <algorithm>

#include "common/http/target.h"

namespace sluice::http {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

bool HeaderLess::operator()(std::string_view a, std::string_view b) const {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                      [](char x, char y) { return lower(x) < lower(y); });
}

std::optional<std::string_view> Request::header(std::string_view name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? std::nullopt : std::optional<std::string_view>(found->second);
}

std::string Request::base_url() const {
  const auto host = header("Host");
  if (!host || !is_authority(*host)) {
    return "";
  }
  return (secure ? "https://" : "http://") + std::string(*host);
}

Response error_response(unsigned status, std::string_view message) {
  return {.status = status,
          // Without the second a browser may take an echoed path for HTML.
          .headers = {{"Content-Type", "text/plain; charset=utf-8"},
                      {"X-Content-Type-Options", "nosniff"}},
          .body = std::string(message) + "\n"};
}

Response json_response(std::string body, unsigned status) {
  return {
      .status = status, .headers = {{"Content-Type", "application/json"}}, .body = std::move(body)};
}

}  // namespace sluice::http
