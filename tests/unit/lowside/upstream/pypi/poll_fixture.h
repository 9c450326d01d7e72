// A source, the real fetcher, and an intake in memory; pip itself, or a script that says what pip
// would.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "lowside/fetch/fetcher.h"
#include "lowside/upstream/pypi/pypi_source.h"
#include "sluice/pypi.pb.h"
#include "tests/support/events.h"
#include "tests/support/memory_intake.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/lowside/upstream/pypi/scripted_index.h"

namespace sluice::low::test {

class PollFixture : public testing::Test {
 protected:
  PollFixture() {
    settings.name = "pypi-test";
    settings.index = index.uri();
    settings.python = "/usr/bin/python3";
    settings.targets = {PypiTarget::read("3.11/manylinux_2_28_x86_64").value()};
    FetchSettings fetch;
    fetch.folder = folder / "fetch";
    fetch.attempts = 2;
    fetcher = Fetcher::open(fetch, posix_file_system(), clock, counters, events,
                            std::make_unique<AtOnce>())
                  .value();
    std::filesystem::create_directories(folder / "work");
  }

  // Instead of pip: says that each want needs these, (project, file).
  void pip_answers(const std::vector<std::pair<std::string, std::string>>& files) {
    json::array install;
    for (const auto& [project, file] : files) {
      install.push_back(
          json::object{{"download_info", json::object{{"url", index.server.uri("/files/" + file)}}},
                       {"is_direct", false},
                       {"metadata", json::object{{"name", project}}}});
    }
    write("report.json",
          json::serialize(json::object{{"version", "1"}, {"install", std::move(install)}}));
    write("pip", "#!/bin/sh\nfor a in \"$@\"; do case $a in --report=*) cp " +
                     (folder / "report.json").string() + " \"${a#--report=}\" ;; esac; done\n" +
                     "echo run >>" + (folder / "runs").string() + "\n");
    use_script();
  }
  void pip_fails(const std::string& error) {
    write("error", error);
    write("pip", "#!/bin/sh\ncat " + (folder / "error").string() + " >&2\nexit 1\n");
    use_script();
  }
  std::size_t pip_runs() const {
    std::ifstream file(folder / "runs");
    std::size_t runs = 0;
    for (std::string line; std::getline(file, line);) {
      ++runs;
    }
    return runs;
  }

  Result<Proposal> poll() {
    PollContext context{*fetcher, intake, cursor, folder / "work", {}, {}};
    context.list_closure = list_closure;
    context.published_since = published_since;
    PypiSource source(settings, counters);
    auto proposal = source.poll(context);
    if (proposal) {
      cursor = proposal->cursor;
      for (const auto& record : proposal->records) {
        records[record.document()] = record;
      }
    }
    return proposal;
  }

  std::filesystem::path write(const std::string& file, const std::string& text) {
    std::ofstream(folder / file, std::ios::binary | std::ios::trunc) << text;
    return folder / file;
  }

  // As it was shipped last.
  proto::PypiProject project(const std::string& name) {
    proto::PypiProject result;
    if (records.contains(name)) {
      EXPECT_TRUE(result.ParseFromString(records[name].body()));
    }
    return result;
  }
  std::vector<std::string> files(const std::string& name) {
    const proto::PypiProject held = project(name);
    std::vector<std::string> result;
    for (const auto& file : held.files()) {
      result.push_back(file.filename());
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
  ScriptedIndex index;
  SystemClock clock;
  observe::Counters counters;
  sluice::test::RecordedEvents events;
  PypiSettings settings;
  std::unique_ptr<Fetcher> fetcher;
  MemoryIntake intake;
  std::string cursor;
  bool list_closure = false;
  std::optional<UtcTime> published_since;
  std::map<std::string, proto::Record> records;  // by document: what the high side would show

 private:
  void use_script() {
    std::filesystem::permissions(folder / "pip", std::filesystem::perms::owner_all);
    settings.python = (folder / "pip").string();
  }
};

}  // namespace sluice::low::test
