#include "highside/mirror/setup/setup_pages.h"

#include <algorithm>

#include "common/base/text.h"
#include "common/http/content.h"
#include "common/http/target.h"

namespace sluice::high {
namespace {

constexpr std::string_view kName = "/setup";
constexpr std::string_view kUsualPlace = "/usr/local/share/ca-certificates/sluice.crt";

// Where the client keeps the certificates: a path that can stand in every one of the files, between
// quotes or without. Of a query that is none, nothing.
std::optional<std::string> authority_place(std::string_view query) {
  constexpr std::string_view kParameter = "ca=";
  if (query.empty()) {
    return std::string(kUsualPlace);
  }
  if (!query.starts_with(kParameter)) {
    return std::nullopt;
  }
  const auto target = http::parse_target(query.substr(kParameter.size()));
  const auto harmless = [](char c) {
    return std::string_view("/._+-").find(c) != std::string_view::npos || (c >= '0' && c <= '9') ||
           (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
  };
  if (!target || !target->query.empty() || !std::ranges::all_of(target->path, harmless)) {
    return std::nullopt;
  }
  return target->path;
}

std::string host_of(std::string_view base_url) {
  const std::string_view authority = base_url.substr(base_url.find("//") + 2);
  const auto parts = split_host_port(authority);
  return parts ? parts->host : std::string(authority);
}

}  // namespace

SetupPages::SetupPages(std::string prefix, std::string authority, std::vector<std::string> archives,
                       std::function<SetupRegistries()> registries)
    : prefix_(std::move(prefix)),
      authority_(std::move(authority)),
      archives_(std::move(archives)),
      registries_(std::move(registries)) {}

http::Handler SetupPages::handler(std::shared_ptr<const SetupPages> pages) {
  return
      [pages = std::move(pages)](const http::Request& request) { return pages->handle(request); };
}

http::Response SetupPages::handle(const http::Request& request) const {
  const std::string_view path =
      std::string_view(request.path).substr(std::min(prefix_.size(), request.path.size()));
  if (path.empty()) {
    http::Response moved = http::error_response(301, "the page is at " + prefix_ + "/");
    moved.headers.emplace("Location", prefix_ + "/");
    return moved;
  }
  const auto place = authority_place(request.query);
  if (!place) {
    return http::error_response(400,
                                "write ?ca= and an absolute path of letters, digits and /._+-");
  }
  http::Content content;
  content.extra = {{"Cache-Control", "no-cache"}, {"X-Content-Type-Options", "nosniff"}};
  if (path == "/ca.pem" && !authority_.empty()) {
    content.media_type = "application/x-pem-file";
    return http::respond(request, content, authority_);
  }
  const std::string base = request.base_url();
  const SetupPlace at{base + prefix_.substr(0, prefix_.size() - kName.size()), host_of(base),
                      request.secure, authority_.empty() ? "" : *place};
  const SetupRegistries registries = registries_ ? registries_() : SetupRegistries();
  if (path == "/") {
    content.media_type = "text/html; charset=utf-8";
    content.extra.emplace("Content-Security-Policy", "default-src 'none'");
    return http::respond(request, content, setup_page(at, registries, archives_));
  }
  for (SettingsFile& file : settings_files(at, registries)) {
    if (path.substr(1) == file.name) {
      content.media_type = "text/plain; charset=utf-8";
      return http::respond(request, content, std::move(file.text));
    }
  }
  return http::error_response(
      404, request.path + ": no such settings; " + prefix_ + "/ lists those that there are");
}

}  // namespace sluice::high
