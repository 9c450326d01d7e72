#include "lowside/upstream/huggingface/cursor.h"

#include <boost/json.hpp>

#include "lowside/pipeline/json_cursor.h"

namespace sluice::low {
namespace {

namespace json = boost::json;

constexpr int kFormat = 1;

using Texts = std::map<std::string, std::string>;

Texts read_texts(const json::object& object) {
  Texts texts;
  for (const auto& [name, value] : object) {
    texts.emplace(name, value.as_string());
  }
  return texts;
}

json::object write_texts(const Texts& texts) {
  json::object object;
  for (const auto& [name, value] : texts) {
    object[name] = value;
  }
  return object;
}

}  // namespace

Result<HuggingFaceCursor> HuggingFaceCursor::read(std::string_view text) {
  HuggingFaceCursor cursor;
  SLUICE_TRY_VOID(read_json_cursor("Hugging Face", text, kFormat, [&](const json::object& object) {
    for (const auto& [document, tracked] : object.at("repositories").as_object()) {
      const json::object& parts = tracked.as_object();
      cursor.repositories.emplace(
          document, HuggingFaceTracked{read_texts(parts.at("refs").as_object()),
                                       read_texts(parts.at("etags").as_object()),
                                       read_texts(parts.at("revisions").as_object())});
    }
  }));
  return cursor;
}

std::string HuggingFaceCursor::write() const {
  json::object all;
  for (const auto& [document, tracked] : repositories) {
    all[document] = json::object{{"refs", write_texts(tracked.refs)},
                                 {"etags", write_texts(tracked.etags)},
                                 {"revisions", write_texts(tracked.revisions)}};
  }
  return json::serialize(json::object{{"format", kFormat}, {"repositories", std::move(all)}});
}

}  // namespace sluice::low
