#include "highside/catalog/retention.h"

#include <algorithm>

#include "highside/pipeline/keys.h"

namespace sluice::high {
namespace {

using store::Family;

constexpr std::string_view kPrefix = "untagged/";

std::string key_of(std::string_view ecosystem, std::string_view document, std::string_view part) {
  std::string key(kPrefix);
  append_text(key, ecosystem);
  append_text(key, document);
  append_text(key, part);
  return key;
}

}  // namespace

Result<Retention::Times> Retention::noted() const {
  Times times;
  SLUICE_TRY_VOID(
      index_.scan(Family::kMeta, kPrefix, "", [&](std::string_view key, std::string_view value) {
        // What does not read counts from now on.
        times[std::string(key)] = store::read_u64(value).value_or(UINT64_MAX);
        return true;
      }));
  return times;
}

const RetentionRule* Retention::rule_for(std::string_view ecosystem,
                                         std::string_view document) const {
  const auto rule = std::ranges::find_if(
      rules_, [&](const RetentionRule& one) { return one.names.matches(ecosystem, document); });
  return rule == rules_.end() ? nullptr : &*rule;
}

Result<std::uint64_t> Retention::run(bool dry_run, const std::stop_token& stop) {
  if (rules_.empty()) {
    return std::uint64_t{0};
  }
  SLUICE_TRY(Times before, noted());
  store::Batch notes;
  std::uint64_t gone = 0;
  for (const auto& pruner : pruners_) {
    std::map<std::string, std::set<std::string>> due_of;
    Result<void> status;
    SLUICE_TRY_VOID(
        catalog_.list(catalog_.current(), pruner->ecosystem(), "", [&](const CatalogEntry& entry) {
          const RetentionRule* rule = rule_for(pruner->ecosystem(), entry.document);
          if (rule == nullptr || entry.stream != kSiteStream) {
            return true;
          }
          auto parts = due(*pruner, entry, *rule, before, notes);
          if (!parts) {
            status = parts.error();
            return false;
          }
          if (!parts->empty()) {
            gone += parts->size();
            due_of[entry.document] = std::move(*parts);
          }
          return !stop.stop_requested();
        }));
    SLUICE_TRY_VOID(status);
    for (const auto& [document, parts] : due_of) {
      SLUICE_TRY(const bool went,
                 dry_run ? Result<bool>(true) : take_away(*pruner, document, parts));
      gone -= went ? 0 : parts.size();
    }
  }
  if (dry_run || stop.stop_requested()) {
    return gone;
  }
  for (const auto& [key, since] : before) {  // those that are left are needed again, or gone
    notes.remove(Family::kMeta, key);
  }
  counters_.add(observe::Metric::kSiteRetired, gone);
  SLUICE_TRY_VOID(notes.empty() ? Result<void>()
                                : index_.write(notes, store::Durability::kUnsynced));
  return gone;
}

// Takes what it meets out of `before`.
Result<std::set<std::string>> Retention::due(const Pruner& pruner, const CatalogEntry& entry,
                                             const RetentionRule& rule, Times& before,
                                             store::Batch& notes) const {
  const auto now = static_cast<std::uint64_t>(to_unix_micros(clock_.utc_now()));
  SLUICE_TRY(const std::vector<std::string> loose, pruner.loose(entry));
  struct Part {
    std::uint64_t since;
    std::size_t place;
  };
  std::vector<Part> parts;
  for (std::size_t i = 0; i < loose.size(); ++i) {
    const std::string key = key_of(pruner.ecosystem(), entry.document, loose[i]);
    const auto known = before.find(key);
    const bool counts = known != before.end() && known->second <= now;  // else the clock went back
    parts.push_back({counts ? known->second : now, i});
    if (!counts) {
      std::string value;
      store::append_u64(value, now);
      notes.put(Family::kMeta, key, std::move(value));
    }
    if (known != before.end()) {
      before.erase(known);
    }
  }
  std::ranges::stable_sort(parts, {}, &Part::since);
  parts.resize(parts.size() - std::min(parts.size(), rule.keep_last));
  std::set<std::string> due;
  for (const Part& part : parts) {
    if (now - part.since >= static_cast<std::uint64_t>(rule.untagged_for.count())) {
      due.insert(loose[part.place]);
      notes.remove(Family::kMeta, key_of(pruner.ecosystem(), entry.document, loose[part.place]));
    }
  }
  return due;
}

// False: it has been changed meanwhile, and the next run looks again.
Result<bool> Retention::take_away(const Pruner& pruner, const std::string& document,
                                  const std::set<std::string>& parts) {
  SiteChange change{.ecosystem = std::string(pruner.ecosystem()),
                    .document = document,
                    .by = "retention",
                    .make = {}};
  change.make = [&](const std::optional<CatalogEntry>& now) {
    using Made = Result<std::optional<proto::Record>>;
    if (!now) {
      return Made(std::optional<proto::Record>());
    }
    const auto loose = pruner.loose(*now);
    if (!loose) {
      return Made(loose.error());
    }
    for (const std::string& part : parts) {
      if (std::ranges::find(*loose, part) == loose->end()) {
        return Made(std::optional<proto::Record>());  // a tag came
      }
    }
    auto record = pruner.without(*now, parts);
    return record ? Made(std::optional(std::move(*record))) : Made(record.error());
  };
  SLUICE_TRY(const SiteOutcome outcome, site_.publish(change));
  return outcome.changed;
}

}  // namespace sluice::high
