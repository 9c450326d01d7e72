// What stands on a medium before anything of it is trusted: heads of groups, manifests, signatures.
#include "common/crypto/minisign.h"
#include "common/media/layout.h"
#include "common/media/manifest.h"
#include "common/wire/announce.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/keys.h"

namespace sluice::fuzz {
namespace {

void read_sector(ByteView sector) {
  const auto read = media::read_head(sector);
  if (!read) {
    return;
  }
  SLUICE_ASSERT(wire::valid_stream_name(read->head.stream));
  SLUICE_ASSERT(read->file < read->head.files && !read->head.blocks.empty());
  SLUICE_ASSERT(!media::check_head(*read, foreign_signing_key().verify_key()));
  const std::uint64_t sectors = media::slice_sectors(read->head);
  SLUICE_ASSERT(media::slice_places(read->head, read->file).size() + read->head.heads < sectors);
}

// Whatever a head says, written and read again it says the same.
void write_sector(Input& input) {
  media::GroupHead head;
  head.stream = "lab-low";
  head.bundle = 1 + (input.u64() >> 1U);
  head.volume = static_cast<std::uint16_t>(1 + (input.u16() >> 1U));
  head.group = input.u32();
  head.sector = input.u32();
  head.files = static_cast<std::uint8_t>(1 + input.choice(media::kMaxDataFiles));
  head.heads = static_cast<std::uint8_t>(1 + input.choice(media::kMaxHeads));
  head.last = input.flag();
  head.session = SessionId(input.u64());
  for (std::size_t count = 1 + input.choice(media::kMaxBlocksPerGroup); count > 0; --count) {
    head.blocks.push_back(1 + input.u16() * 64U);
  }
  const auto file = static_cast<std::uint8_t>(input.u8() % head.files);
  const ByteView rest = input.rest();
  const ByteView announce = rest.first(std::min(rest.size(), wire::kMaxAnnounceBytes));
  Bytes sector = media::write_head(head, file, announce, signing_key());
  const auto read = media::read_head(sector);
  SLUICE_ASSERT(read && read->head == head && read->file == file);
  SLUICE_ASSERT(std::ranges::equal(read->announce, announce));
  SLUICE_ASSERT(media::check_head(*read, verify_key()));
  read_sector(sector);
}

void read_manifest(std::string_view text) {
  const auto read = media::read_manifest(text);
  if (!read) {
    return;
  }
  for (const media::ManifestFile& file : read->artifacts) {
    SLUICE_ASSERT(media::safe_file_name(file.file) && file.file.find("..") != 0);
  }
  SLUICE_ASSERT(
      media::safe_file_name(media::volume_name(read->stream, read->bundle, read->volume)) ||
      read->stream.front() == '.' || read->stream.size() > 32);
  SLUICE_ASSERT(media::read_manifest(media::write_manifest(*read)).has_value());
}

}  // namespace
}  // namespace sluice::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  fuzz::Input input(data, size);
  switch (input.choice(4)) {
    case 0:
      fuzz::read_sector(input.rest());
      break;
    case 1:
      fuzz::write_sector(input);
      break;
    case 2:
      fuzz::read_manifest(input.rest_text());
      break;
    default:
      SLUICE_ASSERT(!crypto::Minisign::verify(fuzz::verify_key(), as_bytes("a manifest"),
                                              input.rest_text(), "fuzz"));
      break;
  }
  return 0;
}
