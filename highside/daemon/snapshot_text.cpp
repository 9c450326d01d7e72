#include "highside/daemon/snapshot_text.h"

#include <algorithm>
#include <boost/json.hpp>

#include "common/base/text.h"
#include "common/config/value.h"

namespace sluice::high {
namespace {

namespace json = boost::json;

std::string text_of(const json::value& value) {
  return value.is_string() ? std::string(value.get_string()) : "";
}

std::uint64_t number(const json::object& object, const char* key) {
  return object.at(key).to_number<std::uint64_t>();
}

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(text.size(), width), ' ');
  return text;
}

// "2026-01-31T12:00" says enough.
std::string minute(const json::value& time) { return text_of(time).substr(0, 16); }

std::string_view mark(std::string_view change) {
  return change == "added" ? "+" : change == "removed" ? "-" : "~";
}

std::string item_text(const json::object& item) {
  const std::string change = text_of(item.at("change"));
  const std::string was = text_of(item.at("was"));
  const std::string is = text_of(item.at("is"));
  std::string line = "    " + std::string(mark(change)) + " " + text_of(item.at("kind"));
  if (const std::string name = text_of(item.at("name")); !name.empty()) {
    line += " " + name;
  }
  return line + ": " +
         (change == "added"     ? is
          : change == "removed" ? was
                                : was + " -> " + is) +
         "\n";
}

}  // namespace

Result<std::int64_t> read_keep_for(const std::string& text) {
  constexpr std::int64_t kDaysOfAYear = 365;
  constexpr std::size_t kMaxDigits = 4;
  const bool years =
      text.ends_with('y') && text.size() > 1 && text.size() <= kMaxDigits + 1 &&
      std::all_of(text.begin(), text.end() - 1, [](char c) { return c >= '0' && c <= '9'; });
  const auto value =
      config::parse_quantity(config::Type::kDuration,
                             years ? std::to_string(std::stoll(text) * kDaysOfAYear) + "d" : text);
  // In microseconds it must fit 64 bits.
  if (!value || std::get<std::int64_t>(*value) <= 0 ||
      std::get<std::int64_t>(*value) > 10'000 * kDaysOfAYear * 86'400'000) {
    return Error{ErrorCode::kInvalid, "--keep-for " + text, "that is no time to keep it for",
                 "write 1y, 90d or 12h"};
  }
  return std::get<std::int64_t>(*value);
}

std::string snapshots_text(const json::object& listing) {
  std::string text;
  std::size_t width = 0;
  const json::array& snapshots = listing.at("snapshots").as_array();
  for (const json::value& snapshot : snapshots) {
    width = std::max(width, text_of(snapshot.at("name")).size());
  }
  for (const json::value& value : snapshots) {
    const json::object& snapshot = value.as_object();
    const std::string expires = minute(snapshot.at("expires"));
    text += padded(text_of(snapshot.at("name")), width) + "  edition " +
            padded(std::to_string(number(snapshot, "edition")), 6) + "  " +
            minute(snapshot.at("created")) + "  " +
            (expires.empty()                    ? "until it is deleted   "
             : snapshot.at("expired").as_bool() ? "expired " + expires + "  "
                                                : "until " + expires) +
            "  " + text_of(snapshot.at("note")) + "\n";
  }
  return text + "editions " + std::to_string(number(listing, "oldest")) + " to " +
         std::to_string(number(listing, "current")) + " can be read by number\n";
}

std::string difference_text(const json::object& document) {
  const std::string change = text_of(document.at("change"));
  std::string text = std::string(mark(change)) + " " + text_of(document.at("ecosystem")) + " " +
                     text_of(document.at("document")) + "\n";
  for (const json::value& item : document.at("items").as_array()) {
    text += item_text(item.as_object());
  }
  return text;
}

std::string gc_text(const json::object& progress) {
  const bool dry_run = progress.at("dry_run").as_bool();
  std::string text = std::string(dry_run ? "would free " : "freed ") +
                     human_size(number(progress, "bytes")) + " in " +
                     std::to_string(number(progress, "blobs")) + " blobs, and " +
                     std::to_string(number(progress, "states")) + " states of documents\n";
  text += "editions from " + std::to_string(number(progress, "oldest_edition")) + " on " +
          (dry_run ? "would be kept" : "are kept") + ", and " +
          std::to_string(number(progress, "named_editions")) + " that have a name\n";
  if (const json::value* retired = progress.if_contains("retired");
      retired != nullptr && number(progress, "retired") > 0) {
    text += std::string(dry_run ? "would let" : "let") + " go of " +
            std::to_string(number(progress, "retired")) +
            " parts of what the site published, as [[retention]] says\n";
  }
  if (const auto strays = number(progress, "strays"); strays > 0) {
    text += std::to_string(strays) +
            " blobs belong to no shipment that is known; they go when that stays so for a day\n";
  }
  return text;
}

}  // namespace sluice::high
