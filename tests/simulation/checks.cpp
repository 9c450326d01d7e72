// What the model holds against a running high side.
#include <algorithm>

#include "sluice/file.pb.h"
#include "tests/simulation/model.h"

namespace sluice::sim {
namespace {

constexpr std::string_view kNoDangling = "no dangling index";
constexpr std::string_view kBitForBit = "bit for bit";
constexpr std::string_view kNoSilentLoss = "no silent loss";

http::Response get(const high::FilesMirror& mirror, const std::string& document) {
  http::Request request;
  request.method = "GET";
  request.path = request.raw_path = request.target = "/files/" + document;
  return mirror.handle(request);
}

Bytes read_body(const http::Body& body, const std::string& document) {
  if (const auto* const text = std::get_if<std::string>(&body)) {
    return {text->begin(), text->end()};
  }
  const auto* const range = std::get_if<http::SourceRange>(&body);
  if (range == nullptr) {
    return {};
  }
  Bytes bytes(range->length);
  if (const auto read = range->source->read_at(range->offset, bytes); !read) {
    throw Violation(kNoDangling, document + " cannot be read: " + read.error().message());
  }
  return bytes;
}

}  // namespace

void Model::check_document(const HighSide& side, const std::string& document) const {
  const auto found = visible_.back().find(document);
  const bool shown = found != visible_.back().end() && found->second.version != 0;
  const http::Response response = get(side.mirror(), document);
  if (response.status != (shown ? 200U : 404U)) {
    throw Violation(kNoDangling, document + " answers " + std::to_string(response.status) +
                                     (shown ? " but is visible" : " but is not visible"));
  }
  if (shown &&
      read_body(response.body, document) != content(document, found->second.version).bytes) {
    throw Violation(kBitForBit, document + " is served with other bytes than were offered");
  }
}

void Model::check_edition(const HighSide& side, std::uint64_t edition) const {
  std::map<std::string, std::uint64_t> listed;
  side.catalog()
      .list(Edition(edition), "file", "",
            [&](const high::CatalogEntry& entry) {
              proto::FileEntry file;
              listed[entry.document] = file.ParseFromString(entry.body)
                                           ? static_cast<std::uint64_t>(file.modified_micros())
                                           : 0;
              return true;
            })
      .value();
  std::map<std::string, std::uint64_t> expected;
  for (const auto& [document, shown] : visible_.at(edition)) {
    if (shown.version != 0) {
      expected[document] = shown.version;
    }
  }
  if (listed != expected) {
    throw Violation(kNoDangling, "edition " + std::to_string(edition) + " lists " +
                                     std::to_string(listed.size()) + " documents where " +
                                     std::to_string(expected.size()) + " are visible, or others");
  }
}

void Model::check_all(const HighSide& side) const {
  check_edition(side, edition());
  for (const auto& [document, shown] : visible_.back()) {
    check_document(side, document);
  }
}

void Model::check_gaps(const HighSide& side, std::uint64_t sent) const {
  std::map<std::uint64_t, int> named;
  for (const high::Gap& gap : side.publisher().gaps(10'000, 10'000)) {
    for (std::uint64_t sequence = gap.first.value(); sequence <= gap.last.value(); ++sequence) {
      ++named[sequence];
    }
    // While a blob has just arrived the count may be down before the shipment is looked at again.
    if (sent > 0 && gap.state == high::ShipmentState::kWaitingForBlobs &&
        (gap.missing.empty() || gap.missing_blobs == 0)) {
      throw Violation(kNoSilentLoss,
                      "shipment " + std::to_string(gap.first.value()) + " waits for nothing");
    }
    if (gap.state == high::ShipmentState::kRefused) {
      throw Violation("verified on both sides", "a good shipment was refused: " + gap.cause);
    }
  }
  std::uint64_t highest = sent;
  for (const high::StreamStatus& stream : side.publisher().status().streams) {
    highest = std::max(highest, stream.highest.value());
  }
  for (std::uint64_t sequence = 1; sequence <= highest; ++sequence) {
    const int times = (editions_.contains(sequence) ? 1 : 0) + named[sequence];
    if (times != 1) {
      throw Violation(kNoSilentLoss, "shipment " + std::to_string(sequence) +
                                         (times == 0 ? " is neither visible nor a gap"
                                                     : " is both visible and a gap"));
    }
  }
}

void Model::check_complete() const {
  for (const auto& registry : registries_) {
    for (const auto& [document, version] : registry->documents()) {
      const auto found = visible_.back().find(document);
      const std::uint64_t shown = found == visible_.back().end() ? 0 : found->second.version;
      const std::uint64_t wanted = version.content == nullptr ? 0 : version.number;
      if (shown != wanted) {
        throw Violation("liveness", document + " shows version " + std::to_string(shown) +
                                        " where the registry has " + std::to_string(wanted));
      }
    }
  }
}

}  // namespace sluice::sim
