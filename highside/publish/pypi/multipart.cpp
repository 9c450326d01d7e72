#include "highside/publish/pypi/multipart.h"

#include <algorithm>

#include "common/base/text.h"

namespace sluice::high {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kHeadEnd = "\r\n\r\n";
// Behind a boundary: white space and CRLF, or "--".
constexpr std::size_t kMaxPadding = 256;

Error bad(std::string cause) {
  return {ErrorCode::kInvalid, "form", std::move(cause),
          "upload with twine or another such client"};
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

// The value of `key` among "; key=value; key="quoted \" value"". None: it is not there.
std::optional<std::string> parameter(std::string_view text, std::string_view key) {
  std::size_t at = text.find(';');
  while (at != std::string_view::npos) {
    text = text.substr(at + 1);
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) {
      return std::nullopt;
    }
    const bool wanted = lower(trim(text.substr(0, equals))) == key;
    text = text.substr(equals + 1);
    std::string value;
    if (text.starts_with('"')) {
      std::size_t i = 1;
      for (; i < text.size() && text[i] != '"'; ++i) {
        i += text[i] == '\\' && i + 1 < text.size() ? 1 : 0;
        value += text[i];
      }
      text = text.substr(std::min(i + 1, text.size()));
    } else {
      value = trim(text.substr(0, text.find(';')));
    }
    if (wanted) {
      return value;
    }
    at = text.find(';');
  }
  return std::nullopt;
}

Result<PartHead> read_part_head(std::string_view head) {
  for (std::string_view line : split(head, '\n')) {
    line = trim(line);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos ||
        lower(trim(line.substr(0, colon))) != "content-disposition") {
      continue;
    }
    const std::string_view value = line.substr(colon + 1);
    auto name = parameter(value, "name");
    if (lower(trim(value.substr(0, value.find(';')))) != "form-data" || !name) {
      return bad("a part of it has no name");
    }
    return PartHead{std::move(*name), parameter(value, "filename")};
  }
  return bad("a part of it does not say what it is");
}

}  // namespace

std::optional<std::string> MultipartReader::boundary_of(std::string_view content_type) {
  if (lower(trim(content_type.substr(0, content_type.find(';')))) != "multipart/form-data") {
    return std::nullopt;
  }
  auto boundary = parameter(content_type, "boundary");
  constexpr std::string_view kOthers = "'()+_,-./:=? ";
  const auto is_good = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kOthers.find(c) != std::string_view::npos;
  };
  const bool good = boundary && !boundary->empty() && boundary->size() <= kMaxBoundaryBytes &&
                    boundary->back() != ' ' && std::ranges::all_of(*boundary, is_good);
  return good ? std::move(boundary) : std::nullopt;
}

MultipartReader::MultipartReader(const std::string& boundary, PartTaker& taker)
    : delimiter_("\r\n--" + boundary), taker_(taker) {}

Result<void> MultipartReader::write(ByteView bytes) {
  if (state_ == State::kEpilogue) {
    return {};
  }
  buffer_.append(as_text(bytes));
  for (bool more = true; more && state_ != State::kEpilogue;) {
    SLUICE_TRY(more, step());
  }
  return {};
}

Result<void> MultipartReader::finish() const {
  return state_ == State::kEpilogue ? Result<void>()
                                    : Result<void>(bad("it ends before its last boundary"));
}

Result<bool> MultipartReader::step() {
  switch (state_) {
    case State::kPreamble:
    case State::kData:
      return read_data();
    case State::kBoundary:
      return read_boundary();
    case State::kHead:
      return read_head();
    case State::kEpilogue:
      break;
  }
  return false;
}

// Up to the boundary, or as far as no boundary can begin.
Result<bool> MultipartReader::read_data() {
  const std::size_t found = buffer_.find(delimiter_);
  const bool is_end = found != std::string::npos;
  const std::size_t safe =
      is_end ? found : buffer_.size() - std::min(buffer_.size(), delimiter_.size() - 1);
  if (state_ == State::kData && safe > 0) {
    SLUICE_TRY_VOID(taker_.data(as_bytes(std::string_view(buffer_).substr(0, safe))));
  }
  buffer_.erase(0, is_end ? safe + delimiter_.size() : safe);
  if (!is_end) {
    return false;
  }
  if (state_ == State::kData) {
    SLUICE_TRY_VOID(taker_.end());
  }
  state_ = State::kBoundary;
  return true;
}

Result<bool> MultipartReader::read_boundary() {
  if (buffer_.starts_with("--")) {
    state_ = State::kEpilogue;
    buffer_.clear();
    return true;
  }
  const std::size_t end = buffer_.find(kLineEnd);
  const std::string_view padding = std::string_view(buffer_).substr(0, end);
  if (padding.size() > kMaxPadding ||
      (padding != "-" && padding.find_first_not_of(" \t\r") != std::string_view::npos)) {
    return bad("something stands behind a boundary");
  }
  if (end == std::string::npos) {
    return false;
  }
  if (!trim(padding).empty()) {
    return bad("something stands behind a boundary");
  }
  buffer_.erase(0, end);  // the CRLF stays: a header may be empty
  state_ = State::kHead;
  return true;
}

Result<bool> MultipartReader::read_head() {
  const std::size_t end = buffer_.find(kHeadEnd);
  if (end == std::string::npos ? buffer_.size() > kMaxHeadBytes : end > kMaxHeadBytes) {
    return bad("the header of a part has more than " + std::to_string(kMaxHeadBytes) + " bytes");
  }
  if (end == std::string::npos) {
    return false;
  }
  if (++parts_ > kMaxParts) {
    return bad("it has more than " + std::to_string(kMaxParts) + " parts");
  }
  SLUICE_TRY(const PartHead head, read_part_head(std::string_view(buffer_).substr(0, end)));
  buffer_.erase(0, end + kHeadEnd.size());
  SLUICE_TRY_VOID(taker_.begin(head));
  state_ = State::kData;
  return true;
}

}  // namespace sluice::high
