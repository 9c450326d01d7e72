#include "common/ecosystem/apt/deb822.h"

#include <algorithm>

#include "common/base/text.h"

namespace sluice::apt {
namespace {

bool same_name(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

bool is_name(std::string_view name) {
  return !name.empty() && name.front() != '-' &&
         std::ranges::all_of(name, [](char c) { return c > ' ' && c < 0x7f; });
}

}  // namespace

std::optional<std::string_view> Paragraph::find(std::string_view name) const {
  const auto found = std::ranges::find_if(
      fields_, [&](const Field& field) { return same_name(field.name, name); });
  return found == fields_.end() ? std::nullopt : std::optional(found->value);
}

std::string_view ParagraphReader::take_line() {
  const std::size_t end = rest_.find('\n');
  const std::string_view line = rest_.substr(0, end);
  rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
  ++line_;
  return line;
}

Error ParagraphReader::invalid(std::string cause) const {
  return {ErrorCode::kInvalid, thing_, "line " + std::to_string(line_) + ": " + std::move(cause),
          ""};
}

Result<void> ParagraphReader::add_line(Paragraph& paragraph, std::string_view line) const {
  if (line.find('\0') != std::string_view::npos) {
    return invalid("holds a NUL byte");
  }
  if (line.front() == '#') {
    return {};
  }
  if (line.front() == ' ' || line.front() == '\t') {
    if (paragraph.fields_.empty()) {
      return invalid("continues a field, but none has begun");
    }
    std::string_view& value = paragraph.fields_.back().value;
    value = std::string_view(value.begin(), line.end());
    return {};
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_name(line.substr(0, colon))) {
    return invalid("is neither \"Name: value\" nor the continuation of a value");
  }
  if (paragraph.fields_.size() == kMaxFields) {
    return invalid("more than " + std::to_string(kMaxFields) + " fields in a paragraph");
  }
  paragraph.fields_.push_back({line.substr(0, colon), line.substr(colon + 1)});
  return {};
}

Result<std::optional<Paragraph>> ParagraphReader::next() {
  Paragraph paragraph;
  const char* begin = nullptr;
  while (!rest_.empty()) {
    const std::string_view line = take_line();
    if (trim(line).empty()) {
      if (paragraph.fields_.empty()) {
        continue;
      }
      break;
    }
    if (paragraph.fields_.empty()) {
      begin = line.data();
    }
    SLUICE_TRY_VOID(add_line(paragraph, line));
    if (begin != nullptr) {
      const char* end = rest_.data();
      paragraph.raw_ = {begin, static_cast<std::size_t>(end - begin)};
    }
    if (paragraph.raw_.size() > kMaxParagraphBytes) {
      return invalid("a paragraph of more than " + human_size(kMaxParagraphBytes));
    }
  }
  if (paragraph.fields_.empty()) {
    return std::optional<Paragraph>();
  }
  for (auto& field : paragraph.fields_) {
    field.value = trim(field.value);
  }
  return std::optional(std::move(paragraph));
}

std::vector<std::string_view> value_lines(std::string_view value) {
  std::vector<std::string_view> lines;
  for (const std::string_view line : split(value, '\n')) {
    if (const auto text = trim(line); !text.empty() && line.front() != '#') {
      lines.push_back(text);
    }
  }
  return lines;
}

std::vector<std::string> value_words(std::string_view value) {
  std::vector<std::string> words;
  for (const std::string_view line : value_lines(value)) {
    for (std::size_t at = 0; at < line.size();) {
      const std::size_t begin = line.find_first_not_of(" \t", at);
      const std::size_t end = std::min(line.find_first_of(" \t", begin), line.size());
      words.emplace_back(line.substr(begin, end - begin));
      at = end;
    }
  }
  return words;
}

}  // namespace sluice::apt
