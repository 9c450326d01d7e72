#include "common/config/documents.h"

#include "common/base/text.h"

namespace sluice::config {
namespace {

constexpr std::size_t kLineWidth = 96;

std::string comment(const std::string& text) {
  std::string out;
  std::string line = "#";
  for (const std::string_view word : split(text, ' ')) {
    if (line.size() + 1 + word.size() > kLineWidth) {
      out += line + "\n";
      line = "#";
    }
    line.append(" ").append(word);
  }
  return out + line + "\n";
}

std::string header(const SectionSpec& spec) {
  if (spec.name.empty()) {
    return "";
  }
  return spec.many ? "[[" + spec.name + "]]" : "[" + spec.name + "]";
}

std::string fallback_text(const Setting& setting) {
  return to_toml(setting.type, parse_value(setting.type, setting.fallback.text).value());
}

void show_section(const Section& section, std::string& out) {
  const std::string head = header(section.spec());
  if (!head.empty()) {
    out += "\n" + head + "\n";
  }
  for (const Setting& setting : section.spec().settings) {
    const Section::Held& held = section.held(setting.key);
    out += setting.key + " = " + to_toml(setting.type, held.value) + "  # " +
           (held.origin.empty() ? "default" : held.origin) + "\n";
  }
}

std::string table_cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    out += c == '|' ? "\\|" : std::string(1, c);
  }
  return out;
}

// A line that starts with a dot or a quote, and every backslash, would be a request to man(7).
std::string roff(std::string_view text) {
  std::string out = text.starts_with('.') || text.starts_with('\'') ? "\\&" : "";
  for (const char c : text) {
    out += c == '\\' ? "\\e" : c == '-' ? "\\-" : std::string(1, c);
  }
  return out;
}

std::string default_note(const Setting& setting) {
  return setting.fallback.required ? "required" : "default " + fallback_text(setting);
}

}  // namespace

std::string show(const Settings& settings) {
  std::string out = "# What is in effect for " + settings.table().program() + ", from " +
                    (settings.file().empty() ? "its defaults" : settings.file()) + "\n";
  for (const SectionSpec& spec : settings.table().sections()) {
    if (!spec.many) {
      show_section(settings.section(spec.name), out);
      continue;
    }
    for (const Section& section : settings.repeated(spec.name)) {
      show_section(section, out);
    }
  }
  return out;
}

std::string example(const Table& table) {
  std::string out =
      comment("Configuration of " + table.program() + ". What is commented out is the default; " +
              table.program() + " show-config prints what is in effect.");
  for (const SectionSpec& spec : table.sections()) {
    out += "\n" + comment(spec.help);
    if (const std::string head = header(spec); !head.empty()) {
      out += (spec.many ? "#" : "") + head + "\n";
    }
    for (const Setting& setting : spec.settings) {
      out += comment(setting.help + " It is " + describe(setting) + ".");
      const bool in_force = setting.fallback.required && !spec.many;
      out += (in_force ? "" : "#") + setting.key + " = " + fallback_text(setting) + "\n";
    }
  }
  return out;
}

std::string markdown(const Table& table) {
  std::string out;
  for (const SectionSpec& spec : table.sections()) {
    const std::string head = header(spec);
    out += (out.empty() ? "### " : "\n### ") +
           (head.empty() ? "Before the first section" : "`" + head + "`");
    out += "\n\n" + spec.help + "\n\n| Key | Default | What it is | Allowed |\n|---|---|---|---|\n";
    for (const Setting& setting : spec.settings) {
      const std::string fallback =
          setting.fallback.required ? "required" : "`" + fallback_text(setting) + "`";
      out += "| `" + setting.key + "` | " + table_cell(fallback) + " | " +
             table_cell(setting.help) + " | " + table_cell(describe(setting)) + " |\n";
    }
  }
  return out;
}

std::string man(const Table& table) {
  std::string out;
  for (const SectionSpec& spec : table.sections()) {
    const std::string head = header(spec);
    out += ".SS " + (head.empty() ? "Before the first section" : roff(head)) + "\n" +
           roff(spec.help) + "\n";
    for (const Setting& setting : spec.settings) {
      out += ".TP\n\\fB" + roff(setting.key) + "\\fR (" + roff(default_note(setting)) + ")\n" +
             roff(setting.help) + "\nIt is " + roff(describe(setting)) + ".\n";
    }
  }
  return out;
}

}  // namespace sluice::config
