// The one table from which a program's configuration is read, checked, shown and documented.
//
//   const Table kTable{"sluice-low", {
//       section("link", "The link to the high side.", {
//           {"to", Type::kStrings, required(R"(["192.0.2.2:4700"])"), "Where datagrams go.",
//            checked(is_endpoint, "an address and a port")},
//           {"rate", Type::kRate, "500Mbit/s", "Rate of the link.", between("1Mbit/s",
//           "400Gbit/s")},
//       }),
//       repeated("npm", "A registry to mirror.", {
//           {"name", Type::kString, required("npm"), "Its name here.", unique()},
//           {"want", Type::kStrings, "[]", "What to mirror."},
//       }),
//   }};
//   SLUICE_TRY(const Settings settings, load(kTable, "/etc/sluice/low.toml"));
//   settings.rate("link", "rate");
//   for (const Section& npm : settings.repeated("npm")) npm.strings("want");
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::config {

enum class Type {
  kString,
  kInt,      // 64 bits, signed
  kDecimal,  // 0.05
  kBool,
  kDuration,  // "10m", "1h30m", "250ms"; d, h, m, s, ms
  kSize,      // "4MiB", "2GB", or an integer of bytes
  kRate,      // "1Gbit/s"; bit/s, kbit/s, Mbit/s, Gbit/s
  kPercent,   // "12.5%"
  kPath,      // relative ones start from the configuration file's folder; "": none
  kStrings,
  kPaths,
};

// What the value must be besides its type. Bounds are written like values. For a list, `choices`
// and `check` concern each of its elements.
struct Constraint {
  std::string minimum{};
  std::string maximum{};
  std::vector<std::string> choices{};
  bool unique = false;     // among the sections of a repeated one
  bool not_empty = false;  // of a string, a path or a list
  // Returns why the text will not do; none if it will.
  std::function<std::optional<std::string>(std::string_view)> check{};
  std::string says{};  // for documents: what `check` asks for, such as "an address and a port"
};

Constraint between(std::string minimum, std::string maximum);
Constraint at_least(std::string minimum);
Constraint one_of(std::vector<std::string> choices);
Constraint unique();  // implies not_empty
Constraint not_empty();
Constraint checked(std::function<std::optional<std::string>(std::string_view)> check,
                   std::string says);

// Written as the value is, but a string, path, duration, size, rate or percentage without its
// quotes.
struct Default {
  // NOLINTNEXTLINE(google-explicit-constructor): a table reads better without the type's name.
  Default(const char* value) : text(value) {}
  Default(std::string value, bool is_required) : text(std::move(value)), required(is_required) {}
  std::string text;
  bool required = false;  // then `text` is only the example's value
};
Default required(std::string example);

struct Setting {
  std::string key;
  Type type;
  Default fallback;
  std::string help;  // a sentence or more
  Constraint constraint{};
};

struct SectionSpec {
  std::string name;  // "" for keys before the first section
  bool many;         // [[name]] rather than [name]
  std::string help;
  std::vector<Setting> settings;

  const Setting* find(std::string_view key) const;
};
SectionSpec section(std::string name, std::string help, std::vector<Setting> settings);
SectionSpec repeated(std::string name, std::string help, std::vector<Setting> settings);

// Built once, before threads start; const afterwards. Outlives every Settings made from it. Aborts
// on a default that is not of its type or breaks its own constraint: a test of each program's table
// is to construct it.
class Table {
 public:
  Table(std::string program, std::vector<SectionSpec> sections);
  const std::string& program() const { return program_; }
  const std::vector<SectionSpec>& sections() const { return sections_; }
  const SectionSpec* find(std::string_view section) const;

 private:
  std::string program_;
  std::vector<SectionSpec> sections_;
};

}  // namespace sluice::config
