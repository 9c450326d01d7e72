#include "lowside/upstream/huggingface/want.h"

namespace sluice::low {

Result<HuggingFaceWant> parse_huggingface_want(std::string_view text) {
  const std::size_t at = text.find('@');
  std::string_view address = text.substr(0, at);
  HuggingFaceWant want;
  for (const auto kind : {huggingface::Kind::kDataset, huggingface::Kind::kSpace}) {
    const std::string prefix = huggingface::address_prefix(kind);
    if (address.starts_with(prefix)) {
      want.repository.kind = kind;
      address.remove_prefix(prefix.size());
    }
  }
  want.repository.id = address;
  SLUICE_TRY_VOID(huggingface::check_id(address));
  want.revision = at == std::string_view::npos ? "main" : text.substr(at + 1);
  SLUICE_TRY_VOID(huggingface::check_revision(want.revision));
  return want;
}

}  // namespace sluice::low
