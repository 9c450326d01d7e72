// Paragraphs of "Name: value" fields, in which Release, Packages and .sources files are written
// (deb822(5), Debian policy 5.1).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"

namespace sluice::apt {

// A Release file is one paragraph; those of the largest archives have 4 MiB.
inline constexpr std::size_t kMaxParagraphBytes = std::size_t{16} << 20;
// The richest known stanzas have about 60 fields.
inline constexpr std::size_t kMaxFields = 512;

// Views into the text that was read; they live as long as it does.
class Paragraph {
 public:
  // The value of a field, without white space around it, its later lines as they stand; names
  // compare without case. None: no such field.
  std::optional<std::string_view> find(std::string_view name) const;
  // The same, or an empty value.
  std::string_view get(std::string_view name) const { return find(name).value_or(""); }
  // The bytes of the paragraph as they came, from its first field to the end of its last line.
  std::string_view raw() const { return raw_; }

 private:
  friend class ParagraphReader;
  struct Field {
    std::string_view name;
    std::string_view value;
  };
  std::string_view raw_;
  std::vector<Field> fields_;
};

// One paragraph after another; only one is taken apart at a time, so that a text of any size costs
// no more than itself.
class ParagraphReader {
 public:
  // `text` outlives the reader and its paragraphs. `thing` names the text in errors.
  ParagraphReader(std::string thing, std::string_view text)
      : thing_(std::move(thing)), rest_(text) {}

  // None at the end. After an error the reader is not used again.
  Result<std::optional<Paragraph>> next();

 private:
  std::string_view take_line();
  Result<void> add_line(Paragraph& paragraph, std::string_view line) const;
  Error invalid(std::string cause) const;

  std::string thing_;
  std::string_view rest_;
  std::size_t line_ = 0;
};

// The lines of a value, trimmed; empty lines and comments are left out.
std::vector<std::string_view> value_lines(std::string_view value);
// The words of a value, separated by white space.
std::vector<std::string> value_words(std::string_view value);

}  // namespace sluice::apt
