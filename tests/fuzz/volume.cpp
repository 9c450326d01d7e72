// Images of media: file systems as they come, and sectors of volumes with no file system at all.
#include <unistd.h>

#include <fstream>

#include "common/crypto/minisign.h"
#include "common/media/manifest.h"
#include "highside/media/volume_check.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/keys.h"

namespace sluice::fuzz {
namespace {

constexpr std::size_t kSystemArea = 16 * media::kSectorBytes;  // before a file system
constexpr std::size_t kMaxPieces = 40;

void pad(std::string& image) {
  image.resize((image.size() + media::kSectorBytes - 1) / media::kSectorBytes *
               media::kSectorBytes);
}

void add_head(Input& input, std::string& image) {
  media::GroupHead head;
  head.stream = "lab-low";
  head.bundle = 1U + input.u8();
  head.session = SessionId(7);
  head.files = static_cast<std::uint8_t>(1 + input.choice(media::kMaxDataFiles));
  head.group = input.u8();
  head.sector = input.u8();
  head.blocks = {1 + input.u16() * 16U};
  const auto file = static_cast<std::uint8_t>(input.u8() % head.files);
  image += as_text(media::write_head(head, file, Bytes(100, 1), signing_key()));
}

void add_papers(Input& input, std::string& image) {
  media::VolumeManifest manifest;
  manifest.stream = "lab-low";
  manifest.bundle = 1U + input.u8();
  manifest.receivers = {opening_key().sealing_key().fingerprint()};
  manifest.artifacts.push_back({"data/00.sluice", Sha256Digest(), input.u16(), "s"});
  std::string text = media::write_manifest(manifest);
  const std::string signature = crypto::Minisign::sign(signing_key(), as_bytes(text), "v");
  if (input.flag()) {
    text[input.u16() % text.size()] ^= static_cast<char>(input.u8());
  }
  image += text;
  pad(image);
  image += signature;
}

std::string image_of(Input& input) {
  std::string image(kSystemArea, '\0');
  if (input.flag()) {
    return image + std::string(input.rest_text());
  }
  for (std::size_t pieces = 0; pieces < kMaxPieces && !input.empty(); ++pieces) {
    switch (input.choice(3)) {
      case 0:
        add_head(input, image);
        break;
      case 1:
        add_papers(input, image);
        break;
      default:
        image += input.text();
        break;
    }
    pad(image);
  }
  return image;
}

void look_at(const std::filesystem::path& path, std::size_t image_bytes) {
  auto opened = high::open_image(path);
  if (!opened) {
    return;
  }
  SLUICE_ASSERT((*opened)->entries().size() <= high::kMaxVolumeFiles + 1);
  Bytes sector(media::kSectorBytes);
  for (const high::VolumeFiles::Entry& entry : (*opened)->entries()) {
    const auto file = (*opened)->open(entry.name);
    SLUICE_ASSERT(file.has_value());
    SLUICE_ASSERT(!(*opened)->salvaged() || (*file)->bytes() <= image_bytes);
    (*file)->read(0, sector);
  }
  observe::Counters counters;
  const auto checked = high::check_volume("image", *std::move(opened), {{"lab-low", verify_key()}},
                                          opening_key().sealing_key().fingerprint(), counters);
  if (checked) {
    SLUICE_ASSERT(checked->identity.stream == "lab-low" && checked->identity.bundle > 0);
    for (const high::VolumeFiles::Entry& entry : checked->files->entries()) {
      SLUICE_ASSERT(entry.regular && media::safe_file_name(entry.name));
    }
  }
}

}  // namespace
}  // namespace sluice::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  fuzz::Input input(data, size);
  const std::string image = fuzz::image_of(input);
  static const std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("sluice-fuzz-volume-" + std::to_string(::getpid()));
  std::ofstream(path, std::ios::binary | std::ios::trunc) << image;
  fuzz::look_at(path, image.size());
  std::filesystem::remove(path);
  return 0;
}
