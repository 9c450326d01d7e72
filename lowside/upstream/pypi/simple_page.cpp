#include "lowside/upstream/pypi/simple_page.h"

#include <curl/curl.h>

#include <algorithm>
#include <map>
#include <memory>

#include "common/base/plain_text.h"
#include "common/base/text.h"

namespace sluice::low {
namespace {

constexpr std::size_t kMaxNamed = 3;  // of refused names, in one message
// Of a text of a file's: the longest reasons for yanks have 300 characters.
constexpr std::size_t kMaxTextBytes = 2048;
constexpr std::size_t kMaxTimeBytes = 40;  // "2024-01-02T03:04:05.678900+00:00" has 32

// A name that no upload could have brought: it points elsewhere, or only looks like another.
bool is_hostile(std::string_view name) {
  return name.empty() || name.starts_with('.') ||
         name.find_first_of("/\\") != std::string_view::npos ||
         std::ranges::any_of(name, [](char c) { return c <= ' ' || c > '~'; });
}

struct FreeUrl {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
struct FreeText {
  void operator()(char* text) const { curl_free(text); }
};

// Absolute, http or https, without fragment and credentials; empty if it cannot be. libcurl,
// because it leaves what is percent-encoded as it is: some stores take a "+" for a space.
std::string resolve(const std::string& base, const std::string& reference) {
  const std::unique_ptr<CURLU, FreeUrl> url(curl_url());
  char* text = nullptr;
  if (!url || reference.empty() ||
      curl_url_set(url.get(), CURLUPART_URL, base.c_str(), 0) != CURLUE_OK ||
      curl_url_set(url.get(), CURLUPART_URL, reference.c_str(), 0) != CURLUE_OK) {
    return "";
  }
  for (const CURLUPart part : {CURLUPART_FRAGMENT, CURLUPART_USER, CURLUPART_PASSWORD}) {
    curl_url_set(url.get(), part, nullptr, 0);
  }
  if (curl_url_get(url.get(), CURLUPART_URL, &text, 0) != CURLUE_OK) {
    return "";
  }
  const std::unique_ptr<char, FreeText> owned(text);
  const std::string result(text);
  return result.starts_with("https://") || result.starts_with("http://") ? result : "";
}

// What the high side can show: short, in UTF-8, without control characters.
bool is_showable(std::string_view text) {
  return text.size() <= kMaxTextBytes && is_plain_text(text);
}

// Texts that no installation depends on are left out where they are not showable; what a yank is
// for stays said.
void clean(SimpleFile& file) {
  constexpr std::string_view kOfTimes = "0123456789-:.+TZ";
  if (file.upload_time.find_first_not_of(kOfTimes) != std::string::npos ||
      file.upload_time.size() > kMaxTimeBytes) {
    file.upload_time.clear();
  }
  if (!is_showable(file.provenance)) {
    file.provenance.clear();
  }
  if (!is_showable(file.yanked_reason)) {
    file.yanked_reason = "the index's reason is not plain text";
  }
}

void take(const std::string& project, const std::string& base, RawFile raw,
          std::map<std::string, std::size_t>& seen, SimplePage& page) {
  const auto refuse = [&] {
    if (++page.refused_count <= kMaxNamed) {
      page.refused.push_back(raw.filename.substr(0, 120));
    }
  };
  if (is_hostile(raw.filename) || !is_showable(raw.file.requires_python)) {
    refuse();
    return;
  }
  auto name = pypi::read_file_name(project, raw.filename);
  if (!name) {
    return;  // an installer, an egg, a signature: nothing that is carried
  }
  clean(raw.file);
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
  const std::string base = raw->base.empty() ? uri : resolve(uri, raw->base);
  if (base.empty()) {
    return garbage("its base address is none");
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
