#include "common/service/manual.h"

#include "common/config/documents.h"

namespace sluice::service {
namespace {

std::string upper(std::string text) {
  for (char& c : text) {
    c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return text;
}

std::string item(const std::string& term, const std::string& text) {
  return ".TP\n.B " + term + "\n" + text + "\n";
}

// A word in italics, an option in bold; what may be left out in brackets.
std::string synopsis(const Parameter& parameter) {
  std::string text = parameter.name;
  if (text.starts_with("--")) {
    text = "\\fB\\-\\-" + text.substr(2);
    text += parameter.value.empty() ? "" : " \\fI" + parameter.value;
  } else {
    text = "\\fI" + text;
  }
  text += parameter.repeated ? "\\fR..." : "";
  return parameter.required ? " " + text + "\\fR" : " \\fR[" + text + "\\fR]";
}

std::string items(const std::vector<Subcommand>& commands, const std::string& above) {
  std::string text;
  for (const Subcommand& command : commands) {
    std::string term = above + command.name;
    if (!command.below.empty()) {
      text += item(term, command.help + ".") + items(command.below, term + " ");
      continue;
    }
    std::string help = command.help + ".";
    for (const Parameter& parameter : command.parameters) {
      term += synopsis(parameter);
      if (!parameter.help.empty()) {
        help += "\n.br\n" +
                synopsis({.name = parameter.name, .help = "", .required = true}).substr(1) + ": " +
                parameter.help + ".";
      }
    }
    text += item(term, help);
  }
  return text;
}

}  // namespace

std::string manual_page(const Program& program) {
  std::string page = ".TH " + upper(program.name) +
                     " 8 \"\" \"Sluice " SLUICE_VERSION "\" \"System administration\"\n";
  page += ".SH NAME\n" + program.name + " \\- " + program.summary + "\n";
  page += ".SH SYNOPSIS\n.B " + program.name + "\n.RB [ \\-\\-config\n.IR file ]\n.I command\n";
  page += ".SH COMMANDS\n";
  page +=
      item("run",
           "Run the daemon in the foreground. SIGHUP reloads the configuration, SIGTERM stops it.");
  page += item("init \\fR[\\fIfolder\\fR]",
               "Make keys and an example configuration in a folder. Replaces nothing.");
  page += item("check\\-config",
               "Check the configuration and the keys it names. All problems are listed, each with "
               "file, line, key and cure.");
  page += item("show\\-config", "Print all settings that are in effect, as TOML.");
  page += item("status \\fR[\\fB\\-\\-json\\fR]", "Show the running daemon's status.");
  page += item("tail", "Follow the running daemon's events.");
  page += items(program.subcommands, "");
  page += item("man \\fR[\\fB\\-\\-settings\\fR]",
               "Print this page, or only the settings as tables in Markdown.");
  page += ".SH OPTIONS\n" +
          item("\\-c\\fR, \\fB\\-\\-config \\fIfile",
               "The configuration file; " + program.default_config.string() + " unless given.");
  page += item("\\-\\-help", "Print help, also for each command.") +
          item("\\-\\-version", "Print the version.");
  page += ".SH CONFIGURATION\n" + config::man(program.table);
  page += ".SH EXIT STATUS\n" + item("0", "Done; for run: stopped on request.") +
          item("1", "It was tried and failed; the message says why.") +
          item("2", "No such command or option.") +
          item("3", "The configuration or a key cannot be used; starting again does not help.") +
          item("4", "The daemon does not answer on its status address.") +
          item("5", "For run: the disk failed, or is too full to start; starting again is safe.") +
          item("6", "Done, but not all that was asked for can be had: the answer names the rest.");
  return page;
}

}  // namespace sluice::service
