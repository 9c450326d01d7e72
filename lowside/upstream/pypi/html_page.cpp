// The HTML form of an index's page (PEP 503, 592, 658, 714), cut by libxml2's HTML parser.
#include <libxml/HTMLparser.h>

#include <boost/url.hpp>
#include <climits>
#include <map>
#include <memory>

#include "common/base/text.h"
#include "lowside/upstream/pypi/simple_page.h"

namespace sluice::low {
namespace {

using Attributes = std::map<std::string, std::string, std::less<>>;

struct Builder {
  RawPage page;
  bool has_version = true;
};

std::optional<Sha256Digest> sha256_of(std::string_view text) {
  constexpr std::string_view kName = "sha256=";
  return text.starts_with(kName) ? Sha256Digest::from_hex(text.substr(kName.size())) : std::nullopt;
}

std::string value_of(const Attributes& attributes, std::string_view name) {
  const auto found = attributes.find(name);
  return found == attributes.end() ? "" : found->second;
}

// The last segment of an address's path, decoded: the name of a file (PEP 503).
std::string file_name_of(std::string_view href) {
  const auto parsed = boost::urls::parse_uri_reference(href);
  if (!parsed || parsed->segments().empty()) {
    return "";
  }
  return std::string(parsed->segments().back());
}

void take_link(const Attributes& attributes, RawPage& page) {
  const auto href = attributes.find("href");
  if (href == attributes.end()) {
    return;
  }
  RawFile raw;
  raw.url = trim(href->second);
  raw.filename = file_name_of(raw.url);
  const std::size_t hash = raw.url.find('#');
  if (hash != std::string::npos) {
    for (const std::string_view part : split(std::string_view(raw.url).substr(hash + 1), '&')) {
      if (const auto digest = sha256_of(part)) {
        raw.file.sha256 = digest;
      }
    }
  }
  raw.file.requires_python = value_of(attributes, "data-requires-python");
  raw.file.yanked = attributes.contains("data-yanked");
  raw.file.yanked_reason = value_of(attributes, "data-yanked");
  raw.file.metadata = sha256_of(value_of(attributes, "data-core-metadata"));
  if (!raw.file.metadata) {
    raw.file.metadata = sha256_of(value_of(attributes, "data-dist-info-metadata"));
  }
  page.files.push_back(std::move(raw));
}

void start_element(void* context, const xmlChar* name, const xmlChar** pairs) {
  auto& builder = *static_cast<Builder*>(context);
  const std::string_view element = reinterpret_cast<const char*>(name);
  Attributes attributes;
  for (; pairs != nullptr && pairs[0] != nullptr; pairs += 2) {
    attributes.emplace(reinterpret_cast<const char*>(pairs[0]),
                       pairs[1] == nullptr ? "" : reinterpret_cast<const char*>(pairs[1]));
  }
  if (element == "a") {
    take_link(attributes, builder.page);
  } else if (element == "base" && builder.page.base.empty()) {
    builder.page.base = trim(value_of(attributes, "href"));
  } else if (element == "meta" && value_of(attributes, "name") == "pypi:repository-version") {
    builder.has_version = value_of(attributes, "content").starts_with("1.");
  }
}

struct FreeParser {
  void operator()(htmlParserCtxtPtr parser) const { htmlFreeParserCtxt(parser); }
};

}  // namespace

Result<RawPage> read_html_page(std::string_view body) {
  const auto garbage = [](std::string cause) {
    return Error{ErrorCode::kInvalid, "", std::move(cause), ""};
  };
  if (body.size() > INT_MAX || body.find('\0') != std::string_view::npos) {
    return garbage("it is neither JSON nor HTML");
  }
  Builder builder;
  htmlSAXHandler handler{};
  handler.startElement = start_element;  // no tree is built: what a page costs is what it lists
  const std::unique_ptr<htmlParserCtxt, FreeParser> parser(
      htmlCreatePushParserCtxt(&handler, &builder, nullptr, 0, nullptr, XML_CHAR_ENCODING_UTF8));
  if (!parser) {
    return garbage("there is no memory to read it with");
  }
  htmlCtxtUseOptions(parser.get(), HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING |
                                       HTML_PARSE_NONET);
  htmlParseChunk(parser.get(), body.data(), static_cast<int>(body.size()), 1);
  if (!builder.has_version) {
    return garbage("it is not of version 1 of the interface");
  }
  if (builder.page.files.empty() && body.find('<') == std::string_view::npos) {
    return garbage("it is neither JSON nor HTML");
  }
  return std::move(builder.page);
}

}  // namespace sluice::low
