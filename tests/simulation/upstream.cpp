#include "tests/simulation/upstream.h"

#include <algorithm>
#include <charconv>

#include "sluice/file.pb.h"
#include "tests/support/fake_fetcher.h"

namespace sluice::sim {
namespace {

constexpr std::string_view kFolder = "/low/fetch";
constexpr std::array kAliases{DigestAlgorithm::kSha512, DigestAlgorithm::kSha1,
                              DigestAlgorithm::kMd5, DigestAlgorithm::kGitBlobSha1};

// "17|left-out-a,left-out-b": shipped up to version 17, but for these.
struct Cursor {
  std::uint64_t shipped = 0;
  std::set<std::string> left_out;

  static Cursor parse(const std::string& text) {
    Cursor cursor;
    const std::size_t bar = std::min(text.find('|'), text.size());
    std::from_chars(text.data(), text.data() + bar, cursor.shipped);
    for (std::size_t at = bar + 1; at < text.size();) {
      const std::size_t comma = std::min(text.find(',', at), text.size());
      cursor.left_out.insert(text.substr(at, comma - at));
      at = comma + 1;
    }
    return cursor;
  }
  std::string text() const {
    std::string text = std::to_string(shipped) + "|";
    for (const std::string& document : left_out) {
      text += document + ",";
    }
    return text;
  }
};

std::string uri(const std::string& document, std::uint64_t number) {
  return "https://registry.test/" + document + "#" + std::to_string(number);
}

// As sources do, it names the blob that intake gave back: the bytes that came, not those that were
// meant.
proto::Record record_of(const std::string& document, const Version& version,
                        const proto::Blob& blob) {
  proto::Record record;
  record.set_ecosystem("file");
  record.set_document(document);
  if (version.content == nullptr) {
    record.set_withdrawn(true);
    return record;
  }
  proto::FileEntry entry;
  entry.set_sha256(blob.sha256());
  entry.set_size(blob.size());
  entry.set_modified_micros(static_cast<std::int64_t>(version.number));
  entry.set_media_type("application/octet-stream");
  record.set_body(entry.SerializeAsString());
  record.add_blobs(blob.sha256());
  return record;
}

}  // namespace

Result<low::Proposal> RegistrySource::poll(low::PollContext& context) {
  Cursor cursor = Cursor::parse(context.cursor);
  low::Proposal proposal;
  std::set<std::string> left_out;
  for (const auto& [document, version] : registry_.documents()) {
    if (version.number <= cursor.shipped && !cursor.left_out.contains(document)) {
      continue;
    }
    proto::Blob held;
    if (version.content != nullptr) {
      auto blob = obtain(document, version, context);
      if (!blob) {
        if (blob.error().code == ErrorCode::kExhausted || random_.chance(0.5)) {
          return std::move(blob).error();
        }
        left_out.insert(document);
        proposal.problems.push_back(std::move(blob).error());
        continue;
      }
      held = *blob;
      proposal.blobs.push_back(std::move(*blob));
    }
    proposal.records.push_back(record_of(document, version, held));
  }
  cursor = {registry_.newest(), std::move(left_out)};
  proposal.cursor = cursor.text();
  return proposal;
}

Result<proto::Blob> RegistrySource::obtain(const std::string& document, const Version& version,
                                           low::PollContext& context) {
  const Content& content = *version.content;
  const DigestAlgorithm named =
      random_.chance(0.5) ? DigestAlgorithm::kSha256 : random_.pick(kAliases);
  Digest expected = hash(named, content.bytes);
  if (random_.chance(faults_.index_lies)) {
    expected = hash(named, as_bytes("something else"));
  } else if (random_.chance(0.5)) {
    SLUICE_TRY(auto held, context.intake.held(expected));
    if (held) {
      return std::move(*held);
    }
  }
  std::vector<DigestAlgorithm> computed;
  for (const DigestAlgorithm algorithm : kAliases) {
    if (algorithm == named || random_.chance(0.2)) {
      computed.push_back(algorithm);
    }
  }
  Result<proto::Blob> blob = Error{ErrorCode::kUnavailable, document, "was not fetched", ""};
  context.fetch.files(
      {{.uri = uri(document, version.number), .name = document, .digests = std::move(computed)}},
      context.stop, [&](std::size_t, Result<low::FetchedFile> file) {
        blob = file ? context.intake.take(std::move(*file), {.digests = {expected}})
                    : Result<proto::Blob>(file.error());
      });
  return blob;
}

Result<void> RegistryFetch::open() {
  const std::filesystem::path folder(kFolder);
  SLUICE_TRY_VOID(disk_.files().create_directories(folder));
  std::vector<std::string> left;
  SLUICE_TRY_VOID(
      disk_.files().list_files(folder, [&](std::string name) { left.push_back(std::move(name)); }));
  std::ranges::sort(left);
  for (const std::string& name : left) {
    SLUICE_TRY_VOID(disk_.files().remove(folder / name));
  }
  return {};
}

Result<low::Document> RegistryFetch::document(const low::DocumentRequest& request,
                                              std::stop_token /*stop*/) {
  return Error{ErrorCode::kNotFound, request.uri, "this registry has no documents", ""};
}

void RegistryFetch::documents(const std::vector<low::DocumentRequest>& requests,
                              std::stop_token stop,
                              const std::function<void(std::size_t, Result<low::Document>)>& done) {
  for (std::size_t i = 0; i < requests.size(); ++i) {
    done(i, document(requests[i], stop));
  }
}

void RegistryFetch::files(const std::vector<low::FetchRequest>& requests, std::stop_token /*stop*/,
                          const std::function<void(std::size_t, Result<low::FetchedFile>)>& done) {
  for (std::size_t i = 0; i < requests.size(); ++i) {
    done(i, file(requests[i]));
  }
}

Result<low::FetchedFile> RegistryFetch::file(const low::FetchRequest& request) {
  const std::size_t hash_mark = request.uri.rfind('#');
  const std::uint64_t number = std::stoull(request.uri.substr(hash_mark + 1));
  const Version* version = nullptr;
  for (const auto& registry : registries_) {
    const Version* const found = registry->offered(request.name, number);
    version = found != nullptr ? found : version;
  }
  if (version == nullptr || version->content == nullptr || random_.chance(faults_.fails)) {
    return Error{ErrorCode::kUnavailable, request.uri, "the registry does not answer", ""};
  }
  Bytes bytes = version->content->bytes;
  if (random_.chance(faults_.cut_short)) {
    bytes.resize(bytes.size() / 2);
  } else if (random_.chance(faults_.lies)) {
    bytes.push_back(0);
    bytes[random_.below(bytes.size())] ^= 0x40;
  }
  const auto path = std::filesystem::path(kFolder) / std::to_string(next_++);
  return low::Fetcher::fetched(disk_.files(), path, as_text(bytes), request);
}

}  // namespace sluice::sim
