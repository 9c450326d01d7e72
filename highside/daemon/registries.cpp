#include "highside/daemon/registries.h"

#include <algorithm>
#include <functional>

#include "highside/mirror/apt/apt_mirror.h"
#include "highside/mirror/apt/items.h"
#include "highside/mirror/conda/conda_mirror.h"
#include "highside/mirror/conda/items.h"
#include "highside/mirror/files/files_mirror.h"
#include "highside/mirror/files/items.h"
#include "highside/mirror/huggingface/huggingface_mirror.h"
#include "highside/mirror/huggingface/items.h"
#include "highside/mirror/npm/items.h"
#include "highside/mirror/npm/npm_mirror.h"
#include "highside/mirror/oci/items.h"
#include "highside/mirror/oci/oci_mirror.h"
#include "highside/mirror/pypi/items.h"
#include "highside/mirror/pypi/pypi_mirror.h"
#include "highside/mirror/setup/setup_pages.h"

namespace sluice::high {

namespace {

using Mounted = std::function<void(const std::string& at)>;

// By name, where each is mounted: at "/npm", say, or at "" for the root.
std::map<std::string, Mounted, std::less<>> registries(http::Router& router,
                                                       const RegistryParts& parts,
                                                       std::size_t document_cache,
                                                       const PublishParts* publishing) {
  const auto mount = [&router](const std::string& at, http::Handler handler) {
    router.mount(at.empty() ? "/" : at, std::move(handler));
  };
  const auto& [catalog, blobs, archives, authority, oci_namespace, site] = parts;
  return {
      {"npm",
       [=, &router, &catalog, &blobs](const std::string& at) {
         http::Handler npm =
             NpmMirror::handler(std::make_shared<NpmMirror>(at, catalog, blobs, document_cache));
         mount(at, publishing == nullptr
                       ? std::move(npm)
                       : with_npm_changes(router, at, *publishing, std::move(npm)));
       }},
      {"pypi",
       [=, &router, &catalog, &blobs](const std::string& at) {
         mount(at, PypiMirror::handler(std::make_shared<const PypiMirror>(at, catalog, blobs)));
         if (publishing != nullptr) {
           mount_pypi_uploads(router, at, *publishing);
         }
       }},
      {"apt",
       [=, &catalog, &blobs, &archives](const std::string& at) {
         mount(at, AptMirror::handler(std::make_shared<AptMirror>(at, archives, catalog, blobs)));
       }},
      {"hf",
       [=, &catalog, &blobs](const std::string& at) {
         mount(at, HuggingFaceMirror::handler(
                       std::make_shared<const HuggingFaceMirror>(at, catalog, blobs)));
       }},
      {"conda",
       [=, &catalog, &blobs](const std::string& at) {
         mount(at, CondaMirror::handler(
                       std::make_shared<CondaMirror>(at, catalog, blobs, document_cache)));
       }},
      {"files", [=, &router, &catalog, &blobs](const std::string& at) {
         http::Handler files =
             FilesMirror::handler(std::make_shared<FilesMirror>(at, catalog, blobs));
         mount(at, publishing == nullptr
                       ? std::move(files)
                       : with_file_changes(router, at, *publishing, std::move(files)));
       }}};
}

}  // namespace

void mount_registries(http::Router& router, const std::string& prefix, const RegistryParts& parts,
                      std::size_t document_cache, const PublishParts* publishing) {
  const auto& [catalog, blobs, archives, authority, oci_namespace, site] = parts;
  const auto at = [&](std::string_view path) { return prefix + std::string(path); };
  const auto by_name = registries(router, parts, document_cache, publishing);
  for (const auto& [name, mount_at] : by_name) {
    mount_at(at("/" + name));
  }
  by_name.at("pypi")(at("/repository/pypi-hosted"));  // as Nexus has it
  const auto images = std::make_shared<OciMirror>(
      at("/v2"), oci_namespace, catalog, blobs, std::min(document_cache, OciMirror::kCacheBytes),
      [&names = site](std::string_view document) { return names.contains("oci", document); });
  http::Handler pulls = OciMirror::handler(images);
  router.mount(at("/v2"), publishing == nullptr
                              ? std::move(pulls)
                              : with_image_pushes(router, *publishing, std::move(pulls)));
  router.mount(at("/sif"), OciMirror::sif_handler(images, at("/sif")));
  const auto held_registries = [images, name = oci_namespace] {
    auto held = images->registries();  // where the catalog cannot be read, the default alone
    return SetupRegistries{name, held ? std::move(*held) : std::vector<std::string>()};
  };
  router.mount(at("/setup"), SetupPages::handler(std::make_shared<const SetupPages>(
                                 at("/setup"), authority, archives.archives(), held_registries)));
}

void mount_alone(http::Router& router, const std::string& registry, const RegistryParts& parts,
                 std::size_t document_cache, const PublishParts& publishing) {
  registries(router, parts, document_cache, &publishing).at(registry)("");
}

std::map<std::string, ItemReader, std::less<>> item_readers() {
  return {{"npm", npm_items},
          {"pypi", pypi_items},
          {"apt", apt_items},
          {"file", file_items},
          {"huggingface", huggingface_items},
          {"conda", conda_items},
          {"oci", oci_items}};
}

}  // namespace sluice::high
