#include "lowside/daemon/source_set.h"

namespace sluice::low {

void SourceSet::apply(std::vector<ConfiguredSource> sources) {
  std::map<std::string, Running> before;
  {
    const std::lock_guard lock(mutex_);
    before = running_;
  }
  std::map<std::string, Running> after;
  std::vector<ConfiguredSource> fresh;
  for (ConfiguredSource& source : sources) {
    const auto same = before.find(source.name);
    if (same != before.end() && same->second.settings == source.settings) {
      same->second.runner->poll_soon();
      after.insert(before.extract(same));
    } else {
      fresh.push_back(std::move(source));
    }
  }
  {
    const std::lock_guard lock(mutex_);
    running_ = after;  // those that stay are shown all the while
  }
  before.clear();  // waits for their polls to stop, before others of the same name start
  for (ConfiguredSource& source : fresh) {
    auto runner =
        std::make_shared<SourceRunner>(std::move(source.upstream), parts_, work_ / source.name);
    after.emplace(source.name, Running{std::move(source.settings), std::move(runner)});
  }
  const std::lock_guard lock(mutex_);
  running_ = std::move(after);
}

std::vector<SourceStatus> SourceSet::status() const {
  const std::lock_guard lock(mutex_);
  std::vector<SourceStatus> all;
  all.reserve(running_.size());
  for (const auto& [name, source] : running_) {
    all.push_back(source.runner->status());
  }
  return all;
}

}  // namespace sluice::low
