#include "lowside/upstream/apt/packages.h"

#include <algorithm>

namespace sluice::low {
namespace {

// What is fetched in one go: enough to keep every connection busy, few enough that their files in
// staging stay small beside the spool.
constexpr std::size_t kBatch = 128;

void fetch_batch(const std::vector<const WantedPackage*>& batch, PollContext& context,
                 TakenPackages& taken, std::optional<Error>& failure) {
  std::vector<FetchRequest> requests;
  for (const auto* package : batch) {
    FetchRequest request;
    request.uri = package->uri;
    request.name = package->path.substr(package->path.rfind('/') + 1);
    request.expected_size = package->size;
    request.size_limit = package->size;
    requests.push_back(std::move(request));
  }
  context.fetch.files(requests, context.stop, [&](std::size_t index, Result<FetchedFile> file) {
    const WantedPackage& package = *batch[index];
    const bool fetched = file.has_value();
    Expectation expectation;
    expectation.digests = {package.sha256};
    expectation.size = package.size;
    expectation.media_types = package.media_types;
    expectation.evidence = package.evidence;
    // The fetcher's kRefused is about a limit that the archive's answer broke, not about policy.
    auto blob = file ? context.intake.take(std::move(*file), expectation)
                     : Result<proto::Blob>(std::move(file).error());
    if (blob) {
      taken.blobs.emplace(package.sha256, std::move(*blob));
    } else if (fetched && blob.error().code == ErrorCode::kRefused) {
      taken.refused.push_back(std::move(blob).error());
    } else if (!failure) {
      failure = std::move(blob).error();
    }
  });
}

}  // namespace

WantedPackage wanted(const AcceptedSuite& suite, const apt::IndexFile& index,
                     const apt::PackageStanza& package) {
  const std::string path(package.filename);
  return {path,
          suite.suite.uri(path),
          package.sha256,
          package.size,
          {{"gpg", suite.fingerprint}, {"packages-index", Digest(index.sha256).to_string()}},
          {"application/vnd.debian.binary-package"}};
}

WantedPackage wanted(const AcceptedSuite& suite, const apt::IndexFile& index,
                     const apt::SourceFile& file) {
  return {file.path,
          suite.suite.uri(file.path),
          file.sha256,
          file.size,
          {{"gpg", suite.fingerprint}, {"sources-index", Digest(index.sha256).to_string()}},
          {}};
}

Result<TakenPackages> take_packages(const std::vector<WantedPackage>& packages,
                                    PollContext& context) {
  TakenPackages taken;
  std::map<Sha256Digest, const WantedPackage*> missing;
  for (const auto& package : packages) {
    SLUICE_TRY(auto held, context.intake.held(package.sha256));
    if (held) {
      taken.blobs.emplace(package.sha256, std::move(*held));
    } else {
      missing.emplace(package.sha256, &package);
    }
  }
  std::uint64_t done = 0;
  auto next = missing.begin();
  while (next != missing.end()) {
    std::vector<const WantedPackage*> batch;
    for (; next != missing.end() && batch.size() < kBatch; ++next) {
      batch.push_back(next->second);
    }
    std::optional<Error> failure;
    fetch_batch(batch, context, taken, failure);
    if (failure) {
      return std::move(*failure);
    }
    done += batch.size();
    if (context.progress) {
      context.progress("packages", done, missing.size());
    }
  }
  return taken;
}

}  // namespace sluice::low
