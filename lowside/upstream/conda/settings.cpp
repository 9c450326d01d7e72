#include "lowside/upstream/conda/settings.h"

#include <boost/url/parse.hpp>

#include "common/base/text.h"
#include "common/ecosystem/conda/names.h"
#include "lowside/upstream/conda/selection.h"

namespace sluice::low {

std::string conda_channel_name(const std::string& address) {
  const auto parsed = boost::urls::parse_uri(address);
  const std::string name = parsed ? parsed->path() : "";
  const std::size_t first = name.find_first_not_of('/');
  const std::size_t last = name.find_last_not_of('/');
  return first == std::string::npos ? "" : name.substr(first, last - first + 1);
}

Result<void> check_settings(const CondaSettings& settings) {
  if (auto checked = conda::check_channel(settings.serve_as); !checked) {
    Error error = std::move(checked).error();
    error.cure =
        "set serve_as to the name under which the high side is to serve " + settings.channel;
    return error;
  }
  for (const std::string& subdir : settings.subdirs) {
    SLUICE_TRY_VOID(conda::check_subdir(subdir));
  }
  for (const auto* patterns : {&settings.include, &settings.exclude}) {
    for (const std::string& pattern : *patterns) {
      SLUICE_TRY_VOID(check_conda_pattern(pattern));
    }
  }
  return {};
}

}  // namespace sluice::low
