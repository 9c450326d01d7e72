#include "highside/publish/oci/push_request.h"

#include <boost/url/parse_query.hpp>
#include <charconv>

namespace sluice::high {
namespace {

using What = PushRequest::What;

constexpr std::string_view kUploads = "/blobs/uploads/";

bool is_one_of(std::string_view method, std::initializer_list<std::string_view> methods) {
  for (const std::string_view one : methods) {
    if (method == one) {
      return true;
    }
  }
  return false;
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  return !text.empty() && failed == std::errc() && end == text.data() + text.size()
             ? std::optional(value)
             : std::nullopt;
}

// "NAME/between/REFERENCE", cut at the last such part.
std::optional<PushRequest> cut(What what, std::string_view path, std::string_view between) {
  const std::size_t at = path.rfind(between);
  if (at == std::string_view::npos || at == 0) {
    return std::nullopt;
  }
  PushRequest found{what, std::string(path.substr(0, at)),
                    std::string(path.substr(at + between.size()))};
  const bool is_whole = found.reference.find('/') == std::string::npos;
  return is_whole ? std::optional(std::move(found)) : std::nullopt;
}

}  // namespace

std::optional<PushRequest> read_push_request(std::string_view method, std::string_view path) {
  const bool reads = is_one_of(method, {"GET", "HEAD"});
  if (path.empty() || path == "/") {
    return reads ? std::optional(PushRequest{What::kSupport}) : std::nullopt;
  }
  path.remove_prefix(path.front() == '/' ? 1 : 0);
  if (path == "_token") {
    return PushRequest{What::kToken};
  }
  if (auto upload = cut(What::kUpload, path, kUploads)) {
    upload->what = upload->reference.empty() ? What::kBegin : What::kUpload;
    return upload;
  }
  if (path.ends_with("/blobs/uploads")) {  // as some clients have it
    return PushRequest{What::kBegin, std::string(path.substr(0, path.size() - 14))};
  }
  if (is_one_of(method, {"PUT", "DELETE"})) {
    if (auto manifest = cut(What::kManifest, path, "/manifests/")) {
      return manifest;
    }
  }
  return reads || method == "DELETE" ? cut(What::kBlob, path, "/blobs/") : std::nullopt;
}

std::optional<std::string> query_parameter(const http::Request& request, std::string_view name) {
  const auto parsed = boost::urls::parse_query(request.query);
  if (!parsed) {
    return std::nullopt;
  }
  for (const auto& one : *parsed) {
    if (one.key.decode() == name) {
      return one.value.decode(boost::urls::encoding_opts(true));
    }
  }
  return std::nullopt;
}

std::optional<ChunkRange> read_chunk_range(std::string_view text) {
  const std::size_t dash = text.find('-');
  const auto first = number(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? std::nullopt : number(text.substr(dash + 1));
  return first && last && *first <= *last ? std::optional(ChunkRange{*first, *last}) : std::nullopt;
}

}  // namespace sluice::high
