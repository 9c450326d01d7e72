// A registry in memory: documents that appear, change, go and come back; and an Upstream that polls
// it. It is the model of what may be visible: nothing else was ever offered.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "lowside/pipeline/upstream.h"
#include "tests/simulation/disk.h"
#include "tests/simulation/trace.h"

namespace sluice::sim {

struct Content {
  Bytes bytes;
  Sha256Digest digest;
};
using ContentPtr = std::shared_ptr<const Content>;

struct Version {
  std::uint64_t number = 0;  // grows over all documents of the registry
  ContentPtr content;        // none: withdrawn
};

// Of all registries of a run.
struct UpstreamFaults {
  double fails = 0;       // a fetch ends with an error
  double cut_short = 0;   // it gives the front of the file, and says that this was all
  double lies = 0;        // it gives other bytes
  double index_lies = 0;  // the index names another digest than the file's
};

class Registry {
 public:
  Registry(std::string name, std::uint64_t seed);

  // A few documents appear, change, are withdrawn or come back.
  void evolve();

  const std::string& name() const { return name_; }
  const std::map<std::string, Version>& documents() const { return documents_; }
  std::uint64_t newest() const { return newest_; }
  // What was offered under that number; null if nothing was.
  const Version* offered(const std::string& document, std::uint64_t number) const;

 private:
  ContentPtr new_content();

  std::string name_;
  Random random_;
  std::map<std::string, Version> documents_;  // as they are now; withdrawn ones without content
  std::map<std::pair<std::string, std::uint64_t>, Version> history_;
  std::vector<ContentPtr> contents_;  // some are offered again, by other documents too
  std::uint64_t newest_ = 0;
};

// Polls a registry. Its cursor says up to which version it has shipped, and what it left out.
class RegistrySource final : public low::Upstream {
 public:
  RegistrySource(const Registry& registry, const UpstreamFaults& faults, Random& random)
      : registry_(registry), faults_(faults), random_(random) {}

  const std::string& name() const override { return registry_.name(); }
  std::chrono::seconds interval() const override { return std::chrono::seconds(1); }
  Result<low::Proposal> poll(low::PollContext& context) override;

 private:
  Result<proto::Blob> obtain(const std::string& document, const Version& version,
                             low::PollContext& context);

  const Registry& registry_;
  const UpstreamFaults& faults_;
  Random& random_;
};

// The way to the registries: writes what was asked for into files of the low side's disk.
class RegistryFetch final : public low::Fetch {
 public:
  RegistryFetch(const std::vector<std::unique_ptr<Registry>>& registries,
                const UpstreamFaults& faults, Disk& disk, Random& random)
      : registries_(registries), faults_(faults), disk_(disk), random_(random) {}

  // Makes its folder and removes what a former run left, as the real one does.
  Result<void> open();

  Result<low::Document> document(const low::DocumentRequest& request,
                                 std::stop_token stop) override;
  void documents(const std::vector<low::DocumentRequest>& requests, std::stop_token stop,
                 const std::function<void(std::size_t, Result<low::Document>)>& done) override;
  void files(const std::vector<low::FetchRequest>& requests, std::stop_token stop,
             const std::function<void(std::size_t, Result<low::FetchedFile>)>& done) override;

 private:
  Result<low::FetchedFile> file(const low::FetchRequest& request);

  const std::vector<std::unique_ptr<Registry>>& registries_;
  const UpstreamFaults& faults_;
  Disk& disk_;
  Random& random_;
  std::uint64_t next_ = 0;
};

}  // namespace sluice::sim
