// The names of a simulated file system, and which of them are on the disk: as with a journaling
// file system, an operation is there whole or not at all, and never without what was done before in
// the same folder.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/support/sim_file.h"

namespace sluice::test {

// Paths are absolute and normal, without a slash at the end. One thread at a time.
class SimNames {
 public:
  struct Node {
    std::shared_ptr<SimFile> file;  // none: a folder
  };
  struct Change {
    std::string path;
    std::optional<Node> node;  // none: the name goes
  };
  using Nodes = std::map<std::string, Node, std::less<>>;

  SimNames() { now_["/"] = durable_["/"] = Node{}; }

  const Node* find(std::string_view path) const;
  const Nodes& all() const { return now_; }
  static std::string parent(std::string_view path);

  // One operation: all of `changes` or none survive a crash. Durable when `folder` is synced.
  void change(const std::string& folder, std::vector<Change> changes);
  void sync(const std::string& folder);
  void sync_all();
  // At random: of all operations together, or of those in each folder, the latest are lost. Bytes
  // of the files that are left go as SimFile says.
  void crash(Loss loss, std::mt19937_64& random);

 private:
  struct Operation {
    std::string folder;
    std::vector<Change> changes;
    std::set<std::string> folders() const;  // whose names it changes
  };
  static void apply(Nodes& nodes, const Operation& operation);
  std::vector<bool> survivors(Loss loss, std::mt19937_64& random) const;

  Nodes now_;
  Nodes durable_;
  std::vector<Operation> pending_;  // between the two, in order
};

}  // namespace sluice::test
