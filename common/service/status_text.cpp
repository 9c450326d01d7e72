#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "common/base/text.h"
#include "common/service/client.h"

namespace sluice::service {
namespace {

namespace json = boost::json;

// Characters, not bytes, so that columns stay straight.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

std::string padded(const std::string& text, std::size_t to) {
  const std::size_t has = width(text);
  return has < to ? text + std::string(to - has, ' ') : text;
}

std::string label(std::string_view key) {
  std::string text(key);
  std::replace(text.begin(), text.end(), '_', ' ');
  return text;
}

// A terminal obeys control characters; what is shown may come from outside.
std::string harmless(std::string_view text) {
  std::string out(text);
  std::replace_if(
      out.begin(), out.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  return out;
}

std::string plain(const json::value& value) {
  if (value.is_string()) {
    return harmless(value.get_string());
  }
  if (value.is_null()) {
    return "-";
  }
  if (value.is_array()) {
    std::string text;
    for (const json::value& element : value.get_array()) {
      text += (text.empty() ? "" : ", ") + plain(element);
    }
    return text;
  }
  return harmless(json::serialize(value));
}

bool is_table(const json::value& value) {
  return value.is_array() && !value.get_array().empty() &&
         std::all_of(value.get_array().begin(), value.get_array().end(),
                     [](const json::value& row) { return row.is_object(); });
}

void write_table(const json::array& rows, std::string& out) {
  std::vector<std::string> keys;
  for (const json::value& row : rows) {
    for (const auto& [key, value] : row.get_object()) {
      if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
        keys.emplace_back(key);
      }
    }
  }
  std::vector<std::vector<std::string>> lines(1);
  for (const std::string& key : keys) {
    lines[0].push_back(label(key));
  }
  for (const json::value& row : rows) {
    auto& line = lines.emplace_back();
    for (const std::string& key : keys) {
      const json::value* value = row.get_object().if_contains(key);
      line.push_back(value == nullptr ? "" : plain(*value));
    }
  }
  for (const auto& line : lines) {
    std::string text = " ";
    for (std::size_t column = 0; column < line.size(); ++column) {
      std::size_t widest = 0;
      for (const auto& other : lines) {
        widest = std::max(widest, width(other[column]));
      }
      text += " " + padded(line[column], widest + 1);
    }
    out += text.substr(0, text.find_last_not_of(' ') + 1) + "\n";
  }
}

void write_object(const json::object& object, const std::string& title, std::string& out) {
  std::size_t widest = 0;
  for (const auto& [key, value] : object) {
    widest = std::max(widest, label(key).size());
  }
  if (!title.empty()) {
    out += "\n" + title + "\n";
  }
  for (const auto& [key, value] : object) {
    if (!value.is_object() && !is_table(value)) {
      out += "  " + padded(label(key), widest + 2) + plain(value) + "\n";
    }
  }
  for (const auto& [key, value] : object) {
    const std::string name = (title.empty() ? "" : title + ", ") + label(key);
    if (value.is_object()) {
      write_object(value.get_object(), name, out);
    } else if (is_table(value)) {
      out += "\n" + name + "\n";
      write_table(value.get_array(), out);
    }
  }
}

}  // namespace

std::string status_text(std::string_view text) {
  boost::system::error_code error;
  const json::value value = json::parse(text, error);
  if (error || !value.is_object()) {
    return std::string(text) + "\n";
  }
  std::string out;
  write_object(value.get_object(), "", out);
  return out;
}

}  // namespace sluice::service
