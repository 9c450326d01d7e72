#include "common/config/table.h"

#include <algorithm>

#include "common/config/value.h"

namespace sluice::config {
namespace {

void assert_sound(const Setting& setting) {
  const auto value = parse_value(setting.type, setting.fallback.text);
  SLUICE_ASSERT(value && "a default must be of its type");
  SLUICE_ASSERT(setting.fallback.required || check_value(setting, *value));
  for (const std::string* bound : {&setting.constraint.minimum, &setting.constraint.maximum}) {
    SLUICE_ASSERT(bound->empty() || parse_value(setting.type, *bound));
  }
}

}  // namespace

Constraint between(std::string minimum, std::string maximum) {
  return {.minimum = std::move(minimum), .maximum = std::move(maximum)};
}
Constraint at_least(std::string minimum) { return {.minimum = std::move(minimum)}; }
Constraint one_of(std::vector<std::string> choices) { return {.choices = std::move(choices)}; }
Constraint unique() { return {.unique = true, .not_empty = true}; }
Constraint not_empty() { return {.not_empty = true}; }
Constraint checked(std::function<std::optional<std::string>(std::string_view)> check,
                   std::string says) {
  return {.check = std::move(check), .says = std::move(says)};
}

Default required(std::string example) { return {std::move(example), true}; }

SectionSpec section(std::string name, std::string help, std::vector<Setting> settings) {
  return {std::move(name), false, std::move(help), std::move(settings)};
}
SectionSpec repeated(std::string name, std::string help, std::vector<Setting> settings) {
  return {std::move(name), true, std::move(help), std::move(settings)};
}

const Setting* SectionSpec::find(std::string_view key) const {
  const auto found = std::find_if(settings.begin(), settings.end(),
                                  [key](const Setting& setting) { return setting.key == key; });
  return found == settings.end() ? nullptr : &*found;
}

Table::Table(std::string program, std::vector<SectionSpec> sections)
    : program_(std::move(program)), sections_(std::move(sections)) {
  for (const SectionSpec& spec : sections_) {
    SLUICE_ASSERT(find(spec.name) == &spec);  // no name twice
    SLUICE_ASSERT(!spec.name.empty() || (!spec.many && &spec == &sections_.front()));
    for (const Setting& setting : spec.settings) {
      SLUICE_ASSERT(spec.find(setting.key) == &setting);
      assert_sound(setting);
    }
  }
}

const SectionSpec* Table::find(std::string_view section) const {
  const auto found =
      std::find_if(sections_.begin(), sections_.end(),
                   [section](const SectionSpec& spec) { return spec.name == section; });
  return found == sections_.end() ? nullptr : &*found;
}

}  // namespace sluice::config
