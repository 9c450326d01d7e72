#include "lowside/upstream/npm/yaml.h"

#include <yaml.h>

#include <boost/json.hpp>
#include <memory>
#include <optional>

#include "common/base/present.h"

namespace sluice::low {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxDepth = 32;          // pnpm and yarn nest six levels
constexpr std::size_t kMaxValues = 2'000'000;  // 20 000 packages have about 600 000
constexpr std::size_t kMaxDocuments = 4;

struct DeleteParser {
  void operator()(yaml_parser_t* parser) const {
    yaml_parser_delete(parser);
    delete parser;
  }
};

struct Event {
  Event() = default;
  ~Event() { yaml_event_delete(&raw); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  yaml_event_t raw{};  // an empty one is deleted like any other
};

std::string_view text_of(const yaml_char_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

// Puts a document together from the parser's events, without recursion.
class Builder {
 public:
  // What is wrong with the event; empty if nothing is.
  std::string_view take(const yaml_event_t& event) {
    switch (event.type) {
      case YAML_ALIAS_EVENT:
        return "an alias";
      case YAML_SCALAR_EVENT: {
        const auto& scalar = event.data.scalar;
        if (scalar.anchor != nullptr || scalar.tag != nullptr) {
          return "an anchor or a tag";
        }
        return take_scalar(text_of(scalar.value, scalar.length));
      }
      case YAML_SEQUENCE_START_EVENT:
        return open(json::array(), event.data.sequence_start.anchor, event.data.sequence_start.tag);
      case YAML_MAPPING_START_EVENT:
        return open(json::object(), event.data.mapping_start.anchor, event.data.mapping_start.tag);
      case YAML_SEQUENCE_END_EVENT:
      case YAML_MAPPING_END_EVENT:
        return close();
      default:
        return "";
    }
  }

  json::value finish() { return std::exchange(root_, {}); }

 private:
  struct Container {
    json::value value;
    std::optional<std::string> key{};  // of the value that comes next in a mapping
  };

  bool wants_key() const {
    return !open_.empty() && open_.back().value.is_object() && !open_.back().key;
  }

  std::string_view take_scalar(std::string_view text) {
    if (!wants_key()) {
      return add(json::string(text));
    }
    if (open_.back().value.get_object().contains(text)) {
      return "a key for the second time";
    }
    open_.back().key = text;
    return "";
  }

  std::string_view open(json::value value, const yaml_char_t* anchor, const yaml_char_t* tag) {
    if (anchor != nullptr || tag != nullptr) {
      return "an anchor or a tag";
    }
    if (wants_key()) {
      return "a key that is no scalar";
    }
    if (open_.size() == kMaxDepth) {
      return "too many levels";
    }
    open_.push_back({std::move(value)});
    return "";
  }

  std::string_view close() {
    json::value value = std::move(open_.back().value);
    open_.pop_back();
    return add(std::move(value));
  }

  std::string_view add(json::value value) {
    if (++values_ > kMaxValues) {
      return "too many values";
    }
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (auto* array = open_.back().value.if_array()) {
      array->push_back(std::move(value));
    } else {
      Container& mapping = open_.back();
      mapping.value.get_object().emplace(present(mapping.key), std::move(value));
      mapping.key.reset();
    }
    return "";
  }

  std::vector<Container> open_;
  json::value root_;
  std::size_t values_ = 0;  // of all documents
};

Error not_yaml(std::size_t line, std::string_view problem) {
  return {ErrorCode::kInvalid, "", "line " + std::to_string(line + 1) + ": " + std::string(problem),
          ""};
}

}  // namespace

Result<std::vector<json::value>> read_yaml(std::string_view text) {
  auto raw = std::make_unique<yaml_parser_t>();
  if (yaml_parser_initialize(raw.get()) == 0) {
    return Error{ErrorCode::kExhausted, "", "there is no memory to read it with", ""};
  }
  const std::unique_ptr<yaml_parser_t, DeleteParser> parser(raw.release());
  yaml_parser_set_encoding(parser.get(), YAML_UTF8_ENCODING);
  yaml_parser_set_input_string(parser.get(), reinterpret_cast<const yaml_char_t*>(text.data()),
                               text.size());
  std::vector<json::value> documents;
  Builder builder;
  for (;;) {
    Event event;
    if (yaml_parser_parse(parser.get(), &event.raw) == 0) {
      return not_yaml(parser->problem_mark.line,
                      parser->problem == nullptr ? "not YAML" : parser->problem);
    }
    if (event.raw.type == YAML_STREAM_END_EVENT) {
      return documents;
    }
    if (const auto problem = builder.take(event.raw); !problem.empty()) {
      return not_yaml(event.raw.start_mark.line, std::string(problem) + " has no place in it");
    }
    if (event.raw.type == YAML_DOCUMENT_END_EVENT) {
      if (documents.size() == kMaxDocuments) {
        return not_yaml(event.raw.start_mark.line, "too many documents");
      }
      documents.push_back(builder.finish());
    }
  }
}

}  // namespace sluice::low
