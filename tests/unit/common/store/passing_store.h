// An index that passes everything on to another one, for tests that step in between.
#pragma once

#include "common/store/key_value_store.h"

namespace sluice::store {

class PassingStore : public KeyValueStore {
 public:
  explicit PassingStore(KeyValueStore& inner) : inner_(inner) {}

  Result<std::optional<std::string>> get(Family family, std::string_view key) const override {
    return inner_.get(family, key);
  }
  Result<void> write(const Batch& batch, Durability durability) override {
    return inner_.write(batch, durability);
  }
  Result<void> scan(
      Family family, std::string_view prefix, std::string_view from,
      const std::function<bool(std::string_view, std::string_view)>& each) const override {
    return inner_.scan(family, prefix, from, each);
  }
  Result<std::optional<std::pair<std::string, std::string>>> last_at_or_before(
      Family family, std::string_view prefix, std::string_view key) const override {
    return inner_.last_at_or_before(family, prefix, key);
  }

 private:
  KeyValueStore& inner_;
};

}  // namespace sluice::store
