#include "common/config/settings.h"

namespace sluice::config {
namespace {

template <class Out>
Out converted(const std::vector<std::string>& list) {
  return Out(list.begin(), list.end());
}

}  // namespace

const Section::Held& Section::held(std::string_view key) const {
  const auto found = held_.find(key);
  SLUICE_ASSERT(found != held_.end());
  return found->second;
}

const Value& Section::value(std::string_view key, Type type) const {
  const Setting* setting = spec_->find(key);
  SLUICE_ASSERT(setting != nullptr && setting->type == type);
  return held(key).value;
}

const std::string& Section::string(std::string_view key) const {
  return std::get<std::string>(value(key, Type::kString));
}
std::int64_t Section::integer(std::string_view key) const {
  return std::get<std::int64_t>(value(key, Type::kInt));
}
double Section::decimal(std::string_view key) const {
  return std::get<double>(value(key, Type::kDecimal));
}
bool Section::boolean(std::string_view key) const {
  return std::get<bool>(value(key, Type::kBool));
}
std::chrono::milliseconds Section::duration(std::string_view key) const {
  return std::chrono::milliseconds(std::get<std::int64_t>(value(key, Type::kDuration)));
}
std::uint64_t Section::size(std::string_view key) const {
  return static_cast<std::uint64_t>(std::get<std::int64_t>(value(key, Type::kSize)));
}
std::uint64_t Section::rate(std::string_view key) const {
  return static_cast<std::uint64_t>(std::get<std::int64_t>(value(key, Type::kRate)));
}

double Section::share(std::string_view key) const {
  return static_cast<double>(std::get<std::int64_t>(value(key, Type::kPercent))) / 100'000;
}
std::filesystem::path Section::path(std::string_view key) const {
  return std::get<std::string>(value(key, Type::kPath));
}
const std::vector<std::string>& Section::strings(std::string_view key) const {
  return std::get<std::vector<std::string>>(value(key, Type::kStrings));
}
std::vector<std::filesystem::path> Section::paths(std::string_view key) const {
  return converted<std::vector<std::filesystem::path>>(
      std::get<std::vector<std::string>>(value(key, Type::kPaths)));
}

const std::string& Section::origin(std::string_view key) const { return held(key).origin; }

Error Section::error(std::string_view key, std::string cause, std::string cure) const {
  const Setting* setting = spec_->find(key);
  SLUICE_ASSERT(setting != nullptr);
  const Held& at = held(key);
  const std::string place = at.origin.empty() ? "default" : at.origin;
  const std::string name = spec_->name.empty() ? "" : spec_->name + ".";
  return {ErrorCode::kInvalid,
          place + ": " + name + std::string(key) + " = " + to_toml(setting->type, at.value),
          std::move(cause), std::move(cure)};
}

Settings::Settings(const Table& table, std::string file) : table_(&table), file_(std::move(file)) {
  for (const SectionSpec& spec : table.sections()) {
    sections_[spec.name];
  }
}

const Section& Settings::section(std::string_view name) const {
  const SectionSpec* spec = table_->find(name);
  SLUICE_ASSERT(spec != nullptr && !spec->many);
  return sections_.find(name)->second.front();
}

const std::vector<Section>& Settings::repeated(std::string_view name) const {
  const SectionSpec* spec = table_->find(name);
  SLUICE_ASSERT(spec != nullptr && spec->many);
  return sections_.find(name)->second;
}

void Settings::add(std::string_view name, Section section) {
  const auto found = sections_.find(name);
  SLUICE_ASSERT(found != sections_.end());
  found->second.push_back(std::move(section));
}

}  // namespace sluice::config
