#include "lowside/daemon/source_pattern.h"

namespace sluice::low {
namespace {

using config::Section;

std::chrono::seconds window_of(const Section& section) {
  return section.spec().find("window") == nullptr
             ? std::chrono::seconds(0)
             : std::chrono::duration_cast<std::chrono::seconds>(section.duration("window"));
}

Result<SourcePattern> read_window(const Section& section, const WantLists& lists,
                                  bool lists_files) {
  const std::chrono::seconds window = window_of(section);
  if (window.count() == 0) {
    return section.error("window", "the pattern is \"window\", and none is set",
                         "set for example window = \"30d\", or pattern = \"follow\"");
  }
  if (lists_files) {
    return section.error(lists.files,
                         "a list in a file is one closure, wanted whatever its age: it has no "
                         "window",
                         "list names in " + std::string(lists.wants) +
                             ", or give the file a source of its own with pattern = \"follow\"");
  }
  return SourcePattern{.window = window};
}

}  // namespace

Result<SourcePattern> read_pattern(const Section& section, const WantLists& lists,
                                   UpstreamFor upstream_for) {
  const std::string& pattern = section.string("pattern");
  const bool lists_files = !lists.files.empty() && !section.paths(lists.files).empty();
  const bool standing = lists_files || !section.strings(lists.wants).empty();
  if (pattern != "window" && window_of(section).count() != 0) {
    return section.error("window", "the pattern is \"" + pattern + "\", which has no window",
                         "set pattern = \"window\", or leave window out");
  }
  if (pattern == "request") {
    return SourcePattern{.by_request = ByRequest{std::move(upstream_for), standing}};
  }
  if (pattern == "window") {
    return read_window(section, lists, lists_files);
  }
  return SourcePattern{};
}

Result<void> refuse_window(const Section& section, std::string why) {
  if (section.string("pattern") == "window") {
    return section.error("pattern", std::move(why), "use \"follow\" or \"request\"");
  }
  return {};
}

}  // namespace sluice::low
