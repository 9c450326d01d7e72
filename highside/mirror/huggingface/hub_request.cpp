#include "highside/mirror/huggingface/hub_request.h"

#include <boost/url/pct_string_view.hpp>
#include <vector>

#include "common/base/text.h"

namespace sluice::high {
namespace {

using What = HubRequest::What;
using Parts = std::vector<std::string>;

std::optional<Parts> decoded_parts(std::string_view raw_path) {
  if (raw_path.starts_with('/')) {
    raw_path.remove_prefix(1);
  }
  if (raw_path.ends_with('/')) {
    raw_path.remove_suffix(1);
  }
  Parts parts;
  for (const std::string_view raw : split(raw_path, '/')) {
    const auto checked = boost::urls::make_pct_string_view(raw);
    if (!checked) {
      return std::nullopt;
    }
    parts.push_back(checked->decode());
  }
  return parts;
}

std::string join(const Parts& parts, std::size_t from) {
  std::string text;
  for (std::size_t i = from; i < parts.size(); ++i) {
    text += (i == from ? "" : "/") + parts[i];
  }
  return text;
}

std::string revision_of(const std::string& part) { return part == "HEAD" ? "main" : part; }

std::optional<HubRequest> read_verb(HubRequest request, const Parts& parts, std::size_t verb) {
  const std::string& name = parts[verb];
  const std::size_t more = parts.size() - verb - 1;
  if (name == "refs" && more == 0) {
    request.what = What::kRefs;
    return request;
  }
  if (more == 0) {
    return std::nullopt;
  }
  request.revision = revision_of(parts[verb + 1]);
  if (name == "revision" && more == 1) {
    request.what = What::kAbout;
  } else if (name == "paths-info" && more == 1) {
    request.what = What::kPathsInfo;
  } else if (name == "tree") {
    request.what = What::kTree;
    request.path = join(parts, verb + 2);
  } else {
    return std::nullopt;
  }
  return request;
}

// After "api" and the kind. An id has one part or two; a verb follows it, or nothing.
std::optional<HubRequest> read_api(huggingface::Kind kind, const Parts& parts) {
  constexpr std::size_t kId = 2;
  HubRequest request;
  request.repository.kind = kind;
  if (parts.size() == kId) {
    return request;
  }
  for (const std::size_t length : {std::size_t{2}, std::size_t{1}}) {
    const std::size_t verb = kId + length;
    if (parts.size() < verb) {
      continue;
    }
    request.repository.id = parts[kId] + (length == 2 ? "/" + parts[kId + 1] : "");
    if (parts.size() == verb) {
      request.what = What::kAbout;
      return request;
    }
    if (auto read = read_verb(request, parts, verb)) {
      return read;
    }
  }
  return std::nullopt;
}

std::optional<HubRequest> read_file(const Parts& parts) {
  HubRequest request;
  request.what = What::kFile;
  std::size_t id = 0;
  if (const auto kind = huggingface::kind_from(parts[0]);
      kind && kind != huggingface::Kind::kModel) {
    request.repository.kind = *kind;
    id = 1;
  }
  for (const std::size_t length : {std::size_t{2}, std::size_t{1}}) {
    const std::size_t verb = id + length;
    if (parts.size() > verb + 2 && parts[verb] == "resolve") {
      request.repository.id = parts[id] + (length == 2 ? "/" + parts[id + 1] : "");
      request.revision = revision_of(parts[verb + 1]);
      request.path = join(parts, verb + 2);
      return request;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<HubRequest> read_hub_request(std::string_view raw_path) {
  const auto parts = decoded_parts(raw_path);
  if (!parts) {
    return std::nullopt;
  }
  if (parts->at(0) != "api") {
    return read_file(*parts);
  }
  const auto kind = parts->size() < 2 ? std::nullopt : huggingface::kind_from(parts->at(1));
  return kind ? read_api(*kind, *parts) : std::nullopt;
}

}  // namespace sluice::high
