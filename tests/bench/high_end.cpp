#include "tests/bench/high_end.h"

#include "common/store/rocks_store.h"
#include "tests/bench/cargo.h"

namespace sluice::bench {

HighEnd::HighEnd(const std::filesystem::path& folder, const crypto::VerifyKey& key,
                 observe::Counters& counters, observe::EventSink& events) {
  FileSystem& files = posix_file_system();
  store::RocksSettings rocks;
  rocks.folder = folder / "index";
  index_ = store::open_rocks_store(rocks).value();
  store_ = store::DiskBlobStore::open(*index_, files, folder).value();
  catalog_ = std::make_unique<high::Catalog>(*index_);
  catalog_->load().value();
  publisher_ =
      std::make_unique<high::Publisher>(*catalog_, *index_, *store_, clock_, counters, events);
  publisher_->add(check_);
  committer_ = std::make_unique<high::Committer>(*store_, *index_, counters, events);
  high::AssemblerSettings settings;
  settings.streams.emplace(Cargo::kStream, key);
  settings.staging.folder = folder / "parts";
  assembler_ =
      std::make_unique<high::Assembler>(std::move(settings), *store_, *index_, files, clock_,
                                        *committer_, *publisher_, counters, events);
  committer_->listen(*assembler_);
  committer_->listen(*publisher_);
  committer_->start();
  publisher_->start(*assembler_).value();
  assembler_->start().value();
}

HighEnd::~HighEnd() {
  assembler_->stop();
  committer_->stop();
  publisher_->stop();
}

std::size_t HighEnd::listed() const {
  std::size_t count = 0;
  catalog_
      ->list(catalog_->current(), "file", Cargo::kCollection,
             [&count](const high::CatalogEntry&) {
               ++count;
               return true;
             })
      .value();
  return count;
}

}  // namespace sluice::bench
