#include "tests/support/sim_names.h"

#include <algorithm>

namespace sluice::test {

std::string SimNames::parent(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 ? "/" : std::string(path.substr(0, slash));
}

const SimNames::Node* SimNames::find(std::string_view path) const {
  const auto at = now_.find(path);
  return at == now_.end() ? nullptr : &at->second;
}

std::set<std::string> SimNames::Operation::folders() const {
  std::set<std::string> all;
  for (const Change& change : changes) {
    all.insert(parent(change.path));
  }
  return all;
}

void SimNames::apply(Nodes& nodes, const Operation& operation) {
  for (const Change& change : operation.changes) {
    if (change.node) {
      nodes.insert_or_assign(change.path, *change.node);
    } else {
      nodes.erase(change.path);
    }
  }
}

void SimNames::change(const std::string& folder, std::vector<Change> changes) {
  for (const Change& change : changes) {
    if (const Node* const before = find(change.path); before != nullptr && before->file) {
      before->file->remove_name();
    }
    if (change.node && change.node->file) {
      change.node->file->add_name();
    }
    apply(now_, {folder, {change}});
  }
  pending_.push_back({folder, std::move(changes)});
}

void SimNames::sync(const std::string& folder) {
  // What goes with it: everything earlier in the folders that it changes.
  std::vector<bool> synced(pending_.size());
  std::set<std::string> reached;
  for (std::size_t i = pending_.size(); i-- > 0;) {
    const auto folders = pending_[i].folders();
    if (pending_[i].folder == folder ||
        std::ranges::any_of(folders, [&](const auto& name) { return reached.contains(name); })) {
      synced[i] = true;
      reached.insert(folders.begin(), folders.end());
    }
  }
  std::vector<Operation> rest;
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    if (synced[i]) {
      apply(durable_, pending_[i]);
    } else {
      rest.push_back(std::move(pending_[i]));
    }
  }
  pending_ = std::move(rest);
}

void SimNames::sync_all() {
  durable_ = now_;
  pending_.clear();
}

std::vector<bool> SimNames::survivors(Loss loss, std::mt19937_64& random) const {
  std::vector<bool> kept(pending_.size(), loss == Loss::kNone);
  if (loss != Loss::kRandom || pending_.empty()) {
    return kept;
  }
  if (random() % 2 == 0) {
    const auto count = static_cast<std::ptrdiff_t>(random() % (pending_.size() + 1));
    std::fill_n(kept.begin(), count, true);
    return kept;
  }
  std::map<std::string, std::size_t> counts;  // of operations in each folder that survive
  for (const Operation& operation : pending_) {
    for (const std::string& folder : operation.folders()) {
      ++counts[folder];
    }
  }
  for (auto& [folder, count] : counts) {
    count = random() % (count + 1);
  }
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    const auto folders = pending_[i].folders();
    kept[i] = std::ranges::all_of(folders, [&](const auto& folder) { return counts[folder] > 0; });
    for (const std::string& folder : folders) {
      counts[folder] = kept[i] ? counts[folder] - 1 : 0;
    }
  }
  return kept;
}

void SimNames::crash(Loss loss, std::mt19937_64& random) {
  const std::vector<bool> kept = survivors(loss, random);
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    if (kept[i]) {
      apply(durable_, pending_[i]);
    }
  }
  pending_.clear();
  for (const auto& [path, node] : now_) {
    if (node.file) {
      node.file->remove_name();
    }
  }
  // What lies in a folder that is gone is gone too; a folder comes before what lies in it.
  now_.clear();
  for (const auto& [path, node] : durable_) {
    if (path == "/" || now_.contains(parent(path))) {
      now_.emplace(path, node);
    }
  }
  durable_ = now_;
  std::set<const SimFile*> seen;
  for (const auto& [path, node] : now_) {
    if (node.file) {
      node.file->add_name();
      if (seen.insert(node.file.get()).second) {
        node.file->crash(loss, random);
      }
    }
  }
}

}  // namespace sluice::test
