// Documents as npm's clients read them, made from records. The manifests' text is the upstream's;
// only dist.tarball is written anew.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "highside/pipeline/catalog_reader.h"
#include "sluice/npm.pb.h"

namespace sluice::high {

enum class PackumentForm {
  kFull,
  kAbbreviated,  // application/vnd.npm.install-v1+json: what an installer needs. Also `time`, which
                 // pnpm and yarn look for.
};

// `root`: where this mirror is for the client, without a slash at its end: "http://host:port/npm".
std::string render_packument(const proto::NpmPackage& package, PackumentForm form,
                             const std::string& root);

std::string render_manifest(const proto::NpmPackage& package, const proto::NpmVersion& version,
                            const std::string& root);

bool is_lost(const CatalogReader& catalog, const proto::NpmVersion& version);
// Without the versions whose tarball is lost at the moment, and without their tags: what is left
// can all be fetched.
void leave_out_lost(const CatalogReader& catalog, proto::NpmPackage& package);

// By version or tag; null if there is none.
const proto::NpmVersion* find_version(const proto::NpmPackage& package, std::string_view wanted);

// By the name of its tarball as it is served here, or as the upstream called it (lock files may
// hold that one); null if there is none.
const proto::NpmVersion* find_tarball(const proto::NpmPackage& package, std::string_view file);

}  // namespace sluice::high
