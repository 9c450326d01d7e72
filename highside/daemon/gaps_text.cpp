#include "highside/daemon/gaps_text.h"

#include <boost/json.hpp>
#include <map>

#include "common/base/text.h"

namespace sluice::high {
namespace {

namespace json = boost::json;

std::string range(const json::object& gap) {
  const auto first = gap.at("first").to_number<std::uint64_t>();
  const auto last = gap.at("last").to_number<std::uint64_t>();
  return first == last ? std::to_string(first) : std::to_string(first) + "-" + std::to_string(last);
}

std::string list(const json::array& numbers) {
  std::string text;
  for (const json::value& number : numbers) {
    text += (text.empty() ? "" : ", ") + std::to_string(number.to_number<std::uint64_t>());
  }
  return text;
}

std::string paragraph(const json::object& gap) {
  std::string text = std::string(gap.at("stream").as_string()) + "/" + range(gap) + "  " +
                     std::string(gap.at("state").as_string());
  if (const auto& cause = gap.at("cause").as_string(); !cause.empty()) {
    text += ": " + std::string(cause);
  }
  text += "\n";
  for (const json::value& blob : gap.at("missing").as_array()) {
    text += "    " + std::string(blob.at("name").as_string()) + "  " +
            human_size(blob.at("held").to_number<std::uint64_t>()) + " of " +
            human_size(blob.at("size").to_number<std::uint64_t>()) + " are here\n";
  }
  const auto missing = gap.at("missing_blobs").to_number<std::uint64_t>();
  if (const auto shown = gap.at("missing").as_array().size(); missing > shown) {
    text += "    and " + std::to_string(missing - shown) + " more blobs\n";
  }
  if (const auto& waits = gap.at("waits_for").as_array(); !waits.empty()) {
    text += "    waits for " + list(waits) + "\n";
  }
  if (const auto& blocks = gap.at("blocks").as_array(); !blocks.empty()) {
    text += "    holds up " + list(blocks) + "\n";
  }
  return text;
}

}  // namespace

Result<std::string> gaps_text(std::string_view text) {
  try {
    const json::value document = json::parse({text.data(), text.size()});
    std::string all;
    std::map<std::string, std::string> resend;  // by stream: each has a low side of its own
    for (const json::value& gap : document.at("gaps").as_array()) {
      all += paragraph(gap.as_object());
      // A shipment that only waits for another needs no sending.
      if (gap.at("resendable").as_bool() && gap.at("state").as_string() != "waiting-for-after") {
        std::string& ranges = resend[std::string(gap.at("stream").as_string())];
        ranges += (ranges.empty() ? "" : ",") + range(gap.as_object());
      }
    }
    if (all.empty()) {
      return std::string("no gaps\n");
    }
    for (const auto& [stream, ranges] : resend) {
      all += "On the low side of " + stream + ": sluice-low resend " + ranges + "\n";
    }
    return all;
  } catch (const std::exception& error) {
    return Error{ErrorCode::kInvalid, "/gaps", std::string("cannot be read: ") + error.what(),
                 "are program and daemon of the same version?"};
  }
}

}  // namespace sluice::high
