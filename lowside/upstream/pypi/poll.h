// One poll of an index of Python packages:
//
//   held projects ─ conditional GET ─> pages ─┐
//   wants × targets ─ pip, where something changed ─> closures ─ GET ─> further pages
//        ─ check ─> files ─ GET, read METADATA, intake ─> blobs ─ whole closures only ─> records
//
// A file that fails is left out with a problem. A closure that lacks a file brings nothing new, but
// for what other, whole closures need as well. A project whose held files no longer check stays as
// it was shipped ("frozen").
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/observe/counters.h"
#include "lowside/pipeline/record_cache.h"
#include "lowside/pipeline/upstream.h"
#include "lowside/upstream/pypi/cursor.h"
#include "lowside/upstream/pypi/record.h"
#include "lowside/upstream/pypi/resolver.h"
#include "lowside/upstream/pypi/settings.h"
#include "lowside/upstream/pypi/simple_page.h"
#include "lowside/upstream/pypi/stand_ins.h"
#include "lowside/upstream/pypi/want.h"
#include "lowside/upstream/pypi/wheel_memory.h"

namespace sluice::low {

// One thread, used once. The settings' index ends with a slash.
class PypiPoll {
 public:
  PypiPoll(const PypiSettings& settings, observe::Counters& counters, PollContext& context);

  Result<Proposal> run();

 private:
  struct Closure {
    std::string want;
    std::string key;
    std::vector<ResolvedFile> files;
    bool is_current = true;  // its pages were asked for before pip was: a later change is seen
    std::set<std::string> projects{};  // that the want names
  };

  // What is fetched for a file, and what must hold.
  struct Chosen {
    proto::PypiFile file;
    std::string url;  // empty where the index no longer lists it
    Sha256Digest sha256;
    std::optional<std::uint64_t> size;
    std::optional<Sha256Digest> metadata;  // what the index says of a wheel's METADATA
    pypi::FileKind kind = pypi::FileKind::kWheel;
  };

  struct Project {
    std::set<std::string> wanted;    // names of files
    std::optional<SimplePage> page;  // there if it may give a new record
    std::optional<Error> no_page;    // the index gave none
    std::string etag;
    std::string last_modified;
    std::string answer;
    std::map<std::string, Chosen> chosen;
    std::map<std::string, HeldFile> held;  // with their blobs in the spool
    bool is_asked = false;                 // in this poll, with an answer
    bool frozen = false;
  };

  // poll.cpp
  void fetch_pages(const std::set<std::string>& names, bool conditional);
  std::optional<Error> silence() const;
  void take_page(const std::string& name, const std::string& uri, Result<Document> answer);
  void take_new_page(const std::string& name, const std::string& uri, const Document& answer);
  const PypiTracked* tracked(const std::string& project) const;
  const PypiShipped* shipped(const std::string& project, const std::string& file) const;
  bool is_changed(const std::string& project) const;
  // Remembers why; a full or failing disk ends the poll.
  void fail(const std::string& project, const std::string& file, Error error);
  void progress(std::string_view stage, std::size_t done, std::size_t total) const;

  // poll_resolve.cpp
  Result<void> resolve_wants();
  Result<std::string> read_constraints();
  void resolve_inline(const PypiTarget& target);
  bool resolve_apart(const PypiWant& all, const PypiTarget& target);
  void resolve_file(const std::filesystem::path& path, const PypiTarget& target);
  std::optional<Error> resolve(const PypiWant& want, const PypiTarget& target);
  Error why(const std::string& want, const PipFailure& failure, const PypiTarget& target);
  std::string key_of(const PypiWant& want, const PypiTarget& target) const;
  bool still_stands(const std::vector<ResolvedFile>& closure) const;
  void add_closure(Closure closure);
  void want_files(const Closure& closure);
  void unresolved(Error error);

  // poll_sources.cpp
  void prepare_sources();
  Result<void> prepare_source(const std::string& source);
  Result<void> stand_in(const std::string& project, const SimpleFile& file);
  Result<std::string> fetch_pkg_info(const SimpleFile& file, const Sha256Digest& digest);

  // poll_files.cpp
  void fetch_missing_pages();
  void choose_files();
  void choose(const std::string& name, Project& project, const std::string& file);
  void choose_unlisted(const std::string& name, Project& project, const std::string& file);
  void take_files();
  // With the index's own credentials where it keeps the file itself; nobody else is shown them.
  std::string with_credentials(const std::string& url) const;
  FetchRequest request_of(const Chosen& chosen) const;
  static Expectation expectation_of(const Chosen& chosen);
  bool take_held(const std::string& name, Project& project, const Chosen& chosen);
  void take_file(const std::string& name, Project& project, const Chosen& chosen,
                 Result<FetchedFile> fetched);
  Result<HeldFile> admit(const std::string& name, const Chosen& chosen, FetchedFile fetched);

  // poll_provenance.cpp
  void take_provenance();
  bool take_held_provenance(const std::string& name, const std::string& file, HeldFile& held);
  Result<proto::Blob> admit_provenance(const std::string& file, const HeldFile& held,
                                       Result<Document> answer);

  // poll_closure.cpp
  void leave_out_old(UtcTime since);
  bool is_old(const Closure& closure, UtcTime since);
  void flag_mixed_variants(const Closure& closure);
  Result<void> list_closure(const std::set<std::string>& shippable, Proposal& proposal) const;
  Result<proto::PlanNode> node_of(const ResolvedFile& resolved) const;

  // poll_publish.cpp
  Result<Proposal> publish();
  std::set<std::string> files_of_whole_closures();
  std::optional<std::string> what_is_wrong(const ResolvedFile& resolved) const;
  void publish_project(const std::string& name, Project& project,
                       const std::set<std::string>& shippable, Proposal& proposal);

  const PypiSettings& settings_;
  observe::Counters& counters_;
  PollContext& context_;
  RecordCache records_;
  PipResolver resolver_;
  StandIns stand_ins_;
  WheelMemory wheels_;
  PypiCursor cursor_;
  std::string constraints_;
  std::map<std::string, Project> projects_;
  std::vector<Closure> closures_;
  std::map<std::string, std::string> failures_;  // why a file, by name, cannot be had
  std::vector<Error> problems_;
  std::optional<Error> unavailable_;  // the index did not answer for one of the wants
  std::optional<Error> broken_;       // our own disk or pip, not the index
};

}  // namespace sluice::low
