#include "highside/daemon/gaps_text.h"

#include <boost/json.hpp>

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

Error unreadable(const std::exception& error) {
  return {ErrorCode::kInvalid, "/gaps", std::string("cannot be read: ") + error.what(),
          "are program and daemon of the same version?"};
}

// "On the low side of lab-low: sluice-low resend …", for each stream or code.
std::string commands(const json::array& resend, std::string_view member) {
  std::string text;
  for (const json::value& one : resend) {
    text += "On the low side of " + std::string(one.at("stream").as_string()) +
            ": sluice-low resend " + std::string(one.at(member).as_string()) + "\n";
  }
  return text;
}

}  // namespace

Result<std::string> gaps_text(std::string_view text) {
  try {
    const json::value document = json::parse({text.data(), text.size()});
    std::string all;
    for (const json::value& gap : document.at("gaps").as_array()) {
      all += paragraph(gap.as_object());
    }
    if (all.empty()) {
      return std::string("no gaps\n");
    }
    return all + commands(document.at("resend").as_array(), "shipments");
  } catch (const std::exception& error) {
    return unreadable(error);
  }
}

Result<std::string> codes_text(std::string_view text) {
  try {
    const json::value document = json::parse({text.data(), text.size()});
    const json::array& codes = document.at("codes").as_array();
    if (codes.empty()) {
      return std::string(document.at("gaps").as_array().empty()
                             ? "no gaps\n"
                             : "nothing that the low side can send again; see sluice-high gaps\n");
    }
    std::string all = commands(codes, "code");
    for (const json::value& stream : document.at("resend").as_array()) {
      if (const auto added = stream.at("added").to_number<std::uint64_t>(); added > 0) {
        all += "They send " + std::to_string(added) + " shipments of " +
               std::string(stream.at("stream").as_string()) +
               " more than are missing: there are too many gaps to name each\n";
      }
    }
    return all;
  } catch (const std::exception& error) {
    return unreadable(error);
  }
}

}  // namespace sluice::high
