#include "common/ecosystem/oci/manifest.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <set>

#include "common/base/limits.h"
#include "common/ecosystem/oci/names.h"

namespace sluice::oci {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxTypeBytes = 255;
constexpr std::size_t kMaxPlatformPartBytes = 128;

constexpr std::array kNotDistributable{
    std::string_view("application/vnd.docker.image.rootfs.foreign.diff.tar"),
    std::string_view("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"),
    std::string_view("application/vnd.oci.image.layer.nondistributable.v1.tar"),
    std::string_view("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"),
    std::string_view("application/vnd.oci.image.layer.nondistributable.v1.tar+zstd")};

// Go's readers, which clients are made of, take "Layers" for "layers".
constexpr std::array kMembers{std::string_view("schemaVersion"), std::string_view("mediaType"),
                              std::string_view("config"),        std::string_view("layers"),
                              std::string_view("manifests"),     std::string_view("subject"),
                              std::string_view("artifactType"),  std::string_view("annotations"),
                              std::string_view("digest"),        std::string_view("size"),
                              std::string_view("platform"),      std::string_view("fsLayers")};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_misspelled(std::string_view key) {
  return std::ranges::any_of(kMembers, [&](std::string_view member) {
    return key != member && std::ranges::equal(key, member, {}, lower, lower);
  });
}

class Reader {
 public:
  explicit Reader(std::string_view thing) : thing_(thing) {}

  Error error(std::string cause, std::string cure = "") const {
    return {ErrorCode::kInvalid, std::string(thing_), std::move(cause), std::move(cure)};
  }

  Result<void> check_keys(const json::object& object) const {
    for (const auto& member : object) {
      if (is_misspelled(member.key())) {
        return error("it can be read in two ways: " + std::string(member.key()) +
                     " differs from a member of that name in its capitals alone");
      }
    }
    return {};
  }

  // Empty where the member is missing or null.
  Result<std::string> text(const json::object& object, std::string_view key,
                           std::size_t limit) const {
    const json::value* value = object.if_contains(key);
    if (value == nullptr || value->is_null()) {
      return std::string();
    }
    const json::string* found = value->if_string();
    const auto printable = [](char c) { return c >= ' ' && c < 0x7f; };
    if (found == nullptr || found->size() > limit || !std::ranges::all_of(*found, printable)) {
      return error("its \"" + std::string(key) + "\" is no short text of printable ASCII");
    }
    return std::string(*found);
  }

  Result<std::map<std::string, std::string>> annotations(const json::object& object) const {
    std::map<std::string, std::string> found;
    const json::value* value = object.if_contains("annotations");
    if (value == nullptr || value->is_null()) {
      return found;
    }
    if (!value->is_object()) {
      return error("its annotations are no object");
    }
    for (const auto& [key, text] : value->get_object()) {
      if (!text.is_string()) {
        return error("an annotation is no text");
      }
      found.emplace(key, text.get_string());
    }
    return found;
  }

  Result<Descriptor> descriptor(const json::value& value) {
    const json::object* object = value.if_object();
    if (object == nullptr) {
      return error("a descriptor is no object");
    }
    SLUICE_TRY_VOID(check_keys(*object));
    Descriptor found;
    SLUICE_TRY(found.media_type, text(*object, "mediaType", kMaxTypeBytes));
    if (found.media_type.empty()) {
      return error("a descriptor has no mediaType");
    }
    SLUICE_TRY(const std::string digest, text(*object, "digest", kMaxTypeBytes));
    const auto parsed = parse_digest(digest);
    if (!parsed) {
      return error("a descriptor's digest is no sha256 in lower case");
    }
    found.digest = *parsed;
    const json::value* size = object->if_contains("size");
    if (size == nullptr || !size->is_int64() || size->get_int64() < 0 ||
        static_cast<std::uint64_t>(size->get_int64()) > limits::kMaxBlobBytes) {
      return error("the size of " + digest + " is no number that a blob may have");
    }
    found.size = static_cast<std::uint64_t>(size->get_int64());
    const auto [known, is_new] = sizes_.emplace(found.digest, found.size);
    if (!is_new && known->second != found.size) {
      return error(digest + " stands there with two sizes");
    }
    SLUICE_TRY(found.artifact_type, text(*object, "artifactType", kMaxTypeBytes));
    SLUICE_TRY(found.annotations, annotations(*object));
    SLUICE_TRY(found.platform, platform(*object));
    return found;
  }

  Result<std::vector<Descriptor>> descriptors(const json::value& list) {
    const json::array* array = list.if_array();
    if (array == nullptr || array->size() > kMaxDescriptors) {
      return error("its list of descriptors is none, or has more than " +
                   std::to_string(kMaxDescriptors));
    }
    std::vector<Descriptor> found;
    for (const json::value& value : *array) {
      SLUICE_TRY(Descriptor one, descriptor(value));
      found.push_back(std::move(one));
    }
    return found;
  }

 private:
  Result<std::optional<Platform>> platform(const json::object& object) const {
    const json::value* value = object.if_contains("platform");
    if (value == nullptr || value->is_null()) {
      return std::optional<Platform>();
    }
    const json::object* parts = value->if_object();
    if (parts == nullptr) {
      return error("a platform is no object");
    }
    Platform found;
    SLUICE_TRY(found.os, text(*parts, "os", kMaxPlatformPartBytes));
    SLUICE_TRY(found.architecture, text(*parts, "architecture", kMaxPlatformPartBytes));
    SLUICE_TRY(found.variant, text(*parts, "variant", kMaxPlatformPartBytes));
    SLUICE_TRY(found.os_version, text(*parts, "os.version", kMaxPlatformPartBytes));
    return std::optional(std::move(found));
  }

  std::string_view thing_;
  std::map<Sha256Digest, std::uint64_t> sizes_;
};

Result<json::object> read_object(const Reader& reader, std::string_view bytes) {
  if (bytes.size() > kMaxManifestBytes) {
    return reader.error("a manifest has at most 4 MiB");
  }
  boost::system::error_code failure;
  json::value parsed = json::parse(bytes, failure);
  if (failure || !parsed.is_object()) {
    return reader.error("it is no JSON object" + (failure ? ": " + failure.message() : ""));
  }
  return std::move(parsed.get_object());
}

// What it was served as and what it says of itself must agree, or two readers would see two things.
Result<std::string> type_of(const Reader& reader, const json::object& object,
                            std::string_view served) {
  SLUICE_TRY(std::string own, reader.text(object, "mediaType", kMaxTypeBytes));
  const bool is_served_as_manifest = is_manifest_type(served);
  if (!own.empty() && is_served_as_manifest && own != served) {
    return reader.error("it was given as " + std::string(served) + " and says that it is " + own);
  }
  if (own.empty()) {
    own = served;
  }
  if (!is_manifest_type(own)) {
    return reader.error(
        "\"" + own.substr(0, kMaxTypeBytes) + "\" is no type of manifest that is known here",
        "known are Docker's version 2, schema 2, and OCI's; push the image anew by a client of "
        "today");
  }
  return own;
}

}  // namespace

bool is_index_type(std::string_view media_type) {
  return media_type == kOciIndex || media_type == kDockerList;
}

bool is_manifest_type(std::string_view media_type) {
  return is_index_type(media_type) || media_type == kOciManifest || media_type == kDockerManifest;
}

bool is_distributable(std::string_view media_type) {
  return std::ranges::find(kNotDistributable, media_type) == kNotDistributable.end();
}

std::string Platform::text() const {
  return os + "/" + architecture + (variant.empty() ? "" : "/" + variant);
}

std::vector<Descriptor> Manifest::required_blobs() const {
  std::vector<Descriptor> found;
  std::set<Sha256Digest> seen;
  const auto add = [&](const Descriptor& blob) {
    if (seen.insert(blob.digest).second) {
      found.push_back(blob);
    }
  };
  if (config) {
    add(*config);
  }
  for (const Descriptor& layer : layers) {
    if (layer.distributable()) {
      add(layer);
    }
  }
  return found;
}

const Descriptor* sif_layer(const Manifest& manifest) {
  const bool is_one = manifest.layers.size() == 1 && manifest.layers[0].media_type == kSifLayer;
  return is_one ? &manifest.layers[0] : nullptr;
}

Result<Manifest> read_manifest(std::string_view thing, std::string_view bytes,
                               std::string_view media_type) {
  Reader reader(thing);
  SLUICE_TRY(const json::object object, read_object(reader, bytes));
  SLUICE_TRY_VOID(reader.check_keys(object));
  const json::value* version = object.if_contains("schemaVersion");
  if (version == nullptr || !version->is_int64() || version->get_int64() != 2) {
    return reader.error("its schemaVersion is not 2",
                        "push the image anew by a client of today: version 1 is no longer taken");
  }
  Manifest manifest;
  SLUICE_TRY(manifest.media_type, type_of(reader, object, media_type));
  manifest.is_index = is_index_type(manifest.media_type);
  const json::value* children = object.if_contains("manifests");
  const json::value* layers = object.if_contains("layers");
  const json::value* config = object.if_contains("config");
  const bool has_other_kind =
      manifest.is_index ? layers != nullptr || config != nullptr : children != nullptr;
  if (has_other_kind || object.contains("fsLayers")) {
    return reader.error("it can be read as a manifest and as an index");
  }
  if (manifest.is_index) {
    if (children == nullptr) {
      return reader.error("an index without \"manifests\"");
    }
    SLUICE_TRY(manifest.children, reader.descriptors(*children));
  } else {
    if (layers == nullptr || config == nullptr) {
      return reader.error("a manifest without \"layers\" or \"config\"");
    }
    SLUICE_TRY(manifest.config, reader.descriptor(*config));
    SLUICE_TRY(manifest.layers, reader.descriptors(*layers));
  }
  if (const json::value* subject = object.if_contains("subject");
      subject != nullptr && !subject->is_null()) {
    SLUICE_TRY(manifest.subject, reader.descriptor(*subject));
  }
  SLUICE_TRY(manifest.annotations, reader.annotations(object));
  SLUICE_TRY(manifest.artifact_type, reader.text(object, "artifactType", kMaxTypeBytes));
  if (manifest.artifact_type.empty() && manifest.config) {
    manifest.artifact_type = manifest.config->media_type;
  }
  return manifest;
}

}  // namespace sluice::oci
