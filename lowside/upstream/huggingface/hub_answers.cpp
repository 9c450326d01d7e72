#include "lowside/upstream/huggingface/hub_answers.h"

#include <array>
#include <boost/json.hpp>
#include <boost/url/encode.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>
#include <limits>

#include "common/base/digest.h"
#include "common/base/limits.h"
#include "common/base/plain_text.h"
#include "common/base/text.h"

namespace sluice::low {
namespace {

namespace json = boost::json;

// A pointer names a version, a digest and a size: some 130 bytes.
constexpr std::uint64_t kMaxPointerBytes = 1024;

// What people and clients see of a repository, and no more: not who likes it, nor what it costs.
constexpr std::array<std::string_view, 8> kShownMembers{
    "author",   "tags",      "pipeline_tag", "library_name",
    "cardData", "createdAt", "sdk",          "description"};
constexpr std::size_t kMaxAboutBytes = std::size_t{64} << 10;
constexpr std::size_t kMaxTimeBytes = 64;

Error unreadable(const std::string& uri, std::string cause) {
  return {ErrorCode::kInvalid, uri, std::move(cause), "check that it is the address of a hub"};
}

const json::object* object_in(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value == nullptr ? nullptr : value->if_object();
}

std::string text_in(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::optional<std::uint64_t> size_in(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  boost::system::error_code failed;
  const auto size = value == nullptr ? 0 : value->to_number<std::uint64_t>(failed);
  return value == nullptr || failed || size > limits::kMaxBlobBytes ? std::nullopt
                                                                    : std::optional(size);
}

std::optional<std::string> digest_in(const json::object& object, std::string_view key,
                                     std::size_t bytes) {
  const auto decoded = hex_decode(text_in(object, key));
  return decoded && decoded->size() == bytes ? std::optional(std::string(as_text(*decoded)))
                                             : std::nullopt;
}

json::value parse(std::string_view body, boost::system::error_code& failed) {
  return json::parse(json::string_view(body.data(), body.size()), failed);
}

Result<proto::HuggingFaceFile> read_file_entry(const std::string& uri, const json::object& entry,
                                               const std::string& path) {
  const auto bad = [&](std::string cause) {
    return unreadable(uri, "\"" + path + "\" " + std::move(cause));
  };
  proto::HuggingFaceFile file;
  const auto size = size_in(entry, "size");
  const auto oid = digest_in(entry, "oid", digest_size(DigestAlgorithm::kGitBlobSha1));
  if (!size || !oid) {
    return bad("has no size, or no oid of 40 hexadecimal digits");
  }
  file.set_path(path);
  file.set_size(*size);
  file.set_oid(*oid);
  if (const json::object* lfs = object_in(entry, "lfs")) {
    const auto sha256 = digest_in(*lfs, "oid", Sha256Digest::kSize);
    const auto pointer = size_in(*lfs, "pointerSize");
    if (!sha256 || size_in(*lfs, "size") != size || !pointer || *pointer == 0 ||
        *pointer > kMaxPointerBytes) {
      return bad("is an LFS file without a SHA-256, or with sizes that cannot be");
    }
    file.set_sha256(*sha256);
    file.set_pointer_size(*pointer);
  }
  return file;
}

std::string encoded(std::string_view text) {
  return boost::urls::encode(text, boost::urls::unreserved_chars);
}

std::string api(const std::string& hub, const huggingface::Repository& repository) {
  return hub + "api/" + repository.document();
}

}  // namespace

Result<HubRevision> read_hub_revision(const std::string& uri, std::string_view body) {
  boost::system::error_code failed;
  const json::value value = parse(body, failed);
  if (failed || !value.is_object()) {
    return unreadable(uri, "the answer is no JSON object");
  }
  const json::object& answer = value.get_object();
  HubRevision revision;
  revision.commit = text_in(answer, "sha");
  if (!huggingface::is_commit(revision.commit)) {
    return unreadable(uri, "the answer names no commit");
  }
  revision.last_modified = text_in(answer, "lastModified");
  if (revision.last_modified.size() > kMaxTimeBytes || !is_plain_text(revision.last_modified)) {
    revision.last_modified.clear();
  }
  json::object about;
  for (const std::string_view member : kShownMembers) {
    if (const auto* shown = answer.if_contains(member)) {
      about[member] = *shown;
    }
  }
  revision.about = json::serialize(about);
  if (revision.about.size() > kMaxAboutBytes) {
    revision.about = "{}";
  }
  return revision;
}

Result<void> read_hub_tree(const std::string& uri, std::string_view body, HubTree& tree) {
  boost::system::error_code failed;
  const json::value value = parse(body, failed);
  if (failed || !value.is_array()) {
    return unreadable(uri, "the answer is no JSON array");
  }
  for (const json::value& listed : value.get_array()) {
    if (!listed.is_object()) {
      return unreadable(uri, "an entry is no JSON object");
    }
    const json::object& entry = listed.get_object();
    const std::string path = text_in(entry, "path");
    if (const auto checked = huggingface::check_path(path); !checked) {
      return Error{ErrorCode::kRefused, uri, checked.error().thing + ": " + checked.error().cause,
                   "ask its author; nothing of this revision is taken"};
    }
    if (tree.files.size() + tree.folders.size() >= limits::kMaxBlobsPerShipment) {
      return Error{ErrorCode::kRefused, uri,
                   "it has more files than a shipment can carry (" +
                       std::to_string(limits::kMaxBlobsPerShipment) + ")",
                   "take it in parts, by several sources with include"};
    }
    if (text_in(entry, "type") == "directory") {
      proto::HuggingFaceFolder& folder = tree.folders.emplace_back();
      folder.set_path(path);
      folder.set_oid(digest_in(entry, "oid", digest_size(DigestAlgorithm::kSha1)).value_or(""));
    } else {
      SLUICE_TRY(proto::HuggingFaceFile file, read_file_entry(uri, entry, path));
      tree.files.push_back(std::move(file));
    }
  }
  return {};
}

std::string revision_uri(const std::string& hub, const huggingface::Repository& repository,
                         std::string_view revision) {
  return api(hub, repository) + "/revision/" + encoded(revision);
}

std::string tree_uri(const std::string& hub, const huggingface::Repository& repository,
                     std::string_view commit) {
  return api(hub, repository) + "/tree/" + std::string(commit) + "?recursive=true";
}

std::string file_uri(const std::string& hub, const huggingface::Repository& repository,
                     std::string_view commit, std::string_view path) {
  std::string uri = hub + repository.address() + "/resolve/" + std::string(commit);
  for (const std::string_view part : split(path, '/')) {
    uri += "/" + encoded(part);
  }
  return uri;
}

}  // namespace sluice::low
