#include "common/config/load.h"

#include <toml++/toml.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <sstream>

#include "common/base/file_system.h"

namespace sluice::config {
namespace {

// A want-list of 10 000 packages is below half of that.
constexpr std::uint64_t kMaxFileBytes = std::uint64_t{1} << 20;
// Enough to recognize a value by.
constexpr std::size_t kShownValue = 80;

// Levenshtein's: insertions, deletions and changes from one word to the other.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) {
    row[j] = j;
  }
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t change = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({change, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row[b.size()];
}

// "did you mean "rate"?", or all the names where none is near.
std::string suggestion(std::string_view word, const std::vector<std::string>& names) {
  std::string nearest;
  std::size_t least = word.size() / 2 + 1;  // more changes than half of it: another word
  std::string all;
  for (const std::string& name : names) {
    all += (all.empty() ? "" : ", ") + name;
    if (const std::size_t distance = edit_distance(word, name); distance < least) {
      least = distance;
      nearest = name;
    }
  }
  return nearest.empty() ? "known: " + all : "did you mean " + nearest + "?";
}

std::string shown(const toml::node& node) {
  std::ostringstream out;
  if (const auto string = node.value_exact<std::string>()) {
    out << toml_quoted(*string);
  } else {
    node.visit([&out](const auto& element) { out << element; });
  }
  std::string text = out.str();
  std::replace(text.begin(), text.end(), '\n', ' ');
  if (text.size() > kShownValue) {
    text.resize(kShownValue);
    text += "…";
  }
  return text;
}

class Loader {
 public:
  Loader(const Table& table, const std::string& name, std::filesystem::path folder)
      : table_(table), name_(name), folder_(std::move(folder)), settings_(table, name) {}

  Checked take(const toml::table& root) {
    if (const SectionSpec* top = table_.find("")) {
      settings_.add("", read_section(*top, root, 1, top_keys(root)));
    }
    for (const SectionSpec& spec : table_.sections()) {
      if (!spec.name.empty()) {
        read_sections(spec, root.get(spec.name));
      }
    }
    report_unknown_sections(root);
    return {std::move(settings_), std::move(problems_)};
  }

 private:
  using Keys = std::vector<std::pair<std::string, const toml::node*>>;

  static Keys keys_of(const toml::table& table) {
    Keys keys;
    for (const auto& [key, node] : table) {
      keys.emplace_back(std::string(key.str()), &node);
    }
    return keys;
  }

  // Those of the root that are no sections.
  static Keys top_keys(const toml::table& root) {
    Keys keys = keys_of(root);
    std::erase_if(keys, [](const auto& key) {
      return key.second->is_table() || key.second->is_array_of_tables();
    });
    return keys;
  }

  void problem(std::string where, std::string key, std::string value, std::string cause,
               std::string cure) {
    problems_.push_back(
        {std::move(where), std::move(key), std::move(value), std::move(cause), std::move(cure)});
  }

  std::string at(const toml::node& node) const {
    return name_ + ":" + std::to_string(node.source().begin.line);
  }

  static std::string full_key(const SectionSpec& spec, const std::string& key) {
    return spec.name.empty() ? key : spec.name + "." + key;
  }

  void read_sections(const SectionSpec& spec, const toml::node* node) {
    static const toml::table empty;
    const toml::table* one = node == nullptr ? &empty : node->as_table();
    if (!spec.many && one != nullptr) {
      settings_.add(spec.name, read_section(spec, *one, line_of(node), keys_of(*one)));
      return;
    }
    if (spec.many && node == nullptr) {
      return;
    }
    const toml::array* list = node->as_array();
    if (spec.many && list != nullptr && (list->empty() || list->is_array_of_tables())) {
      std::map<std::string, std::set<std::string>> taken;
      for (const toml::node& element : *list) {
        Section section = read_section(spec, *element.as_table(), line_of(&element),
                                       keys_of(*element.as_table()));
        check_unique(section, element, taken);
        settings_.add(spec.name, std::move(section));
      }
      return;
    }
    problem(at(*node), spec.name, "", spec.many ? "can be there several times" : "is there once",
            spec.many ? "write [[" + spec.name + "]]" : "write [" + spec.name + "]");
    if (!spec.many) {
      const std::size_t reported = problems_.size();
      settings_.add(spec.name, read_section(spec, empty, 0, {}));
      problems_.resize(reported);  // what is missing is there, only not in the right form
    }
  }

  static unsigned line_of(const toml::node* node) {
    return node == nullptr ? 0 : node->source().begin.line;
  }

  Section read_section(const SectionSpec& spec, const toml::table& table, unsigned line,
                       const Keys& keys) {
    Section section(spec);
    for (const Setting& setting : spec.settings) {
      Value fallback = parse_value(setting.type, setting.fallback.text).value();
      resolve_paths(setting.type, fallback);
      section.hold(setting.key, {std::move(fallback), ""});
      if (const toml::node* node = table.get(setting.key)) {
        read_value(spec, setting, *node, section);
      } else if (setting.fallback.required) {
        problem(line == 0 ? name_ : name_ + ":" + std::to_string(line), full_key(spec, setting.key),
                "", "is missing",
                "write " + describe(setting) + ", such as " +
                    to_toml(setting.type, section.held(setting.key).value));
      }
    }
    report_unknown_keys(spec, keys);
    return section;
  }

  void read_value(const SectionSpec& spec, const Setting& setting, const toml::node& node,
                  Section& section) {
    auto value = from_toml(setting.type, node);
    auto verdict = value ? check_value(setting, *value) : Result<void>(value.error());
    if (!verdict) {
      const std::string wanted = describe(setting);
      const std::string cure = wanted == noun(setting.type) ? "" : "write " + wanted;
      problem(at(node), full_key(spec, setting.key), shown(node), verdict.error().cause,
              value ? verdict.error().cure : cure);
      return;
    }
    resolve_paths(setting.type, *value);
    section.hold(setting.key, {std::move(*value), at(node)});
  }

  static Result<Value> from_toml(Type type, const toml::node& node) {
    Error wrong{ErrorCode::kInvalid, "", "is not " + noun(type), ""};
    const auto string = node.value_exact<std::string>();
    const auto integer = node.value_exact<std::int64_t>();
    switch (type) {
      case Type::kString:
      case Type::kPath:
        return string ? Result<Value>(Value(*string)) : wrong;
      case Type::kInt:
        return integer ? Result<Value>(Value(*integer)) : wrong;
      case Type::kBool: {
        const auto boolean = node.value_exact<bool>();
        return boolean ? Result<Value>(Value(*boolean)) : wrong;
      }
      case Type::kDecimal: {
        const auto number = node.value<double>();
        return number && node.is_number() && std::isfinite(*number) ? Result<Value>(Value(*number))
                                                                    : wrong;
      }
      case Type::kSize:
        if (integer) {
          return *integer >= 0 ? Result<Value>(Value(*integer)) : wrong;
        }
        [[fallthrough]];
      case Type::kDuration:
      case Type::kRate:
      case Type::kPercent:
        return string ? parse_quantity(type, *string) : wrong;
      case Type::kStrings:
      case Type::kPaths:
        return list_from_toml(node, wrong);
    }
    return wrong;
  }

  static Result<Value> list_from_toml(const toml::node& node, const Error& wrong) {
    const toml::array* array = node.as_array();
    if (array == nullptr) {
      return wrong;
    }
    std::vector<std::string> list;
    for (const toml::node& element : *array) {
      auto text = element.value_exact<std::string>();
      if (!text) {
        return wrong;
      }
      list.push_back(std::move(*text));
    }
    return Value(std::move(list));
  }

  void resolve_paths(Type type, Value& value) const {
    const auto resolve = [this](std::string& path) {
      if (!path.empty()) {
        path = (folder_ / path).lexically_normal().string();
      }
    };
    if (type == Type::kPath) {
      resolve(std::get<std::string>(value));
    } else if (type == Type::kPaths) {
      auto& list = std::get<std::vector<std::string>>(value);
      std::for_each(list.begin(), list.end(), resolve);
    }
  }

  void check_unique(const Section& section, const toml::node& node,
                    std::map<std::string, std::set<std::string>>& taken) {
    for (const Setting& setting : section.spec().settings) {
      if (!setting.constraint.unique) {
        continue;
      }
      const std::string value = to_toml(setting.type, section.held(setting.key).value);
      const std::string& origin = section.origin(setting.key);
      if (!taken[setting.key].insert(value).second) {
        problem(origin.empty() ? at(node) : origin, full_key(section.spec(), setting.key), value,
                "is taken by another [[" + section.spec().name + "]]", "give each its own");
      }
    }
  }

  void report_unknown_keys(const SectionSpec& spec, const Keys& keys) {
    std::vector<std::string> names;
    names.reserve(spec.settings.size());
    for (const Setting& setting : spec.settings) {
      names.push_back(setting.key);
    }
    for (const auto& [key, node] : keys) {
      if (spec.find(key) == nullptr && !(spec.name.empty() && table_.find(key) != nullptr)) {
        problem(at(*node), full_key(spec, key), shown(*node),
                "is no setting of " + table_.program(), suggestion(key, names));
      }
    }
  }

  void report_unknown_sections(const toml::table& root) {
    std::vector<std::string> names;
    for (const SectionSpec& spec : table_.sections()) {
      if (!spec.name.empty()) {
        names.push_back(spec.name);
      }
    }
    for (const auto& [key, node] : root) {
      const std::string name(key.str());
      const bool is_section = node.is_table() || node.is_array_of_tables();
      if ((is_section || table_.find("") == nullptr) && table_.find(name) == nullptr) {
        problem(at(node), name, is_section ? "" : shown(node),
                std::string("is no ") + (is_section ? "section" : "setting") + " of " +
                    table_.program(),
                suggestion(name, names));
      }
    }
  }

  const Table& table_;
  const std::string& name_;
  const std::filesystem::path folder_;
  Settings settings_;
  std::vector<Problem> problems_;
};

}  // namespace

std::string to_string(const Problem& problem) {
  std::string text = problem.where;
  if (!problem.key.empty()) {
    text += ": " + problem.key + (problem.value.empty() ? "" : " = " + problem.value);
  }
  text += ": " + problem.cause;
  return problem.cure.empty() ? text : text + " (" + problem.cure + ")";
}

Checked check_text(const Table& table, std::string_view text, const std::string& name,
                   const std::filesystem::path& folder) {
  try {
    return Loader(table, name, folder).take(toml::parse(text, name));
  } catch (const toml::parse_error& error) {
    Checked checked = Loader(table, name, folder).take({});
    // What else is wrong cannot be told before the file can be read.
    checked.problems = {{name + ":" + std::to_string(error.source().begin.line), "", "",
                         "is not TOML: " + std::string(error.description()), ""}};
    return checked;
  }
}

Checked check(const Table& table, const std::filesystem::path& file) {
  const auto bytes = read_file(posix_file_system(), file, kMaxFileBytes);
  if (!bytes) {
    Checked checked = check_text(table, "", file.string(), "/");
    checked.problems = {
        {file.string(), "", "", bytes.error().cause, table.program() + " init writes an example"}};
    return checked;
  }
  return check_text(table, as_text(*bytes), file.string(),
                    std::filesystem::absolute(file).parent_path());
}

Result<Settings> load(const Table& table, const std::filesystem::path& file) {
  Checked checked = check(table, file);
  if (checked.problems.empty()) {
    return std::move(checked.settings);
  }
  std::string cause = checked.problems.size() == 1
                          ? "1 mistake"
                          : std::to_string(checked.problems.size()) + " mistakes";
  for (const Problem& problem : checked.problems) {
    cause += "\n  " + to_string(problem);
  }
  return Error{ErrorCode::kInvalid, file.string(), std::move(cause), ""};
}

}  // namespace sluice::config
