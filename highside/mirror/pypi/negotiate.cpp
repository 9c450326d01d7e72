#include "highside/mirror/pypi/negotiate.h"

#include <algorithm>
#include <array>
#include <string>

#include "common/base/text.h"

namespace sluice::high {
namespace {

// Real ones name three types; what is beyond is not looked at.
constexpr std::size_t kMaxAccepted = 32;

struct Offer {
  std::string_view type;
  PageForm form;
};
constexpr std::array kOffers{
    Offer{"text/html", PageForm::kHtml},
    Offer{"application/vnd.pypi.simple.v1+html", PageForm::kVersionHtml},
    Offer{"application/vnd.pypi.simple.latest+html", PageForm::kVersionHtml},
    Offer{"application/vnd.pypi.simple.v1+json", PageForm::kJson},
    Offer{"application/vnd.pypi.simple.latest+json", PageForm::kJson},
};

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  });
  return out;
}

// Thousandths; 0 for what is no weight: such a range is not taken for a wish.
int weight(std::string_view text) {
  int value = 0;
  int unit = 1000;
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1') ||
      (text.size() > 1 && text[1] != '.')) {
    return 0;
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i == 1) {
      continue;
    }
    if (text[i] < '0' || text[i] > '9') {
      return 0;
    }
    value += (text[i] - '0') * unit;
    unit /= 10;
  }
  return std::min(value, 1000);
}

// How closely a media range names a type: 0 not at all.
int closeness(std::string_view range, std::string_view type) {
  if (range == type) {
    return 3;
  }
  if (range.ends_with("/*") && type.starts_with(range.substr(0, range.size() - 1))) {
    return 2;
  }
  return range == "*/*" ? 1 : 0;
}

// What the client thinks of a type: the weight of the range that names it most closely.
int weight_of(std::string_view accept, std::string_view type) {
  int closest = 0;
  int result = 0;
  std::size_t seen = 0;
  for (const std::string_view part : split(accept, ',')) {
    if (++seen > kMaxAccepted) {
      break;
    }
    const auto pieces = split(part, ';');
    const int close = closeness(lower(trim(pieces[0])), type);
    if (close <= closest) {
      continue;
    }
    closest = close;
    result = 1000;
    for (std::size_t i = 1; i < pieces.size(); ++i) {
      const std::string parameter = lower(trim(pieces[i]));
      if (parameter.starts_with("q=")) {
        result = weight(std::string_view(parameter).substr(2));
      }
    }
  }
  return result;
}

}  // namespace

std::string_view media_type(PageForm form) {
  switch (form) {
    case PageForm::kHtml:
      return "text/html; charset=utf-8";
    case PageForm::kVersionHtml:
      return "application/vnd.pypi.simple.v1+html";
    case PageForm::kJson:
      break;
  }
  return "application/vnd.pypi.simple.v1+json";
}

std::optional<PageForm> negotiate(std::string_view accept) {
  if (trim(accept).empty()) {
    return PageForm::kHtml;
  }
  int best = 0;
  std::optional<PageForm> form;
  for (const Offer& offer : kOffers) {
    if (const int liked = weight_of(accept, offer.type); liked > best) {
      best = liked;
      form = offer.form;
    }
  }
  return form;
}

}  // namespace sluice::high
