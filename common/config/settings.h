// What is in effect: the file's values over the defaults. Read-only, so that any thread may read.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/value.h"

namespace sluice::config {

// One [section] or one of several [[section]]s. Asking for a key that the table does not have, or
// by another type, is our own mistake and aborts.
class Section {
 public:
  explicit Section(const SectionSpec& spec) : spec_(&spec) {}

  const std::string& string(std::string_view key) const;
  std::int64_t integer(std::string_view key) const;
  double decimal(std::string_view key) const;
  bool boolean(std::string_view key) const;
  std::chrono::milliseconds duration(std::string_view key) const;
  std::uint64_t size(std::string_view key) const;  // bytes
  std::uint64_t rate(std::string_view key) const;  // bits per second
  double share(std::string_view key) const;        // of a percentage: 0.125
  std::filesystem::path path(std::string_view key) const;
  const std::vector<std::string>& strings(std::string_view key) const;
  std::vector<std::filesystem::path> paths(std::string_view key) const;

  // Where the value was set ("low.toml:12"); empty for a default.
  const std::string& origin(std::string_view key) const;
  // For what only the program can check: an Error that names place, key and value.
  Error error(std::string_view key, std::string cause, std::string cure = {}) const;

  // For the loader.
  struct Held {
    Value value;
    std::string origin;
  };
  void hold(const std::string& key, Held held) { held_.insert_or_assign(key, std::move(held)); }
  const SectionSpec& spec() const { return *spec_; }
  const Held& held(std::string_view key) const;

 private:
  const Value& value(std::string_view key, Type type) const;

  const SectionSpec* spec_;
  std::map<std::string, Held, std::less<>> held_;
};

class Settings {
 public:
  Settings(const Table& table, std::string file);

  const Section& section(std::string_view name) const;                // of [name]
  const std::vector<Section>& repeated(std::string_view name) const;  // of [[name]], in order

  const std::string& string(std::string_view in, std::string_view key) const {
    return section(in).string(key);
  }
  std::int64_t integer(std::string_view in, std::string_view key) const {
    return section(in).integer(key);
  }
  double decimal(std::string_view in, std::string_view key) const {
    return section(in).decimal(key);
  }
  bool boolean(std::string_view in, std::string_view key) const { return section(in).boolean(key); }
  std::chrono::milliseconds duration(std::string_view in, std::string_view key) const {
    return section(in).duration(key);
  }
  std::uint64_t size(std::string_view in, std::string_view key) const {
    return section(in).size(key);
  }
  std::uint64_t rate(std::string_view in, std::string_view key) const {
    return section(in).rate(key);
  }
  std::filesystem::path path(std::string_view in, std::string_view key) const {
    return section(in).path(key);
  }
  const std::vector<std::string>& strings(std::string_view in, std::string_view key) const {
    return section(in).strings(key);
  }

  const Table& table() const { return *table_; }
  const std::string& file() const { return file_; }  // empty: no file, all defaults
  void add(std::string_view name, Section section);  // for the loader

 private:
  const Table* table_;
  std::string file_;
  std::map<std::string, std::vector<Section>, std::less<>> sections_;
};

}  // namespace sluice::config
