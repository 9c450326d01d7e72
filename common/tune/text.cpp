#include <boost/json.hpp>

#include "common/tune/tune.h"

namespace sluice::tune {
namespace {

const char* word(Finding::State state) {
  switch (state) {
    case Finding::State::kOk:
      return "ok";
    case Finding::State::kChange:
      return "change";
    case Finding::State::kUnknown:
      return "unknown";
  }
  return "";
}

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(text.size(), width), ' ');
  return text;
}

}  // namespace

std::string as_text(const std::vector<Finding>& findings) {
  std::size_t what = 0;
  std::size_t present = 0;
  std::size_t wanted = 0;
  for (const Finding& finding : findings) {
    what = std::max(what, finding.what.size());
    present = std::max(present, finding.present.size());
    wanted = std::max(wanted, finding.wanted.size());
  }
  constexpr std::size_t kState = 7;
  std::string text;
  for (const Finding& finding : findings) {
    text += padded(word(finding.state), kState) + "  " + padded(finding.what, what) + "  " +
            padded(finding.present, present) + "  " + padded(finding.wanted, wanted) + "  " +
            finding.why + "\n";
    if (!finding.command.empty()) {
      text += std::string(kState + 2, ' ') + "$ " + finding.command + "\n";
    }
  }
  return text;
}

std::string as_json(const std::vector<Finding>& findings) {
  boost::json::array list;
  for (const Finding& finding : findings) {
    list.push_back({{"what", finding.what},
                    {"state", word(finding.state)},
                    {"present", finding.present},
                    {"wanted", finding.wanted},
                    {"why", finding.why},
                    {"command", finding.command}});
  }
  return boost::json::serialize(list) + "\n";
}

}  // namespace sluice::tune
