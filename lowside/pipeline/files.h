// One file on its way through the low side, as types. Each can be made only by the stage that
// proves what it says (the key is that stage's own class), so that skipping a stage does not
// compile:
//
//   FetchRequest → fetch → FetchedFile → verify → VerifiedFile → inspect → InspectedFile → admit →
//   AdmittedFile → spool
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/strong.h"

namespace sluice::low {

// Only Stage can make one, and only where it was declared a friend of nobody else.
template <class Stage>
class PassKey {
  friend Stage;
  PassKey() = default;
};

class Fetcher;     // fetch/
class Verifier;    // verify/
class Inspector;   // inspect/
class Admitter;    // admit/
class DropFolder;  // drop_folder.h: takes what an operator laid down, where there is nothing to
                   // fetch

// What is written in the shipment about where a file came from and what was checked.
struct Evidence {
  std::string kind{};
  std::string detail{};
};

// A candidate for crossing: what to fetch and what is known about it beforehand.
struct FetchRequest {
  std::string uri{};
  std::string name{};                            // for people and gaps: "left-pad-1.3.0.tgz"
  std::optional<std::uint64_t> expected_size{};  // else Content-Length is a hint only
  std::vector<DigestAlgorithm> digests{};        // to compute besides SHA-256
  std::uint64_t size_limit = 0;                  // bytes; 0: the fetcher's default
  std::vector<std::pair<std::string, std::string>> headers{};
};

// The URI without credentials: for notes, events, errors and the shipment. What it was given need
// not be a URI.
std::string display_uri(std::string_view uri);

class FetchedFile {
 public:
  FetchedFile(PassKey<Fetcher>, FetchRequest request, StagingPath path, std::uint64_t size,
              std::vector<Digest> digests)
      : FetchedFile(std::move(request), std::move(path), size, std::move(digests)) {}
  FetchedFile(PassKey<DropFolder>, FetchRequest request, StagingPath path, std::uint64_t size,
              std::vector<Digest> digests)
      : FetchedFile(std::move(request), std::move(path), size, std::move(digests)) {}

  const FetchRequest& request() const { return request_; }
  const StagingPath& path() const { return path_; }
  std::uint64_t size() const { return size_; }
  const std::vector<Digest>& digests() const {
    return digests_;
  }  // computed from the bytes; SHA-256 first

 private:
  FetchedFile(FetchRequest request, StagingPath path, std::uint64_t size,
              std::vector<Digest> digests)
      : request_(std::move(request)),
        path_(std::move(path)),
        size_(size),
        digests_(std::move(digests)) {}

  FetchRequest request_;
  StagingPath path_;
  std::uint64_t size_;
  std::vector<Digest> digests_;
};

// Its digests are those that the upstream named, or were vouched for by a signature that the
// evidence names.
class VerifiedFile {
 public:
  VerifiedFile(PassKey<Verifier>, FetchedFile file, std::vector<Evidence> evidence)
      : file_(std::move(file)), evidence_(std::move(evidence)) {}
  const FetchedFile& file() const { return file_; }
  const std::vector<Evidence>& evidence() const { return evidence_; }

 private:
  FetchedFile file_;
  std::vector<Evidence> evidence_;
};

// Its type was told from its content. Scan reports and SBOMs join here.
class InspectedFile {
 public:
  InspectedFile(PassKey<Inspector>, VerifiedFile file, std::string media_type)
      : file_(std::move(file)), media_type_(std::move(media_type)) {}
  const VerifiedFile& verified() const { return file_; }
  const std::string& media_type() const { return media_type_; }

 private:
  VerifiedFile file_;
  std::string media_type_;
};

// Policy lets it cross.
class AdmittedFile {
 public:
  AdmittedFile(PassKey<Admitter>, InspectedFile file) : file_(std::move(file)) {}
  const InspectedFile& inspected() const { return file_; }
  const FetchedFile& fetched() const { return file_.verified().file(); }

 private:
  InspectedFile file_;
};

}  // namespace sluice::low
