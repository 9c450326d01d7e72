#include "highside/daemon/registries.h"

#include <algorithm>

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

void mount_registries(http::Router& router, const std::string& prefix, const RegistryParts& parts,
                      std::size_t document_cache, const PublishParts* publishing) {
  const auto& [catalog, blobs, archives, authority, oci_namespace, site] = parts;
  const auto at = [&](const char* path) { return prefix + path; };
  http::Handler npm =
      NpmMirror::handler(std::make_shared<NpmMirror>(at("/npm"), catalog, blobs, document_cache));
  http::Handler files =
      FilesMirror::handler(std::make_shared<FilesMirror>(at("/files"), catalog, blobs));
  if (publishing != nullptr) {
    npm = with_npm_changes(*publishing, std::move(npm));
    files = with_file_changes(*publishing, std::move(files));
    mount_publishing(router, *publishing);
  }
  router.mount(at("/npm"), std::move(npm));
  for (const char* path : {"/pypi", "/repository/pypi-hosted"}) {  // the second as Nexus has it
    router.mount(at(path),
                 PypiMirror::handler(std::make_shared<const PypiMirror>(at(path), catalog, blobs)));
  }
  router.mount(at("/apt"), AptMirror::handler(
                               std::make_shared<AptMirror>(at("/apt"), archives, catalog, blobs)));
  router.mount(at("/hf"), HuggingFaceMirror::handler(std::make_shared<const HuggingFaceMirror>(
                              at("/hf"), catalog, blobs)));
  router.mount(at("/conda"), CondaMirror::handler(std::make_shared<CondaMirror>(
                                 at("/conda"), catalog, blobs, document_cache)));
  router.mount(at("/files"), std::move(files));
  const auto images = std::make_shared<OciMirror>(
      at("/v2"), oci_namespace, catalog, blobs, std::min(document_cache, OciMirror::kCacheBytes),
      [&names = site](std::string_view document) { return names.contains("oci", document); });
  http::Handler pulls = OciMirror::handler(images);
  router.mount(at("/v2"), publishing == nullptr
                              ? std::move(pulls)
                              : with_image_pushes(router, *publishing, std::move(pulls)));
  const auto registries = [images, name = oci_namespace] {
    auto held = images->registries();  // where the catalog cannot be read, the default alone
    return SetupRegistries{name, held ? std::move(*held) : std::vector<std::string>()};
  };
  router.mount(at("/setup"), SetupPages::handler(std::make_shared<const SetupPages>(
                                 at("/setup"), authority, archives.archives(), registries)));
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
