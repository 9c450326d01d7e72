#include "common/ecosystem/purl/package_url.h"

#include <algorithm>
#include <boost/url/encode.hpp>
#include <boost/url/pct_string_view.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>

namespace sluice::purl {
namespace {

constexpr std::string_view kScheme = "pkg:";

std::string encode(std::string_view text) {
  return boost::urls::encode(text, boost::urls::unreserved_chars);
}

std::optional<std::string> decode(std::string_view text) {
  const auto encoded = boost::urls::make_pct_string_view(text);
  return encoded ? std::optional(encoded->decode()) : std::nullopt;
}

}  // namespace

std::string package_url(const Package& package) {
  std::string url = std::string(kScheme) + package.type;
  for (std::size_t begin = 0; begin <= package.name.size();) {
    const std::size_t end = std::min(package.name.find('/', begin), package.name.size());
    url += "/" + encode(std::string_view(package.name).substr(begin, end - begin));
    begin = end + 1;
  }
  return package.version.empty() ? url : url + "@" + encode(package.version);
}

std::optional<Package> read_package_url(std::string_view url) {
  const std::size_t slash = url.find('/');
  const std::size_t at = std::min(url.find('@'), url.size());  // in a name it is encoded
  if (!url.starts_with(kScheme) || slash == std::string_view::npos || at < slash) {
    return std::nullopt;
  }
  const auto name = decode(url.substr(slash + 1, at - slash - 1));
  const auto version = decode(at < url.size() ? url.substr(at + 1) : "");
  if (!name || name->empty() || !version) {
    return std::nullopt;
  }
  return Package{std::string(url.substr(kScheme.size(), slash - kScheme.size())), *name, *version};
}

}  // namespace sluice::purl
