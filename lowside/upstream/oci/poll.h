// One poll of an OCI registry, or of archives that answer as one (origin.h):
//
//   wants ─ GET tags/list ─> tags ─ HEAD ─> digests ─ GET by digest ─> manifests ─ referrers,
//   legacy
//        tags ─> more manifests ─ what changed: GET blobs, intake ─> whole images only ─> records
//
// One HEAD for each tag that has not moved, which registries do not count. What is fetched is asked
// for by its digest, so that a tag that moves meanwhile mixes nothing.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/observe/counters.h"
#include "lowside/pipeline/record_cache.h"
#include "lowside/pipeline/upstream.h"
#include "lowside/upstream/oci/cursor.h"
#include "lowside/upstream/oci/image_graph.h"
#include "lowside/upstream/oci/manifest_cache.h"
#include "lowside/upstream/oci/origin.h"
#include "lowside/upstream/oci/settings.h"
#include "lowside/upstream/oci/sif_check.h"
#include "lowside/upstream/oci/want.h"

namespace sluice::low {

// One thread, used once. The settings are those that check_settings() takes, without a slash at the
// end of the address.
class OciPoll {
 public:
  OciPoll(const OciSettings& settings, OciOrigin& origin, SifCheck& sif,
          observe::Counters& counters, const Clock& clock, PollContext& context);

  Result<Proposal> run();

 private:
  struct Repository {
    std::string name;
    std::string document;
    std::vector<OciWant> wants;
    OciTracked tracked;
    std::map<Sha256Digest, proto::OciManifest> before;  // as they were shipped
    std::vector<std::string> listed;                    // all its tags
    OciGraph graph;
    std::set<Sha256Digest> roots;  // what is wanted and is there, without what comes along
    bool failed = false;           // nothing new of it this time
  };
  struct Place {
    Repository* repository;
    Sha256Digest digest;
  };

  // poll.cpp: what there is
  void read_wants();
  void recall(Repository& repository);
  void list_tags();
  Result<void> list_tags_of(Repository& repository);
  void choose_tags(Repository& repository, std::set<std::string>& tags);
  void ask_for(const std::vector<std::pair<Repository*, std::string>>& references);
  void take_head(Repository& repository, const std::string& reference, Result<Document> answer);
  void take_target(Repository& repository, const std::string& reference, const Sha256Digest& digest,
                   const std::string& media_type);
  void missing(Repository& repository, const std::string& reference, Error error);

  // poll_manifests.cpp: what leads to what
  void walk();
  void add_node(Repository& repository, const Sha256Digest& digest, const std::string& media_type);
  void load_manifests();
  void take_manifest(const Place& place, const std::string& bytes);
  void find_companions(std::vector<Place> fresh);
  void find_referrers(const std::vector<Place>& subjects);
  void take_referrers(const Place& subject, std::string uri, Result<Document> answer);

  void keep_sif_tags();

  // poll_publish.cpp: what is shipped
  Result<Proposal> publish();
  void take_blobs(const std::vector<Repository*>& changed);
  void ask_for_blob(const Repository& repository, const oci::Descriptor& blob);
  void fetch_asked();
  Result<proto::Blob> intake_blob(const oci::Descriptor& blob, FetchedFile file);
  Result<proto::Blob> intake_manifest(const Place& place, FetchedFile file);
  void note_refusal(const Sha256Digest& digest, const Error& why);
  void publish_repository(Repository& repository, std::uint64_t& room, Proposal& proposal);
  void list_closure(const Repository& repository, Proposal& proposal) const;
  void mark_faults(Repository& repository);
  void name_faults(const Repository& repository);
  OciState settle(const OciGraph& graph, const OciGraph::IsHad& had) const;
  bool has_all(const OciNode& node) const;

  void fail(Error error);
  void progress(std::string_view stage, std::size_t done, std::size_t total) const;

  const OciSettings& settings_;
  OciOrigin& origin_;
  SifCheck& sif_;
  observe::Counters& counters_;
  const Clock& clock_;
  PollContext& context_;
  RecordCache records_;
  ManifestCache manifests_;
  OciCursor cursor_;
  std::map<std::string, Repository> repositories_;  // by name
  std::vector<Place> unread_;                       // nodes that are still to be looked at
  std::map<std::string, bool> has_referrers_;       // by name: whether such lists are served
  struct Wanted {
    OciOrigin::AskedFile file;
    oci::Descriptor blob;
    Place manifest;  // only where it is one: its node gets the blob
  };
  std::vector<Wanted> to_fetch_;
  std::set<Sha256Digest> sif_layers_;  // of what changed, whatever else names them
  std::map<Sha256Digest, std::optional<proto::Blob>> blobs_;  // none: it could not be had
  struct Fault {
    Error error;
    bool may_pass;
  };
  std::map<Sha256Digest, Fault> faults_;
  std::size_t answered_ = 0;
  std::optional<Error> unavailable_;
  std::vector<Error> problems_;
  std::optional<Error> broken_;  // our own disk, not the registry
};

}  // namespace sluice::low
