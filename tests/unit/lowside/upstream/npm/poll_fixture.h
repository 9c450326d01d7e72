// A source, the real fetcher, and an intake in memory.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>

#include "lowside/fetch/fetcher.h"
#include "lowside/upstream/npm/npm_source.h"
#include "sluice/npm.pb.h"
#include "tests/support/events.h"
#include "tests/support/memory_intake.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/lowside/upstream/npm/scripted_registry.h"

namespace sluice::low::test {

class PollFixture : public testing::Test {
 protected:
  explicit PollFixture(bool modern = true) : registry(modern) {
    settings.name = "npm-test";
    settings.registry = registry.uri();
    FetchSettings fetch;
    fetch.folder = folder / "fetch";
    fetch.attempts = 2;
    fetcher = Fetcher::open(fetch, posix_file_system(), clock, counters, events,
                            std::make_unique<AtOnce>())
                  .value();
    std::filesystem::create_directories(folder / "work");
  }

  Result<Proposal> poll() {
    PollContext context{*fetcher, intake, cursor, folder / "work", {}, {}};
    context.list_closure = list_closure;
    context.published_since = published_since;
    NpmSource source(settings, counters);
    auto proposal = source.poll(context);
    if (proposal) {
      cursor = proposal->cursor;
      for (const auto& record : proposal->records) {
        records[record.document()] = record;
      }
    }
    return proposal;
  }

  // A lock file of these, as an entry of the want-list; npm is not needed for it.
  void want_lock(const std::string& file,
                 const std::vector<std::pair<std::string, std::string>>& list,
                 const json::object& more = {}) {
    json::object packages{{"", json::object{{"name", "project"}}}};
    for (const auto& [name, version] : list) {
      packages["node_modules/" + name] =
          json::object{{"version", version}, {"integrity", registry.integrity(name, version)}};
    }
    for (const auto& [key, value] : more) {
      packages[key] = value;
    }
    write(file, json::serialize(json::object{{"lockfileVersion", 3}, {"packages", packages}}));
  }
  void write(const std::string& file, const std::string& text) {
    std::ofstream(folder / file) << text;
    if (std::find(settings.files.begin(), settings.files.end(), folder / file) ==
        settings.files.end()) {
      settings.files.push_back(folder / file);
    }
  }

  // "left-pad": {"1.0.0", "1.1.0"} as it was shipped last.
  std::vector<std::string> versions(const std::string& name) {
    const proto::NpmPackage held = package(name);
    std::vector<std::string> result;
    for (const auto& version : held.versions()) {
      result.push_back(version.version());
    }
    return result;
  }
  proto::NpmPackage package(const std::string& name) {
    proto::NpmPackage result;
    if (records.contains(name)) {
      EXPECT_TRUE(result.ParseFromString(records[name].body()));
    }
    return result;
  }
  static std::string problems(const Proposal& proposal) {
    std::string text;
    for (const Error& error : proposal.problems) {
      EXPECT_FALSE(error.cure.empty()) << error.message();
      text += error.message() + "\n";
    }
    return text;
  }
  std::uint64_t count(observe::Metric metric) const { return counters.get(metric); }

  sluice::test::TemporaryFolder folder;
  ScriptedRegistry registry;
  SystemClock clock;
  observe::Counters counters;
  sluice::test::RecordedEvents events;
  NpmSettings settings;
  std::unique_ptr<Fetcher> fetcher;
  MemoryIntake intake;
  std::string cursor;
  bool list_closure = false;
  std::optional<UtcTime> published_since;
  std::map<std::string, proto::Record> records;  // by document: what the high side would show
};

class PlainPollFixture : public PollFixture {
 protected:
  PlainPollFixture() : PollFixture(false) {}
};

}  // namespace sluice::low::test
