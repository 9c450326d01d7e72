// The settings `pattern` and `window` of a source.
#pragma once

#include "common/config/settings.h"
#include "lowside/daemon/source_poll.h"

namespace sluice::low {

// A source's settings with another want-list in them, as an upstream.
using UpstreamFor = std::function<Result<std::unique_ptr<Upstream>>(
    std::vector<std::string> wants, std::vector<std::filesystem::path> files)>;

// `lists`: the settings that hold the want-list, of which the first cannot be empty unless the
// pattern is "request"; `files`: among them, one that names files; empty: there is none.
struct WantLists {
  std::string_view wants;
  std::string_view files{};
};

// The Error names the setting: a combination that has no meaning, nothing wanted.
Result<SourcePattern> read_pattern(const config::Section& section, const WantLists& lists,
                                   UpstreamFor upstream_for);

// "window" where the upstream does not say when something was published.
Result<void> refuse_window(const config::Section& section, std::string why);

}  // namespace sluice::low
