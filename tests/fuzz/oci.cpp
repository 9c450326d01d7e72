// What a registry, its token server or a want-list may say.
#include "common/base/limits.h"
#include "common/ecosystem/oci/manifest.h"
#include "common/ecosystem/oci/names.h"
#include "lowside/upstream/oci/answers.h"
#include "lowside/upstream/oci/challenge.h"
#include "lowside/upstream/oci/cursor.h"
#include "lowside/upstream/oci/platform_filter.h"
#include "lowside/upstream/oci/want.h"
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

void read_challenge(Input& input) {
  const std::string scope = input.text();
  const std::string account = input.text();
  const auto challenge = low::read_challenge(input.rest_text());
  if (!challenge || challenge->basic) {
    return;
  }
  const auto uri = low::token_uri("https://registry.example", *challenge, scope, account);
  // Credentials are read from the way there by nobody.
  SLUICE_ASSERT(!uri || uri->starts_with("https:"));
}

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

void read_answers(Input& input) {
  std::vector<std::string> tags;
  std::size_t garbage = 0;
  static_cast<void>(low::read_tags_page("page", input.text(), tags, garbage));
  for (const std::string& tag : tags) {
    SLUICE_ASSERT(oci::check_tag(tag).has_value());
  }
  if (const auto next = low::next_oci_page("https://registry.example/v2/a/", input.text())) {
    SLUICE_ASSERT(next->empty() || next->starts_with("https://registry.example/"));
  }
  if (const auto token = low::read_token("token", input.rest_text())) {
    SLUICE_ASSERT(!token->text.empty() && is_printable(token->text));
    SLUICE_ASSERT(token->life.count() > 0);
  }
}

void read_want(std::string_view text) {
  const auto want = low::parse_oci_want("docker.io", text);
  if (!want) {
    return;
  }
  SLUICE_ASSERT(oci::check_repository(want->repository).has_value());
  const int kinds = (want->tag.empty() ? 0 : 1) + (want->pattern.empty() ? 0 : 1) +
                    (want->range ? 1 : 0) + (want->digest ? 1 : 0);
  SLUICE_ASSERT(kinds == 1);
  SLUICE_ASSERT(want->tag.empty() || oci::check_tag(want->tag));
  if (want->range) {
    static_cast<void>(want->takes("1.2.3"));
  }
}

}  // namespace
}  // namespace sluice::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  fuzz::Input input(data, size);
  switch (input.choice(7)) {
    case 0:
      fuzz::read_manifest(input);
      break;
    case 1:
      fuzz::read_name(input.rest_text());
      break;
    case 2:
      fuzz::read_tag(input.rest_text());
      break;
    case 3:
      fuzz::read_challenge(input);
      break;
    case 4:
      fuzz::read_answers(input);
      break;
    case 5:
      fuzz::read_want(input.rest_text());
      break;
    default:
      if (const auto cursor = low::OciCursor::read(input.rest_text())) {
        SLUICE_ASSERT(low::OciCursor::read(cursor->write())->write() == cursor->write());
      }
  }
  return 0;
}
