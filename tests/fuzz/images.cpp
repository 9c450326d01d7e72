// Archives of images that somebody laid down: their lists, names and tars, and SIF images.
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "common/base/hasher.h"
#include "common/ecosystem/oci/names.h"
#include "common/ecosystem/sif/image.h"
#include "common/ecosystem/sif/signature.h"
#include "lowside/upstream/oci/image_archive.h"
#include "tests/fuzz/input.h"

namespace sluice::fuzz {
namespace {

constexpr const char* kServeAs = "images.example.org";

void read_lists(std::string_view bytes) {
  if (const auto images = low::read_layout_index("index.json", bytes)) {
    for (const low::LaidOutImage& image : *images) {
      static_cast<void>(low::read_image_name(image.name, kServeAs, "file"));
    }
  }
  static_cast<void>(low::check_layout_mark("oci-layout", bytes));
  static_cast<void>(low::read_saved_images("manifest.json", bytes));
  const auto digests = low::read_diff_ids("config", bytes);
  if (!digests) {
    return;
  }
  std::vector<low::ImageBlob> layers;
  for (const Sha256Digest& digest : *digests) {
    layers.push_back({digest, 1});
  }
  // What is made of it can be read, and is the same each time.
  const low::ImageBlob config{sha256(as_bytes(bytes)), bytes.size()};
  const std::string made = low::make_saved_manifest(config, layers);
  SLUICE_ASSERT(made == low::make_saved_manifest(config, layers));
  SLUICE_ASSERT(made.size() > oci::kMaxManifestBytes ||
                oci::read_manifest("made", made, "").has_value());
}

void read_name(Input& input) {
  const std::string file = input.text();
  const std::string serve_as = input.flag() ? "docker.io" : kServeAs;
  const auto repository = low::repository_of_file(file);
  SLUICE_ASSERT(!repository || oci::check_repository(*repository));
  const auto name =
      low::read_image_name(input.rest_text(), serve_as, repository ? *repository : "file");
  if (!name) {
    return;
  }
  SLUICE_ASSERT(oci::check_repository(name->repository) && oci::check_tag(name->tag));
  // Its own name is read as itself.
  const auto again = low::read_image_name(name->repository + ":" + name->tag, serve_as, "file");
  SLUICE_ASSERT(again && (*again == *name || name->repository.starts_with("library/") ||
                          name->repository.starts_with("localhost/") ||
                          name->repository.substr(0, name->repository.find('/')).find('.') !=
                              std::string::npos));
}

// Of this process, as long as it lives.
struct Folder {
  Folder() {
    std::string pattern = std::filesystem::temp_directory_path() / "sluice-fuzz-XXXXXX";
    SLUICE_ASSERT(::mkdtemp(pattern.data()) != nullptr);
    path = pattern;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  std::filesystem::path path;
};

void read_archive(std::string_view bytes) {
  static const Folder folder;
  static const SystemClock clock;
  static low::DropFolder drop({.folder = folder.path, .name = kServeAs}, posix_file_system(),
                              clock);
  const std::string path = "x.tar";
  std::ofstream(folder.path / path, std::ios::binary | std::ios::trunc) << bytes;
  const auto opened = low::open_beneath(folder.path, path);
  const auto state = low::state_of(*opened, path);
  const std::stop_token stop;
  const auto files = low::open_image_tar(drop, path, *state, stop);
  if (!files) {
    return;
  }
  for (const auto& [name, size] : (*files)->sizes()) {
    SLUICE_ASSERT(!name.starts_with('/') && !name.starts_with("../"));
    SLUICE_ASSERT(("/" + name + "/").find("/../") == std::string::npos);
  }
  std::vector<Error> problems;
  const auto archive = low::read_image_archive("archive", path, **files, kServeAs, problems, stop);
  if (!archive) {
    return;
  }
  for (const auto& [name, manifest] : archive->images) {
    SLUICE_ASSERT(archive->made.contains(manifest.digest) ||
                  archive->files.contains(manifest.digest));
  }
  for (const auto& [digest, name] : archive->files) {
    SLUICE_ASSERT((*files)->sizes().contains(name));
  }
}

class TextSource final : public sif::Source {
 public:
  explicit TextSource(std::string_view bytes) : bytes_(bytes) {}
  std::uint64_t size() const override { return bytes_.size(); }
  Result<void> read_at(std::uint64_t offset, MutableByteView into) const override {
    SLUICE_ASSERT(offset <= bytes_.size() && into.size() <= bytes_.size() - offset);
    std::ranges::copy(as_bytes(bytes_.substr(offset, into.size())), into.begin());
    return {};
  }

 private:
  const std::string_view bytes_;
};

// With a valid header before it, or as it is.
void read_sif(Input& input) {
  const std::string head = input.flag() ? std::string(
                                              "#!/usr/bin/env run-singularity\n\0"
                                              "SIF_MAGIC\0"
                                              "01\0"
                                              "02\0",
                                              48)
                                        : std::string();
  const std::string bytes = head + std::string(input.rest_text());
  const TextSource source(bytes);
  const auto image = sif::read_image("x.sif", source);
  if (!image) {
    return;
  }
  SLUICE_ASSERT(image->objects.size() <= sif::kMaxDescriptors);
  for (const sif::Object& object : image->objects) {
    SLUICE_ASSERT(object.id != 0 && object.offset + object.size <= bytes.size());
    SLUICE_ASSERT(object.type != sif::kPartition || object.offset % 4096 == 0);
  }
  // No signature by nobody's key is good; those of other kinds run no gpgv.
  if (bytes.find("-----BEGIN PGP") == std::string::npos) {
    const auto judged = sif::judge_signatures("x.sif", *image, source, Bytes(), {});
    SLUICE_ASSERT(judged && judged->verdict != sif::Verdict::kGood);
  }
}

void read_signed(std::string_view text) {
  if (const auto digests = sif::read_signed_digests("x.sif", text)) {
    SLUICE_ASSERT(digests->objects.size() <= sif::kMaxDescriptors);
  }
}

}  // namespace
}  // namespace sluice::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  fuzz::Input input(data, size);
  switch (input.choice(6)) {
    case 0:
      fuzz::read_lists(input.rest_text());
      break;
    case 1:
      fuzz::read_name(input);
      break;
    case 2:
      fuzz::read_sif(input);
      break;
    case 3:
      fuzz::read_signed(input.rest_text());
      break;
    default:
      fuzz::read_archive(input.rest_text());
      break;
  }
  return 0;
}
