// Blobs that are being uploaded: sessions that survive a broken connection, and end by themselves.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "common/base/clock.h"
#include "common/base/file_system.h"
#include "highside/pipeline/staged_blob.h"

namespace sluice::high {

// Callable from any thread; what a Lease holds, by its holder alone. In memory: a restart ends all
// uploads, and clients begin anew.
class UploadBook {
 public:
  static constexpr std::size_t kMaxUploads = 256;  // each keeps a file open
  static constexpr std::chrono::minutes kIdleFor{60};

  // `store`, `files` and `clock` outlive it. `limit`: bytes of one upload.
  UploadBook(store::BlobStore& store, FileSystem& files, const Clock& clock, std::uint64_t limit)
      : store_(store), files_(files), clock_(clock), limit_(limit) {}

  struct Upload {
    std::string document;
    std::unique_ptr<StagedBlob> blob;
    SteadyTime used{};
    bool busy = false;
  };

  // An upload that nobody else touches meanwhile. Given back when it goes.
  class Lease {
   public:
    Lease(UploadBook& book, std::string id, std::shared_ptr<Upload> upload)
        : book_(&book), id_(std::move(id)), upload_(std::move(upload)) {}
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() { give_back(); }

    const std::string& id() const { return id_; }
    StagedBlob& blob() { return *upload_->blob; }
    void give_back();  // before its holder goes: then nothing but that is to be done with it
    void end();        // the upload is over, one way or the other: its file goes with this lease

   private:
    UploadBook* book_;
    std::string id_;
    std::shared_ptr<Upload> upload_;
  };

  // A new upload, to a document's repository. kExhausted: there are as many as can be, or no space.
  Result<Lease> begin(const std::string& document);
  // kNotFound: there is none, or none of that document. kUnavailable: another request writes to it.
  Result<Lease> take(const std::string& id, const std::string& document);
  void sweep();  // ends those that rested for kIdleFor
  std::size_t size() const;

 private:
  void give_back(Upload& upload);
  void end(const std::string& id);

  store::BlobStore& store_;
  FileSystem& files_;
  const Clock& clock_;
  const std::uint64_t limit_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Upload>> uploads_;  // by id
};

}  // namespace sluice::high
