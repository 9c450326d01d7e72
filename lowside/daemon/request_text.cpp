#include "lowside/daemon/request_text.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cmath>
#include <cstdio>
#include <vector>

#include "common/base/text.h"

namespace sluice::low {
namespace {

namespace json = boost::json;
using Row = std::vector<std::string>;

constexpr std::size_t kShownDigest = 12;  // characters of a node's digest
constexpr std::size_t kMaxColumn = 100;   // a wider cell is not aligned to
constexpr std::size_t kSecondsPerMinute = 60;

// Nothing on which a terminal would act.
std::string plain(std::string_view text) {
  std::string shown(text);
  std::ranges::replace_if(
      shown, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, '?');
  return shown;
}

std::string text(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? plain(value->get_string()) : std::string();
}

std::uint64_t number(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_number() ? value->to_number<std::uint64_t>() : 0;
}

const json::array& array(const json::object& object, std::string_view key) {
  static const json::array none;
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_array() ? value->get_array() : none;
}

std::string joined(const json::array& texts) {
  std::string all;
  for (const json::value& one : texts) {
    all += (all.empty() ? "" : ", ") + plain(one.as_string());
  }
  return all;
}

std::string table(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths;
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], std::min(row[i].size(), kMaxColumn));
    }
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line = " ";
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += " " + row[i];
      if (i + 1 < row.size()) {
        line.append(widths[i] - std::min(widths[i], row[i].size()) + 1, ' ');
      }
    }
    text += std::string(line.substr(0, line.find_last_not_of(' ') + 1)) + "\n";
  }
  return text;
}

// "0.4 s", "12 s", "2 min 5 s".
std::string time_text(double seconds) {
  std::array<char, 64> text{};
  if (seconds < kSecondsPerMinute) {
    std::snprintf(text.data(), text.size(), "%.2g s", seconds);
  } else {
    const auto whole = static_cast<std::uint64_t>(std::ceil(seconds));
    std::snprintf(text.data(), text.size(), "%llu min %llu s",
                  static_cast<unsigned long long>(whole / kSecondsPerMinute),
                  static_cast<unsigned long long>(whole % kSecondsPerMinute));
  }
  return text.data();
}

double seconds(const json::object& object) {
  const json::value* value = object.if_contains("send_seconds");
  return value != nullptr && value->is_number() ? value->to_number<double>() : 0;
}

std::string nodes_text(const json::object& plan) {
  std::vector<Row> rows{{"", "ECOSYSTEM", "DOCUMENT", "ITEM", "SIZE", "SHA-256", "NOTES"}};
  for (const json::value& value : array(plan, "nodes")) {
    const json::object& node = value.as_object();
    rows.push_back({node.at("new").as_bool() ? "new" : "held", text(node, "ecosystem"),
                    text(node, "document"), text(node, "item"), human_size(number(node, "size")),
                    text(node, "sha256").substr(0, kShownDigest), joined(array(node, "flags"))});
  }
  return rows.size() == 1 ? std::string() : table(rows);
}

std::string unresolved_text(const json::object& plan) {
  std::string lines;
  for (const json::value& value : array(plan, "unresolved")) {
    const json::object& problem = value.as_object();
    lines += "  " + text(problem, "thing") + "\n    " + text(problem, "cause") + "\n";
    if (const std::string cure = text(problem, "cure"); !cure.empty()) {
      lines += "    → " + cure + "\n";
    }
  }
  return lines.empty() ? lines : "\nunresolved:\n" + lines;
}

std::string plan_text(const json::object& plan) {
  std::string lines = "\n" + nodes_text(plan) + unresolved_text(plan) + "\n";
  lines += std::to_string(number(plan, "nodes_new")) + " new, " +
           std::to_string(number(plan, "nodes_total") - number(plan, "nodes_new")) + " held, " +
           std::to_string(number(plan, "unresolved_total")) + " unresolved; " +
           std::to_string(number(plan, "documents")) + " documents appear or change; " +
           human_size(number(plan, "bytes")) + " to send, " + time_text(seconds(plan)) +
           " on the link\n";
  return lines + "digest  " + text(plan, "digest") + "\n";
}

std::string steps_text(const json::array& steps) {
  std::vector<Row> rows;
  for (const json::value& value : steps) {
    const json::object& step = value.as_object();
    rows.push_back({text(step, "time"), text(step, "what"), text(step, "by"),
                    text(step, "digest").substr(0, kShownDigest), text(step, "detail")});
  }
  return table(rows);
}

// What somebody can do about it now.
std::string advice(const json::object& shown) {
  const std::string id = text(shown, "id");
  const std::string state = text(shown, "state");
  if (state == "void") {
    return "its approval is void: the plan is another than the one that was approved\n"
           "approve this one with: sluice-low request approve " +
           id + " " + text(shown, "digest") + "\n";
  }
  if (state == "planned" && number(shown, "documents") > 0) {
    return "approve it with: sluice-low request approve " + id + " " + text(shown, "digest") + "\n";
  }
  return {};
}

}  // namespace

std::string request_text(const json::object& shown) {
  std::string lines = "request " + text(shown, "id") + " of source " + text(shown, "source") +
                      ": " + text(shown, "state") + " since " + text(shown, "since") + "\n";
  const std::string wants = joined(array(shown, "wants"));
  const std::string files = joined(array(shown, "files"));
  lines += wants.empty() ? "" : "wants   " + wants + "\n";
  lines += files.empty() ? "" : "files   " + files + "\n";
  if (number(shown, "shipment") != 0) {
    lines += "sent    with shipment " + std::to_string(number(shown, "shipment")) + "\n";
  }
  if (const std::string failure = text(shown, "failure"); !failure.empty()) {
    lines += "failed  " + failure + "\n";
  }
  if (const json::value* plan = shown.if_contains("plan"); plan != nullptr && plan->is_object()) {
    lines += plan_text(plan->get_object());
  }
  return lines + "\n" + steps_text(array(shown, "steps")) + advice(shown);
}

std::string request_table(const json::object& listed) {
  std::vector<Row> rows{
      {"ID", "SOURCE", "STATE", "SINCE", "NEW", "HELD", "UNRESOLVED", "SIZE", "WANTS"}};
  for (const json::value& value : array(listed, "requests")) {
    const json::object& request = value.as_object();
    const std::uint64_t fresh = number(request, "nodes_new");
    std::string wants = joined(array(request, "wants"));
    const std::string files = joined(array(request, "files"));
    wants += wants.empty() || files.empty() ? files : ", " + files;
    rows.push_back({text(request, "id"), text(request, "source"), text(request, "state"),
                    text(request, "since"), std::to_string(fresh),
                    std::to_string(number(request, "nodes_total") - fresh),
                    std::to_string(number(request, "unresolved_total")),
                    human_size(number(request, "bytes")), wants.substr(0, kMaxColumn)});
  }
  return rows.size() == 1 ? "no requests\n" : table(rows);
}

}  // namespace sluice::low
