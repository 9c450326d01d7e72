#include "lowside/upstream/oci/image_archive.h"

#include <algorithm>
#include <array>

#include "common/base/hasher.h"
#include "common/base/present.h"
#include "common/ecosystem/oci/names.h"

namespace sluice::low {
namespace {

constexpr std::size_t kMagicBytes = 4;
constexpr std::size_t kHashBytes = std::size_t{1} << 20;  // larger pieces hash no faster

bool is_packed(ByteView start) {
  constexpr std::array<std::uint8_t, 2> kGzip{0x1f, 0x8b};
  constexpr std::array<std::uint8_t, 4> kZstd{0x28, 0xb5, 0x2f, 0xfd};
  const auto starts_with = [&](ByteView magic) {
    return start.size() >= magic.size() && std::ranges::equal(start.first(magic.size()), magic);
  };
  return starts_with(kGzip) || starts_with(kZstd);
}

class ArchiveReader {
 public:
  ArchiveReader(const std::string& thing, const std::string& path, ImageFiles& files,
                const std::string& serve_as, std::vector<Error>& problems,
                const std::stop_token& stop)
      : thing_(thing),
        path_(path),
        files_(files),
        serve_as_(serve_as),
        problems_(problems),
        stop_(stop) {}

  Result<ImageArchive> read() {
    Result<void> outcome;
    if (!files_.resolve(std::string(kLayoutMark)).empty() &&
        !files_.resolve(std::string(kLayoutIndex)).empty()) {
      outcome = read_layout();  // Docker's own archives have manifest.json beside it
    } else if (!files_.resolve(std::string(kSavedImages)).empty()) {
      outcome = read_saved();
    } else {
      outcome = Error{ErrorCode::kInvalid, thing_,
                      "it is no archive of images: it has neither oci-layout and index.json nor "
                      "manifest.json",
                      "lay down what docker save, podman save or skopeo write"};
    }
    if (!outcome) {
      Error error = std::move(outcome).error();
      if (error.thing != thing_) {
        error.cause = error.thing + ": " + error.cause;
        error.thing = thing_;
      }
      return error;
    }
    return std::move(archive_);
  }

 private:
  using Texts = std::map<std::string, std::string>;

  Error refused(std::string cause) const {
    return {ErrorCode::kInvalid, thing_, std::move(cause),
            "save the image again: docker save, podman save, or skopeo copy with oci-archive:"};
  }

  Result<std::string> text(std::string_view name) {
    const std::string file = files_.resolve(std::string(name));
    SLUICE_TRY(Texts texts, files_.texts({file}, kMaxLayoutFileBytes, stop_));
    return std::move(texts.at(file));
  }

  Result<void> read_layout() {
    SLUICE_TRY(const std::string mark, text(kLayoutMark));
    SLUICE_TRY_VOID(check_layout_mark(std::string(kLayoutMark), mark));
    SLUICE_TRY(const std::string index, text(kLayoutIndex));
    SLUICE_TRY(const auto images, read_layout_index(std::string(kLayoutIndex), index));
    for (const auto& [name, size] : files_.sizes()) {
      if (name.starts_with(kLayoutBlobs)) {
        const auto digest = Sha256Digest::from_hex(name.substr(kLayoutBlobs.size()));
        if (digest) {
          archive_.files.emplace(*digest, name);
        }
      }
    }
    std::set<std::string> wanted;
    for (const LaidOutImage& image : images) {
      const auto file = archive_.files.find(image.manifest.digest);
      if (file == archive_.files.end()) {
        return refused("index.json names " + oci::digest_text(image.manifest.digest) +
                       ", which it does not hold");
      }
      wanted.insert(file->second);
    }
    SLUICE_TRY(const Texts manifests, files_.texts(wanted, oci::kMaxManifestBytes, stop_));
    for (const LaidOutImage& image : images) {
      SLUICE_TRY_VOID(add_laid_out(image, manifests.at(archive_.files.at(image.manifest.digest))));
    }
    return {};
  }

  Result<void> add_laid_out(const LaidOutImage& image, const std::string& bytes) {
    const ImageArchive::Manifest manifest{image.manifest.media_type, image.manifest.digest,
                                          bytes.size()};
    SLUICE_TRY(const oci::Manifest read,
               oci::read_manifest(oci::digest_text(manifest.digest), bytes, manifest.media_type));
    if (read.subject) {
      archive_.referrers.emplace(read.subject->digest, manifest);
    }
    const bool comes_along = read.subject && image.name.empty();
    return comes_along ? Result<void>() : add(image.name, manifest);
  }

  Result<void> read_saved() {
    SLUICE_TRY(const std::string list, text(kSavedImages));
    SLUICE_TRY(const auto images, read_saved_images(std::string(kSavedImages), list));
    std::set<std::string> configs;
    std::set<std::string> layers;
    for (const SavedImage& image : images) {
      SLUICE_TRY(const std::string config, file_of(image.config));
      configs.insert(config);
      for (const std::string& layer : image.layers) {
        SLUICE_TRY(const std::string file, file_of(layer));
        layers.insert(file);
      }
    }
    SLUICE_TRY_VOID(check_plain(layers));
    SLUICE_TRY(const Texts texts, files_.texts(configs, kMaxLayoutFileBytes, stop_));
    for (const SavedImage& image : images) {
      SLUICE_TRY_VOID(add_saved(image, texts.at(files_.resolve(image.config))));
    }
    return {};
  }

  Result<std::string> file_of(const std::string& name) const {
    std::string file = files_.resolve(name);
    return file.empty() ? Result<std::string>(refused("manifest.json names " + name.substr(0, 256) +
                                                      ", which it does not hold"))
                        : Result<std::string>(std::move(file));
  }

  // A layer's digest is that of its bytes, which the configuration gives for a plain tar.
  Result<void> check_plain(const std::set<std::string>& layers) {
    const auto look = [&](const std::string& name, const DropFolder::Read& read) -> Result<void> {
      std::array<std::uint8_t, kMagicBytes> start{};
      SLUICE_TRY(const std::size_t got, read(start));
      if (is_packed(ByteView(start).first(got))) {
        return Error{
            ErrorCode::kInvalid, name,
            "it is a compressed layer, of which the configuration does not give the digest",
            "make an OCI archive of it: skopeo copy docker-archive:FILE oci-archive:OTHER"};
      }
      return {};
    };
    return files_.read(layers, look, stop_);
  }

  Result<void> add_saved(const SavedImage& image, const std::string& config) {
    SLUICE_TRY(const auto digests, read_diff_ids(image.config, config));
    if (digests.size() != image.layers.size()) {
      return refused("manifest.json gives " + std::to_string(image.layers.size()) + " layers to " +
                     image.config.substr(0, 256) + ", which has " + std::to_string(digests.size()));
    }
    std::vector<ImageBlob> layers;
    for (std::size_t i = 0; i < digests.size(); ++i) {
      const std::string file = files_.resolve(image.layers[i]);
      archive_.files.emplace(digests[i], file);
      layers.push_back({digests[i], files_.sizes().at(file)});
    }
    const Sha256Digest digest = sha256(as_bytes(config));
    archive_.files.emplace(digest, files_.resolve(image.config));
    std::string made = make_saved_manifest({digest, config.size()}, layers);
    const ImageArchive::Manifest manifest{std::string(oci::kDockerManifest), sha256(as_bytes(made)),
                                          made.size()};
    archive_.made.emplace(manifest.digest, std::move(made));
    if (image.names.empty()) {
      return add("", manifest);
    }
    for (const std::string& name : image.names) {
      SLUICE_TRY_VOID(add(name, manifest));
    }
    return {};
  }

  // A name that cannot be read, or that stands for two images, leaves out that image alone.
  Result<void> add(const std::string& name, const ImageArchive::Manifest& manifest) {
    const auto problem = [&](Error error) -> Result<void> {
      error.thing = thing_ + ": " + error.thing;
      problems_.push_back(std::move(error));
      return {};
    };
    const bool has_own = name.find_first_of("/:") != std::string::npos;
    std::string file;
    if (!has_own) {
      auto of_file = repository_of_file(path_);
      if (!of_file) {
        return problem(std::move(of_file).error());
      }
      file = std::move(*of_file);
    }
    auto read = read_image_name(name, serve_as_, file);
    if (!read) {
      return problem(std::move(read).error());
    }
    const auto [place, is_new] = archive_.images.emplace(*read, manifest);
    if (!is_new && place->second.digest != manifest.digest) {
      return problem({ErrorCode::kInvalid, read->repository + ":" + read->tag,
                      "two images in it have this name: " + oci::digest_text(place->second.digest) +
                          " is taken, " + oci::digest_text(manifest.digest) + " is not",
                      "save each under a name of its own"});
    }
    return {};
  }

  const std::string& thing_;
  const std::string& path_;
  ImageFiles& files_;
  const std::string& serve_as_;
  std::vector<Error>& problems_;
  const std::stop_token& stop_;
  ImageArchive archive_;
};

}  // namespace

Result<ImageArchive> read_image_archive(const std::string& thing, const std::string& path,
                                        ImageFiles& files, const std::string& serve_as,
                                        std::vector<Error>& problems, const std::stop_token& stop) {
  return ArchiveReader(thing, path, files, serve_as, problems, stop).read();
}

Result<ImageArchive> read_sif_file(const std::string& path, ImageFiles& files,
                                   const std::string& serve_as, const std::stop_token& stop) {
  SLUICE_TRY(const ImageName name, read_sif_name(path, serve_as));
  ImageBlob image{{}, files.sizes().at(path)};
  const auto hash_all = [&](const std::string& /*name*/,
                            const DropFolder::Read& read) -> Result<void> {
    Hasher hasher(DigestAlgorithm::kSha256);
    Bytes buffer(kHashBytes);
    for (;;) {
      if (stop.stop_requested()) {
        return Error{ErrorCode::kCancelled, path, "the program is stopping", ""};
      }
      SLUICE_TRY(const std::size_t got, read(buffer));
      if (got == 0) {
        image.digest = present(hasher.finish().as_sha256());
        return {};
      }
      hasher.update(ByteView(buffer).first(got));
    }
  };
  SLUICE_TRY_VOID(files.read({path}, hash_all, stop));
  ImageArchive archive;
  std::string made = make_sif_manifest(image);
  const ImageArchive::Manifest manifest{std::string(oci::kOciManifest), sha256(as_bytes(made)),
                                        made.size()};
  archive.images.emplace(name, manifest);
  archive.made.emplace(manifest.digest, std::move(made));
  archive.made.emplace(sha256(as_bytes(kSifConfigText)), kSifConfigText);
  archive.files.emplace(image.digest, path);
  return archive;
}

}  // namespace sluice::low
