#include "lowside/upstream/pypi/simple_page.h"

#include <boost/url.hpp>
#include <map>

#include "common/base/text.h"

namespace sluice::low {
namespace {

constexpr std::size_t kMaxNamed = 3;  // of refused names, in one message

// A name that no upload could have brought: it points elsewhere, or only looks like another.
bool is_hostile(std::string_view name) {
  return name.empty() || name.starts_with('.') ||
         name.find_first_of("/\\") != std::string_view::npos ||
         std::ranges::any_of(name, [](char c) { return c <= ' ' || c > '~'; });
}

// Absolute, http or https, without a fragment; empty if it cannot be.
std::string resolve(const boost::urls::url& base, std::string_view reference) {
  const auto parsed = boost::urls::parse_uri_reference(reference.substr(0, reference.find('#')));
  boost::urls::url result;
  if (!parsed || !boost::urls::resolve(base, *parsed, result) ||
      (result.scheme() != "http" && result.scheme() != "https")) {
    return "";
  }
  return std::string(result.buffer());
}

void take(const std::string& project, const boost::urls::url& base, RawFile raw,
          std::map<std::string, std::size_t>& seen, SimplePage& page) {
  const auto refuse = [&] {
    if (++page.refused_count <= kMaxNamed) {
      page.refused.push_back(raw.filename.substr(0, 120));
    }
  };
  if (is_hostile(raw.filename)) {
    refuse();
    return;
  }
  auto name = pypi::read_file_name(project, raw.filename);
  if (!name) {
    return;  // an installer, an egg, a signature: nothing that is carried
  }
  raw.file.url = resolve(base, raw.url);
  raw.file.filename = raw.filename;
  raw.file.name = std::move(*name);
  const auto [at, is_new] = seen.emplace(raw.filename, page.files.size());
  if (is_new) {
    page.files.push_back(std::move(raw.file));
  } else if (page.files[at->second].sha256 != raw.file.sha256) {
    page.files[at->second].sha256.reset();  // which of the two is meant, nobody knows
    refuse();
  }
}

}  // namespace

Result<SimplePage> read_simple_page(const std::string& project, const std::string& uri,
                                    std::string_view content_type, std::string_view body) {
  const auto garbage = [&](std::string cause) {
    return Error{ErrorCode::kInvalid, uri, "the answer is no page of an index: " + std::move(cause),
                 "check that this address is a simple index (PEP 503) and not a proxy's page; what "
                 "is held stays as it is"};
  };
  const bool is_json = content_type.find("json") != std::string_view::npos ||
                       (content_type.find("html") == std::string_view::npos &&
                        trim(body.substr(0, 16)).starts_with('{'));
  auto raw = is_json ? read_json_page(project, body) : read_html_page(body);
  if (!raw) {
    return garbage(raw.error().cause);
  }
  const auto page_uri = boost::urls::parse_uri(uri);
  if (!page_uri) {
    return garbage("its address is none");
  }
  boost::urls::url base(*page_uri);
  base.remove_userinfo();
  base.remove_fragment();
  if (!raw->base.empty()) {
    const auto named = boost::urls::parse_uri(resolve(base, raw->base));
    if (!named) {
      return garbage("its base address is none");
    }
    base = *named;
  }
  SimplePage page;
  page.serial = raw->serial;
  std::map<std::string, std::size_t> seen;
  for (RawFile& file : raw->files) {
    take(project, base, std::move(file), seen, page);
  }
  return page;
}

}  // namespace sluice::low
