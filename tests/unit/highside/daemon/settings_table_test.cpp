#include "highside/daemon/settings_table.h"

#include <gmock/gmock.h>

#include "common/config/documents.h"
#include "common/config/load.h"

namespace sluice::high {
namespace {

using config::Checked;

// Every default and every example is in force.
std::string spelled_out() {
  std::string text;
  bool line_start = true;
  const std::string example = config::example(settings_table());
  for (std::size_t i = 0; i < example.size(); ++i) {
    if (!(line_start && example[i] == '#' && example[i + 1] != ' ')) {
      text += example[i];
    }
    line_start = example[i] == '\n';
  }
  return text;
}

TEST(SettingsTable, ItsExampleLoadsAsItIsAndSpelledOut) {
  for (const std::string& text : {config::example(settings_table()), spelled_out()}) {
    const Checked checked =
        config::check_text(settings_table(), text, "example.toml", "/etc/sluice");
    for (const config::Problem& problem : checked.problems) {
      ADD_FAILURE() << config::to_string(problem);
    }
  }
  EXPECT_THAT(spelled_out(), testing::HasSubstr("\n[[stream]]\n"));
}

}  // namespace
}  // namespace sluice::high
