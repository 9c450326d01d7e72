#include "lowside/upstream/conda/poll.h"

#include <algorithm>
#include <array>
#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>
#include <set>

#include "common/base/hasher.h"
#include "common/base/limits.h"
#include "common/ecosystem/conda/zstd_text.h"

namespace sluice::low {
namespace {

constexpr std::array<const char*, 2> kIndexes{"repodata.json.zst", "repodata.json"};

// Of the records of one poll, in a manifest of 64 MiB; what a manifest says of a blob beside the
// record: its digests, name, address and evidence.
constexpr std::uint64_t kMaxRecordBytes = std::uint64_t{56} << 20;
constexpr std::uint64_t kBytesOfBlob = 512;
static_assert(kMaxRecordBytes < limits::kMaxManifestBytes);
static_assert(kMaxSelectedBytes + kMaxSelectedFiles * (kBytesOfBlob + 320) < kMaxRecordBytes,
              "what may be selected of a subdir fits a shipment");

// Of the files of an index; empty: base_url is no address.
std::string files_at(const std::string& folder, const std::string& base_url) {
  if (base_url.empty()) {
    return folder;
  }
  const auto base = boost::urls::parse_uri(folder);
  const auto reference = boost::urls::parse_uri_reference(base_url);
  boost::urls::url resolved;
  if (!base || !reference || !boost::urls::resolve(*base, *reference, resolved) ||
      (resolved.scheme() != "http" && resolved.scheme() != "https")) {
    return "";
  }
  const std::string address(resolved.buffer());
  return address.ends_with('/') ? address : address + "/";
}

// One that was taken for another source may lack the digest that clients of this one are shown.
bool has_md5(const proto::Blob& blob, const std::optional<Digest>& md5) {
  return !md5 || std::ranges::any_of(blob.aliases(), [&](const proto::Alias& alias) {
    return alias.algorithm() == proto::MD5 && alias.digest() == as_text(md5->bytes());
  });
}

}  // namespace

CondaPoll::CondaPoll(const CondaSettings& settings, observe::Counters& counters,
                     PollContext& context)
    : settings_(settings),
      counters_(counters),
      context_(context),
      records_(context.work / "records"),
      selection_(settings.include, settings.exclude),
      asked_for_(sha256(as_bytes(settings.channel + " " + selection_.id() + " " +
                                 std::to_string(settings.window.count())))
                     .hex()) {}

Result<Proposal> CondaPoll::run() {
  SLUICE_TRY(cursor_, CondaCursor::read(context_.cursor));
  std::set<std::string> shipped;
  for (const auto& [document, tracked] : cursor_.subdirs) {
    shipped.insert(tracked.record);
  }
  records_.keep_only(shipped);
  std::optional<Error> unavailable;
  std::size_t done = 0;
  for (const std::string& subdir : settings_.subdirs) {
    progress("subdirs", done++, settings_.subdirs.size());
    if (const auto asked = ask(subdir); !asked) {
      if (asked.error().code == ErrorCode::kUnavailable) {
        unavailable = asked.error();
      }
      fail(asked.error());
    }
  }
  // The channel is at fault, not one subdir: the poll is tried again as a whole.
  if (unavailable && subdirs_.empty() && unchanged_ == 0) {
    return *unavailable;
  }
  name_unmatched();
  take_files();
  if (context_.stop.stop_requested()) {
    return Error{ErrorCode::kCancelled, settings_.name, "the program is stopping", ""};
  }
  if (broken_) {
    return *broken_;
  }
  return publish();
}

Result<void> CondaPoll::ask(const std::string& name) {
  Subdir subdir;
  subdir.document = settings_.serve_as + "/" + name;
  if (const auto before = cursor_.subdirs.find(subdir.document); before != cursor_.subdirs.end()) {
    subdir.tracked = before->second;
  }
  const bool is_same = subdir.tracked.asked == asked_for_ && !context_.list_closure;
  SLUICE_TRY(Document index, fetch_index(name, subdir.tracked, is_same));
  if (index.status == 304) {
    ++unchanged_;
    return {};
  }
  subdir.tracked.asked = asked_for_;
  subdir.tracked.etag = std::move(index.etag);
  subdir.tracked.last_modified = std::move(index.last_modified);
  if (auto planned = plan(name, subdir, std::move(index.body)); !planned) {
    counters_.add(observe::Metric::kUpstreamGarbage);
    return planned;
  }
  subdirs_.push_back(std::move(subdir));
  return {};
}

// The document that there was the last time is asked for first.
Result<Document> CondaPoll::fetch_index(const std::string& name, CondaTracked& tracked,
                                        bool conditional) {
  auto indexes = kIndexes;
  if (tracked.index == indexes.back()) {
    std::swap(indexes.front(), indexes.back());
  }
  Result<Document> answer(Document{});
  for (const std::string index : indexes) {
    DocumentRequest request;
    request.uri = settings_.channel + name + "/" + index;
    request.size_limit = kMaxRepodataBytes;
    if (conditional && tracked.index == index) {
      request.if_none_match = tracked.etag;
      request.if_modified_since = tracked.last_modified;
    }
    answer = context_.fetch.document(request, context_.stop);
    if (answer) {
      tracked.index = index;
      return answer;
    }
    // Object stores answer 403 where there is nothing.
    if (answer.error().code != ErrorCode::kNotFound && answer.error().code != ErrorCode::kRefused) {
      return answer;
    }
  }
  Error error = std::move(answer).error();
  if (error.code == ErrorCode::kNotFound) {
    error.cure = "check channel and subdirs: a channel has a repodata.json for each of its subdirs";
  }
  return error;
}

Result<void> CondaPoll::plan(const std::string& name, Subdir& subdir, std::string index) {
  const std::string folder = settings_.channel + name + "/";
  const std::string thing = display_uri(folder + subdir.tracked.index);
  SLUICE_TRY(const std::string text,
             conda::unpack_zstd(thing, std::move(index), kMaxRepodataBytes));
  SLUICE_TRY(Repodata now, read_repodata(thing, name, text, selection_, context_.published_since));
  subdir.files_at = files_at(folder, now.base_url);
  if (subdir.files_at.empty()) {
    return Error{ErrorCode::kInvalid, thing, "its base_url is no address of files",
                 "ask the channel's owner"};
  }
  counters_.add(observe::Metric::kUpstreamGarbage, now.left_out.size() + now.left_out_more);
  for (Error& error : now.left_out) {
    problems_.push_back(std::move(error));
  }
  if (now.left_out_more > 0) {
    problems_.push_back({ErrorCode::kInvalid, thing,
                         std::to_string(now.left_out_more) + " more of its entries are left out",
                         "exclude what is not needed"});
  }
  for (auto& [file, listed] : now.files) {
    File& planned = subdir.files[file];
    planned.entry.set_name(file);
    planned.entry.set_sha256(std::string(as_text(listed.package.sha256.bytes())));
    planned.entry.set_size(listed.package.size);
    planned.entry.set_metadata(std::move(listed.metadata));
    planned.package = std::move(listed.package);
    planned.is_listed = true;
  }
  keep_what_was_shipped(subdir, subdir.tracked.record, now);
  return {};
}

void CondaPoll::keep_what_was_shipped(Subdir& subdir, const std::string& record,
                                      const Repodata& now) {
  if (record.empty()) {
    return;
  }
  const auto shipped = records_.find<proto::CondaSubdir>(record);
  if (!shipped) {
    problems_.push_back({ErrorCode::kNotFound, subdir.document,
                         "what was shipped of it before is no longer held here",
                         "what the channel no longer lists is listed no more from the next "
                         "shipment on"});
    return;
  }
  for (const proto::CondaFile& before : shipped->files()) {
    keep(subdir, before, now);
  }
}

void CondaPoll::keep(Subdir& subdir, const proto::CondaFile& before, const Repodata& now) {
  const std::string thing = subdir.document + "/" + before.name();
  const auto found = subdir.files.find(before.name());
  if (found != subdir.files.end() && found->second.entry.sha256() == before.sha256()) {
    return;
  }
  const std::string name = subdir.document.substr(subdir.document.rfind('/') + 1);
  auto package = conda::read_package(name, before.name(), before.metadata());
  if (!package) {  // an earlier version of this program took it
    problems_.push_back(std::move(package).error());
    return;
  }
  if (found != subdir.files.end()) {
    counters_.add(observe::Metric::kUpstreamBadDigest);
    problems_.push_back({ErrorCode::kIntegrity, thing,
                         "the channel now gives other bytes for a file that was shipped before",
                         "it stays as it was: files never change; ask the channel's owner"});
  }
  File& kept = subdir.files[before.name()];
  kept.entry = before;
  kept.entry.set_removed(before.removed() || now.removed.contains(before.name()));
  kept.package = std::move(*package);
  kept.is_listed = false;
}

// What is told of unchanged subdirs was told when they changed.
void CondaPoll::name_unmatched() {
  if (unchanged_ > 0 || subdirs_.size() < settings_.subdirs.size()) {
    return;
  }
  for (const std::string& pattern : selection_.unmatched()) {
    counters_.add(observe::Metric::kWantUnresolved);
    problems_.push_back({ErrorCode::kNotFound, "pattern \"" + pattern + "\" of " + settings_.name,
                         "no package of the configured subdirs matches it",
                         "check its spelling, its version and subdirs"});
  }
}

void CondaPoll::take_files() {
  std::vector<FetchRequest> requests;
  std::vector<std::pair<Subdir*, std::string>> of;
  for (Subdir& subdir : subdirs_) {
    for (auto& [name, file] : subdir.files) {
      auto held = context_.intake.held(file.package.sha256);
      if (!held) {
        take_file(subdir, name, std::move(held).error());
        continue;
      }
      if (auto& blob = *held; blob && has_md5(*blob, file.package.md5)) {
        take_file(subdir, name, std::move(*blob));
        continue;
      }
      FetchRequest request;
      request.uri = subdir.files_at + name;
      request.name = name;
      request.expected_size = file.package.size;
      if (file.package.md5) {
        request.digests = {DigestAlgorithm::kMd5};
      }
      requests.push_back(std::move(request));
      of.emplace_back(&subdir, name);
    }
  }
  std::size_t done = 0;
  context_.fetch.files(requests, context_.stop,
                       [&](std::size_t index, Result<FetchedFile> fetched) {
                         const auto& [subdir, name] = of[index];
                         const conda::Package& package = subdir->files.at(name).package;
                         Expectation expectation{
                             .digests = {package.sha256},
                             .size = package.size,
                             .evidence = {{"conda-repodata", Digest(package.sha256).to_string()}}};
                         if (package.md5) {
                           expectation.digests.push_back(*package.md5);
                         }
                         progress("files", ++done, requests.size());
                         take_file(*subdir, name,
                                   fetched ? context_.intake.take(std::move(*fetched), expectation)
                                           : Result<proto::Blob>(std::move(fetched).error()));
                       });
}

void CondaPoll::take_file(Subdir& subdir, const std::string& name, Result<proto::Blob> blob) {
  File& file = subdir.files.at(name);
  if (blob) {
    file.blob = std::move(*blob);
    return;
  }
  Error error = std::move(blob).error();
  error.cure += error.cure.empty() ? "" : "; ";
  if (file.is_listed) {
    subdir.failed = true;
    error.cure += subdir.document + " is shipped when all its wanted files can be had";
  } else {
    error.cure +=
        "the channel no longer lists it, and it is no longer held here: it is listed no more from "
        "the next shipment on";
  }
  fail(std::move(error));
}

Result<Proposal> CondaPoll::publish() {
  Proposal proposal;
  std::uint64_t room = kMaxRecordBytes;
  for (Subdir& subdir : subdirs_) {
    if (!subdir.failed) {
      publish_subdir(subdir, room, proposal);
    }
  }
  proposal.problems = std::move(problems_);
  proposal.cursor = cursor_.write();
  return proposal;
}

void CondaPoll::publish_subdir(Subdir& subdir, std::uint64_t& room, Proposal& proposal) {
  proto::CondaSubdir body;
  proto::Record record;
  std::set<std::string> named;
  std::vector<proto::Blob> blobs;
  for (auto& [name, file] : subdir.files) {
    if (!file.blob) {
      continue;
    }
    if (context_.list_closure) {
      list(subdir.document, file, proposal);
    }
    if (named.insert(file.blob->sha256()).second) {
      record.add_blobs(file.blob->sha256());
      blobs.push_back(std::move(*file.blob));
    }
    *body.add_files() = std::move(file.entry);
  }
  if (body.files().empty()) {
    cursor_.subdirs[subdir.document] = std::move(subdir.tracked);
    return;
  }
  record.set_ecosystem(std::string(conda::kEcosystem));
  record.set_document(subdir.document);
  record.set_body(body.SerializeAsString());
  const std::string digest = sha256(as_bytes(record.body())).hex();
  if (digest != subdir.tracked.record) {
    const std::uint64_t bytes = record.body().size() + kBytesOfBlob * blobs.size();
    if (bytes > room) {
      problems_.push_back(
          {ErrorCode::kRefused, subdir.document, "its record has no room in this shipment",
           room < kMaxRecordBytes ? "the next poll takes it"
                                  : "narrow it with include and exclude, under another serve_as"});
      return;
    }
    room -= bytes;
    records_.put(digest, record.body());
    proposal.records.push_back(std::move(record));
    std::ranges::move(blobs, std::back_inserter(proposal.blobs));
    subdir.tracked.record = digest;
  }
  cursor_.subdirs[subdir.document] = std::move(subdir.tracked);
}

void CondaPoll::list(const std::string& document, const File& file, Proposal& proposal) {
  if (!file.is_listed) {
    proposal.besides.push_back(file.entry.sha256());
    return;
  }
  proto::PlanNode& node = proposal.closure.emplace_back();
  node.set_ecosystem(std::string(conda::kEcosystem));
  node.set_document(document);
  node.set_item(file.entry.name());
  node.set_sha256(file.entry.sha256());
  node.set_size(file.entry.size());
}

void CondaPoll::fail(Error error) {
  if (error.code == ErrorCode::kExhausted || error.code == ErrorCode::kIo ||
      error.code == ErrorCode::kCancelled) {
    broken_ = error;
  }
  problems_.push_back(std::move(error));
}

void CondaPoll::progress(std::string_view stage, std::size_t done, std::size_t total) const {
  if (context_.progress) {
    context_.progress(stage, done, total);
  }
}

}  // namespace sluice::low
