// Text inside keys of the index, so that no two names can make the same key and keys sort as the
// names do: a zero byte becomes 00 FF, and 00 01 ends the text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::high {

void append_text(std::string& key, std::string_view text);
// The same without the end: a prefix of the keys of all texts that start with `text`.
void append_text_prefix(std::string& key, std::string_view text);
// Takes a text off the front; none if there is no well-formed one.
std::optional<std::string> read_text(std::string_view& key);

}  // namespace sluice::high
