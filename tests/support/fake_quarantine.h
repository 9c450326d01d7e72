// A quarantine that remembers what it was given and removes the file.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "lowside/pipeline/quarantine.h"

namespace sluice::test {

class FakeQuarantine final : public low::Quarantine {
 public:
  struct Taken {
    std::string name;
    std::string stage;
    Error why;
  };
  std::vector<Taken> taken;

  Result<std::filesystem::path> take(const low::FetchedFile& file, std::string_view stage,
                                     const Error& why) override {
    taken.push_back({file.request().name, std::string(stage), why});
    std::filesystem::remove(file.path().value());
    return std::filesystem::path("/quarantine/" + std::to_string(taken.size()));
  }
};

}  // namespace sluice::test
