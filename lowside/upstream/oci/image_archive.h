// What one archive of images holds: names, manifests, and which of its files is which blob.
#pragma once

#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "common/ecosystem/oci/manifest.h"
#include "lowside/upstream/oci/image_files.h"
#include "lowside/upstream/oci/image_layout.h"

namespace sluice::low {

struct ImageArchive {
  struct Manifest {
    std::string media_type;
    Sha256Digest digest;
    std::uint64_t size = 0;
  };
  std::map<ImageName, Manifest> images;
  std::map<Sha256Digest, std::string> made;   // what no file holds: manifests, configurations
  std::map<Sha256Digest, std::string> files;  // what each is said to be: it is checked when taken
  std::multimap<Sha256Digest, Manifest> referrers;  // by subject; those that index.json names
};

// A SIF image as the artifact of a registry: its file is the one layer, its configuration is empty,
// its manifest is made of both. "team/app_1.0.sif" is team/app:1.0, as apptainer names what it
// pulls; without '_' its tag is "latest". Reads the whole file. Errors: its name is none, reading
// fails.
Result<ImageArchive> read_sif_file(const std::string& path, ImageFiles& files,
                                   const std::string& serve_as, const std::stop_token& stop);

// `thing` and `path`: the archive, for messages and for what has no name of its own. An image that
// cannot be named is a problem, told in `problems`. Errors: kInvalid, kRefused, and those of
// reading.
Result<ImageArchive> read_image_archive(const std::string& thing, const std::string& path,
                                        ImageFiles& files, const std::string& serve_as,
                                        std::vector<Error>& problems, const std::stop_token& stop);

}  // namespace sluice::low
