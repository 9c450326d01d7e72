#include "lowside/upstream/files/files_upstream.h"

#include <fnmatch.h>

#include <algorithm>
#include <set>

#include "lowside/pipeline/media_type.h"
#include "sluice/file.pb.h"

namespace sluice::low {
namespace {

// 100 000 lines of 160 bytes, as url_list.cpp bounds them.
constexpr std::uint64_t kMaxListBytes = std::uint64_t{16} << 20;

// What concerns more than the file at hand: the poll ends, and nothing is shipped.
bool ends_poll(const Error& error) {
  return error.code == ErrorCode::kExhausted || error.code == ErrorCode::kCancelled;
}

std::string media_type_of(const proto::Blob& blob) {
  for (const proto::Evidence& evidence : blob.evidence()) {
    if (evidence.kind() == kMediaTypeEvidence) {
      return evidence.detail();
    }
  }
  return {};
}

}  // namespace

struct FilesUpstream::Poll {
  PollContext& context;
  FilesCursor cursor;
  Proposal proposal;

  void progress(std::string_view stage, std::uint64_t done, std::uint64_t total) const {
    if (context.progress) {
      context.progress(stage, done, total);
    }
  }
};

Result<Proposal> FilesUpstream::poll(PollContext& context) {
  SLUICE_TRY(FilesCursor cursor, FilesCursor::parse(context.cursor, settings_.name));
  SLUICE_TRY_VOID(drop_.clear(context.work));
  Poll poll{context, std::move(cursor), {}};
  if (!settings_.url_list.empty() || !settings_.lines.empty()) {
    SLUICE_TRY_VOID(poll_list(poll));
  }
  SLUICE_TRY_VOID(poll_checksums(poll));
  if (!settings_.drop_folder.empty()) {
    SLUICE_TRY_VOID(poll_drop_folder(poll));
  }
  poll.proposal.cursor = poll.cursor.serialize();
  return std::move(poll.proposal);
}

Result<void> FilesUpstream::poll_drop_folder(Poll& poll) {
  SLUICE_TRY(DropFolder::Scan scan, drop_.scan());
  auto& problems = poll.proposal.problems;
  problems.insert(problems.end(), scan.problems.begin(), scan.problems.end());
  auto& taken = poll.cursor.taken;
  std::erase_if(taken, [&](const auto& entry) {
    const auto present = scan.present.find(entry.first);
    return present == scan.present.end() || present->second != entry.second;
  });
  std::uint64_t done = 0;
  for (const std::string& path : scan.settled) {
    if (taken.contains(path)) {
      // The cursor that says so was saved together with its shipment.
      if (!settings_.done_folder.empty()) {
        if (const Result<void> moved = drop_.move_to_done(path); !moved) {
          problems.push_back(moved.error());
        }
      }
    } else {
      SLUICE_TRY_VOID(take_dropped(poll, path, scan.present.at(path)));
    }
    poll.progress("take", ++done, scan.settled.size());
  }
  return {};
}

Result<void> FilesUpstream::take_dropped(Poll& poll, const std::string& path,
                                         const FileState& state) {
  const auto give_up = [&](Error error) -> Result<void> {
    if (ends_poll(error)) {
      return error;
    }
    poll.proposal.problems.push_back(std::move(error));
    return {};
  };
  if (poll.cursor.listed.contains(path) || poll.cursor.summed.contains(path)) {
    return give_up({ErrorCode::kRefused, drop_.place(path).string(),
                    "the list or a checksum file publishes a file of that path",
                    "rename it, or take the line from the list"});
  }
  Result<FetchedFile> file = drop_.take(path, state, poll.context.work, poll.context.stop);
  if (!file) {
    return give_up(std::move(file).error());
  }
  Expectation expectation;
  expectation.size = state.size;
  expectation.evidence.push_back({"drop-folder", settings_.collection});
  Result<proto::Blob> blob = poll.context.intake.take(std::move(*file), expectation);
  if (!blob) {
    const bool again =
        blob.error().code == ErrorCode::kUnavailable || blob.error().code == ErrorCode::kIo;
    if (!again && !ends_poll(blob.error())) {
      poll.cursor.taken[path] = state;  // it is in quarantine: not again until it changes
    }
    return give_up(std::move(blob).error());
  }
  poll.cursor.taken[path] = state;
  publish(poll, path, std::move(*blob), from_unix_micros(state.modified_nanos / 1000));
  return {};
}

Result<void> FilesUpstream::poll_list(Poll& poll) {
  bool whole = true;
  SLUICE_TRY(const std::vector<ListedUrl> wanted, wanted_of_list(poll, whole));
  SLUICE_TRY_VOID(take_listed(poll, wanted, poll.cursor.listed));
  if (whole) {
    withdraw(poll, wanted);
  }
  return {};
}

Result<void> FilesUpstream::poll_checksums(Poll& poll) {
  std::vector<ListedUrl> wanted;
  std::set<std::string> paths;
  for (const std::string& uri : settings_.checksums) {
    SLUICE_TRY(auto named, wanted_of_checksums(poll, uri));
    for (ListedUrl& entry : named) {
      if (!is_selected(entry.path)) {
        continue;
      }
      if (poll.cursor.listed.contains(entry.path) || !paths.insert(entry.path).second) {
        poll.proposal.problems.push_back(
            {ErrorCode::kRefused, display_uri(uri) + ": " + entry.path,
             "the list or another checksum file publishes a file of that path",
             "exclude it, or give one of them a [[files]] source with a collection of its own"});
        continue;
      }
      wanted.push_back(std::move(entry));
    }
  }
  return take_listed(poll, wanted, poll.cursor.summed);
}

bool FilesUpstream::is_selected(const std::string& path) const {
  const auto matches = [&](const std::string& pattern) {
    return ::fnmatch(pattern.c_str(), path.c_str(), 0) == 0;
  };
  return (settings_.include.empty() || std::ranges::any_of(settings_.include, matches)) &&
         std::ranges::none_of(settings_.exclude, matches);
}

// An Error ends the poll; a file that cannot be had is a problem, and names nothing.
Result<std::vector<ListedUrl>> FilesUpstream::wanted_of_checksums(Poll& poll,
                                                                  const std::string& uri) {
  Document& known = checksum_files_[uri];
  DocumentRequest request;
  request.uri = uri;
  request.if_none_match = known.etag;
  request.if_modified_since = known.last_modified;
  request.size_limit = kMaxListBytes;
  auto answer = poll.context.fetch.document(request, poll.context.stop);
  if (!answer && ends_poll(answer.error())) {
    return answer.error();
  }
  auto& problems = poll.proposal.problems;
  if (!answer) {
    problems.push_back(answer.error());
    return std::vector<ListedUrl>();
  }
  if (answer->status != 304) {
    known = std::move(*answer);
  }
  UrlList list = parse_checksum_file(known.body, uri, settings_.collection);
  problems.insert(problems.end(), list.problems.begin(), list.problems.end());
  return std::move(list.entries);
}

// Publishes what is not among `published` yet, and notes it there.
Result<void> FilesUpstream::take_listed(Poll& poll, const std::vector<ListedUrl>& wanted,
                                        std::map<std::string, std::string>& published) {
  std::vector<ListedUrl> missing;
  for (const ListedUrl& entry : wanted) {
    const auto before = published.find(entry.path);
    if (before != published.end() && before->second == entry.digest.to_string()) {
      continue;
    }
    SLUICE_TRY(auto held, poll.context.intake.held(entry.digest));
    if (!held) {
      missing.push_back(entry);
      continue;
    }
    published[entry.path] = entry.digest.to_string();
    publish(poll, entry.path, std::move(*held), clock_.utc_now());
  }
  SLUICE_TRY_VOID(fetch(poll, missing, published));
  return poll.context.list_closure ? list_closure(poll, wanted, published) : Result<void>();
}

// Those that are published, or can be.
Result<void> FilesUpstream::list_closure(Poll& poll, const std::vector<ListedUrl>& wanted,
                                         const std::map<std::string, std::string>& published) {
  for (const ListedUrl& entry : wanted) {
    const auto listed = published.find(entry.path);
    if (listed == published.end() || listed->second != entry.digest.to_string()) {
      continue;  // a problem says why
    }
    SLUICE_TRY(const auto held, poll.context.intake.held(entry.digest));
    proto::PlanNode& node = poll.proposal.closure.emplace_back();
    node.set_ecosystem("file");
    node.set_document(settings_.collection + "/" + entry.path);
    node.set_item(entry.path);
    if (const auto sha256 = entry.digest.as_sha256()) {
      node.set_sha256(std::string(as_text(sha256->bytes())));
    }
    if (held) {
      node.set_sha256(held->sha256());
      node.set_size(held->size());
    }
  }
  return {};
}

Result<std::vector<ListedUrl>> FilesUpstream::wanted_of_list(Poll& poll, bool& whole) {
  std::string text;
  if (settings_.lines.empty()) {
    SLUICE_TRY(const Bytes bytes, read_file(files_, settings_.url_list, kMaxListBytes));
    text = as_text(bytes);
  }
  for (const std::string& line : settings_.lines) {
    text += line + "\n";
  }
  const std::string name = settings_.lines.empty() ? settings_.url_list.string() : "request";
  UrlList list = parse_url_list(text, name, settings_.collection);
  whole = list.problems.empty() && settings_.lines.empty();
  auto& problems = poll.proposal.problems;
  problems.insert(problems.end(), list.problems.begin(), list.problems.end());
  return std::move(list.entries);
}

Result<void> FilesUpstream::fetch(Poll& poll, const std::vector<ListedUrl>& missing,
                                  std::map<std::string, std::string>& published) {
  std::vector<FetchRequest> requests;
  for (const ListedUrl& entry : missing) {
    FetchRequest request;
    request.uri = entry.uri;
    request.name = entry.path;
    request.digests = {entry.digest.algorithm()};
    request.size_limit = settings_.size_limit;
    requests.push_back(std::move(request));
  }
  std::optional<Error> ended;
  std::uint64_t done = 0;
  const auto arrived = [&](std::size_t index, Result<FetchedFile> file) {
    const ListedUrl& entry = missing[index];
    poll.progress("fetch", ++done, missing.size());
    Result<proto::Blob> blob =
        file ? poll.context.intake.take(std::move(*file),
                                        {.digests = {entry.digest},
                                         .evidence = {{"digest-list", entry.digest.to_string()}}})
             : Result<proto::Blob>(std::move(file).error());
    if (blob) {
      published[entry.path] = entry.digest.to_string();
      publish(poll, entry.path, std::move(*blob), clock_.utc_now());
    } else if (ends_poll(blob.error())) {
      ended = std::move(blob).error();
    } else {
      poll.proposal.problems.push_back(std::move(blob).error());
    }
  };
  poll.context.fetch.files(requests, poll.context.stop, arrived);
  if (ended) {
    return std::move(*ended);
  }
  return {};
}

void FilesUpstream::withdraw(Poll& poll, const std::vector<ListedUrl>& wanted) {
  std::set<std::string> paths;
  for (const ListedUrl& entry : wanted) {
    paths.insert(entry.path);
  }
  std::erase_if(poll.cursor.listed, [&](const auto& published) {
    if (paths.contains(published.first)) {
      return false;
    }
    proto::Record record;
    record.set_ecosystem("file");
    record.set_document(settings_.collection + "/" + published.first);
    record.set_withdrawn(true);
    poll.proposal.records.push_back(std::move(record));
    return true;
  });
}

void FilesUpstream::publish(Poll& poll, const std::string& path, proto::Blob blob,
                            UtcTime modified) {
  proto::FileEntry entry;
  entry.set_sha256(blob.sha256());
  entry.set_size(blob.size());
  entry.set_modified_micros(to_unix_micros(modified));
  entry.set_media_type(media_type_of(blob));
  proto::Record record;
  record.set_ecosystem("file");
  record.set_document(settings_.collection + "/" + path);
  record.set_body(entry.SerializeAsString());
  record.add_blobs(blob.sha256());
  poll.proposal.records.push_back(std::move(record));
  poll.proposal.blobs.push_back(std::move(blob));
}

}  // namespace sluice::low
