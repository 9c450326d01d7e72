// Immutable bytes, named by SHA-256. Small ones are values of the index or lie together in a file,
// larger ones are files named by digest. Both daemons use it: the low side's spool sends from it,
// the high side serves from it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/digest.h"
#include "common/base/error.h"
#include "common/base/strong.h"
#include "common/store/key_value_store.h"

namespace sluice::store {

struct BlobInfo {
  Sha256Digest digest;
  std::uint64_t size = 0;
  std::vector<Digest> aliases;  // without the SHA-256
};

// An open blob. Stays readable when the blob is removed meanwhile. read_at is callable from any
// thread.
class BlobReader {
 public:
  virtual ~BlobReader() = default;
  virtual std::uint64_t size() const = 0;
  virtual Result<void> read_at(std::uint64_t offset, MutableByteView into) const = 0;
  virtual int descriptor()
      const = 0;  // of a file that holds exactly the blob, for sendfile; -1 for a small blob
};

// A blob whose digests have been computed from these very bytes by the caller, a stage that
// verifies.
struct NewBlob {
  BlobInfo info;
  std::variant<Bytes, StagingPath> content;  // bytes: at most limits::kInlineBlobBytes. A file: on
                                             // the store's own file system; it is moved.
};

// Callable from any thread.
class BlobStore {
 public:
  virtual ~BlobStore() = default;

  // Makes all of them durable, or none visible: files first (synced, linked into place, folders
  // synced), then one synced batch, to which `along` is added, so that a caller's own records
  // become durable in the same instant. Blobs that are there already are left as they are, their
  // new aliases added; an alias that names another blob already keeps naming that one. On success
  // the staging files are gone, on failure they are still there.
  virtual Result<void> commit(const std::vector<NewBlob>& blobs, const Batch& along) = 0;
  Result<void> commit(const std::vector<NewBlob>& blobs) { return commit(blobs, Batch{}); }

  virtual Result<std::optional<BlobInfo>> find(const Sha256Digest& digest) const = 0;
  virtual Result<std::optional<Sha256Digest>> resolve(
      const Digest& alias) const = 0;  // a SHA-256 resolves to itself if it is held
  virtual Result<std::unique_ptr<BlobReader>> open(
      const Sha256Digest& digest) const = 0;  // kNotFound
  virtual Result<void> remove(const Sha256Digest& digest) = 0;
  // From `from` on (all zero: from the start), ascending, in one consistent view, until `each`
  // returns false. The view keeps a full disk from recovering: a long walk goes in pieces.
  virtual Result<void> for_each(const Sha256Digest& from,
                                const std::function<bool(const BlobInfo&)>& each) const = 0;
  Result<void> for_each(const std::function<bool(const BlobInfo&)>& each) const {
    return for_each(Sha256Digest(), each);
  }

  // A fresh path on the store's file system for a file that commit() may later move in.
  virtual StagingPath new_staging_path() = 0;
  // Has the blob's bytes be read from the disk the next time, and not from what the system has
  // cached. Where they are values of the index, nothing happens.
  virtual void drop_from_cache(const Sha256Digest& /*digest*/) const {}
  // Computes a stored blob's digests again; kIntegrity names the blob if they differ or its bytes
  // are gone. `read` is called with the bytes of each piece that was read; false: kCancelled.
  Result<void> verify(
      const Sha256Digest& digest,
      const std::function<bool(std::size_t bytes)>& read = [](std::size_t) { return true; }) const;

  struct Usage {
    std::uint64_t blobs = 0;
    std::uint64_t bytes = 0;
  };
  virtual Usage usage() const = 0;
};

}  // namespace sluice::store
