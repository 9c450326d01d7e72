#include "highside/mirror/snapshots/snapshot_mirror.h"

#include <boost/json/serialize.hpp>
#include <charconv>

#include "highside/mirror/snapshots/listing.h"
#include "highside/pipeline/miss.h"

namespace sluice::high {
namespace {

namespace json = boost::json;

constexpr std::string_view kEdition = "/edition";
constexpr std::string_view kSnapshot = "/snapshot";
constexpr std::string_view kNeverChanges = "public, immutable, max-age=31536000";

bool is_read(const http::Request& request) {
  return request.method == "GET" || request.method == "HEAD";
}

http::Response document(const http::Request& request, const json::object& object) {
  if (!is_read(request)) {
    return http::error_response(405,
                                "snapshots are named by the operators of this side: "
                                "sluice-high snapshot create");
  }
  http::Response response = http::json_response(json::serialize(object) + "\n");
  response.headers.emplace("Cache-Control", "no-cache");
  return response;
}

// Without zeros in front, so that an edition has one address.
std::optional<Edition> read_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && std::to_string(number) == text ? std::optional(Edition(number)) : std::nullopt;
}

// What comes from the catalog alone. Settings for clients, and apt's keys and pages, do not.
bool is_of_the_catalog(std::string_view below) {
  constexpr std::string_view kApt = "/apt/";
  if (!below.starts_with(kApt)) {
    return !below.starts_with("/setup");
  }
  const std::size_t archive = below.find('/', kApt.size());
  const std::string_view path =
      archive == std::string_view::npos ? std::string_view() : below.substr(archive);
  return path.starts_with("/dists/") || path.starts_with("/pool/");
}

// An edition's documents are for ever what they are. Those that said so already, and those that
// say otherwise for a reason of their own, stay as they are.
void say_it_never_changes(http::Response& response) {
  if (response.status != 200 && response.status != 206 && response.status != 304) {
    return;
  }
  const auto said = response.headers.find("Cache-Control");
  if (said == response.headers.end()) {
    response.headers.emplace("Cache-Control", kNeverChanges);
  } else if (said->second == "no-cache") {
    said->second = kNeverChanges;
  }
}

}  // namespace

SnapshotMirror::SnapshotMirror(const CatalogReader& catalog, const SnapshotReader& snapshots,
                               const Clock& clock, MakeMirrors make)
    : catalog_(catalog), snapshots_(snapshots), clock_(clock), make_(std::move(make)) {}

// The raw path is looked at: a name needs no escapes, so that each has one spelling, which is also
// the beginning of the decoded path.
http::Response SnapshotMirror::handle(const http::Request& request) {
  const std::string_view path = request.raw_path;
  const bool by_number = path.starts_with(kEdition);
  const std::string_view kind = by_number ? kEdition : kSnapshot;
  if (!path.starts_with(kind)) {
    return http::error_response(404, request.raw_path + ": neither below /edition nor /snapshot");
  }
  std::string_view rest = path.substr(kind.size());
  if (rest.empty() || rest == "/") {
    return listing(request);
  }
  rest.remove_prefix(1);
  const std::size_t end = rest.find('/');
  const std::string_view name = rest.substr(0, end);
  const Result<Edition> edition = edition_of(by_number, name);
  if (!edition) {
    return http::error_response(404, edition.error().message());
  }
  if (end == std::string_view::npos) {
    http::Response moved = http::error_response(301, "see " + std::string(path) + "/");
    moved.headers.emplace("Location", std::string(path) + "/");
    return moved;
  }
  if (end + 1 == rest.size()) {
    return about(request, by_number ? "" : name, *edition);
  }
  return serve(request, std::string(path.substr(0, kind.size() + 1 + end)), *edition, by_number);
}

http::Response SnapshotMirror::listing(const http::Request& request) const {
  return document(request, snapshots_json(snapshots_, catalog_.current(), clock_.utc_now()));
}

http::Response SnapshotMirror::about(const http::Request& request, std::string_view name,
                                     Edition edition) const {
  if (const auto snapshot = snapshots_.find_snapshot(name)) {
    return document(request, snapshot_json(*snapshot, clock_.utc_now()));
  }
  return document(request, {{"edition", edition.value()}});
}

// What there is instead, and how more of it comes to be.
Error SnapshotMirror::dropped(const std::string& thing) const {
  return {ErrorCode::kNotFound, thing, "it is not kept any more",
          "editions " + std::to_string(snapshots_.oldest().value()) + " to " +
              std::to_string(catalog_.current().value()) +
              " can be read, and older ones that have a name: /snapshot/ lists them. Ask the "
              "operators of this side to name what must stay: sluice-high snapshot create"};
}

Result<Edition> SnapshotMirror::edition_of(bool by_number, std::string_view name) const {
  const std::string thing = std::string(by_number ? "edition " : "snapshot ").append(name);
  if (by_number) {
    const auto edition = read_number(name);
    if (!edition || *edition > catalog_.current()) {
      return Error{ErrorCode::kNotFound, thing, "there is none of that number",
                   "the current one is " + std::to_string(catalog_.current().value()) +
                       "; /edition/ lists what can be read"};
    }
    return catalog_.readable(*edition) ? Result<Edition>(*edition) : dropped(thing);
  }
  const auto snapshot = snapshots_.find_snapshot(name);
  if (!snapshot) {
    return Error{ErrorCode::kNotFound, thing, "there is none of that name",
                 "/snapshot/ lists those that there are; the operators of this side name more: "
                 "sluice-high snapshot create"};
  }
  const bool expired = snapshot->expired(clock_.utc_now());
  return expired || !catalog_.readable(snapshot->edition) ? dropped(thing)
                                                          : Result<Edition>(snapshot->edition);
}

http::Response SnapshotMirror::serve(const http::Request& request, std::string prefix,
                                     Edition edition, bool for_ever) {
  const auto set = pinned(std::move(prefix), edition);
  const bool whole = !catalog_.any_lost();  // else what is damaged may be left out
  http::Response response = set->mirrors(request);
  response.lasting = nullptr;  // an edition is dropped by the clock, which changes no version
  // Asked after all was read: an edition is named as dropped before anything of it goes.
  if (!catalog_.readable(edition)) {
    return http::error_response(404,
                                dropped("edition " + std::to_string(edition.value())).message());
  }
  // What an edition lacks it will lack for ever: nobody can help by sending it.
  response.headers.erase(std::string(kWantedField));
  if (for_ever && whole && !catalog_.any_lost() && is_read(request) &&
      is_of_the_catalog(std::string_view(request.raw_path).substr(set->prefix.size()))) {
    say_it_never_changes(response);
  }
  return response;
}

std::shared_ptr<const SnapshotMirror::Pinned> SnapshotMirror::pinned(std::string prefix,
                                                                     Edition edition) {
  const std::lock_guard lock(mutex_);
  for (auto at = recent_.begin(); at != recent_.end(); ++at) {
    if ((*at)->prefix == prefix && (*at)->reader.current() == edition) {
      recent_.splice(recent_.begin(), recent_, at);
      return *recent_.begin();
    }
  }
  auto made = std::make_shared<Pinned>(std::move(prefix), catalog_, edition);
  made->mirrors = make_(made->prefix, made->reader);
  recent_.push_front(std::move(made));
  if (recent_.size() > kMaxPinned) {
    recent_.pop_back();
  }
  return *recent_.begin();
}

}  // namespace sluice::high
