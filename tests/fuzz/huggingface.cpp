// What a Hugging Face Hub, a want-list, a record's name or a client of the mirror may say.
#include <boost/json.hpp>

#include "highside/mirror/huggingface/hub_request.h"
#include "lowside/pipeline/next_page.h"
#include "lowside/upstream/huggingface/cursor.h"
#include "lowside/upstream/huggingface/hub_answers.h"
#include "lowside/upstream/huggingface/want.h"
#include "tests/fuzz/input.h"

namespace sluice::fuzz {
namespace {

void read_answers(Input& input) {
  const std::string revision = input.text();
  if (const auto said = low::read_hub_revision("hub", revision)) {
    SLUICE_ASSERT(huggingface::is_commit(said->commit));
    SLUICE_ASSERT(boost::json::parse(said->about).is_object());
  }
  low::HubTree tree;
  static_cast<void>(low::read_hub_tree("hub", input.text(), tree));
  static_cast<void>(low::read_hub_tree("hub", input.rest_text(), tree));
  for (const auto& file : tree.files) {
    SLUICE_ASSERT(huggingface::check_path(file.path()).has_value());
    SLUICE_ASSERT(file.oid().size() == 20);
    SLUICE_ASSERT(file.sha256().size() == (file.pointer_size() > 0 ? 32U : 0U));
  }
}

void read_names(std::string_view text) {
  if (const auto document = huggingface::parse_document(text)) {
    const auto& repository = document->repository;
    SLUICE_ASSERT(text == (document->commit.empty() ? repository.document()
                                                    : repository.document_of(document->commit)));
  }
  if (const auto want = low::parse_huggingface_want(text)) {
    SLUICE_ASSERT(huggingface::parse_document(want->repository.document()).has_value());
  }
}

}  // namespace
}  // namespace sluice::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  fuzz::Input input(data, size);
  switch (input.choice(5)) {
    case 0:
      fuzz::read_answers(input);
      break;
    case 1:
      static_cast<void>(low::next_page(input.rest_text()));
      break;
    case 2:
      fuzz::read_names(input.rest_text());
      break;
    case 3:
      static_cast<void>(high::read_hub_request(input.rest_text()));
      break;
    default:
      if (const auto cursor = low::HuggingFaceCursor::read(input.rest_text())) {
        SLUICE_ASSERT(low::HuggingFaceCursor::read(cursor->write())->write() == cursor->write());
      }
  }
  return 0;
}
