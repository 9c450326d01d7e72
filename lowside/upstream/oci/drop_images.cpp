#include "lowside/upstream/oci/drop_images.h"

#include <algorithm>
#include <boost/json.hpp>

#include "common/base/limits.h"
#include "common/ecosystem/oci/names.h"

namespace sluice::low {
namespace {

namespace json = boost::json;

constexpr std::string_view kManifests = "manifests/";
constexpr std::string_view kBlobs = "blobs/";
constexpr std::string_view kReferrers = "referrers/";
constexpr std::string_view kTags = "tags/list";
constexpr std::string_view kSifEnding = ".sif";

// What concerns more than one archive.
bool ends_poll(const Error& error) {
  return error.code == ErrorCode::kExhausted || error.code == ErrorCode::kCancelled;
}

// It would be so again.
bool is_for_good(const Error& error) {
  return error.code == ErrorCode::kInvalid || error.code == ErrorCode::kRefused;
}

std::int64_t modified(const std::map<std::string, FileState>& key) {
  std::int64_t latest = 0;
  for (const auto& [path, state] : key) {
    latest = std::max(latest, state.modified_nanos);
  }
  return latest;
}

Error not_there(const std::string& thing) {
  return {ErrorCode::kNotFound, thing, "no archive in the folder has it",
          "lay the archive that it came from into the folder again"};
}

}  // namespace

OciDropImages::OciDropImages(DropSettings settings, FileSystem& files, const Clock& clock,
                             observe::Counters& counters)
    : serve_as_(settings.name), counters_(counters), drop_(std::move(settings), files, clock) {}

// The files of each archive, by its path; those that have not settled are left out.
std::map<std::string, OciDropImages::Key> OciDropImages::group(const DropFolder::Scan& scan) {
  std::set<std::string> layouts;
  for (const auto& [path, state] : scan.present) {
    const std::size_t slash = path.rfind('/');
    if (slash != std::string::npos && path.substr(slash + 1) == kLayoutMark) {
      layouts.insert(path.substr(0, slash));
    }
  }
  const auto archive_of = [&](const std::string& path) {
    for (std::size_t at = path.find('/'); at != std::string::npos; at = path.find('/', at + 1)) {
      if (layouts.contains(path.substr(0, at))) {
        return path.substr(0, at);
      }
    }
    return path;
  };
  std::map<std::string, Key> archives;
  for (const auto& [path, state] : scan.present) {
    archives[archive_of(path)].emplace(path, state);
  }
  const std::set<std::string> settled(scan.settled.begin(), scan.settled.end());
  std::erase_if(archives, [&](const auto& archive) {
    return !std::ranges::all_of(archive.second,
                                [&](const auto& file) { return settled.contains(file.first); });
  });
  return archives;
}

Result<void> OciDropImages::look(PollContext& context, std::vector<Error>& problems) {
  SLUICE_TRY_VOID(drop_.clear(context.work));
  SLUICE_TRY(const DropFolder::Scan scan, drop_.scan());
  problems.insert(problems.end(), scan.problems.begin(), scan.problems.end());
  auto found = group(scan);
  given_.clear();
  std::erase_if(archives_, [&](const auto& known) {
    const auto now = found.find(known.first);
    return now == found.end() || now->second != known.second.key;
  });
  std::size_t done = 0;
  for (auto& [path, key] : found) {
    if (context.progress) {
      context.progress("archives", done++, found.size());
    }
    const auto [place, is_new] = archives_.try_emplace(path);
    Known& known = place->second;
    if (is_new) {
      known.key = std::move(key);
      if (auto outcome = read(path, known, context); !outcome) {
        if (ends_poll(outcome.error())) {
          archives_.erase(place);
          return outcome;
        }
        const ErrorCode code = outcome.error().code;
        if (code == ErrorCode::kUnavailable || code == ErrorCode::kIo) {  // it is looked at again
          problems.push_back(outcome.error());
          archives_.erase(place);
          continue;
        }
        refuse(known, outcome.error());
      }
    }
    problems.insert(problems.end(), known.problems.begin(), known.problems.end());
  }
  return {};
}

Result<void> OciDropImages::read(const std::string& path, Known& known, PollContext& context) {
  const auto file = known.key.find(path);
  if (path.ends_with(kSifEnding) && file != known.key.end()) {
    known.files = open_image_folder(drop_, "", known.key);
    SLUICE_TRY(known.archive, read_sif_file(path, *known.files, serve_as_, context.stop));
    return {};
  }
  if (file == known.key.end()) {
    known.files = open_image_folder(drop_, path + "/", known.key);
  } else {
    SLUICE_TRY(known.files, open_image_tar(drop_, path, file->second, context.stop));
  }
  SLUICE_TRY(known.archive, read_image_archive(drop_.place(path).string(), path, *known.files,
                                               serve_as_, known.problems, context.stop));
  return {};
}

void OciDropImages::refuse(Known& known, Error why) {
  if (!known.is_refused) {
    counters_.add(observe::Metric::kImageArchivesRefused);
    known.is_refused = true;
    known.archive = {};
    known.problems = {std::move(why)};
  }
}

void OciDropImages::refused(const Sha256Digest& digest, const Error& why) {
  const auto given = given_.find(digest);
  const auto known = given == given_.end() ? archives_.end() : archives_.find(given->second);
  if (known == archives_.end()) {
    return;
  }
  refuse(known->second, of_archive(known->first, why));
}

Error OciDropImages::of_archive(const std::string& path, Error error) const {
  error.cause = error.thing + ": " + error.cause;
  error.thing = drop_.place(path).string();
  error.cure += std::string(error.cure.empty() ? "" : "; ") +
                "the archive is left alone until it changes: save it again";
  return error;
}

std::set<ImageName> OciDropImages::names() const {
  std::set<ImageName> names;
  for (const auto& [path, known] : archives_) {
    for (const auto& [name, manifest] : known.archive.images) {
      names.insert(name);
    }
  }
  return names;
}

const ImageArchive::Manifest* OciDropImages::tagged(const ImageName& name) const {
  const ImageArchive::Manifest* latest = nullptr;
  std::int64_t when = 0;
  for (const auto& [path, known] : archives_) {
    const auto found = known.archive.images.find(name);
    if (found != known.archive.images.end() && (latest == nullptr || modified(known.key) >= when)) {
      latest = &found->second;
      when = modified(known.key);
    }
  }
  return latest;
}

std::string OciDropImages::uri(const std::string& repository, const std::string& path) const {
  return drop_.origin(repository + "/" + path);
}

std::string OciDropImages::rest_of(const std::string& repository, const std::string& uri) const {
  return uri.substr(std::min(uri.size(), this->uri(repository, "").size()));
}

Document OciDropImages::tags(const std::string& repository) const {
  json::array tags;
  for (const ImageName& name : names()) {
    if (name.repository == repository) {
      tags.emplace_back(name.tag);
    }
  }
  return {.body = json::serialize(json::object{{"name", repository}, {"tags", std::move(tags)}})};
}

Document OciDropImages::referrers(const Sha256Digest& subject) const {
  json::array list;
  std::set<Sha256Digest> seen;
  for (const auto& [path, known] : archives_) {
    const auto [begin, end] = known.archive.referrers.equal_range(subject);
    for (auto at = begin; at != end; ++at) {
      if (seen.insert(at->second.digest).second) {
        list.push_back(json::object{{"mediaType", at->second.media_type},
                                    {"digest", oci::digest_text(at->second.digest)},
                                    {"size", at->second.size}});
      }
    }
  }
  return {
      .body = json::serialize(json::object{
          {"schemaVersion", 2}, {"mediaType", oci::kOciIndex}, {"manifests", std::move(list)}})};
}

Result<Document> OciDropImages::document(PollContext& /*context*/, const AskedDocument& asked) {
  const std::string rest = rest_of(asked.repository, asked.request.uri);
  if (rest.starts_with(kTags)) {
    return tags(asked.repository);
  }
  if (rest.starts_with(kReferrers)) {
    const auto subject = oci::parse_digest(rest.substr(kReferrers.size()));
    return subject ? Result<Document>(referrers(*subject)) : not_there(asked.request.uri);
  }
  const std::string reference = rest.substr(std::min(rest.size(), kManifests.size()));
  const ImageArchive::Manifest* manifest = tagged({asked.repository, reference});
  if (manifest == nullptr) {
    return not_there(asked.request.uri);
  }
  return Document{.content_type = manifest->media_type,
                  .content_digest = oci::digest_text(manifest->digest)};
}

void OciDropImages::documents(
    PollContext& context, const std::vector<AskedDocument>& asked,
    const std::function<void(std::size_t index, Result<Document>)>& done) {
  for (std::size_t i = 0; i < asked.size(); ++i) {
    done(i, document(context, asked[i]));
  }
}

OciDropImages::Archives::iterator OciDropImages::holder(const Sha256Digest& digest) {
  return std::ranges::find_if(archives_, [&](const auto& known) {
    const ImageArchive& archive = known.second.archive;
    return archive.made.contains(digest) || archive.files.contains(digest);
  });
}

// One pass through each archive for all that is asked of it; what is asked for twice costs another.
void OciDropImages::files(PollContext& context, const std::vector<AskedFile>& asked,
                          const Done& done) {
  std::vector<Wanted> open;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    open.push_back({i, &asked[i]});
  }
  while (!open.empty()) {
    std::map<std::string, Members> by_archive;
    std::vector<Wanted> again;
    for (const Wanted& wanted : open) {
      const FetchRequest& request = wanted.asked->request;
      const std::string rest = rest_of(wanted.asked->repository, request.uri);
      const auto digest = oci::parse_digest(std::string_view(rest).substr(
          rest.starts_with(kBlobs) ? kBlobs.size() : std::min(rest.size(), kManifests.size())));
      const auto known = digest ? holder(*digest) : archives_.end();
      if (known == archives_.end()) {
        done(wanted.index, not_there(request.name));
        continue;
      }
      given_[*digest] = known->first;
      const ImageArchive& archive = known->second.archive;
      if (const auto bytes = archive.made.find(*digest); bytes != archive.made.end()) {
        done(wanted.index, made(known->first, bytes->second, request, context));
      } else if (!by_archive[known->first].emplace(archive.files.at(*digest), wanted).second) {
        again.push_back(wanted);
      }
    }
    for (auto& [path, members] : by_archive) {
      take(path, archives_.at(path), std::move(members), context, done);
    }
    open = std::move(again);
  }
}

Result<FetchedFile> OciDropImages::made(const std::string& path, const std::string& bytes,
                                        const FetchRequest& request, PollContext& context) {
  FetchRequest from = request;
  from.uri = drop_.origin(path);
  std::string_view rest = bytes;
  const auto read = [&](MutableByteView into) -> Result<std::size_t> {
    const std::size_t count = std::min(into.size(), rest.size());
    std::ranges::copy(as_bytes(rest.substr(0, count)), into.begin());
    rest.remove_prefix(count);
    return count;
  };
  return drop_.keep(std::move(from), read, bytes.size(), context.work, context.stop);
}

void OciDropImages::take(const std::string& path, Known& known, Members members,
                         PollContext& context, const Done& done) {
  std::set<std::string> names;
  for (const auto& [name, wanted] : members) {
    names.insert(name);
  }
  // A reference into `known` does not outlive what `done` does: it may refuse the archive.
  ImageFiles& files = *known.files;
  const auto each = [&](const std::string& name, const DropFolder::Read& read) -> Result<void> {
    const auto member = members.find(name);
    const Wanted wanted = member->second;
    FetchRequest request = wanted.asked->request;
    request.uri = drop_.origin(path);
    const std::uint64_t limit = request.size_limit != 0
                                    ? request.size_limit
                                    : request.expected_size.value_or(limits::kMaxBlobBytes);
    Result<FetchedFile> file =
        drop_.keep(std::move(request), read, limit, context.work, context.stop);
    if (!file && ends_poll(file.error())) {
      return std::move(file).error();
    }
    if (!file && is_for_good(file.error())) {
      refuse(known, of_archive(path, file.error()));
    }
    members.erase(member);
    done(wanted.index, std::move(file));
    return {};
  };
  const Result<void> outcome = files.read(names, each, context.stop);
  if (!outcome && is_for_good(outcome.error())) {
    refuse(known, of_archive(path, outcome.error()));
  }
  for (const auto& [name, wanted] : members) {
    done(wanted.index, outcome ? not_there(wanted.asked->request.name) : outcome.error());
  }
}

}  // namespace sluice::low
