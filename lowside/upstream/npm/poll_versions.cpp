// Of a poll: are the versions what the registry says they are?
#include <algorithm>

#include "common/base/present.h"
#include "common/base/text.h"
#include "common/ecosystem/npm/package_name.h"
#include "lowside/upstream/npm/platform.h"
#include "lowside/upstream/npm/poll.h"

namespace sluice::low {
namespace {

// One that was taken for another source may lack a digest that clients of this registry are shown.
bool has_all(const proto::Blob& blob, const std::vector<Digest>& digests) {
  return std::ranges::all_of(digests, [&](const Digest& digest) {
    const std::string_view bytes = as_text(digest.bytes());
    return bytes == blob.sha256() ||
           std::ranges::any_of(blob.aliases(), [&](const proto::Alias& alias) {
             return alias.algorithm() == static_cast<int>(digest.algorithm()) &&
                    alias.digest() == bytes;
           });
  });
}

bool names_md5(const std::vector<Digest>& digests) {
  return std::ranges::any_of(
      digests, [](const Digest& digest) { return digest.algorithm() == DigestAlgorithm::kMd5; });
}

}  // namespace

void NpmPoll::check_manifests() {
  for (auto& [name, package] : packages_) {
    if (!package.packument) {
      continue;
    }
    std::set<std::string> versions = package.wanted;
    if (const NpmTracked* before = tracked(name)) {
      for (const auto& [version, shipped] : before->versions) {
        versions.insert(version);
      }
    }
    for (const std::string& version : versions) {
      check_version(name, package, version);
    }
  }
}

void NpmPoll::check_version(const std::string& name, Package& package, const std::string& version) {
  auto& listed = present(package.packument).versions;
  const auto found = listed.find(version);
  if (found == listed.end()) {
    if (is_shipped(name, version)) {
      check_unpublished(name, package, version);
    } else {
      fail(name, version,
           {ErrorCode::kNotFound, name + "@" + version, "the registry does not list this version",
            "choose another version: it may have been unpublished"});
    }
    return;
  }
  auto manifest = read_manifest(name, version, std::move(found->second));
  if (!manifest) {
    counters_.add(observe::Metric::kUpstreamGarbage);
    fail(name, version, manifest.error());
    return;
  }
  // Lock files of older npm leave "libc" out, so that the manifest has the last word.
  if (!is_shipped(name, version) && !package.required.contains(version) &&
      !suits_any(manifest->json, settings_.targets)) {
    unsuitable_.insert({name, version});
    return;
  }
  auto evidence = check_signature(name, version, package, *manifest);
  if (!evidence) {
    counters_.add(observe::Metric::kUpstreamBadSignature);
    fail(name, version, evidence.error());
    return;
  }
  package.checked.emplace(version, Checked{std::move(*manifest), std::move(*evidence)});
}

// What was held stays: the manifest is taken from the record that was shipped last.
void NpmPoll::check_unpublished(const std::string& name, Package& package,
                                const std::string& version) {
  if (const auto record = records_.find<proto::NpmPackage>(tracked(name)->record)) {
    for (const auto& held : record->versions()) {
      if (held.version() != version) {
        continue;
      }
      if (auto manifest = read_manifest(name, version, held.manifest())) {
        package.checked.emplace(version, Checked{std::move(*manifest), {}});
        return;
      }
    }
  }
  problems_.push_back({ErrorCode::kNotFound, name + "@" + version,
                       "the registry no longer lists it, and its manifest is no longer held here",
                       "it is listed no more from the next shipment on"});
}

Result<std::vector<Evidence>> NpmPoll::check_signature(const std::string& name,
                                                       const std::string& version,
                                                       const Package& package,
                                                       const NpmManifest& manifest) {
  std::vector<Evidence> evidence;
  evidence.push_back(manifest.integrity.empty() ? Evidence{"shasum", manifest.digest.hex()}
                                                : Evidence{"sri", manifest.digest.sri()});
  const bool may_be_unsigned =
      settings_.signatures == NpmSignatures::kWhenPresent && manifest.signatures.empty();
  if (keys_ && !may_be_unsigned) {
    const auto& times = present(package.packument).time;
    const auto time = times.find(version);
    SLUICE_TRY(std::string key,
               keys_->verify(name, version, manifest, time == times.end() ? "" : time->second));
    evidence.push_back({"npm-signature", std::move(key)});
  }
  return evidence;
}

void NpmPoll::take_tarballs() {
  std::vector<FetchRequest> requests;
  std::vector<VersionId> ids;
  for (auto& [name, package] : packages_) {
    for (const auto& [version, checked] : package.checked) {
      const auto found = context_.intake.held(checked.manifest.digest);
      if (!found) {
        take_blob(name, version, found.error());
        continue;
      }
      if (const auto& held = *found; held && has_all(*held, checked.manifest.digests)) {
        take_blob(name, version, *held);
        continue;
      }
      FetchRequest request;
      request.uri = checked.manifest.tarball;
      request.name = npm::tarball_file_name(name, version);
      request.digests = {DigestAlgorithm::kSha512, DigestAlgorithm::kSha1};
      if (names_md5(checked.manifest.digests)) {
        request.digests.push_back(DigestAlgorithm::kMd5);
      }
      requests.push_back(std::move(request));
      ids.emplace_back(name, version);
    }
  }
  std::size_t done = 0;
  context_.fetch.files(requests, context_.stop, [&](std::size_t index, Result<FetchedFile> file) {
    const auto& [name, version] = ids[index];
    const Checked& checked = packages_[name].checked.at(version);
    if (file) {
      Expectation expectation;
      expectation.digests = checked.manifest.digests;
      expectation.media_types = {"application/gzip"};
      expectation.evidence = checked.evidence;
      take_blob(name, version, context_.intake.take(std::move(*file), expectation));
    } else {
      take_blob(name, version, file.error());
    }
    progress("tarballs", ++done, requests.size());
  });
}

void NpmPoll::take_blob(const std::string& name, const std::string& version,
                        Result<proto::Blob> blob) {
  Package& package = packages_[name];
  if (!blob) {
    Error error = blob.error();
    error.thing = name + "@" + version + ": " + error.thing;
    fail(name, version, std::move(error));
    return;
  }
  const std::string digest = hex_encode(as_bytes(blob->sha256()));
  if (is_shipped(name, version) && tracked(name)->versions.at(version).tarball != digest) {
    counters_.add(observe::Metric::kUpstreamBadDigest);
    fail(name, version,
         {ErrorCode::kIntegrity, name + "@" + version,
          "the registry now gives other bytes for a version that was shipped before",
          "versions never change: ask the registry's owner"});
    return;
  }
  package.versions[version] = {package.checked.at(version).manifest.text, std::move(*blob)};
}

}  // namespace sluice::low
