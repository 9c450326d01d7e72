#include "lowside/upstream/oci/image_layout.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <optional>

#include "common/base/hasher.h"
#include "common/ecosystem/oci/names.h"

namespace sluice::low {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxImages = 1000;  // of one archive
constexpr std::size_t kMaxNames = 1000;   // of one image
constexpr std::size_t kMaxPathBytes = 1024;

constexpr std::string_view kHub = "docker.io";
constexpr std::string_view kHubOfficial = "library/";
constexpr std::string_view kWholeName = "io.containerd.image.name";
constexpr std::string_view kRefName = "org.opencontainers.image.ref.name";
constexpr std::string_view kDockerConfig = "application/vnd.docker.container.image.v1+json";
constexpr std::string_view kSifEnding = ".sif";
constexpr std::string_view kPlainLayer = "application/vnd.docker.image.rootfs.diff.tar";
constexpr std::array kEndings{std::string_view(".gz"),  std::string_view(".xz"),
                              std::string_view(".zst"), std::string_view(".bz2"),
                              std::string_view(".tgz"), std::string_view(".tar"),
                              std::string_view(".oci"), std::string_view(".docker")};

Error invalid(const std::string& thing, std::string cause) {
  return {ErrorCode::kInvalid, thing, std::move(cause),
          "save the image again: docker save, podman save, or skopeo copy with oci-archive:"};
}

Result<json::value> read_json(const std::string& thing, std::string_view bytes) {
  boost::system::error_code failure;
  json::value value = json::parse(bytes, failure);
  if (failure) {
    return invalid(thing, "it is no JSON: " + failure.message());
  }
  return value;
}

const json::value* member(const json::value& value, std::string_view name) {
  return value.is_object() ? value.get_object().if_contains(name) : nullptr;
}

std::optional<std::string> text_of(const json::value* value) {
  const bool fits =
      value != nullptr && value->is_string() && value->get_string().size() <= kMaxPathBytes;
  return fits ? std::optional<std::string>(value->get_string()) : std::nullopt;
}

// A list of texts, in which null is an empty one; none: it is no such list.
std::optional<std::vector<std::string>> texts_of(const json::value* value, std::size_t limit) {
  std::vector<std::string> texts;
  if (value == nullptr || value->is_null()) {
    return texts;
  }
  if (!value->is_array() || value->get_array().size() > limit) {
    return std::nullopt;
  }
  for (const json::value& one : value->get_array()) {
    auto text = text_of(&one);
    if (!text) {
      return std::nullopt;
    }
    texts.push_back(std::move(*text));
  }
  return texts;
}

json::object descriptor(std::string_view type, const ImageBlob& blob) {
  return {{"mediaType", type}, {"size", blob.size}, {"digest", oci::digest_text(blob.digest)}};
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// As clients tell a registry from the first part of a repository.
bool is_registry(std::string_view part) {
  return (part.find_first_of(".:") != std::string_view::npos || part == "localhost") &&
         oci::check_registry(part);
}

}  // namespace

Result<void> check_layout_mark(const std::string& thing, std::string_view bytes) {
  SLUICE_TRY(const json::value mark, read_json(thing, bytes));
  const auto version = text_of(member(mark, "imageLayoutVersion"));
  return version && version->starts_with("1.")
             ? Result<void>()
             : invalid(thing, "it is no image layout of version 1");
}

Result<std::vector<LaidOutImage>> read_layout_index(const std::string& thing,
                                                    std::string_view bytes) {
  SLUICE_TRY(oci::Manifest index, oci::read_manifest(thing, bytes, oci::kOciIndex));
  if (!index.is_index || index.children.size() > kMaxImages) {
    return invalid(thing, "it is no index of 1 to " + std::to_string(kMaxImages) + " images");
  }
  std::vector<LaidOutImage> images;
  for (oci::Descriptor& child : index.children) {
    LaidOutImage image;
    for (const std::string_view annotation : {kRefName, kWholeName}) {  // the last is the better
      const auto found = child.annotations.find(std::string(annotation));
      image.name = found == child.annotations.end() ? image.name : found->second;
    }
    image.manifest = std::move(child);
    images.push_back(std::move(image));
  }
  return images;
}

Result<std::vector<SavedImage>> read_saved_images(const std::string& thing,
                                                  std::string_view bytes) {
  SLUICE_TRY(const json::value list, read_json(thing, bytes));
  if (!list.is_array() || list.get_array().size() > kMaxImages) {
    return invalid(thing, "it is no list of 1 to " + std::to_string(kMaxImages) + " images");
  }
  std::vector<SavedImage> images;
  for (const json::value& entry : list.get_array()) {
    auto config = text_of(member(entry, "Config"));
    auto names = texts_of(member(entry, "RepoTags"), kMaxNames);
    auto layers = texts_of(member(entry, "Layers"), oci::kMaxDescriptors);
    if (!config || !names || !layers) {
      return invalid(thing, "an image in it has no Config, or no proper RepoTags or Layers");
    }
    images.push_back({std::move(*config), std::move(*names), std::move(*layers)});
  }
  return images;
}

Result<std::vector<Sha256Digest>> read_diff_ids(const std::string& thing, std::string_view config) {
  SLUICE_TRY(const json::value value, read_json(thing, config));
  const json::value* rootfs = member(value, "rootfs");
  const json::value* list = rootfs == nullptr ? nullptr : member(*rootfs, "diff_ids");
  const auto texts = list == nullptr ? std::nullopt : texts_of(list, oci::kMaxDescriptors);
  if (!texts) {
    return invalid(thing, "it is no configuration of an image: it has no rootfs.diff_ids");
  }
  std::vector<Sha256Digest> digests;
  for (const std::string& text : *texts) {
    const auto digest = oci::parse_digest(text);
    if (!digest) {
      return invalid(thing, "one of its rootfs.diff_ids is no sha256");
    }
    digests.push_back(*digest);
  }
  return digests;
}

std::string make_saved_manifest(const ImageBlob& config, const std::vector<ImageBlob>& layers) {
  json::array described;
  for (const ImageBlob& layer : layers) {
    described.push_back(descriptor(kPlainLayer, layer));
  }
  return json::serialize(json::object{{"schemaVersion", 2},
                                      {"mediaType", oci::kDockerManifest},
                                      {"config", descriptor(kDockerConfig, config)},
                                      {"layers", std::move(described)}});
}

std::string make_sif_manifest(const ImageBlob& image) {
  const ImageBlob config{sha256(as_bytes(kSifConfigText)), kSifConfigText.size()};
  return json::serialize(json::object{{"schemaVersion", 2},
                                      {"mediaType", oci::kOciManifest},
                                      {"config", descriptor(oci::kSifConfig, config)},
                                      {"layers", json::array{descriptor(oci::kSifLayer, image)}}});
}

Result<ImageName> read_image_name(std::string_view name, std::string_view serve_as,
                                  std::string_view file) {
  const std::string_view whole = name;
  if (const std::size_t at = name.find('@'); at != std::string_view::npos) {
    name = name.substr(0, at);
  }
  ImageName found;
  found.tag = "latest";
  const bool is_tag_alone = name.find_first_of("/:") == std::string_view::npos;
  if (is_tag_alone) {
    found.repository = file;
    found.tag = name.empty() ? found.tag : std::string(name);
  } else {
    std::string_view registry = kHub;
    const std::size_t slash = name.find('/');
    if (slash != std::string_view::npos && is_registry(name.substr(0, slash))) {
      registry = name.substr(0, slash);
      name.remove_prefix(slash + 1);
    }
    if (const std::size_t colon = name.find(':'); colon != std::string_view::npos) {
      found.tag = name.substr(colon + 1);
      name = name.substr(0, colon);
    }
    if (registry == kHub && name.starts_with(kHubOfficial)) {
      name.remove_prefix(kHubOfficial.size());
    }
    found.repository = name;
  }
  if (serve_as == kHub && found.repository.find('/') == std::string::npos) {
    found.repository.insert(0, kHubOfficial);
  }
  if (!oci::check_repository(found.repository) || !oci::check_tag(found.tag)) {
    return Error{ErrorCode::kInvalid, "image name \"" + std::string(whole.substr(0, 256)) + "\"",
                 "it gives no repository and tag: \"" + found.repository.substr(0, 256) +
                     "\" and \"" + found.tag.substr(0, 128) + "\"",
                 "save the image under a name like team/app:1.2"};
  }
  return found;
}

Result<std::string> repository_of_file(std::string_view path) {
  const std::string_view whole = path;
  for (const std::string_view ending : kEndings) {  // ".gz" comes before ".tar"
    if (path.ends_with(ending)) {
      path.remove_suffix(ending.size());
    }
  }
  std::string repository(path);
  std::ranges::transform(repository, repository.begin(), lower);
  if (!oci::check_repository(repository)) {
    return Error{ErrorCode::kInvalid, std::string(whole),
                 "an image in it has no name of its own, and the file's name is no name of a "
                 "repository",
                 "save the image with a name, or rename the file: letters and digits with single "
                 "'.', '_' or '-' between them"};
  }
  return repository;
}

Result<ImageName> read_sif_name(std::string_view path, std::string_view serve_as) {
  std::string_view stem = path;
  stem.remove_suffix(stem.ends_with(kSifEnding) ? kSifEnding.size() : 0);
  std::string_view tag;
  const std::size_t mark = stem.rfind('_');
  if (mark != std::string_view::npos && stem.find('/', mark) == std::string_view::npos) {
    tag = stem.substr(mark + 1);
    stem = stem.substr(0, mark);
  }
  SLUICE_TRY(const std::string repository, repository_of_file(stem));
  return read_image_name(tag, serve_as, repository);
}

}  // namespace sluice::low
