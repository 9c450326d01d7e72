#include "lowside/daemon/request_commands.h"

#include <boost/json.hpp>

#include "lowside/daemon/request_json.h"

namespace sluice::low {
namespace {

namespace json = boost::json;

std::string text_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

const json::array& array_of(const json::object& object, std::string_view key) {
  static const json::array none;
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_array() ? value->get_array() : none;
}

Person person_of(const json::object& command) {
  return {text_of(command, "by"), text_of(command, "reason")};
}

Error invalid(std::string cause) {
  return {ErrorCode::kInvalid, "request", std::move(cause), "see sluice-low request --help"};
}

Result<NewRequest> wanted_of(const json::object& command) {
  NewRequest wanted;
  for (const json::value& want : array_of(command, "wants")) {
    if (!want.is_string()) {
      return invalid("a want is no text");
    }
    wanted.wants.emplace_back(want.get_string());
  }
  for (const json::value& file : array_of(command, "files")) {
    if (!file.is_object()) {
      return invalid("a file is no object");
    }
    proto::RequestDocument& document = wanted.documents.emplace_back();
    document.set_name(text_of(file.get_object(), "name"));
    document.set_content(text_of(file.get_object(), "content"));
  }
  return wanted;
}

}  // namespace

Result<std::string> RequestCommands::run(std::string_view text) {
  boost::system::error_code failure;
  const json::value command = json::parse(text, failure);
  if (failure || !command.is_object()) {
    return invalid("the command is no JSON object");
  }
  const json::object& object = command.get_object();
  const std::string what = text_of(object, "do");
  const std::string id = text_of(object, "id");
  if (what == "add") {
    return add(object);
  }
  if (what == "list") {
    return list(object);
  }
  if (what == "show") {
    return show(id);
  }
  if (what == "approve") {
    SLUICE_TRY(const auto request,
               parts_.book.approve(id, text_of(object, "digest"), person_of(object)));
    parts_.poll_soon(request.source());
    return show(id);
  }
  if (what == "reject") {
    SLUICE_TRY_VOID(parts_.book.reject(id, text_of(object, "digest"), person_of(object)));
    return show(id);
  }
  if (what == "withdraw") {
    SLUICE_TRY_VOID(parts_.book.withdraw(id, person_of(object)));
    return show(id);
  }
  return invalid("there is no command \"" + what.substr(0, 80) + "\"");
}

Result<std::string> RequestCommands::add(const json::object& command) {
  SLUICE_TRY(NewRequest wanted, wanted_of(command));
  SLUICE_TRY(wanted.source, source_for(text_of(command, "source")));
  SLUICE_TRY(const auto request, parts_.book.ask(std::move(wanted), person_of(command)));
  parts_.poll_soon(request.source());
  return show(request.id());
}

Result<std::string> RequestCommands::source_for(const std::string& given) const {
  const std::vector<std::string> sources = parts_.sources();
  if (given.empty() && sources.size() == 1) {
    return sources.front();
  }
  std::string named;
  for (const std::string& source : sources) {
    if (source == given) {
      return source;
    }
    named += (named.empty() ? "" : ", ") + source;
  }
  return Error{ErrorCode::kInvalid, "source \"" + given.substr(0, 80) + "\"",
               sources.empty() ? "no source has the pattern \"request\""
               : given.empty() ? "it must be said of which source something is asked"
                               : "no source of that name has the pattern \"request\"",
               sources.empty() ? "set pattern = \"request\" in a source's section, and reload"
                               : "choose with --source: " + named};
}

Result<std::string> RequestCommands::list(const json::object& command) {
  const json::value* all = command.if_contains("all");
  SLUICE_TRY(const auto requests, parts_.book.list(all != nullptr && *all == json::value(true)));
  json::array listed;
  for (const proto::StoredRequest& request : requests) {
    SLUICE_TRY(const auto plan, parts_.book.plan(request.id()));
    listed.push_back(request_json(request, plan ? &*plan : nullptr));
  }
  return json::serialize(json::object{{"requests", std::move(listed)}});
}

Result<std::string> RequestCommands::show(const std::string& id) const {
  SLUICE_TRY(const auto request, parts_.book.find(id));
  SLUICE_TRY(const auto plan, parts_.book.plan(id));
  json::object shown = request_json(request, plan ? &*plan : nullptr);
  shown["plan"] = plan ? json::value(plan_json(*plan)) : json::value(nullptr);
  shown["steps"] = steps_json(request);
  for (const SourceStatus& source : parts_.status()) {
    if (source.name == request.source()) {
      shown["polling"] = {{"under_way", source.polling},
                          {"stage", source.stage},
                          {"done", source.done},
                          {"total", source.total}};
    }
  }
  return json::serialize(shown);
}

}  // namespace sluice::low
