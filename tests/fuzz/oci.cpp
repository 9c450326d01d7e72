// What a registry may say: manifests and names.
#include "common/base/limits.h"
#include "common/ecosystem/oci/manifest.h"
#include "common/ecosystem/oci/names.h"
#include "tests/fuzz/input.h"

namespace sluice::fuzz {
namespace {

void read_manifest(Input& input) {
  const std::string type = input.text();
  const std::string_view bytes = input.rest_text();
  const auto manifest = oci::read_manifest("manifest", bytes, type);
  if (!manifest) {
    return;
  }
  SLUICE_ASSERT(oci::is_manifest_type(manifest->media_type));
  SLUICE_ASSERT(manifest->is_index == !manifest->config.has_value());
  SLUICE_ASSERT(manifest->children.empty() || manifest->layers.empty());
  const auto required = manifest->required_blobs();
  SLUICE_ASSERT(manifest->is_index == required.empty());
  for (const auto& blob : required) {
    SLUICE_ASSERT(blob.size <= limits::kMaxBlobBytes);
  }
  // Read under the type that it has, it is the same.
  SLUICE_ASSERT(oci::read_manifest("manifest", bytes, manifest->media_type).has_value());
}

void read_name(std::string_view text) {
  if (const auto document = oci::parse_document(text)) {
    SLUICE_ASSERT(document->name() == text);
    SLUICE_ASSERT(text.find("..") == std::string_view::npos);
  }
}

void read_tag(std::string_view text) {
  const auto subject = oci::subject_of_legacy_tag(text);
  SLUICE_ASSERT(!subject || (oci::check_tag(text) && text.starts_with(oci::legacy_tag(*subject))));
  const auto digest = oci::parse_digest(text);
  SLUICE_ASSERT(!digest || oci::digest_text(*digest) == text);
}

}  // namespace
}  // namespace sluice::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  fuzz::Input input(data, size);
  switch (input.choice(3)) {
    case 0:
      fuzz::read_manifest(input);
      break;
    case 1:
      fuzz::read_name(input.rest_text());
      break;
    default:
      fuzz::read_tag(input.rest_text());
  }
  return 0;
}
